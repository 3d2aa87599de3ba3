//! The last use of sessions.

use crate::{
    domain::{moment::Timestamp, session::SessionId},
    server::db::{Claim, Db, Outcome::Commit, StoreError, Transaction, execute, transact},
};
use std::sync::Arc;

macro_rules! touch {
    () => {
        "UPDATE sessions SET last_seen_at = $2, idle_ends_at = $3 \
         WHERE id = $1 AND ended_at IS NULL AND idle_ends_at > $2 AND absolute_ends_at > $2"
    };
}

/// Records that a live session was used, and moves its idle end. `false` if it is no longer live.
pub async fn touch(
    db: &Db,
    id: &SessionId,
    now: Timestamp,
    idle_ends_at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = touch!();
    transact!(db, transaction => {
        touch_within(transaction, SQL, id, now, idle_ends_at)
            .await
            .map(Commit)
    })
}

/// The same in the background, while `claim` is held: until the database has answered. A late one moves nothing
/// back. It is written to the disk without waiting for a standby: a sign-out of the session would have to wait
/// for it. If it is lost, the session ends no earlier than the idle end in the database.
pub async fn touch_in_background(
    db: &Db,
    id: &SessionId,
    now: Timestamp,
    idle_ends_at: Timestamp,
    claim: Claim,
) -> Result<(), StoreError> {
    const SQL: &str = concat!(touch!(), " AND last_seen_at < $2");
    let _permit = claim.permit().await?;
    let claim = Arc::new(claim);
    transact!(db, transaction => {
        transaction.skip_standby().await?;
        touch_within(transaction, SQL, id, now, idle_ends_at).await?;
        let claim = Arc::clone(&claim);
        transaction.after_commit(move || drop(claim));
        Ok(Commit(()))
    })
}

async fn touch_within(
    transaction: &mut Transaction,
    sql: &'static str,
    id: &SessionId,
    now: Timestamp,
    idle_ends_at: Timestamp,
) -> Result<bool, StoreError> {
    let touched = execute!(
        transaction,
        sql,
        &id.0,
        now.as_millis(),
        idle_ends_at.as_millis()
    );
    if touched == 1 {
        let (watchers, id) = (transaction.watchers.clone(), id.clone());
        transaction.after_commit(move || watchers.used(&id, idle_ends_at));
    }
    Ok(touched == 1)
}
