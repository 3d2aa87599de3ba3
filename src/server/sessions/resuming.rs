//! The session behind a request: looked up, judged by the clock, and used.

use super::{Lifetimes, present::in_the_present};
use crate::{
    domain::{
        moment::Timestamp,
        session::{CurrentUser, EndReason, Ended, Session, SessionId},
    },
    server::{
        Core,
        db::StoreError,
        store,
        token::{SessionToken, TokenDigest},
    },
};
use std::time::Duration;

/// "Last seen" moves at most this often, so that a page view is normally one read.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// And as often in an idle time, so that use never counts for much less than it is, however short that is.
const TOUCHES_IN_IDLE_TIME: u32 = 20;

/// What is known about a request's cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resumed {
    Live(Box<CurrentUser>),
    Ended(EndReason),
    Unknown,
}

/// Looks up the session of a token: once a request, always in the database. There is no cache, so
/// an ended session is ended at its very next request.
pub async fn resume(core: &Core, token: &SessionToken) -> Result<Resumed, StoreError> {
    let seen = look(core, token).await?;
    used(core, token, seen).await
}

/// The same for a page that tells of the other sign-ins.
pub async fn resume_with_sign_ins(
    core: &Core,
    token: &SessionToken,
) -> Result<Resumed, StoreError> {
    let found = store::sessions::find_with_sign_ins(&core.db, &token.digest()).await?;
    let seen = judged(core, found).await;
    used(core, token, seen).await
}

async fn used(core: &Core, token: &SessionToken, seen: Resumed) -> Result<Resumed, StoreError> {
    let Resumed::Live(mut found) = seen else {
        return Ok(seen);
    };
    let now = core.clock.now();
    if touch(core, &mut found.session, now).await {
        return Ok(Resumed::Live(found));
    }
    // It ended between the two statements: the request comes after the end.
    let found = store::sessions::find_by_digest(&core.db, &token.digest()).await?;
    let ended = found.and_then(|found| found.session.end_by(now));
    Ok(ended.map_or(Resumed::Unknown, |ended| Resumed::Ended(ended.reason)))
}

/// The same as [`resume`] for a page that only watches: it is no activity, and keeps no session alive.
pub async fn look(core: &Core, token: &SessionToken) -> Result<Resumed, StoreError> {
    look_again(core, &token.digest()).await
}

/// The same for whoever has brought the token before, and goes on reading.
pub async fn look_again(core: &Core, digest: &TokenDigest) -> Result<Resumed, StoreError> {
    let found = store::sessions::find_by_digest(&core.db, digest).await?;
    Ok(judged(core, found).await)
}

/// Whether what the database has found lives by the clock, and its person may be signed in.
async fn judged(core: &Core, found: Option<CurrentUser>) -> Resumed {
    let Some(found) = found else {
        return Resumed::Unknown;
    };
    let found = in_the_present(core, found).await;
    if let Some(ended) = found.session.end_by(core.clock.now()) {
        if found.session.ended.is_none() {
            write_down(core, &found.session.id, ended).await;
        }
        return Resumed::Ended(ended.reason);
    }
    if found.user.disabled {
        return Resumed::Ended(EndReason::UserDisabled);
    }
    Resumed::Live(Box::new(found))
}

/// A time-out that was seen once is written down, so that setting the clock back revives nothing.
/// The refusal stands whether or not the database can write.
pub async fn write_down(core: &Core, session: &SessionId, ended: Ended) {
    if let Err(error) = store::sessions::end(&core.db, session, ended, core.source).await {
        tracing::warn!(%error, %session, "a time-out could not be written down");
    }
}

/// Moves "last seen" where it is due. `false` where the session has ended in the meantime. One that
/// cannot be touched still lives until its written idle end: reading pages goes on while the disk
/// is full.
async fn touch(core: &Core, session: &mut Session, now: Timestamp) -> bool {
    if now.since(session.last_seen_at) < touch_every(&core.lifetimes, session.remember) {
        return true;
    }
    match use_now(core, session, now).await {
        Ok(touched) => touched,
        Err(error) => {
            tracing::warn!(%error, session = %session.id, "last seen could not be written");
            true
        }
    }
}

async fn use_now(core: &Core, session: &mut Session, now: Timestamp) -> Result<bool, StoreError> {
    let idle_ends_at = core
        .lifetimes
        .idle_end(now, session.remember, session.absolute_ends_at);
    let touched = store::sessions::touch(&core.db, &session.id, now, idle_ends_at).await?;
    (session.last_seen_at, session.idle_ends_at) = (now, idle_ends_at);
    Ok(touched)
}

/// Puts the idle end off because the person says that they are still there (WCAG 2.2.1). `false` where the
/// session has ended in the meantime.
pub async fn stay(core: &Core, current: &CurrentUser) -> Result<bool, StoreError> {
    let mut session = current.session.clone();
    use_now(core, &mut session, core.clock.now()).await
}

fn touch_every(lifetimes: &Lifetimes, remember: bool) -> Duration {
    TOUCH_EVERY.min(lifetimes.idle_for(remember) / TOUCHES_IN_IDLE_TIME)
}
