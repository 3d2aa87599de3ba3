//! Ends all sessions of all users, in small steps.

use super::ends::{EndedRow, count, end_sessions, end_where, record_ends};
use crate::{
    domain::{
        actor::Actor,
        session::{Ended, SessionId},
    },
    server::db::{Db, Outcome::Commit, StoreError, fetch_all_within, fetch_one, transact},
};

/// Ends about `limit` live sessions of all users, those with the greatest ids below `below` first.
/// Returns below which id the next step begins, `None` if no session was left; and how many of those that ended
/// had not timed out before.
///
/// Each step continues where the previous one ended, and new sessions get greater ids than existing ones. So the steps
/// terminate, even if users keep signing in, and no clock decides which sessions are included.
pub async fn end_some(
    db: &Db,
    ended: Ended,
    below: &SessionId,
    limit: u32,
    actor: &Actor,
) -> Result<(Option<SessionId>, u64), StoreError> {
    const LOWEST: &str = "SELECT MIN(id) FROM (SELECT id FROM sessions WHERE ended_at IS NULL AND id < $1 \
        ORDER BY id DESC LIMIT $2) AS step";
    const SQL: &str = end_sessions!("id < $1 AND id >= $4");
    let lowest: Option<String> = fetch_one!(scalar db, LOWEST, &below.0, i64::from(limit));
    let Some(lowest) = lowest.map(SessionId) else {
        return Ok((None, 0));
    };
    transact!(db, transaction => {
        let rows = end_where!(transaction, actor, ended, SQL, &below.0, &lowest.0);
        Ok(Commit((Some(lowest.clone()), count(&rows, ended.reason))))
    })
}
