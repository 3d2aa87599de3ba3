//! Moves the times of a session that a wrong clock recorded in the future to now.

use crate::{
    domain::session::CurrentUser,
    server::{
        core::Core,
        db::StoreError,
        store::{self, sessions::ResetTimes},
    },
};

/// The current time, and the lifetimes of sessions from it.
pub fn reset_times(core: &Core) -> ResetTimes {
    ResetTimes {
        now: core.clock.now(),
        idle: core.lifetimes.idle,
        absolute: core.lifetimes.absolute,
        remember_idle: core.lifetimes.remember_idle,
        remember_absolute: core.lifetimes.remember_absolute,
    }
}

/// The session, with times in the future moved to now. The change is stored, so that it happens once. If it cannot be
/// stored, the session is valid until its stored ends.
pub async fn without_future_times(core: &Core, found: CurrentUser) -> CurrentUser {
    let (session, now) = (&found.session, core.clock.now());
    let times = [
        session.created_at,
        session.last_seen_at,
        session.authenticated_at,
    ];
    // A session that has timed out nevertheless stays ended.
    let has_future_times =
        session.end_by(now).is_none() && times.into_iter().any(|at| at.is_ahead_of(now));
    // A clock that is behind, such as after a power cut, would end the session once it is corrected.
    if !has_future_times || session.ended.is_some() || core.clock.is_behind() {
        return found;
    }
    match store_reset(core, &found).await {
        Ok(Some(reset)) => CurrentUser {
            sign_ins: found.sign_ins,
            ..reset
        },
        Ok(None) => found,
        Err(error) => {
            tracing::warn!(%error, session = %found.session.id, "times in the future could not be reset");
            found
        }
    }
}

async fn store_reset(core: &Core, found: &CurrentUser) -> Result<Option<CurrentUser>, StoreError> {
    let id = &found.session.id;
    store::sessions::reset_future_times(&core.db, id, &reset_times(core)).await?;
    store::sessions::find(&core.db, id).await
}
