//! Accounts that only the log still names.

use crate::{
    domain::{
        audit::Event,
        user::{LookupKey, UserId},
    },
    server::db::{Db, StoreError, fetch_all},
};

/// The deletions and the renames that are read at most, the newest of each.
const MAX_ENTRIES: i64 = 10_000;

/// The account that was deleted last of those that had this username at some time.
pub async fn deleted_account(db: &Db, name: &str) -> Result<Option<UserId>, StoreError> {
    const SQL: &str = "SELECT at, user_id, COALESCE(previous_name, username) FROM activity \
        WHERE event = $1 AND user_id IS NOT NULL ORDER BY at DESC, id DESC LIMIT $2";
    let key = LookupKey::of(name);
    let mut newest = None;
    for event in [Event::UserDeleted, Event::UserRenamed] {
        let rows: Vec<(i64, String, Option<String>)> =
            fetch_all!(db, SQL, event.as_str(), MAX_ENTRIES);
        // No database folds names in all scripts.
        let found = rows
            .into_iter()
            .find(|(.., name)| name.as_deref().map(LookupKey::of).as_ref() == Some(&key));
        newest = newest.max(found.map(|(at, id, _)| (at, id)));
    }
    Ok(newest.map(|(_, id)| UserId(id)))
}
