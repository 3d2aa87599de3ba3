//! The session behind a request: looked up, judged by the clock, and used.

use super::{
    Lifetimes,
    judging::{Resumed, judged},
    renewing,
};
use crate::{
    domain::{moment::Timestamp, session::Session},
    server::{
        core::{Core, actor::Owner},
        db::StoreError,
        store,
        token::{SessionToken, TokenDigest},
    },
};
use std::time::Duration;
use tracing::Instrument;

/// "Last seen" moves at most this often, so that a page view is normally one read.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// And as often in an idle time, so that use never counts for much less than it is, however short that is.
const TOUCHES_IN_IDLE_TIME: u32 = 20;

/// Looks up the session of a token: once a request, always in the database. There is no cache, so
/// an ended session is ended at its very next request.
pub async fn resume(core: &Core, token: &SessionToken) -> Result<Resumed, StoreError> {
    Ok(used(core, peek(core, token).await?))
}

/// The same for a page that tells of the other sign-ins.
pub async fn resume_with_sign_ins(
    core: &Core,
    token: &SessionToken,
) -> Result<Resumed, StoreError> {
    let digest = token.digest();
    let found = store::sessions::find_with_sign_ins(&core.db, &digest).await?;
    let seen = match judged(core, found).await {
        Resumed::Unknown => renewing::superseded_with_sign_ins(core, &digest).await?,
        Resumed::Live(found) => renewing::used_first(core, &digest, found).await?,
        seen => seen,
    };
    Ok(used(core, seen))
}

/// The request goes on with what stands in the database: also its pages, which get the new idle end by their
/// stream once it is written.
fn used(core: &Core, seen: Resumed) -> Resumed {
    if let Resumed::Live(found) = &seen {
        touch(core, &found.session);
    }
    seen
}

/// The same as [`resume`] for a page that only watches: it is no activity, and keeps no session alive.
pub async fn peek(core: &Core, token: &SessionToken) -> Result<Resumed, StoreError> {
    peek_by_digest(core, &token.digest()).await
}

/// The same for whoever has brought the token before, and goes on reading.
pub async fn peek_by_digest(core: &Core, digest: &TokenDigest) -> Result<Resumed, StoreError> {
    let found = store::sessions::find_by_digest(&core.db, digest).await?;
    match judged(core, found).await {
        Resumed::Unknown => renewing::superseded(core, digest).await,
        Resumed::Live(found) => renewing::used_first(core, digest, found).await,
        seen => Ok(seen),
    }
}

/// Moves "last seen" where it is due, beside the request: no page waits for a write. A session that cannot be touched
/// lives until its written idle end.
fn touch(core: &Core, session: &Session) {
    let now = core.clock.now();
    if now.since(session.last_seen_at) < touch_every(&core.lifetimes, session.remember) {
        return;
    }
    let Some(claim) = core.db.beside.claim(&session.id.0) else {
        return;
    };
    let idle_ends_at = idle_end(core, session, now);
    let (db, id) = (core.db.clone(), session.id.clone());
    let touching = async move {
        let touched = store::sessions::touch_beside(&db, &id, now, idle_ends_at, claim).await;
        if let Err(error) = touched {
            tracing::warn!(%error, session = %id, "last seen could not be written");
        }
    };
    tokio::spawn(touching.in_current_span());
}

fn idle_end(core: &Core, session: &Session, now: Timestamp) -> Timestamp {
    core.lifetimes
        .idle_end(now, session.remember, session.absolute_ends_at)
}

/// Puts the idle end off because the person says that they are still there (WCAG 2.2.1). `false` where the
/// session has ended in the meantime.
pub async fn stay(core: &Core, owner: Owner<'_>) -> Result<bool, StoreError> {
    let (session, now) = (owner.session(), core.clock.now());
    store::sessions::touch(&core.db, &session.id, now, idle_end(core, session, now)).await
}

fn touch_every(lifetimes: &Lifetimes, remember: bool) -> Duration {
    TOUCH_EVERY.min(lifetimes.idle_for(remember) / TOUCHES_IN_IDLE_TIME)
}
