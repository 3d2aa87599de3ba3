//! `GET /admin/activity/events`: sends new entries of the audit log to an open page.
//!
//! Each stream polls the database with its own filter, and all of them share a limit. Each poll also authorises the
//! reader again: the stream ends with the session, the rights or the confirmation of the password. Watching is not use
//! of the session.

use super::event_stream::{self, HEARTBEAT, KEEP_ALIVE, RETRY, cannot_watch, event};
use crate::{
    domain::session::CurrentUser,
    error::{AppError, Failure},
    server::{
        core::{
            Core,
            accounts::administration,
            actor,
            audit::{Following, OwnedFilter, POLL_EVERY},
        },
        token::TokenDigest,
        watchers::{Notice, Watch, Watched},
        web::{
            context::Caller,
            cookies,
            pages::{
                activity::ENTRIES_PER_PAGE,
                audit::{AuditQuery, audit_entry_views},
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

/// The maximum number of entries in an event: more than a page shows. In a flood the newest are sent.
const MAX_ENTRIES_PER_EVENT: usize = 200;

/// Answers a page that follows the log. HEAD only authorises, and takes no permit.
pub async fn follow(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let response = begin(&state, caller, &method, &uri, &headers).await;
    response.unwrap_or_else(AppError::into_response)
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
    actor::demand_fresh(core, &current)?;
    if method == Method::HEAD {
        return Ok(event_stream::answer(Body::empty()));
    }
    let token = cookies::session::session_token(headers).ok_or(Failure::NotSignedIn)?;
    let reader = token.digest();
    let permit = state.audit_streams.clone().try_acquire_owned();
    let permit = permit.map_err(|_| Failure::Busy)?;
    let watch = core
        .db
        .watchers
        .watch(&Watched::of(&current), state.limits.watchers);
    let watch = watch.map_err(cannot_watch)?;
    // A session that ended before the watch began sends no notice.
    authorise(core, &reader).await?;
    let AuditQuery { filter, .. } = AuditQuery::of(core, uri).await?;
    // As many as a page has. It also reconnects here after a broken connection, and no entry is missing.
    let (following, newest) = Following::begin(core, &filter.as_filter(), ENTRIES_PER_PAGE).await?;
    let stream = AuditStream {
        core: core.clone(),
        reader,
        filter,
        following,
        watch,
        _permit: permit,
    };
    let newest = event("newest", &audit_entry_views(core, newest).await?);
    let opening = Progress::Opening(format!("{RETRY}{newest}"), stream);
    let body = Body::from_stream(stream::unfold(opening, next));
    Ok(event_stream::answer(body))
}

/// The reader, if they are still authorised.
async fn authorise(core: &Core, reader: &TokenDigest) -> Result<Box<CurrentUser>, AppError> {
    let current = administration::verify_reader(core, reader).await?;
    actor::demand_fresh(core, &current)?;
    Ok(current)
}

/// The stream to one page.
struct AuditStream {
    core: Core,
    /// Of the cookie of the request.
    reader: TokenDigest,
    filter: OwnedFilter,
    following: Following,
    watch: Watch,
    /// Released when the page disconnects.
    _permit: OwnedSemaphorePermit,
}

/// The progress of a stream.
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
        let mut silence = Duration::ZERO;
        while silence < KEEP_ALIVE {
            tokio::select! {
                () = sleep(POLL_EVERY) => silence += POLL_EVERY,
                notice = self.watch.notice() => match notice {
                    Notice::Alive(_) | Notice::ToReview => {}
                    // The page is notified of the end by its other stream.
                    Notice::Ended(_) | Notice::Displaced | Notice::Unknown => return None,
                },
            }
            match authorise(&self.core, &self.reader).await {
                Ok(_) => {}
                Err(AppError::Failed(Failure::PasswordNeeded)) => {
                    return Some((event("over", &()), Progress::Closed));
                }
                Err(_) => return None,
            }
            // Without the database the stream ends, and the page connects again.
            let filter = self.filter.as_filter();
            let records = self.following.poll(&self.core, &filter).await;
            let mut records = records.ok()?;
            records.reverse();
            records.truncate(MAX_ENTRIES_PER_EVENT);
            if !records.is_empty() {
                let views = audit_entry_views(&self.core, records).await.ok()?;
                return Some((event("more", &views), Progress::Open(self)));
            }
        }
        Some((HEARTBEAT.to_owned(), Progress::Open(self)))
    }
}
