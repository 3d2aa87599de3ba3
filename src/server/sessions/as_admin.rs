//! Sessions that an administrator ends.

use super::end_for;
use crate::{
    domain::{
        session::{EndReason, Ended, Session},
        user::UserId,
    },
    server::{Core, admin::Admin, cleanup, db::StoreError, store},
};

/// Ends one session by its id. `false` where it had ended before.
///
/// # Errors
/// [`StoreError`].
pub async fn end_as_admin(
    core: &Core,
    admin: &Admin,
    session: &Session,
) -> Result<bool, StoreError> {
    end_for(core, session, EndReason::EndedByAdmin, admin.by().clone()).await
}

/// Ends all sessions of a user. Returns how many there were.
///
/// # Errors
/// [`StoreError`].
pub async fn end_all_as_admin(
    core: &Core,
    admin: &Admin,
    user: &UserId,
) -> Result<u64, StoreError> {
    let ended = Ended {
        at: core.clock.now(),
        reason: EndReason::EndedByAdmin,
    };
    store::sessions::end_all_of_user(&core.db, user, ended, admin.by().clone()).await
}

/// Ends every session of everybody that lives now, in small steps that hold nobody up. Returns how many
/// there were.
///
/// # Errors
/// [`StoreError`]: some may have ended.
pub async fn end_all_of_everybody(core: &Core, admin: &Admin) -> Result<u64, StoreError> {
    let mut below = store::sessions::above_all();
    let mut count = 0;
    loop {
        let ended = Ended {
            at: core.clock.now(),
            reason: EndReason::EndedByAdmin,
        };
        let step =
            store::sessions::end_some(&core.db, ended, &below, cleanup::STEP, admin.by()).await?;
        count += step.1;
        match step.0 {
            Some(next) => below = next,
            None => return Ok(count),
        }
    }
}
