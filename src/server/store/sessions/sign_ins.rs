//! Sign-ins as their owner looks back on them, whatever has become of their sessions.

use super::{super::activity, ends::end_within};
use crate::{
    domain::{
        activity::Entry,
        moment::Timestamp,
        session::{EndReason, Ended, Session, SessionId},
        user::UserId,
    },
    server::db::{Db, StoreError, Transaction, in_transaction, on_pool},
};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    pub session: SessionId,
    pub at: Timestamp,
    pub address: String,
    pub user_agent: String,
    pub has_ended: bool,
}

/// What a person is told of their other sign-ins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignIns {
    /// The one before.
    pub previous: Option<SignIn>,
    /// From browsers never seen before, of which nobody has said yet whose they were; the newest first.
    pub unrecognised: Vec<SignIn>,
}

#[derive(sqlx::FromRow)]
struct SignInRow {
    is_previous: bool,
    id: String,
    created_at: i64,
    address: String,
    user_agent: String,
    has_ended: bool,
}

/// The sign-ins of the same user beside `session` that are news to them, in one way to the database:
/// every dashboard asks. A new browser is no news to whoever sits in front of it, and cannot say of
/// itself that it was welcome. More than five would be read by nobody; the list of sessions has them all.
pub async fn sign_ins_beside(db: &Db, session: &Session) -> Result<SignIns, StoreError> {
    // No limit is a parameter: SQLite would compile the statement anew each time, to plan by its value.
    const SQL: &str = "SELECT * FROM (SELECT TRUE AS is_previous, id, created_at, address, user_agent, \
        ended_at IS NOT NULL AS has_ended FROM sessions \
        WHERE user_id = $1 AND (created_at < $2 OR (created_at = $2 AND id < $3)) \
        ORDER BY created_at DESC, id DESC LIMIT 1) AS previous \
        UNION ALL SELECT * FROM (SELECT FALSE AS is_previous, id, created_at, address, user_agent, \
        ended_at IS NOT NULL AS has_ended FROM sessions \
        WHERE user_id = $1 AND id <> $3 AND new_device AND recognised_at IS NULL \
        ORDER BY created_at DESC, id DESC LIMIT 5) AS unrecognised";
    let rows: Vec<SignInRow> = on_pool!(db, pool => sqlx::query_as(SQL)
        .bind(&session.user_id.0)
        .bind(session.created_at.as_millis())
        .bind(&session.id.0)
        .fetch_all(pool)
        .await?);
    let mut sign_ins = SignIns::default();
    for row in rows {
        let sign_in = SignIn {
            session: SessionId(row.id),
            at: Timestamp::from_millis(row.created_at),
            address: row.address,
            user_agent: row.user_agent,
            has_ended: row.has_ended,
        };
        if row.is_previous {
            sign_ins.previous = Some(sign_in);
        } else {
            sign_ins.unrecognised.push(sign_in);
        }
    }
    Ok(sign_ins)
}

/// Notes that a person knows a sign-in of theirs from a new browser. `false` where they have no such
/// sign-in, or had looked at it before.
pub async fn recognise(
    db: &Db,
    user: &UserId,
    id: &SessionId,
    entry: Entry,
) -> Result<bool, StoreError> {
    let mut transaction = db.begin().await?;
    if !look_at_within(&mut transaction, user, id, entry.at).await? {
        return Ok(false);
    }
    activity::insert_within(&mut transaction, entry).await?;
    transaction.commit().await?;
    Ok(true)
}

/// The same of one that was not theirs: its session ends with it.
pub async fn disown(
    db: &Db,
    user: &UserId,
    id: &SessionId,
    entry: Entry,
) -> Result<bool, StoreError> {
    let mut transaction = db.begin().await?;
    if !look_at_within(&mut transaction, user, id, entry.at).await? {
        return Ok(false);
    }
    let ended = Ended {
        at: entry.at,
        reason: EndReason::EndedByOwner,
    };
    end_within(&mut transaction, id, ended, entry.source).await?;
    activity::insert_within(&mut transaction, entry).await?;
    transaction.commit().await?;
    Ok(true)
}

async fn look_at_within(
    transaction: &mut Transaction,
    user: &UserId,
    id: &SessionId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE sessions SET recognised_at = $3 \
        WHERE id = $1 AND user_id = $2 AND new_device AND recognised_at IS NULL";
    let looked_at = in_transaction!(transaction, connection => sqlx::query(SQL)
        .bind(&id.0)
        .bind(&user.0)
        .bind(now.as_millis())
        .execute(connection)
        .await?
        .rows_affected());
    Ok(looked_at == 1)
}
