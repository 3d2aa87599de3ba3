//! `GET /session/events`: notifies an open page of how long its session lives, of its end, and of a sign-in that its
//! owner has to review.
//!
//! Watching is not use, so an open page keeps no session alive. An event is a hint: later requests of the page are
//! checked as always.
//!
//! The notices come from [`crate::server::watchers`]; `public/follow.js` reads the stream.

use super::event_stream::{self, HEARTBEAT, KEEP_ALIVE, POLL, RETRY, cannot_watch, event};
use crate::{
    domain::{
        session::{CurrentUser, EndReason, SessionId, Validity},
        user::UserId,
        views::{SessionEndedView, SessionLivesView},
    },
    error::{AppError, Failure},
    server::{
        clock::Clock,
        core::{
            Core,
            sessions::{self, Resumed},
        },
        db::StoreError,
        token::SessionToken,
        watchers::{Notice, Watch, Watched},
        web::{connection_slots::ConnectionSlot, context::Caller, cookies, state::AppState},
    },
};
use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, Method},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use std::convert::Infallible;
use tokio::time::{error::Elapsed, timeout};

/// The first event of the stream, for a page that polls.
pub const SESSION: HeaderName = HeaderName::from_static("x-session");

/// Why there is no session to watch any more.
pub const ENDED: HeaderName = HeaderName::from_static("x-ended");

/// Answers a page that watches its session. HEAD returns the same in a header, and takes no slot: some proxies hold
/// streams back.
pub async fn watch(
    State(state): State<AppState>,
    Extension(caller): Extension<Caller>,
    slot: Option<Extension<ConnectionSlot>>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    match begin(&state, caller, &method, &headers).await {
        Ok(response) => {
            if let Some(Extension(slot)) = slot {
                slot.stream_opened();
            }
            response
        }
        Err(NoStream::Ended(reason)) => ended_response(reason),
        Err(NoStream::Failed(failure)) => failure.into_response(),
    }
}

/// The answer to a request for the stream of a session that has ended.
pub fn ended_response(reason: EndReason) -> Response {
    let reason = HeaderValue::from_static(disclosed(reason).as_str());
    let mut refusal = Failure::NotSignedIn.into_response();
    refusal.headers_mut().insert(ENDED, reason);
    refusal
}

/// Why a page gets no stream.
enum NoStream {
    Ended(EndReason),
    Failed(AppError),
}

impl<E: Into<AppError>> From<E> for NoStream {
    fn from(failure: E) -> Self {
        Self::Failed(failure.into())
    }
}

async fn begin(
    state: &AppState,
    caller: Caller,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, NoStream> {
    let Caller::SignedIn(current) = caller else {
        return Err(Failure::NotSignedIn.into());
    };
    if method == Method::HEAD {
        let to_review = to_review(&state.core, &current.session.id).await;
        return Ok(respond(state, &current, &to_review, Body::empty()));
    }
    let watchers = &state.core.db.watchers;
    let watch = watchers.watch(&Watched::of(&current), state.limits.watchers);
    let watch = watch.map_err(cannot_watch)?;
    // It may have ended before it was watched.
    let token = cookies::session::session_token(headers).ok_or(Failure::NotSignedIn)?;
    let (current, is_in_grace_period) = self::current(state, &token).await?;
    let to_review = to_review(&state.core, &current.session.id).await;
    let body = body_of(SessionStream {
        watch,
        core: state.core.clone(),
        validity: current.session.validity(),
        person: current.user.id.clone(),
        session: current.session.id.clone(),
        to_review: to_review.clone(),
        is_in_grace_period,
    });
    Ok(respond(state, &current, &to_review, body))
}

/// The session of the request, and whether its token was replaced a moment ago.
async fn current(
    state: &AppState,
    token: &SessionToken,
) -> Result<(Box<CurrentUser>, bool), NoStream> {
    let peeked = sessions::peek(&state.core, token).await;
    match peeked.map_err(AppError::from)? {
        Resumed::Live(current) => Ok((current, false)),
        Resumed::Superseded(current) => Ok((current, true)),
        Resumed::Ended(reason) => Err(NoStream::Ended(reason)),
        Resumed::Unknown => Err(Failure::NotSignedIn.into()),
    }
}

/// The newest sign-in to review, if any; `None` if it could not be read. Then a page must not hide one that it shows,
/// and the next change notifies again.
type ToReview = Option<Option<SessionId>>;

async fn to_review(core: &Core, session: &SessionId) -> ToReview {
    known(sessions::newest_to_review(core, session).await)
}

fn known(found: Result<Option<SessionId>, StoreError>) -> ToReview {
    found
        .inspect_err(|error| {
            tracing::warn!(%error, "an open page will be notified later of a new sign-in");
        })
        .ok()
}

fn respond(state: &AppState, current: &CurrentUser, to_review: &ToReview, body: Body) -> Response {
    let (validity, user, session) = (
        current.session.validity(),
        &current.user.id,
        &current.session.id,
    );
    let who = (user.short(), session.short());
    let lives = view(&state.core.clock, validity, who, to_review);
    // Numbers and hexadecimal digits, which always serialise.
    let lives = serde_json::to_string(&lives).unwrap_or_default();
    ([(SESSION, lives)], event_stream::answer(body)).into_response()
}

fn view<'a>(
    clock: &Clock,
    validity: Validity,
    (person, session): (&'a str, &'a str),
    to_review: &'a ToReview,
) -> SessionLivesView<'a> {
    SessionLivesView {
        now: clock.now().as_millis(),
        idle_ends_at: validity.idle_ends_at.as_millis(),
        absolute_ends_at: validity.absolute_ends_at.as_millis(),
        person,
        session,
        to_review: to_review
            .as_ref()
            .map(|newest| newest.as_ref().map(SessionId::short)),
    }
}

/// The stream to one page.
struct SessionStream {
    watch: Watch,
    core: Core,
    validity: Validity,
    person: UserId,
    session: SessionId,
    to_review: ToReview,
    /// The page was opened with a token that was replaced a moment ago. It gets the times of the session once, as
    /// the page itself contains it: then it connects again, with the new token.
    is_in_grace_period: bool,
}

/// The progress of a stream.
enum Progress {
    Opening(SessionStream),
    Open(SessionStream),
    Closed,
}

fn body_of(stream: SessionStream) -> Body {
    Body::from_stream(stream::unfold(Progress::Opening(stream), next))
}

/// The next event; `None` at the end.
async fn next(state: Progress) -> Option<(Result<String, Infallible>, Progress)> {
    let (event_text, state) = match state {
        Progress::Opening(stream) => (format!("{RETRY}{}", stream.lives()), Progress::Open(stream)),
        Progress::Open(stream) => stream.listen().await?,
        Progress::Closed => return None,
    };
    Some((Ok(event_text), state))
}

impl SessionStream {
    async fn listen(mut self) -> Option<(String, Progress)> {
        match self.notice().await {
            Ok(Notice::Alive(validity))
                if validity.absolute_ends_at != self.validity.absolute_ends_at =>
            {
                // A new password restarts the session under another token than that of this page.
                Some((ended_event(EndReason::Replaced), Progress::Closed))
            }
            // It may have ended permanently meanwhile.
            Ok(Notice::Alive(_) | Notice::ToReview) | Err(_) if self.is_in_grace_period => None,
            Ok(Notice::Alive(validity)) => {
                self.validity = validity;
                Some((self.lives(), Progress::Open(self)))
            }
            Ok(Notice::ToReview) => Some((self.lives(), Progress::Open(self))),
            Ok(Notice::Ended(reason)) => Some((ended_event(reason), Progress::Closed)),
            Ok(Notice::Displaced) => Some((POLL.to_owned(), Progress::Closed)),
            Ok(Notice::Unknown) => None,
            // The job that checks sessions is late: no event claims that the session lives.
            Err(_) if self.validity.end_by(self.core.clock.now()).is_some() => None,
            Err(_) => Some((HEARTBEAT.to_owned(), Progress::Open(self))),
        }
    }

    /// The next notice that changes what the page knows; an error if there is none until the heartbeat.
    async fn notice(&mut self) -> Result<Notice, Elapsed> {
        timeout(KEEP_ALIVE, async {
            loop {
                let notice = self.watch.notice().await;
                if notice != Notice::ToReview || self.is_in_grace_period {
                    return notice;
                }
                let newest = to_review(&self.core, &self.session).await;
                if newest.is_some() && newest != self.to_review {
                    self.to_review = newest;
                    return notice;
                }
            }
        })
        .await
    }

    fn lives(&self) -> String {
        let who = (self.person.short(), self.session.short());
        let lives = view(&self.core.clock, self.validity, who, &self.to_review);
        event("session", &lives)
    }
}

/// The holder of a cookie learns nothing about the account: a disabled one is reported like any other end
/// by an administrator.
const fn disclosed(reason: EndReason) -> EndReason {
    match reason {
        EndReason::UserDisabled | EndReason::UserDeleted => EndReason::EndedByAdmin,
        other => other,
    }
}

fn ended_event(reason: EndReason) -> String {
    let reason = disclosed(reason);
    event("ended", &SessionEndedView { reason })
}

#[cfg(test)]
mod tests;
