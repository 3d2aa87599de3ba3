//! The table `signing_keys`: the keys of access tokens, sealed.

use crate::{
    domain::moment::Timestamp,
    server::db::{Db, Outcome::Commit, StoreError, execute, fetch_all, transact},
};
use std::time::Duration;

/// One key, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedKey {
    /// The `kid` of its tokens.
    pub id: String,
    /// The name of the sealing key.
    pub sealed_by: String,
    /// Counts the keys under one sealing key.
    pub number: i64,
    pub sealed_key: String,
    pub public_key: String,
    pub created_at: Timestamp,
    pub signs_from: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    sealed_by: String,
    number: i64,
    sealed_key: String,
    public_key: String,
    created_at: i64,
    signs_from: i64,
}

/// All keys, in the order in which they sign. There are few: those that are replaced are deleted.
pub async fn list(db: &Db) -> Result<Vec<SealedKey>, StoreError> {
    const SQL: &str = "SELECT id, sealed_by, number, sealed_key, public_key, created_at, signs_from \
        FROM signing_keys ORDER BY sealed_by, number";
    let rows: Vec<Row> = fetch_all!(db, SQL);
    let keys = rows.into_iter().map(|row| SealedKey {
        id: row.id,
        sealed_by: row.sealed_by,
        number: row.number,
        sealed_key: row.sealed_key,
        public_key: row.public_key,
        created_at: Timestamp::from_millis(row.created_at),
        signs_from: Timestamp::from_millis(row.signs_from),
    });
    Ok(keys.collect())
}

/// Stores a new key. `false` if another server has just made the one of this number.
pub async fn insert(db: &Db, key: &SealedKey) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO signing_keys \
        (id, sealed_by, number, sealed_key, public_key, created_at, signs_from) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (sealed_by, number) DO NOTHING";
    transact!(db, transaction => {
        let inserted = execute!(
            transaction, SQL, &key.id, &key.sealed_by, key.number, &key.sealed_key, &key.public_key,
            key.created_at.as_millis(), key.signs_from.as_millis()
        );
        Ok(Commit(inserted == 1))
    })
}

/// Deletes the keys whose successors have signed since `before`. The newest under each sealing key is kept. Returns how
/// many were deleted.
pub async fn delete_replaced(db: &Db, before: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM signing_keys WHERE EXISTS (SELECT 1 FROM signing_keys AS newer \
        WHERE newer.sealed_by = signing_keys.sealed_by AND newer.number > signing_keys.number \
        AND newer.signs_from <= $1)";
    super::execute(db, SQL, &[before.as_millis()], None).await
}

/// Moves keys that a wrong clock has dated in the future to now: otherwise none would follow until then. They sign
/// after `lead`. Returns how many there were.
pub async fn reset_future_times(
    db: &Db,
    now: Timestamp,
    lead: Duration,
) -> Result<u64, StoreError> {
    const SQL: &str =
        "UPDATE signing_keys SET created_at = $1, signs_from = $3 WHERE created_at > $2";
    super::reset_future_times(db, SQL, now, lead).await
}
