//! The table `sessions`.
//!
//! *Ended is for ever*: every change to a session is an UPDATE that names `ended_at IS NULL`,
//! never an upsert, so that no request in flight can revive one (CVE-2025-46336).

use super::{devices::KnownDevice, throttle::Admission, users::UserRow};
use crate::{
    domain::{
        activity::{Entry, Event, Source},
        moment::Timestamp,
        session::{CurrentUser, EndReason, Ended, Session, SessionId},
        user::{User, UserId},
    },
    server::{
        db::{Db, StoreError, Transaction, in_transaction, on_pool},
        token::TokenDigest,
    },
};

/// A session to be started.
pub struct NewSession<'a> {
    pub id: SessionId,
    pub token_digest: &'a TokenDigest,
    pub user_id: &'a UserId,
    pub created_at: Timestamp,
    pub idle_ends_at: Timestamp,
    pub absolute_ends_at: Timestamp,
    pub remember: bool,
    pub address: &'a str,
    pub user_agent: &'a str,
}

/// What has to hold when a session starts, and what changes with it.
pub struct Proof<'a> {
    /// The hash against which the password was verified.
    pub verified_hash: &'a str,
    /// The hash to keep from now on: the same, or one with newer parameters.
    pub kept_hash: &'a str,
    /// The token that the browser brought along; its session ends.
    pub replaced: Option<&'a TokenDigest>,
    /// The browser, by which the person is known from now on.
    pub device: KnownDevice<'a>,
    /// The attempt was a success, and successes are free.
    pub admission: &'a Admission,
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    session_id: String,
    created_at: i64,
    last_seen_at: i64,
    authenticated_at: i64,
    idle_ends_at: i64,
    absolute_ends_at: i64,
    remember: bool,
    address: String,
    user_agent: String,
    ended_at: Option<i64>,
    end_reason: Option<String>,
    #[sqlx(flatten)]
    user: UserRow,
}

/// The columns of [`SessionRow`], from `sessions s JOIN users u`.
macro_rules! select_sessions {
    ($rest:literal) => {
        concat!(
            "SELECT s.id AS session_id, s.user_id, s.created_at, s.last_seen_at, s.authenticated_at, ",
            "s.idle_ends_at, s.absolute_ends_at, s.remember, s.address, s.user_agent, s.ended_at, ",
            "s.end_reason, u.username, u.email, u.display_name, u.description, u.is_admin, u.disabled_at ",
            "FROM sessions s JOIN users u ON u.id = s.user_id ",
            $rest
        )
    };
}

/// Ends live sessions, each for what came first: a time-out that nobody has noticed, or `$3` at `$2`.
macro_rules! end_sessions {
    ($which:literal) => {
        concat!(
            "UPDATE sessions SET ",
            "ended_at = CASE WHEN idle_ends_at <= $2 AND idle_ends_at < absolute_ends_at THEN idle_ends_at ",
            "WHEN absolute_ends_at <= $2 THEN absolute_ends_at ELSE $2 END, ",
            "end_reason = CASE WHEN idle_ends_at <= $2 AND idle_ends_at < absolute_ends_at THEN 'idle' ",
            "WHEN absolute_ends_at <= $2 THEN 'expired' ELSE $3 END ",
            "WHERE ended_at IS NULL AND ",
            $which,
            " RETURNING id, user_id, ended_at, end_reason, address, user_agent"
        )
    };
}

impl TryFrom<SessionRow> for CurrentUser {
    type Error = StoreError;

    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        let ended = match (
            row.ended_at,
            row.end_reason.as_deref().map(str::parse::<EndReason>),
        ) {
            (None, None) => None,
            (Some(at), Some(Ok(reason))) => Some(Ended {
                at: Timestamp::from_millis(at),
                reason,
            }),
            _ => {
                return Err(StoreError::Corrupt {
                    table: "sessions",
                    id: row.session_id,
                });
            }
        };
        let user = User::from(row.user);
        let session = Session {
            id: SessionId(row.session_id),
            user_id: user.id.clone(),
            created_at: Timestamp::from_millis(row.created_at),
            last_seen_at: Timestamp::from_millis(row.last_seen_at),
            authenticated_at: Timestamp::from_millis(row.authenticated_at),
            idle_ends_at: Timestamp::from_millis(row.idle_ends_at),
            absolute_ends_at: Timestamp::from_millis(row.absolute_ends_at),
            remember: row.remember,
            address: row.address,
            user_agent: row.user_agent,
            ended,
        };
        Ok(Self { user, session })
    }
}

/// Starts a session: one transaction that holds only while the account is enabled and still has
/// the password that was verified. `false` where it no longer does.
///
/// The account is written first, so that disabling it or changing its password at the same moment
/// comes wholly before (nothing is started) or wholly after (the new session is ended with the rest).
pub async fn start(
    db: &Db,
    session: &NewSession<'_>,
    proof: &Proof<'_>,
) -> Result<bool, StoreError> {
    let mut transaction = db.begin().await?;
    if !hold_account(&mut transaction, session.user_id, proof).await? {
        return Ok(false);
    }
    insert(&mut transaction, session).await?;
    if let Some(replaced) = proof.replaced {
        end_replaced(&mut transaction, replaced, session.created_at).await?;
    }
    super::devices::remember_within(
        &mut transaction,
        &proof.device,
        session.user_id,
        session.created_at,
    )
    .await?;
    super::throttle::give_back_within(&mut transaction, proof.admission).await?;
    super::activity::insert_within(&mut transaction, signed_in(session)).await?;
    transaction.commit().await?;
    Ok(true)
}

fn signed_in(session: &NewSession<'_>) -> Entry {
    Entry {
        at: session.created_at,
        event: Event::SignedIn,
        source: Source::Browser,
        user: Some(session.user_id.clone()),
        session: Some(session.id.clone()),
        address: session.address.to_owned(),
        user_agent: session.user_agent.to_owned(),
    }
}

async fn hold_account(
    transaction: &mut Transaction,
    user: &UserId,
    proof: &Proof<'_>,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE users SET password_hash = $3 \
        WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL";
    let held = in_transaction!(transaction, connection => sqlx::query(SQL)
        .bind(&user.0)
        .bind(proof.verified_hash)
        .bind(proof.kept_hash)
        .execute(connection)
        .await?
        .rows_affected());
    Ok(held == 1)
}

async fn insert(transaction: &mut Transaction, session: &NewSession<'_>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO sessions (id, token_digest, user_id, created_at, last_seen_at, \
        authenticated_at, idle_ends_at, absolute_ends_at, remember, address, user_agent) \
        VALUES ($1, $2, $3, $4, $4, $4, $5, $6, $7, $8, $9)";
    in_transaction!(transaction, connection => sqlx::query(SQL)
        .bind(&session.id.0)
        .bind(session.token_digest.as_str())
        .bind(&session.user_id.0)
        .bind(session.created_at.as_millis())
        .bind(session.idle_ends_at.as_millis())
        .bind(session.absolute_ends_at.as_millis())
        .bind(session.remember)
        .bind(session.address)
        .bind(session.user_agent)
        .execute(connection)
        .await
        .map(|_| ())?);
    Ok(())
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

/// Writes down which sessions have ended. Returns how many did so for `reason`, and not for a
/// time-out before it.
async fn note_ends(
    transaction: &mut Transaction,
    rows: Vec<EndedRow>,
    reason: EndReason,
    source: Source,
) -> Result<u64, StoreError> {
    let mut count = 0;
    for row in rows {
        let ended_for: EndReason = row.end_reason.parse().unwrap_or(reason);
        count += u64::from(ended_for == reason);
        let entry = Entry {
            at: Timestamp::from_millis(row.ended_at),
            event: Event::SessionEnded(ended_for),
            source: match ended_for {
                EndReason::Idle | EndReason::Expired => Source::Server,
                _ => source,
            },
            user: Some(UserId(row.user_id)),
            session: Some(SessionId(row.id)),
            address: row.address,
            user_agent: row.user_agent,
        };
        super::activity::insert_within(transaction, entry).await?;
    }
    Ok(count)
}

async fn end_replaced(
    transaction: &mut Transaction,
    digest: &TokenDigest,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str = end_sessions!("token_digest = $1");
    let rows = in_transaction!(transaction, connection => sqlx::query_as(SQL)
        .bind(digest.as_str())
        .bind(now.as_millis())
        .bind(EndReason::Replaced.as_str())
        .fetch_all(connection)
        .await?);
    note_ends(transaction, rows, EndReason::Replaced, Source::Browser).await?;
    Ok(())
}

/// The session of a token with its user, live or ended.
pub async fn find_by_digest(
    db: &Db,
    digest: &TokenDigest,
) -> Result<Option<CurrentUser>, StoreError> {
    const SQL: &str = select_sessions!("WHERE s.token_digest = $1");
    let row: Option<SessionRow> =
        on_pool!(db, pool => sqlx::query_as(SQL).bind(digest.as_str()).fetch_optional(pool).await?);
    row.map(CurrentUser::try_from).transpose()
}

pub async fn find(db: &Db, id: &SessionId) -> Result<Option<CurrentUser>, StoreError> {
    const SQL: &str = select_sessions!("WHERE s.id = $1");
    let row: Option<SessionRow> =
        on_pool!(db, pool => sqlx::query_as(SQL).bind(&id.0).fetch_optional(pool).await?);
    row.map(CurrentUser::try_from).transpose()
}

/// Every session, the newest first; of one user where `user` is given.
pub async fn list(db: &Db, user: Option<&UserId>) -> Result<Vec<CurrentUser>, StoreError> {
    const SQL: &str = select_sessions!(
        "WHERE s.user_id = $1 OR $1 IS NULL ORDER BY s.created_at DESC, s.id DESC"
    );
    let user = user.map(|id| id.0.as_str());
    let rows: Vec<SessionRow> =
        on_pool!(db, pool => sqlx::query_as(SQL).bind(user).fetch_all(pool).await?);
    rows.into_iter().map(CurrentUser::try_from).collect()
}

/// The sign-in of the same user before this one.
pub async fn previous(db: &Db, session: &Session) -> Result<Option<Session>, StoreError> {
    const SQL: &str = select_sessions!(
        "WHERE s.user_id = $1 AND (s.created_at < $2 OR (s.created_at = $2 AND s.id < $3)) \
         ORDER BY s.created_at DESC, s.id DESC LIMIT 1"
    );
    let row: Option<SessionRow> = on_pool!(db, pool => sqlx::query_as(SQL)
        .bind(&session.user_id.0)
        .bind(session.created_at.as_millis())
        .bind(&session.id.0)
        .fetch_optional(pool)
        .await?);
    Ok(row
        .map(CurrentUser::try_from)
        .transpose()?
        .map(|found| found.session))
}

/// Notes that a live session was used, and moves its idle end. `false` where it is live no more.
pub async fn touch(
    db: &Db,
    id: &SessionId,
    now: Timestamp,
    idle_ends_at: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE sessions SET last_seen_at = $2, idle_ends_at = $3 \
        WHERE id = $1 AND ended_at IS NULL AND idle_ends_at > $2 AND absolute_ends_at > $2";
    let touched = on_pool!(db, pool => sqlx::query(SQL)
        .bind(&id.0)
        .bind(now.as_millis())
        .bind(idle_ends_at.as_millis())
        .execute(pool)
        .await?
        .rows_affected());
    Ok(touched == 1)
}

/// Ends one session. `false` where it had ended before: the first reason stays.
pub async fn end(
    db: &Db,
    id: &SessionId,
    ended: Ended,
    source: Source,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE sessions SET ended_at = $2, end_reason = $3 \
        WHERE id = $1 AND ended_at IS NULL \
        RETURNING id, user_id, ended_at, end_reason, address, user_agent";
    let mut transaction = db.begin().await?;
    let rows = in_transaction!(transaction, connection => sqlx::query_as(SQL)
        .bind(&id.0)
        .bind(ended.at.as_millis())
        .bind(ended.reason.as_str())
        .fetch_all(connection)
        .await?);
    let count = note_ends(&mut transaction, rows, ended.reason, source).await?;
    transaction.commit().await?;
    Ok(count == 1)
}

/// Ends all sessions of a user. Returns how many were live.
pub async fn end_all_of_user(
    db: &Db,
    user: &UserId,
    ended: Ended,
    source: Source,
) -> Result<u64, StoreError> {
    let mut transaction = db.begin().await?;
    let count = end_all_within(&mut transaction, user, ended, source).await?;
    transaction.commit().await?;
    Ok(count)
}

/// The same, together with what else happens to the account. Sessions that a time-out had ended
/// before are not counted.
pub(super) async fn end_all_within(
    transaction: &mut Transaction,
    user: &UserId,
    ended: Ended,
    source: Source,
) -> Result<u64, StoreError> {
    const SQL: &str = end_sessions!("user_id = $1");
    let rows = in_transaction!(transaction, connection => sqlx::query_as(SQL)
        .bind(&user.0)
        .bind(ended.at.as_millis())
        .bind(ended.reason.as_str())
        .fetch_all(connection)
        .await?);
    note_ends(transaction, rows, ended.reason, source).await
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
    let ended = rows.len() as u64;
    note_ends(&mut transaction, rows, EndReason::Idle, Source::Server).await?;
    transaction.commit().await?;
    Ok(ended)
}

/// Takes up to `limit` sessions away that ended before then. Returns how many.
pub async fn delete_ended_before(
    db: &Db,
    before: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM sessions WHERE id IN \
        (SELECT id FROM sessions WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)";
    Ok(on_pool!(db, pool => sqlx::query(SQL)
        .bind(before.as_millis())
        .bind(i64::from(limit))
        .execute(pool)
        .await?
        .rows_affected()))
}
