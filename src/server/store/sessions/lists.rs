//! Lists of sessions: of everybody, of one user, live ones.

use super::{SessionRow, select_sessions};
use crate::{
    domain::{
        moment::Timestamp,
        session::{CurrentUser, Session, SessionId},
        user::UserId,
    },
    server::db::{Db, StoreError, fetch_all},
};

/// Every session from the id `$1` back. Ids begin with the time at which they were made, and are kept in order.
pub const ALL: &str = select_sessions!("WHERE s.id < $1 ORDER BY s.id DESC LIMIT $2");

/// The sessions of the account `$1` behind the one that began at `$2` and has the id `$3`.
pub const OF_USER: &str = select_sessions!(
    "WHERE s.user_id = $1 AND (s.created_at, s.id) < ($2, $3) ORDER BY s.created_at DESC, s.id DESC LIMIT $4"
);

/// Comes after every id, in the order of bytes and of any language: they are made of digits, `a` to `f` and lines.
const BEHIND_ALL: &str = "z";

/// An id that is greater than that of every session.
pub fn above_all() -> SessionId {
    SessionId(BEHIND_ALL.to_owned())
}

/// Up to `limit` sessions behind the one where the page before ended, the newest first: of everybody, or of one
/// user. A page costs the same however many there are.
pub async fn list(
    db: &Db,
    user: Option<&UserId>,
    behind: Option<&Session>,
    limit: u32,
) -> Result<Vec<CurrentUser>, StoreError> {
    let id = behind.map_or(BEHIND_ALL, |behind| behind.id.0.as_str());
    let created_at = behind.map_or(i64::MAX, |behind| behind.created_at.as_millis());
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
