//! Accounts that only the log still names.

use crate::{
    domain::user::{LookupKey, UserId},
    server::db::{Db, StoreError, fetch_optional},
};

/// The account with this username that was deleted last, or had the name at some time before it was deleted.
pub async fn deleted_account(db: &Db, username: &LookupKey) -> Result<Option<UserId>, StoreError> {
    const DELETED: &str = "SELECT user_id FROM activity WHERE event = 'user_deleted' \
        AND LOWER(username) = $1 ORDER BY at DESC, id DESC LIMIT 1";
    const RENAMED: &str = "SELECT user_id FROM activity WHERE event = 'user_renamed' \
        AND LOWER(previous_name) = $1 ORDER BY at DESC, id DESC LIMIT 1";
    for sql in [DELETED, RENAMED] {
        let id: Option<String> = fetch_optional!(scalar db, sql, username.as_str());
        if let Some(id) = id {
            return Ok(Some(UserId(id)));
        }
    }
    Ok(None)
}
