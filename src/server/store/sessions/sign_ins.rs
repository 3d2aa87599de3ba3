//! Sign-ins as their owner looks back on them, whatever has become of their sessions.

use super::{super::activity, SessionRow, ends::end_within, select_sessions};
use crate::{
    domain::{
        activity::Entry,
        moment::Timestamp,
        session::{CurrentUser, EndReason, Ended, SessionId, SignIn, SignIns},
        user::UserId,
    },
    server::{
        db::{Db, StoreError, Transaction, in_transaction, on_pool},
        token::TokenDigest,
    },
};

/// The session of the token `$1`, the sign-in before it, and those that nobody has recognised.
pub const WITH_SIGN_INS: &str = concat!(
    select_sessions!("'asking' AS part, ", "WHERE s.token_digest = $1 "),
    "UNION ALL SELECT * FROM (",
    select_sessions!(
        "'previous' AS part, ",
        "WHERE s.user_id = (SELECT user_id FROM sessions WHERE token_digest = $1) \
         AND (s.created_at, s.id) < (SELECT created_at, id FROM sessions WHERE token_digest = $1) \
         ORDER BY s.created_at DESC, s.id DESC LIMIT 1"
    ),
    ") AS previous UNION ALL SELECT * FROM (",
    select_sessions!(
        "'unrecognised' AS part, ",
        "WHERE s.user_id = (SELECT user_id FROM sessions WHERE token_digest = $1) \
         AND s.token_digest <> $1 AND s.new_device AND s.recognised_at IS NULL \
         ORDER BY s.created_at DESC, s.id DESC LIMIT 5"
    ),
    ") AS unrecognised"
);

#[derive(sqlx::FromRow)]
struct PartRow {
    part: String,
    #[sqlx(flatten)]
    session: SessionRow,
}

/// The session of a token with its user, live or ended, and the sign-ins of theirs beside it that are news
/// to them. One statement, because every dashboard asks: a second way to the database costs more than what
/// it would find.
///
/// A new browser is no news to whoever sits in front of it, and cannot say of itself that it was
/// welcome. More than five would be read by nobody; the list of sessions has them all.
pub async fn find_with_sign_ins(
    db: &Db,
    digest: &TokenDigest,
) -> Result<Option<CurrentUser>, StoreError> {
    let rows: Vec<PartRow> = on_pool!(db, pool => sqlx::query_as(WITH_SIGN_INS)
        .bind(digest.as_str())
        .fetch_all(pool)
        .await?);
    let (mut asking, mut sign_ins) = (None, SignIns::default());
    for row in rows {
        match row.part.as_str() {
            "asking" => asking = Some(CurrentUser::try_from(row.session)?),
            "previous" => sign_ins.previous = Some(row.session.into()),
            "unrecognised" => sign_ins.unrecognised.push(row.session.into()),
            other => unreachable!("the statement has no part {other}"),
        }
    }
    // The parts of a UNION come in any order.
    sign_ins
        .unrecognised
        .sort_by(|one, other| (other.at, &other.session.0).cmp(&(one.at, &one.session.0)));
    Ok(asking.map(|found| CurrentUser {
        sign_ins: Some(sign_ins),
        ..found
    }))
}

/// Whatever stands there as the reason of its end: an odd row is no reason to keep others from their page.
impl From<SessionRow> for SignIn {
    fn from(row: SessionRow) -> Self {
        Self {
            session: SessionId(row.session_id),
            at: Timestamp::from_millis(row.created_at),
            address: row.address,
            user_agent: row.user_agent,
            has_ended: row.ended_at.is_some(),
        }
    }
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
