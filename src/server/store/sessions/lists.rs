//! Lists of sessions: of all users, of one user, live ones.

use super::{SessionRow, select_sessions};
use crate::{
    domain::{
        moment::Timestamp,
        session::{CurrentUser, Session, SessionId},
        user::UserId,
    },
    server::db::{Db, StoreError, fetch_all},
};

/// All sessions below the id `$1`. Ids begin with the time of their creation, and are indexed in order.
pub const ALL: &str = select_sessions!("WHERE s.id < $1 ORDER BY s.id DESC LIMIT $2");

/// The sessions of the account `$1` after the one that began at `$2` and has the id `$3`.
pub const OF_USER: &str = select_sessions!(
    "WHERE s.user_id = $1 AND (s.created_at, s.id) < ($2, $3) ORDER BY s.created_at DESC, s.id DESC LIMIT $4"
);

/// Greater than every id, in any collation: ids consist of digits, `a` to `f` and hyphens.
const ABOVE_ALL: &str = "z";

/// Greater than the id of every session.
pub fn above_every_id() -> SessionId {
    SessionId(ABOVE_ALL.to_owned())
}

/// Up to `limit` sessions after the last one of the previous page, the newest first: of all users, or of one. The cost
/// of a page does not depend on the number of sessions.
pub async fn list(
    db: &Db,
    user: Option<&UserId>,
    after: Option<&Session>,
    limit: u32,
) -> Result<Vec<CurrentUser>, StoreError> {
    let id = after.map_or(ABOVE_ALL, |after| after.id.0.as_str());
    let created_at = after.map_or(i64::MAX, |after| after.created_at.as_millis());
    let rows: Vec<SessionRow> = match user {
        None => fetch_all!(db, ALL, id, i64::from(limit)),
        Some(user) => fetch_all!(db, OF_USER, &user.0, created_at, id, i64::from(limit)),
    };
    rows.into_iter().map(CurrentUser::try_from).collect()
}

/// The live sessions of a user, the last used first.
pub async fn live_of_user(
    db: &Db,
    user: &UserId,
    now: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    const SQL: &str = select_sessions!(
        "WHERE s.user_id = $1 AND s.ended_at IS NULL AND s.idle_ends_at > $2 AND s.absolute_ends_at > $2 \
         ORDER BY s.last_seen_at DESC, s.id DESC"
    );
    let rows: Vec<SessionRow> = fetch_all!(db, SQL, &user.0, now.as_millis());
    let found = rows.into_iter().map(CurrentUser::try_from);
    found.map(|found| Ok(found?.session)).collect()
}
