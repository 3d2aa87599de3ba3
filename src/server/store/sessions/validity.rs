//! The validity of watched sessions: many in few statements.

use super::ended_of;
use crate::{
    domain::{
        moment::Timestamp,
        session::{SessionId, Validity},
    },
    server::{
        db::{Db, StoreError},
        store::among::{IDS_PER_STATEMENT, fetch_among},
    },
};
use std::collections::{HashMap, HashSet};

#[derive(sqlx::FromRow)]
struct ValidityRow {
    id: String,
    idle_ends_at: i64,
    absolute_ends_at: i64,
    ended_at: Option<i64>,
    end_reason: Option<String>,
}

/// The validity of these sessions. Unknown sessions are left out.
pub async fn validities(
    db: &Db,
    ids: &[SessionId],
) -> Result<HashMap<SessionId, Validity>, StoreError> {
    const SQL: &str = "SELECT id, idle_ends_at, absolute_ends_at, ended_at, end_reason \
        FROM sessions WHERE id";
    let mut validities = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        let rows: Vec<ValidityRow> = fetch_among!(db, SQL, ids, build_query_as);
        for row in rows {
            let validity = Validity {
                idle_ends_at: Timestamp::from_millis(row.idle_ends_at),
                absolute_ends_at: Timestamp::from_millis(row.absolute_ends_at),
                ended: ended_of(&row.id, row.ended_at, row.end_reason.as_deref())?,
            };
            validities.insert(SessionId(row.id), validity);
        }
    }
    Ok(validities)
}

/// Those of these sessions whose end is recorded, and those without a row: it goes with its account.
pub async fn ended_among(db: &Db, ids: &[SessionId]) -> Result<Vec<SessionId>, StoreError> {
    const COUNT: &str = "SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL AND id";
    const LIVE: &str = "SELECT id FROM sessions WHERE ended_at IS NULL AND id";
    let mut ended = Vec::new();
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        // Usually all are live: then no id is sent back.
        let count: Vec<i64> = fetch_among!(db, COUNT, ids, build_query_scalar);
        if usize::try_from(count.into_iter().sum::<i64>()) == Ok(ids.len()) {
            continue;
        }
        let live: Vec<String> = fetch_among!(db, LIVE, ids, build_query_scalar);
        let live: HashSet<_> = live.into_iter().map(SessionId).collect();
        ended.extend(ids.iter().filter(|&id| !live.contains(id)).cloned());
    }
    Ok(ended)
}
