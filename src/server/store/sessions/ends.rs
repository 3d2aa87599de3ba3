//! The ends of sessions. Every statement has `ended_at IS NULL`: the first reason is kept.

mod of_user;

pub use of_user::{
    end_all_and_sign_out, end_all_but, end_all_but_renewed_within, end_all_of_key_within,
    end_all_of_user, end_all_within, end_longest_idle_within,
};

use crate::{
    domain::{
        actor::Actor,
        audit::{Entry, Event, Source},
        moment::Timestamp,
        session::{EndReason, Ended, SessionId},
        user::UserId,
    },
    server::{
        db::{
            Db, ENDED, Outcome::Commit, StoreError, Transaction, fetch_all_within,
            fetch_optional_within, transact,
        },
        store::audit,
        token::TokenDigest,
    },
};

/// Ends live sessions, each for what came first: a time-out that is not recorded yet, or `$3` at `$2`.
macro_rules! end_sessions {
    ($which:literal) => {
        end_sessions!($which, "$3")
    };
    ($which:literal, $reason:literal) => {
        end_sessions!(
            $which,
            $reason,
            "FALSE",
            "id, user_id, ended_at, end_reason, address, user_agent"
        )
    };
    ($which:literal, $reason:literal, $kept:literal, $returned:literal) => {
        concat!(
            "UPDATE sessions SET ended_at = CASE WHEN ",
            $kept,
            " THEN NULL WHEN idle_ends_at <= $2 AND idle_ends_at < absolute_ends_at THEN idle_ends_at ",
            "WHEN absolute_ends_at <= $2 THEN absolute_ends_at ELSE $2 END, ",
            "end_reason = CASE WHEN ",
            $kept,
            " THEN NULL WHEN idle_ends_at <= $2 AND idle_ends_at < absolute_ends_at THEN 'idle' ",
            "WHEN absolute_ends_at <= $2 THEN 'expired' ELSE ",
            $reason,
            " END WHERE ended_at IS NULL AND ",
            $which,
            " RETURNING ",
            $returned
        )
    };
}

pub(super) use end_sessions;

/// Ends sessions by a statement of [`end_sessions`] or a similar one, and records each end. Its values are that of
/// `$1`, and those from `$4` on. Returns the rows of the ended sessions.
macro_rules! end_where {
    ($transaction:expr, $actor:expr, $ended:expr, $sql:expr, $first:expr $(, $more:expr)* $(,)?) => {{
        let (actor, ended): (&Actor, Ended) = ($actor, $ended);
        let (at, reason) = (ended.at.as_millis(), ended.reason.as_str());
        let rows: Vec<EndedRow> = fetch_all_within!($transaction, $sql, $first, at, reason $(, $more)*);
        record_ends($transaction, rows, actor).await?
    }};
}

pub(super) use end_where;

/// A session that has just ended.
#[derive(sqlx::FromRow)]
pub(super) struct EndedRow {
    id: String,
    user_id: String,
    ended_at: i64,
    end_reason: String,
    address: String,
    user_agent: String,
}

/// Writes the ends to the audit log, and notifies the watchers. Those in this process are notified after the commit,
/// others by the notice that PostgreSQL sends with the commit. On SQLite other processes detect that something was
/// written.
pub(super) async fn record_ends(
    transaction: &mut Transaction,
    rows: Vec<EndedRow>,
    actor: &Actor,
) -> Result<Vec<EndReason>, StoreError> {
    for rows in rows.chunks(IDS_PER_NOTICE) {
        let names: Vec<_> = rows.iter().map(|row| row.id.as_str()).collect();
        transaction.notify(ENDED, &names.join(",")).await?;
    }
    let mut ended = Vec::with_capacity(rows.len());
    for row in rows {
        let reason = row.reason()?;
        let is_time_out = matches!(reason, EndReason::Idle | EndReason::Expired);
        let session = SessionId(row.id);
        let entry = Entry {
            at: Timestamp::from_millis(row.ended_at),
            event: Event::SessionEnded(reason),
            source: if is_time_out {
                Source::Server
            } else {
                actor.source()
            },
            user: Some(UserId(row.user_id)),
            actor: actor.administrator().filter(|_| !is_time_out).cloned(),
            session: Some(session.clone()),
            own_session: None,
            key: actor.key().filter(|_| !is_time_out).cloned(),
            previous_name: None,
            address: row.address,
            user_agent: row.user_agent,
        };
        audit::insert_within(transaction, entry).await?;
        ended.push((session, reason));
    }
    let reasons = ended.iter().map(|(_, reason)| *reason).collect();
    let watchers = transaction.watchers.clone();
    transaction.after_commit(move || {
        for (session, reason) in ended {
            watchers.ended(&session, reason);
        }
    });
    Ok(reasons)
}

/// PostgreSQL limits a notice to 8,000 bytes, and an id is a UUID.
const IDS_PER_NOTICE: usize = 200;

/// How many ended for `reason`, and not for a time-out before it.
pub(super) fn count(ended: &[EndReason], reason: EndReason) -> u64 {
    ended.iter().filter(|one| **one == reason).count() as u64
}

impl EndedRow {
    fn reason(&self) -> Result<EndReason, StoreError> {
        self.end_reason.parse().map_err(|_| StoreError::Corrupt {
            table: "sessions",
            id: self.id.clone(),
        })
    }
}

/// Ends the session of the token that a browser sent with a sign-in, the current one or an earlier one.
pub async fn end_replaced_within(
    transaction: &mut Transaction,
    digest: &TokenDigest,
    now: Timestamp,
    actor: &Actor,
) -> Result<(), StoreError> {
    // By its id: the session may be renewed concurrently, and a statement that waits for the row by its token would no
    // longer match it afterwards.
    const SQL: &str = "SELECT id FROM sessions WHERE token_digest = $1 \
        UNION ALL SELECT session_id FROM earlier_tokens WHERE token_digest = $1";
    let replaced: Option<String> = fetch_optional_within!(scalar transaction, SQL, digest.as_str());
    let Some(replaced) = replaced.map(SessionId) else {
        return Ok(());
    };
    let ended = Ended {
        at: now,
        reason: EndReason::Replaced,
    };
    end_within(transaction, &replaced, ended, actor).await
}

/// Ends one session. `false` if it had ended before: the first reason is kept.
pub async fn end(db: &Db, id: &SessionId, ended: Ended, actor: &Actor) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE sessions SET ended_at = $2, end_reason = $3 \
        WHERE id = $1 AND ended_at IS NULL \
        RETURNING id, user_id, ended_at, end_reason, address, user_agent";
    transact!(db, transaction => {
        let rows = end_where!(transaction, actor, ended, SQL, &id.0);
        Ok(Commit(rows.len() == 1))
    })
}

/// The same within a transaction. An earlier time-out is recorded instead.
pub async fn end_within(
    transaction: &mut Transaction,
    id: &SessionId,
    ended: Ended,
    actor: &Actor,
) -> Result<(), StoreError> {
    const SQL: &str = end_sessions!("id = $1");
    end_where!(transaction, actor, ended, SQL, &id.0);
    Ok(())
}

/// Ends a session that was disowned, and later ones in the same browser.
pub async fn end_with_alert_within(
    transaction: &mut Transaction,
    user: &UserId,
    alert: &SessionId,
    ended: Ended,
    actor: &Actor,
) -> Result<(), StoreError> {
    const SQL: &str = end_sessions!("user_id = $1 AND (id = $4 OR alert_id = $4)");
    end_where!(transaction, actor, ended, SQL, &user.0, &alert.0);
    Ok(())
}

/// Records up to `limit` time-outs of sessions. Returns how many.
pub async fn end_timed_out(db: &Db, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
    // The idle end is never after the absolute one. `$3` is for live sessions, and this matches none.
    const SQL: &str = end_sessions!(
        "id IN (SELECT id FROM sessions WHERE ended_at IS NULL AND idle_ends_at <= $2 \
         ORDER BY idle_ends_at LIMIT $1)"
    );
    transact!(db, transaction => {
        let ended = Ended { at: now, reason: EndReason::Idle };
        let rows = end_where!(transaction, &Actor::server(), ended, SQL, i64::from(limit));
        Ok(Commit(rows.len() as u64))
    })
}

/// Deletes up to `limit` sessions that ended before this time. Returns how many.
pub async fn delete_ended_before(
    db: &Db,
    before: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM sessions WHERE id IN \
        (SELECT id FROM sessions WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)";
    crate::server::store::delete_some(db, SQL, before.as_millis(), limit).await
}
