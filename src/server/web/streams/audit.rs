//! `GET /admin/activity/events`: tells an open page of the audit log what happens from now on.
//!
//! Each page polls the database for what it is narrowed to, with a limit for all together. Each poll also checks
//! that the reader still may: with the session, the rights or the fresh password the stream ends. Watching is not use
//! of the session.

use super::event_stream::{self, KEEP_ALIVE, NO_NEWS, RETRY, event, no_room};
use crate::{
    domain::{audit::Record, session::CurrentUser, views::AuditEntryView},
    error::{AppError, Failure},
    server::{
        core::{
            Core,
            accounts::administration,
            actor,
            audit::{Following, POLL_EVERY, Wanted},
        },
        token::TokenDigest,
        watchers::{Notice, Watch, Watched},
        web::{
            context::Caller,
            cookies,
            pages::{
                activity::ENTRIES_A_PAGE,
                audit::{AuditQuery, audit_entry_view},
            },
            state::AppState,
        },
    },
};
use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, Method, Uri},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use std::{convert::Infallible, time::Duration};
use tokio::{sync::OwnedSemaphorePermit, time::sleep};

/// More than a page shows; in a flood the newest are sent.
const MOST_TOLD: usize = 200;

/// Answers a page that follows. HEAD only says whether it may, and takes no room.
pub async fn follow(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let begun = begin(&state, caller, &method, &uri, &headers).await;
    begun.unwrap_or_else(AppError::into_response)
}

async fn begin(
    state: &AppState,
    caller: Caller,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, AppError> {
    let core = &state.core;
    let Caller::SignedIn(current) = caller else {
        return Err(Failure::NotSignedIn.into());
    };
    actor::demand(core, &current)?;
    if method == Method::HEAD {
        return Ok(event_stream::answer(Body::empty()));
    }
    let token = cookies::session::session_token(headers).ok_or(Failure::NotSignedIn)?;
    let reader = token.digest();
    let room = state.followers.clone().try_acquire_owned();
    let room = room.map_err(|_| Failure::Busy)?;
    let watch = core
        .db
        .watchers
        .watch(&Watched::of(&current), state.limits.watchers);
    let watch = watch.map_err(no_room)?;
    // A session that ended before the watch began sends no notice.
    allowed(core, &reader).await?;
    let AuditQuery { wanted, .. } = AuditQuery::of(core, uri).await?;
    // As many as the page had at first: it connects again where the connection was lost, and no gap is left.
    let begun = Following::begin(core, &wanted.filter(), ENTRIES_A_PAGE).await?;
    let (following, newest) = begun;
    let stream = AuditStream {
        core: core.clone(),
        reader,
        wanted,
        following,
        watch,
        _room: room,
    };
    let newest = views_of(newest);
    let begins = Progress::Opening(format!("{RETRY}{}", event("newest", &newest)), stream);
    let body = Body::from_stream(stream::unfold(begins, next));
    Ok(event_stream::answer(body))
}

/// The reader, if they still may read.
async fn allowed(core: &Core, reader: &TokenDigest) -> Result<Box<CurrentUser>, AppError> {
    let current = administration::verify_reader(core, reader).await?;
    actor::demand(core, &current)?;
    Ok(current)
}

fn views_of(records: Vec<Record>) -> Vec<AuditEntryView> {
    records.into_iter().map(audit_entry_view).collect()
}

/// The stream to one page.
struct AuditStream {
    core: Core,
    /// Whose cookie it was asked with.
    reader: TokenDigest,
    wanted: Wanted,
    following: Following,
    watch: Watch,
    /// Given back when the page goes.
    _room: OwnedSemaphorePermit,
}

/// How far a stream has come.
enum Progress {
    Opening(String, AuditStream),
    Open(AuditStream),
    Closed,
}

/// The next event; `None` at the end.
async fn next(state: Progress) -> Option<(Result<String, Infallible>, Progress)> {
    let (event_text, state) = match state {
        Progress::Opening(newest, stream) => (newest, Progress::Open(stream)),
        Progress::Open(stream) => stream.listen().await?,
        Progress::Closed => return None,
    };
    Some((Ok(event_text), state))
}

impl AuditStream {
    async fn listen(mut self) -> Option<(String, Progress)> {
        let mut silent_for = Duration::ZERO;
        while silent_for < KEEP_ALIVE {
            tokio::select! {
                () = sleep(POLL_EVERY) => silent_for += POLL_EVERY,
                news = self.watch.notice() => match news {
                    Notice::Alive(_) => {}
                    // The page hears of the end by its other stream.
                    Notice::Ended(_) | Notice::Displaced | Notice::Unknown => return None,
                },
            }
            match allowed(&self.core, &self.reader).await {
                Ok(_) => {}
                Err(AppError::Failed(Failure::PasswordNeeded)) => {
                    return Some((event("over", &()), Progress::Closed));
                }
                Err(_) => return None,
            }
            // Without the database the page comes back and asks again.
            let wanted = self.wanted.filter();
            let news = self.following.poll(&self.core, &wanted).await;
            let mut news = news.ok()?;
            news.reverse();
            news.truncate(MOST_TOLD);
            if !news.is_empty() {
                return Some((event("more", &views_of(news)), Progress::Open(self)));
            }
        }
        Some((NO_NEWS.to_owned(), Progress::Open(self)))
    }
}
