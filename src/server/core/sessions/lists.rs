//! Lists of sessions.

use crate::{
    domain::{
        session::{CurrentUser, Session, SessionId},
        user::UserId,
    },
    server::{core::Core, db::StoreError, store},
};

/// The live sessions of a user, the most recently used first.
pub async fn live_of(core: &Core, user: &UserId) -> Result<Vec<Session>, StoreError> {
    store::sessions::live_of_user(&core.db, user, core.clock.now()).await
}

/// Up to `limit` sessions after `after`, live and ended, the newest first: of all users, or of one.
pub async fn page(
    core: &Core,
    user: Option<&UserId>,
    after: Option<&Session>,
    limit: u32,
) -> Result<Vec<CurrentUser>, StoreError> {
    store::sessions::list(&core.db, user, after, limit).await
}

/// The session with this id, live or ended.
pub async fn with_id(core: &Core, id: &SessionId) -> Result<Option<CurrentUser>, StoreError> {
    store::sessions::find(&core.db, id).await
}
