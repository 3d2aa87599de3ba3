//! The table `activity`: the audit log, written in the transaction of each event.

mod lists;
mod names;

pub use lists::{Cursor, Filter, PAGES, PAGES_BACKWARDS, list, list_newer, written_since};
pub use names::deleted_account;

use crate::{
    domain::{
        access_key::AccessKeyId,
        audit::{Entry, Source},
        moment::Timestamp,
        session::SessionId,
        user::UserId,
    },
    server::{
        db::{Db, Outcome::Commit, StoreError, Transaction, fetch_one_within, transact},
        token::{self, KeyedDigest},
    },
};

/// Adds an entry to a transaction. After the commit it is written to the server's log as well.
pub(super) async fn insert_within(
    transaction: &mut Transaction,
    entry: Entry,
) -> Result<(), StoreError> {
    let id = token::new_id();
    let names = upsert_within(transaction, &id, &entry, 1).await?;
    transaction.after_commit(move || write_to_log(&entry, &names, 1));
    Ok(())
}

pub async fn insert(db: &Db, entry: Entry) -> Result<(), StoreError> {
    transact!(db, transaction => {
        insert_within(transaction, entry.clone()).await?;
        Ok(Commit(()))
    })
}

/// Counts events that are too frequent for rows of their own: one row a kind for `subject` in a `window`.
pub async fn add_count(
    db: &Db,
    subject: &KeyedDigest,
    window: i64,
    entry: Entry,
    times: u32,
) -> Result<(), StoreError> {
    let id = format!("{} {} {window}", subject.as_str(), entry.event.as_str());
    transact!(db, transaction => {
        let names = upsert_within(transaction, &id, &entry, times).await?;
        let entry = entry.clone();
        transaction.after_commit(move || write_to_log(&entry, &names, times));
        Ok(Commit(()))
    })
}

/// The names of the accounts of an entry.
#[derive(sqlx::FromRow)]
struct Names {
    username: Option<String>,
    actor_name: Option<String>,
    key_name: Option<String>,
}

/// The two words of a source. The first has a closed list in the table, from before there were programs.
const fn words_of(source: Source) -> (&'static str, Option<&'static str>) {
    match source {
        Source::AccessKey | Source::AccessToken => {
            (Source::Browser.as_str(), Some(source.as_str()))
        }
        Source::Browser | Source::Command | Source::Server => (source.as_str(), None),
    }
}

/// Returns the names of the account that the entry concerns, and of the administrator.
async fn upsert_within(
    transaction: &mut Transaction,
    id: &str,
    entry: &Entry,
    times: u32,
) -> Result<Names, StoreError> {
    const SQL: &str = "INSERT INTO activity (id, at, event, reason, source, user_id, username, session_id, \
        address, user_agent, times, actor_id, actor_name, key_id, key_name, credential, device_name, previous_name) \
        VALUES ($1, $2, $3, $4, $5, $6, (SELECT username FROM users WHERE id = $6), $7, $8, $9, $10, \
        $11, (SELECT username FROM users WHERE id = $11), $12, (SELECT name FROM access_keys WHERE id = $12), $13, \
        (SELECT device_name FROM sessions WHERE id = $14 AND device_name <> ''), $15) \
        ON CONFLICT (id) DO UPDATE SET at = excluded.at, times = activity.times + excluded.times \
        RETURNING username, actor_name, key_name";
    let text = |id: &Option<UserId>| id.as_ref().map(|id| id.0.clone());
    let session = entry.session.as_ref().map(|session| session.0.as_str());
    let (source, credential) = words_of(entry.source);
    Ok(fetch_one_within!(
        transaction,
        SQL,
        id,
        entry.at.as_millis(),
        entry.event.as_str(),
        entry.event.reason(),
        source,
        text(&entry.user),
        session,
        &entry.address,
        &entry.user_agent,
        i64::from(times),
        text(&entry.actor),
        entry.key.as_ref().map(|key| key.0.as_str()),
        credential,
        entry.session_of_browser().map(|session| session.0.as_str()),
        entry.previous_name.as_deref()
    ))
}

/// No value of it can break a line: names and addresses have their grammars, and a user agent was
/// stripped of control characters on input (ASVS V16.4.1).
fn write_to_log(entry: &Entry, names: &Names, times: u32) {
    tracing::info!(
        target: "vestibule::activity",
        event = entry.event.as_str(),
        reason = entry.event.reason(),
        source = entry.source.as_str(),
        user = names.username,
        actor = names.actor_name,
        previous_name = entry.previous_name,
        session = entry.session.as_ref().map(SessionId::short),
        key = names.key_name,
        key_id = entry.key.as_ref().map(AccessKeyId::short),
        address = entry.address,
        user_agent = entry.user_agent,
        times,
    );
}

/// Deletes up to `limit` old entries. Returns how many.
pub async fn delete_before(db: &Db, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM activity WHERE id IN \
        (SELECT id FROM activity WHERE at < $1 ORDER BY at LIMIT $2)";
    super::delete_some(db, SQL, before.as_millis(), limit).await
}
