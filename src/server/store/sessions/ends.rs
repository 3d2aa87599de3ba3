//! How sessions end. Every statement names `ended_at IS NULL`: the first reason stays.

use super::{super::activity, NewSession};
use crate::{
    domain::{
        activity::{By, Entry, Event, Source},
        moment::Timestamp,
        session::{EndReason, Ended, Session, SessionId},
        user::UserId,
    },
    server::{
        db::{Db, ENDED, StoreError, Transaction, in_transaction},
        token::TokenDigest,
    },
};

/// Ends live sessions, each for what came first: a time-out that nobody has noticed, or `$3` at `$2`.
macro_rules! end_sessions {
    ($which:literal) => {
        end_sessions!($which, "$3")
    };
    ($which:literal, $reason:literal) => {
        concat!(
            "UPDATE sessions SET ",
            "ended_at = CASE WHEN idle_ends_at <= $2 AND idle_ends_at < absolute_ends_at THEN idle_ends_at ",
            "WHEN absolute_ends_at <= $2 THEN absolute_ends_at ELSE $2 END, ",
            "end_reason = CASE WHEN idle_ends_at <= $2 AND idle_ends_at < absolute_ends_at THEN 'idle' ",
            "WHEN absolute_ends_at <= $2 THEN 'expired' ELSE ",
            $reason,
            " END ",
            "WHERE ended_at IS NULL AND ",
            $which,
            " RETURNING id, user_id, ended_at, end_reason, address, user_agent"
        )
    };
}

/// A session that has just ended.
#[derive(sqlx::FromRow)]
struct EndedRow {
    id: String,
    user_id: String,
    ended_at: i64,
    end_reason: String,
    address: String,
    user_agent: String,
}

/// Writes down which sessions have ended, and tells whoever watches them: in this process once it is
/// true, in others by the notice that PostgreSQL sends with the commit. On SQLite others notice that
/// something was written.
async fn note_ends(
    transaction: &mut Transaction,
    rows: &[EndedRow],
    by: &By,
) -> Result<(), StoreError> {
    let mut news = Vec::with_capacity(rows.len());
    for row in rows {
        let reason = row.reason()?;
        let is_time_out = matches!(reason, EndReason::Idle | EndReason::Expired);
        let entry = Entry {
            at: Timestamp::from_millis(row.ended_at),
            event: Event::SessionEnded(reason),
            source: if is_time_out {
                Source::Server
            } else {
                by.source
            },
            user: Some(UserId(row.user_id.clone())),
            actor: by.actor.clone().filter(|_| !is_time_out),
            session: Some(SessionId(row.id.clone())),
            address: row.address.clone(),
            user_agent: row.user_agent.clone(),
        };
        activity::insert_within(transaction, entry).await?;
        news.push((SessionId(row.id.clone()), reason));
    }
    for rows in rows.chunks(NAMES_A_NOTICE) {
        let names: Vec<_> = rows.iter().map(|row| row.id.as_str()).collect();
        transaction.notify(ENDED, &names.join(",")).await?;
    }
    let ends = transaction.ends.clone();
    transaction.after_commit(move || {
        for (session, reason) in news {
            ends.ended(&session, Some(reason));
        }
    });
    Ok(())
}

/// PostgreSQL takes less than 8,000 bytes a notice, and an id is a UUID.
const NAMES_A_NOTICE: usize = 200;

/// How many ended for `reason`, and not for a time-out before it.
fn count(rows: &[EndedRow], reason: EndReason) -> u64 {
    let ended = rows.iter().filter(|row| row.end_reason == reason.as_str());
    ended.count() as u64
}

impl EndedRow {
    fn reason(&self) -> Result<EndReason, StoreError> {
        self.end_reason.parse().map_err(|_| StoreError::Corrupt {
            table: "sessions",
            id: self.id.clone(),
        })
    }
}

/// Ends the session that a browser brought to a sign-in.
pub async fn end_replaced_within(
    transaction: &mut Transaction,
    digest: &TokenDigest,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = end_sessions!("token_digest = $1");
    let rows: Vec<EndedRow> = in_transaction!(transaction, connection => sqlx::query_as(SQL)
        .bind(digest.as_str())
        .bind(now.as_millis())
        .bind(EndReason::Replaced.as_str())
        .fetch_all(connection)
        .await?);
    note_ends(transaction, &rows, &Source::Browser.into()).await
}

/// Ends one session. `false` where it had ended before: the first reason stays.
pub async fn end(
    db: &Db,
    id: &SessionId,
    ended: Ended,
    by: impl Into<By>,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE sessions SET ended_at = $2, end_reason = $3 \
        WHERE id = $1 AND ended_at IS NULL \
        RETURNING id, user_id, ended_at, end_reason, address, user_agent";
    let mut transaction = db.begin().await?;
    let rows: Vec<EndedRow> = in_transaction!(transaction, connection => sqlx::query_as(SQL)
        .bind(&id.0)
        .bind(ended.at.as_millis())
        .bind(ended.reason.as_str())
        .fetch_all(connection)
        .await?);
    note_ends(&mut transaction, &rows, &by.into()).await?;
    transaction.commit().await?;
    Ok(rows.len() == 1)
}

/// The same, together with what else happens. A time-out that came first is written down instead.
pub async fn end_within(
    transaction: &mut Transaction,
    id: &SessionId,
    ended: Ended,
    source: Source,
) -> Result<(), StoreError> {
    const SQL: &str = end_sessions!("id = $1");
    let rows: Vec<EndedRow> = in_transaction!(transaction, connection => sqlx::query_as(SQL)
        .bind(&id.0)
        .bind(ended.at.as_millis())
        .bind(ended.reason.as_str())
        .fetch_all(connection)
        .await?);
    note_ends(transaction, &rows, &source.into()).await
}

/// Ends all sessions of a user. Returns how many were live.
pub async fn end_all_of_user(
    db: &Db,
    user: &UserId,
    ended: Ended,
    by: impl Into<By>,
) -> Result<u64, StoreError> {
    let mut transaction = db.begin().await?;
    let count = end_all_within(&mut transaction, user, ended, &by.into()).await?;
    transaction.commit().await?;
    Ok(count)
}

/// The same, together with what else happens to the account. Sessions that a time-out had ended
/// before are not counted.
pub async fn end_all_within(
    transaction: &mut Transaction,
    user: &UserId,
    ended: Ended,
    by: &By,
) -> Result<u64, StoreError> {
    const SQL: &str = end_sessions!("user_id = $1");
    let rows: Vec<EndedRow> = in_transaction!(transaction, connection => sqlx::query_as(SQL)
        .bind(&user.0)
        .bind(ended.at.as_millis())
        .bind(ended.reason.as_str())
        .fetch_all(connection)
        .await?);
    note_ends(transaction, &rows, by).await?;
    Ok(count(&rows, ended.reason))
}

/// Ends all sessions of a user but one. Returns how many were live.
pub async fn end_all_but(
    db: &Db,
    user: &UserId,
    kept: &SessionId,
    ended: Ended,
    source: Source,
) -> Result<u64, StoreError> {
    const SQL: &str = end_sessions!("user_id = $1 AND id <> $4");
    let mut transaction = db.begin().await?;
    let rows: Vec<EndedRow> = in_transaction!(transaction, connection => sqlx::query_as(SQL)
        .bind(&user.0)
        .bind(ended.at.as_millis())
        .bind(ended.reason.as_str())
        .bind(&kept.0)
        .fetch_all(connection)
        .await?);
    note_ends(&mut transaction, &rows, &source.into()).await?;
    transaction.commit().await?;
    Ok(count(&rows, ended.reason))
}

/// Ends all sessions of a user from `current`, which is signed out. Returns how many others were live.
pub async fn end_all_and_sign_out(
    db: &Db,
    current: &Session,
    now: Timestamp,
    source: Source,
) -> Result<u64, StoreError> {
    const SQL: &str = end_sessions!(
        "user_id = $1",
        "CASE WHEN id = $4 THEN 'signed_out' ELSE $3 END"
    );
    let mut transaction = db.begin().await?;
    let rows: Vec<EndedRow> = in_transaction!(transaction, connection => sqlx::query_as(SQL)
        .bind(&current.user_id.0)
        .bind(now.as_millis())
        .bind(EndReason::EndedByOwner.as_str())
        .bind(&current.id.0)
        .fetch_all(connection)
        .await?);
    note_ends(&mut transaction, &rows, &source.into()).await?;
    transaction.commit().await?;
    Ok(count(&rows, EndReason::EndedByOwner))
}

/// Ends the longest idle of the sessions beside `started`, where there are more than `max` with it.
pub async fn end_longest_idle_within(
    transaction: &mut Transaction,
    started: &NewSession<'_>,
    max: u32,
) -> Result<(), StoreError> {
    // No OFFSET without a LIMIT on SQLite, and none that both engines take for "all".
    const SQL: &str = end_sessions!(
        "id IN (SELECT id FROM sessions WHERE user_id = $1 AND id <> $4 AND ended_at IS NULL \
         AND idle_ends_at > $2 ORDER BY last_seen_at DESC, id DESC LIMIT 1000000 OFFSET $5)"
    );
    let rows: Vec<EndedRow> = in_transaction!(transaction, connection => sqlx::query_as(SQL)
        .bind(&started.user_id.0)
        .bind(started.created_at.as_millis())
        .bind(EndReason::TooMany.as_str())
        .bind(&started.id.0)
        .bind(i64::from(max.saturating_sub(1)))
        .fetch_all(connection)
        .await?);
    note_ends(transaction, &rows, &Source::Browser.into()).await
}

/// Ends all sessions of a user because of a new password, but for `old`, which is replaced. Returns
/// how many others ended; `None` where `old` no longer lived.
///
/// One statement takes them all, in the order in which every other statement takes them, and its
/// answer tells whether `old` still lived.
pub async fn end_all_but_replace_within(
    transaction: &mut Transaction,
    user: &UserId,
    old: &SessionId,
    now: Timestamp,
) -> Result<Option<u64>, StoreError> {
    const SQL: &str = end_sessions!(
        "user_id = $1",
        "CASE WHEN id = $4 THEN 'replaced' ELSE $3 END"
    );
    let rows: Vec<EndedRow> = in_transaction!(transaction, connection => sqlx::query_as(SQL)
        .bind(&user.0)
        .bind(now.as_millis())
        .bind(EndReason::PasswordChanged.as_str())
        .bind(&old.0)
        .fetch_all(connection)
        .await?);
    if count(&rows, EndReason::Replaced) == 0 {
        return Ok(None);
    }
    note_ends(transaction, &rows, &Source::Browser.into()).await?;
    Ok(Some(count(&rows, EndReason::PasswordChanged)))
}

/// Ends up to `limit` sessions of anybody. Returns how many ended, and how many of them for this reason: the rest
/// had timed out before.
pub async fn end_some(
    db: &Db,
    ended: Ended,
    limit: u32,
    by: &By,
) -> Result<(u64, u64), StoreError> {
    const SQL: &str = end_sessions!(
        "id IN (SELECT id FROM sessions WHERE ended_at IS NULL ORDER BY idle_ends_at LIMIT $1)"
    );
    let mut transaction = db.begin().await?;
    let rows: Vec<EndedRow> = in_transaction!(transaction, connection => sqlx::query_as(SQL)
        .bind(i64::from(limit))
        .bind(ended.at.as_millis())
        .bind(ended.reason.as_str())
        .fetch_all(connection)
        .await?);
    note_ends(&mut transaction, &rows, by).await?;
    transaction.commit().await?;
    Ok((rows.len() as u64, count(&rows, ended.reason)))
}

/// Writes the time-outs of up to `limit` sessions down that nobody has noticed. Returns how many.
pub async fn end_timed_out(db: &Db, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
    // The idle end never lies behind the absolute one. `$3` is for sessions that live: there are none.
    const SQL: &str = end_sessions!(
        "id IN (SELECT id FROM sessions WHERE ended_at IS NULL AND idle_ends_at <= $2 \
         ORDER BY idle_ends_at LIMIT $1)"
    );
    let mut transaction = db.begin().await?;
    let rows: Vec<EndedRow> = in_transaction!(transaction, connection => sqlx::query_as(SQL)
        .bind(i64::from(limit))
        .bind(now.as_millis())
        .bind(EndReason::Idle.as_str())
        .fetch_all(connection)
        .await?);
    note_ends(&mut transaction, &rows, &Source::Server.into()).await?;
    transaction.commit().await?;
    Ok(rows.len() as u64)
}

/// Takes up to `limit` sessions away that ended before then. Returns how many.
pub async fn delete_ended_before(
    db: &Db,
    before: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM sessions WHERE id IN \
        (SELECT id FROM sessions WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)";
    crate::server::store::delete_some(db, SQL, before.as_millis(), limit).await
}
