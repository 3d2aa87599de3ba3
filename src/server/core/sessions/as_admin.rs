//! Sessions ended by an administrator.

use super::end_for;
use crate::{
    domain::{
        session::{EndReason, Ended, Session},
        user::UserId,
    },
    server::{
        core::{
            Core,
            actor::{Actor, Admin},
        },
        db::StoreError,
        store,
    },
};

/// Ends one session by its id. `false` if it had ended before.
pub async fn end_as_admin(
    core: &Core,
    admin: &Admin,
    session: &Session,
) -> Result<bool, StoreError> {
    end_for(core, admin.actor(), session, EndReason::EndedByAdmin).await
}

/// Ends all sessions of a user. Returns the number of sessions.
pub async fn end_all_as_admin(
    core: &Core,
    admin: &Admin,
    user: &UserId,
) -> Result<u64, StoreError> {
    let ended = Ended {
        at: core.clock.now(),
        reason: EndReason::EndedByAdmin,
    };
    store::sessions::end_all_of_user(&core.db, user, ended, admin.actor()).await
}

/// Ends every live session of all users, in small steps that do not block other writers. Returns the number of
/// sessions.
///
/// # Errors
/// [`StoreError`]: some may have ended.
pub async fn end_every_session_as_admin(core: &Core, admin: &Admin) -> Result<u64, StoreError> {
    end_every_session(core, EndReason::EndedByAdmin, admin.actor()).await
}

/// The same for another reason.
///
/// # Errors
/// [`StoreError`]: some may have ended.
pub async fn end_every_session(
    core: &Core,
    reason: EndReason,
    actor: &Actor,
) -> Result<u64, StoreError> {
    let mut below = store::sessions::above_every_id();
    let mut count = 0;
    loop {
        let at = core.clock.now();
        let ended = Ended { at, reason };
        let (next, for_reason) =
            store::sessions::end_some(&core.db, ended, &below, store::STEP, actor).await?;
        count += for_reason;
        match next {
            Some(next) => below = next,
            None => return Ok(count),
        }
    }
}
