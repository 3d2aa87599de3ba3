//! Queries of the audit log: in pages, the newest first, and the new entries.
//!
//! A page begins at the row where the previous one ended, and not at an offset. So an index leads there in a log of
//! any length. Every combination of filters is a statement of its own, so that each uses its index.

use crate::{
    domain::{
        access_key::AccessKeyId,
        audit::{Entry, Event, Record, Source},
        moment::Timestamp,
        session::SessionId,
        user::UserId,
    },
    server::{
        db::{Db, StoreError, on_pool},
        token,
    },
};

/// The filter of a list; without any condition it matches everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter<'a> {
    /// The account it concerns.
    pub user: Option<&'a UserId>,
    /// A word of [`Event::as_str`].
    pub event: Option<&'a str>,
    /// From this time on,
    pub since: Option<Timestamp>,
    /// and before this one.
    pub until: Option<Timestamp>,
}

/// The end of a page, where the one after or before it continues: the entry with this time and id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub at: Timestamp,
    pub id: String,
}

impl Cursor {
    pub fn of(record: &Record) -> Self {
        Self {
            at: record.entry.at,
            id: record.id.clone(),
        }
    }
}

/// `$1` is the beginning, `$4` the number of rows, `$5` and `$6` the filter.
macro_rules! select_activity {
    ($range:literal, $filtered:literal, $order:literal) => {
        concat!(
            "SELECT id, at, event, reason, source, user_id, username, session_id, address, user_agent, ",
            "times, actor_id, actor_name, key_id, key_name, credential, device_name, previous_name FROM activity WHERE ",
            $range,
            $filtered,
            $order
        )
    };
}

/// The four statements of a list: without a filter, for a user, for a kind of event, for both.
macro_rules! four_lists {
    ($range:literal, $order:literal) => {
        [
            select_activity!($range, "", $order),
            select_activity!($range, " AND user_id = $5", $order),
            select_activity!($range, " AND event = $5", $order),
            select_activity!($range, " AND user_id = $5 AND event = $6", $order),
        ]
    };
}

/// After the row of time `$2` and id `$3`, the newest first.
pub const PAGES: [&str; 4] = four_lists!(
    "at >= $1 AND (at, id) < ($2, $3)",
    " ORDER BY at DESC, id DESC LIMIT $4"
);

/// Before the row of time `$2` and id `$3` and the time `$1`, the oldest first.
pub const PAGES_BACKWARDS: [&str; 4] = four_lists!(
    "at < $1 AND (at, id) > ($2, $3)",
    " ORDER BY at, id LIMIT $4"
);

/// What was written or counted since the time `$1`. An entry may have an earlier time of its own, so ids count too.
/// They begin with the time of writing, and lie between `$2` and `$3`.
const WRITTEN_SINCE: [&str; 4] = four_lists!(
    "(at >= $1 OR (id >= $2 AND id < $3))",
    " ORDER BY at, id LIMIT $4"
);

/// Binds the filter, in the order of [`four_lists`].
macro_rules! filtered {
    ($query:expr, $filter:expr) => {
        match ($filter.user, $filter.event) {
            (None, None) => $query,
            (Some(user), None) => $query.bind(&user.0),
            (None, Some(event)) => $query.bind(event),
            (Some(user), Some(event)) => $query.bind(&user.0).bind(event),
        }
    };
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    at: i64,
    event: String,
    reason: Option<String>,
    source: String,
    user_id: Option<String>,
    username: Option<String>,
    session_id: Option<String>,
    address: String,
    user_agent: String,
    times: i64,
    actor_id: Option<String>,
    actor_name: Option<String>,
    key_id: Option<String>,
    key_name: Option<String>,
    credential: Option<String>,
    device_name: Option<String>,
    previous_name: Option<String>,
}

impl TryFrom<Row> for Record {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = || StoreError::Corrupt {
            table: "activity",
            id: row.id.clone(),
        };
        // A server of a newer version may have written words that this one does not know.
        let (event, unknown) = match Event::parse(&row.event, row.reason.as_deref()) {
            Ok(event) => (event, None),
            Err(unknown) => (Event::Unknown, Some(unknown)),
        };
        let source = |word: &str| Source::ALL.into_iter().find(|known| known.as_str() == word);
        let credential = row.credential.as_deref().and_then(source);
        Ok(Self {
            entry: Entry {
                at: Timestamp::from_millis(row.at),
                event,
                source: credential
                    .or_else(|| source(&row.source))
                    .ok_or_else(corrupt)?,
                user: row.user_id.map(UserId),
                actor: row.actor_id.map(UserId),
                session: row.session_id.map(SessionId),
                own_session: None,
                key: row.key_id.map(AccessKeyId),
                previous_name: row.previous_name,
                address: row.address,
                user_agent: row.user_agent,
            },
            id: row.id,
            unknown,
            username: row.username,
            actor_name: row.actor_name,
            key_name: row.key_name,
            device_name: row.device_name,
            times: u64::try_from(row.times).unwrap_or(0),
        })
    }
}

/// Up to `limit` of the newest entries; after `before` if a page preceded.
pub async fn list(
    db: &Db,
    filter: &Filter<'_>,
    before: Option<&Cursor>,
    limit: u32,
) -> Result<Vec<Record>, StoreError> {
    let since = filter.since.map_or(i64::MIN, Timestamp::as_millis);
    // No id precedes the empty one, so this is after all rows of that instant.
    let end = (filter.until.map_or(i64::MAX, Timestamp::as_millis), "");
    let cursor = before.map(|cursor| (cursor.at.as_millis(), &*cursor.id));
    let (at, id) = cursor.map_or(end, |cursor| cursor.min(end));
    let sql = statement_for(&PAGES, filter);
    let rows: Vec<Row> = on_pool!(db, pool => {
        let query = sqlx::query_as(sql).bind(since).bind(at).bind(id).bind(i64::from(limit));
        filtered!(query, filter).fetch_all(pool).await?
    });
    rows.into_iter().map(Record::try_from).collect()
}

/// Up to `limit` entries directly after `after` in time, the newest first.
pub async fn list_newer(
    db: &Db,
    filter: &Filter<'_>,
    after: &Cursor,
    limit: u32,
) -> Result<Vec<Record>, StoreError> {
    let until = filter.until.map_or(i64::MAX, Timestamp::as_millis);
    // Every id follows the empty one, so this is before all rows of that instant.
    let start = (filter.since.map_or(i64::MIN, Timestamp::as_millis), "");
    let (at, id) = start.max((after.at.as_millis(), &*after.id));
    let sql = statement_for(&PAGES_BACKWARDS, filter);
    let rows: Vec<Row> = on_pool!(db, pool => {
        let query = sqlx::query_as(sql).bind(until).bind(at).bind(id).bind(i64::from(limit));
        filtered!(query, filter).fetch_all(pool).await?
    });
    rows.into_iter().rev().map(Record::try_from).collect()
}

/// Up to `limit` entries that were written or counted from `since` to `until`, the oldest first. The end of a session
/// may be written long after it happened, so the entry's own time is not enough. The time bounds of the filter do
/// not apply: they are for pages.
pub async fn written_since(
    db: &Db,
    filter: &Filter<'_>,
    since: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Vec<Record>, StoreError> {
    let (first, end) = (token::first_id_of(since), token::first_id_of(until));
    let sql = statement_for(&WRITTEN_SINCE, filter);
    let rows: Vec<Row> = on_pool!(db, pool => {
        let query = sqlx::query_as(sql).bind(since.as_millis()).bind(&first).bind(&end).bind(i64::from(limit));
        filtered!(query, filter).fetch_all(pool).await?
    });
    rows.into_iter().map(Record::try_from).collect()
}

fn statement_for(statements: &[&'static str; 4], filter: &Filter<'_>) -> &'static str {
    statements[usize::from(filter.user.is_some()) + 2 * usize::from(filter.event.is_some())]
}
