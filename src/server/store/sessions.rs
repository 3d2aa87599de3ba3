//! The table `sessions`.
//!
//! *Ended is for ever*: every change to a session is an UPDATE that names `ended_at IS NULL`,
//! never an upsert, so that no request in flight can revive one (CVE-2025-46336).

use super::users::UserRow;
use crate::{
    domain::{
        moment::Timestamp,
        session::{CurrentUser, EndReason, Ended, Session, SessionId},
        user::{User, UserId},
    },
    server::{
        db::{Db, StoreError, on_pool},
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
}

/// A new password, and the hash against which the one before was verified.
pub struct PasswordChange<'a> {
    pub verified_hash: &'a str,
    pub new_hash: &'a str,
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
        end_sessions!($which, "$3")
    };
    ($which:literal, $reason:literal) => {
        concat!(
            "UPDATE sessions SET ",
            "ended_at = CASE WHEN absolute_ends_at <= $2 THEN absolute_ends_at ",
            "WHEN idle_ends_at <= $2 THEN idle_ends_at ELSE $2 END, ",
            "end_reason = CASE WHEN absolute_ends_at <= $2 THEN 'expired' ",
            "WHEN idle_ends_at <= $2 THEN 'idle' ELSE ",
            $reason,
            " END ",
            "WHERE ended_at IS NULL AND ",
            $which,
            " RETURNING end_reason"
        )
    };
}

const END_BY_DIGEST: &str = end_sessions!("token_digest = $1");

const INSERT: &str = "INSERT INTO sessions (id, token_digest, user_id, created_at, last_seen_at, \
    authenticated_at, idle_ends_at, absolute_ends_at, remember, address, user_agent) \
    VALUES ($1, $2, $3, $4, $4, $4, $5, $6, $7, $8, $9)";

/// Within the transaction of its caller.
macro_rules! insert {
    ($session:expr, $transaction:expr) => {
        sqlx::query(INSERT)
            .bind(&$session.id.0)
            .bind($session.token_digest.as_str())
            .bind(&$session.user_id.0)
            .bind($session.created_at.as_millis())
            .bind($session.idle_ends_at.as_millis())
            .bind($session.absolute_ends_at.as_millis())
            .bind($session.remember)
            .bind($session.address)
            .bind($session.user_agent)
            .execute(&mut *$transaction)
            .await?
    };
}

const HOLD_ACCOUNT: &str = "UPDATE users SET password_hash = $3 \
    WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL";

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
    on_pool!(db, pool => {
        let mut transaction = pool.begin().await?;
        let held = sqlx::query(HOLD_ACCOUNT)
            .bind(&session.user_id.0)
            .bind(proof.verified_hash)
            .bind(proof.kept_hash)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        if held == 0 {
            return Ok(false);
        }
        insert!(session, transaction);
        if let Some(replaced) = proof.replaced {
            sqlx::query(END_BY_DIGEST)
                .bind(replaced.as_str())
                .bind(session.created_at.as_millis())
                .bind(EndReason::Replaced.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(true)
    })
}

/// Gives the account a new password, ends its sessions, and starts `session` in the place of `old`:
/// one transaction that holds only while `old` lives, the account is enabled, and its password is
/// the one that was verified. Returns how many other sessions ended; `None` where nothing changed.
///
/// The account is written first, so that of two changes at once the second no longer finds the hash
/// that it has verified. All sessions end in one statement, in the order in which every other
/// statement takes them, and its answer tells whether `old` still lived: ended is for ever.
pub async fn renew_with_password(
    db: &Db,
    session: &NewSession<'_>,
    old: &SessionId,
    change: &PasswordChange<'_>,
) -> Result<Option<u64>, StoreError> {
    const END_ALL: &str = end_sessions!(
        "user_id = $1",
        "CASE WHEN id = $4 THEN 'replaced' ELSE $3 END"
    );
    on_pool!(db, pool => {
        let mut transaction = pool.begin().await?;
        let held = sqlx::query(HOLD_ACCOUNT)
            .bind(&session.user_id.0)
            .bind(change.verified_hash)
            .bind(change.new_hash)
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        if held == 0 {
            return Ok(None);
        }
        let reasons: Vec<String> = sqlx::query_scalar(END_ALL)
            .bind(&session.user_id.0)
            .bind(session.created_at.as_millis())
            .bind(EndReason::PasswordChanged.as_str())
            .bind(&old.0)
            .fetch_all(&mut *transaction)
            .await?;
        if count_ended(&reasons, EndReason::Replaced) == 0 {
            // Dropped without a commit, the transaction leaves everything as it was.
            return Ok(None);
        }
        insert!(session, transaction);
        transaction.commit().await?;
        Ok(Some(count_ended(&reasons, EndReason::PasswordChanged)))
    })
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

/// For the transactions of `users` that end every session of an account.
pub(super) const END_ALL_OF_USER: &str = end_sessions!("user_id = $1");

/// How many of the ended sessions ended for `reason`, and not for a time-out before.
pub(super) fn count_ended(reasons: &[String], reason: EndReason) -> u64 {
    reasons
        .iter()
        .filter(|ended| *ended == reason.as_str())
        .count() as u64
}

/// Ends one session. `false` where it had ended before: the first reason stays.
pub async fn end(db: &Db, id: &SessionId, ended: Ended) -> Result<bool, StoreError> {
    const SQL: &str =
        "UPDATE sessions SET ended_at = $2, end_reason = $3 WHERE id = $1 AND ended_at IS NULL";
    let changed = on_pool!(db, pool => sqlx::query(SQL)
        .bind(&id.0)
        .bind(ended.at.as_millis())
        .bind(ended.reason.as_str())
        .execute(pool)
        .await?
        .rows_affected());
    Ok(changed == 1)
}

/// Ends all sessions of a user. Returns how many were live.
pub async fn end_all_of_user(db: &Db, user: &UserId, ended: Ended) -> Result<u64, StoreError> {
    let reasons: Vec<String> = on_pool!(db, pool => sqlx::query_scalar(END_ALL_OF_USER)
        .bind(&user.0)
        .bind(ended.at.as_millis())
        .bind(ended.reason.as_str())
        .fetch_all(pool)
        .await?);
    Ok(count_ended(&reasons, ended.reason))
}
