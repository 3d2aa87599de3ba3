//! The session of a request: found, checked against the clock, and used.

use super::{
    Lifetimes, renewals,
    validity::{Resumed, evaluate},
};
use crate::{
    domain::{
        moment::Timestamp,
        session::{Session, SessionId},
    },
    server::{
        core::{Core, actor::Owner},
        db::StoreError,
        store,
        token::{SessionToken, TokenDigest},
    },
};
use std::time::Duration;
use tracing::Instrument;

/// "Last seen" moves at most this often, so that a page view normally costs one read.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// It also moves this often within an idle time, so that use counts almost fully even if the idle time is short.
const TOUCHES_IN_IDLE_TIME: u32 = 20;

/// Finds the session of a token: once for each request, always in the database. There is no cache, so an ended session
/// is refused at its very next request.
pub async fn resume(core: &Core, token: &SessionToken) -> Result<Resumed, StoreError> {
    Ok(count_use(core, peek(core, token).await?))
}

/// The same for a page that shows the other sign-ins.
pub async fn resume_with_sign_ins(
    core: &Core,
    token: &SessionToken,
) -> Result<Resumed, StoreError> {
    Ok(count_use(core, peek_with_sign_ins(core, token).await?))
}

/// The request continues with the stored state, and so do its pages. Their stream sends the new idle end once it is
/// stored.
fn count_use(core: &Core, resumed: Resumed) -> Resumed {
    if let Resumed::Live(found) = &resumed {
        touch(core, &found.session);
    }
    resumed
}

/// The same as [`resume`] for a page that only watches: it is no activity, and does not extend the session.
pub async fn peek(core: &Core, token: &SessionToken) -> Result<Resumed, StoreError> {
    peek_by_digest(core, &token.digest()).await
}

/// The same for a page that shows the other sign-ins.
pub async fn peek_with_sign_ins(core: &Core, token: &SessionToken) -> Result<Resumed, StoreError> {
    let digest = token.digest();
    let found = store::sessions::find_with_sign_ins(&core.db, &digest).await?;
    match evaluate(core, found).await {
        Resumed::Unknown => renewals::superseded_with_sign_ins(core, &digest).await,
        Resumed::Live(found) => renewals::record_first_use(core, &digest, found).await,
        resumed => Ok(resumed),
    }
}

/// The same for a caller that has presented the token before, and continues to read.
pub async fn peek_by_digest(core: &Core, digest: &TokenDigest) -> Result<Resumed, StoreError> {
    let found = store::sessions::find_by_digest(&core.db, digest).await?;
    match evaluate(core, found).await {
        Resumed::Unknown => renewals::superseded(core, digest).await,
        Resumed::Live(found) => renewals::record_first_use(core, digest, found).await,
        resumed => Ok(resumed),
    }
}

/// The session with this id, for an access token of it. It is no activity.
pub async fn peek_by_id(core: &Core, id: &SessionId) -> Result<Resumed, StoreError> {
    let found = store::sessions::find(&core.db, id).await?;
    Ok(evaluate(core, found).await)
}

/// Moves "last seen" if it is due, in the background: no page waits for a write. If that fails, the session is valid
/// until its stored idle end.
fn touch(core: &Core, session: &Session) {
    let now = core.clock.now();
    if now.since(session.last_seen_at) < touch_every(&core.lifetimes, session.remember) {
        return;
    }
    let Some(claim) = core.db.background_writes.claim(&session.id.0) else {
        return;
    };
    let idle_ends_at = idle_end(core, session, now);
    let (db, id) = (core.db.clone(), session.id.clone());
    let touching = async move {
        let touched =
            store::sessions::touch_in_background(&db, &id, now, idle_ends_at, claim).await;
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

/// Extends the idle end because the user confirms that they are still there (WCAG 2.2.1). `false` if the session has
/// ended in the meantime.
pub async fn extend(core: &Core, owner: Owner<'_>) -> Result<bool, StoreError> {
    let (session, now) = (owner.session(), core.clock.now());
    store::sessions::touch(&core.db, &session.id, now, idle_end(core, session, now)).await
}

fn touch_every(lifetimes: &Lifetimes, remember: bool) -> Duration {
    TOUCH_EVERY.min(lifetimes.idle_for(remember) / TOUCHES_IN_IDLE_TIME)
}
