//! The table `activity`: what happened, written in the transaction in which it happens.

use crate::{
    domain::{
        activity::{Entry, Event, Record, Source},
        moment::Timestamp,
        session::SessionId,
        user::UserId,
    },
    server::{
        db::{Db, StoreError, Transaction, in_transaction, on_pool},
        token::{self, KeyedDigest},
    },
};

/// Adds an entry to what a transaction does. It stands in the log as well, once it is durable.
pub(super) async fn insert_within(
    transaction: &mut Transaction,
    entry: Entry,
) -> Result<(), StoreError> {
    let id = token::new_id();
    let username = upsert_within(transaction, &id, &entry, 1).await?;
    transaction.after_commit(move || write_to_log(&entry, username.as_deref(), 1));
    Ok(())
}

pub async fn insert(db: &Db, entry: Entry) -> Result<(), StoreError> {
    let mut transaction = db.begin().await?;
    insert_within(&mut transaction, entry).await?;
    transaction.commit().await
}

/// Adds up what happens too often for rows of their own: one row a kind for `subject` in a `window`.
pub async fn add_up(
    db: &Db,
    subject: &KeyedDigest,
    window: i64,
    entry: Entry,
    times: u32,
) -> Result<(), StoreError> {
    let id = format!("{} {} {window}", subject.as_str(), entry.event.as_str());
    let mut transaction = db.begin().await?;
    let username = upsert_within(&mut transaction, &id, &entry, times).await?;
    transaction.after_commit(move || write_to_log(&entry, username.as_deref(), times));
    transaction.commit().await
}

/// Returns the name of the account that the entry concerns.
async fn upsert_within(
    transaction: &mut Transaction,
    id: &str,
    entry: &Entry,
    times: u32,
) -> Result<Option<String>, StoreError> {
    const SQL: &str = "INSERT INTO activity \
        (id, at, event, reason, source, user_id, username, session_id, address, user_agent, times) \
        VALUES ($1, $2, $3, $4, $5, $6, (SELECT username FROM users WHERE id = $6), $7, $8, $9, $10) \
        ON CONFLICT (id) DO UPDATE SET at = excluded.at, times = activity.times + excluded.times \
        RETURNING username";
    let user = entry.user.as_ref().map(|user| user.0.as_str());
    let session = entry.session.as_ref().map(|session| session.0.as_str());
    Ok(
        in_transaction!(transaction, connection => sqlx::query_scalar(SQL)
        .bind(id)
        .bind(entry.at.as_millis())
        .bind(entry.event.as_str())
        .bind(entry.event.reason())
        .bind(entry.source.as_str())
        .bind(user)
        .bind(session)
        .bind(&entry.address)
        .bind(&entry.user_agent)
        .bind(i64::from(times))
        .fetch_one(connection)
        .await?),
    )
}

/// No value of it can break a line: names and addresses have their grammars, and a user agent was
/// stripped of control characters when it came in (ASVS V16.4.1).
fn write_to_log(entry: &Entry, username: Option<&str>, times: u32) {
    tracing::info!(
        target: "vestibule::activity",
        event = entry.event.as_str(),
        reason = entry.event.reason(),
        source = entry.source.as_str(),
        user = username,
        session = entry.session.as_ref().map(SessionId::short),
        address = entry.address,
        user_agent = entry.user_agent,
        times,
    );
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
}

impl TryFrom<Row> for Record {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let corrupt = || StoreError::Corrupt {
            table: "activity",
            id: row.id.clone(),
        };
        let sources = [Source::Browser, Source::Command, Source::Server];
        Ok(Self {
            entry: Entry {
                at: Timestamp::from_millis(row.at),
                event: Event::parse(&row.event, row.reason.as_deref()).map_err(|_| corrupt())?,
                source: sources
                    .into_iter()
                    .find(|source| source.as_str() == row.source)
                    .ok_or_else(corrupt)?,
                user: row.user_id.map(UserId),
                session: row.session_id.map(SessionId),
                address: row.address,
                user_agent: row.user_agent,
            },
            username: row.username,
            times: u64::try_from(row.times).unwrap_or(0),
        })
    }
}

/// The newest entries first; of one user where `user` is given.
pub async fn list(db: &Db, user: Option<&UserId>, limit: u32) -> Result<Vec<Record>, StoreError> {
    const SQL: &str = "SELECT id, at, event, reason, source, user_id, username, session_id, address, \
        user_agent, times FROM activity WHERE user_id = $1 OR $1 IS NULL \
        ORDER BY at DESC, id DESC LIMIT $2";
    let user = user.map(|user| user.0.as_str());
    let rows: Vec<Row> = on_pool!(db, pool => sqlx::query_as(SQL)
        .bind(user)
        .bind(i64::from(limit))
        .fetch_all(pool)
        .await?);
    rows.into_iter().map(Record::try_from).collect()
}

/// Takes up to `limit` old entries away. Returns how many.
pub async fn delete_before(db: &Db, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM activity WHERE id IN \
        (SELECT id FROM activity WHERE at < $1 ORDER BY at LIMIT $2)";
    super::delete_some(db, SQL, before.as_millis(), limit).await
}
