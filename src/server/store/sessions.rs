//! The table `sessions`.
//!
//! *Ended is for ever*: every change to a session is an UPDATE that names `ended_at IS NULL`,
//! never an upsert, so that no request in flight can revive one (CVE-2025-46336).

mod ends;
mod lives;
mod present;
mod sign_ins;

pub(super) use ends::end_all_within;
pub use ends::{
    delete_ended_before, end, end_all_and_sign_out, end_all_but, end_all_of_user, end_some,
    end_timed_out,
};
pub use lives::{ended_among, lives};
pub use present::{Present, bring_some_to_present, bring_to_present};
pub use sign_ins::{WITH_SIGN_INS, disown, find_with_sign_ins, recognise};

use super::{devices::KnownDevice, throttle::Admission, users::UserRow};
use crate::{
    domain::{
        activity::{Entry, Event, Source},
        moment::Timestamp,
        session::{CurrentUser, EndReason, Ended, Session, SessionId},
        user::{User, UserId},
    },
    server::{
        db::{Db, StoreError, Transaction, in_transaction, on_pool, on_writer},
        token::{DeviceDigest, TokenDigest},
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
    /// Its owner has never signed in with this browser. Where no earlier sign-in is on record that is no news,
    /// and is not kept.
    pub new_device: bool,
}

/// What the account has to hold, and what it keeps.
pub struct Hashes<'a> {
    /// The hash against which the password was verified.
    pub verified: &'a str,
    /// The hash to keep from now on: the same, one with newer parameters, or of a new password.
    pub kept: &'a str,
}

/// What has to hold when a session starts, and what changes with it.
pub struct Proof<'a> {
    pub hashes: Hashes<'a>,
    /// The token that the browser brought along; its session ends.
    pub replaced: Option<&'a TokenDigest>,
    /// The browser, by which the person is known from now on.
    pub device: KnownDevice<'a>,
    /// The attempt was a success, and successes are free.
    pub admission: &'a Admission,
    /// In how many browsers the account may be signed in at once, this one among them.
    pub max_sessions: u32,
}

/// What has to hold when a password changes, and what changes with it.
pub struct PasswordChange<'a> {
    pub hashes: Hashes<'a>,
    /// The browser in which it happens stays known; all others are strangers again.
    pub device: Option<&'a DeviceDigest>,
    /// The attempt was a success, and successes are free.
    pub admission: &'a Admission,
}

/// What has to hold when a password was typed again in a session, and what changes with it.
pub struct Confirmation<'a> {
    pub session: &'a SessionId,
    pub user: &'a UserId,
    /// Of the token under which the session goes on.
    pub token_digest: &'a TokenDigest,
    pub hashes: Hashes<'a>,
    /// The attempt was a success, and successes are free.
    pub admission: &'a Admission,
    pub entry: Entry,
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

/// The columns of [`SessionRow`], from `sessions s JOIN users u`, behind those that are `also` wanted.
macro_rules! select_sessions {
    ($rest:literal) => {
        select_sessions!("", $rest)
    };
    ($also:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $also,
            "s.id AS session_id, s.user_id, s.created_at, s.last_seen_at, s.authenticated_at, ",
            "s.idle_ends_at, s.absolute_ends_at, s.remember, s.address, s.user_agent, s.ended_at, ",
            "s.end_reason, u.username, u.email, u.display_name, u.description, u.is_admin, u.disabled_at, ",
            "u.password_hash <> '' AS has_password ",
            "FROM sessions s JOIN users u ON u.id = s.user_id ",
            $rest
        )
    };
}
use select_sessions;

impl TryFrom<SessionRow> for CurrentUser {
    type Error = StoreError;

    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        let ended = ended_of(&row.session_id, row.ended_at, row.end_reason.as_deref())?;
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
        Ok(Self {
            user,
            session,
            sign_ins: None,
        })
    }
}

/// How the session of a row has ended, if it has.
fn ended_of(
    id: &str,
    ended_at: Option<i64>,
    reason: Option<&str>,
) -> Result<Option<Ended>, StoreError> {
    match (ended_at, reason.map(str::parse::<EndReason>)) {
        (None, None) => Ok(None),
        (Some(at), Some(Ok(reason))) => Ok(Some(Ended {
            at: Timestamp::from_millis(at),
            reason,
        })),
        _ => Err(StoreError::Corrupt {
            table: "sessions",
            id: id.to_owned(),
        }),
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
    if !hold_account(&mut transaction, session.user_id, &proof.hashes).await? {
        return Ok(false);
    }
    insert(&mut transaction, session).await?;
    if let Some(replaced) = proof.replaced {
        ends::end_replaced_within(&mut transaction, replaced, session.created_at).await?;
    }
    ends::end_longest_idle_within(&mut transaction, session, proof.max_sessions).await?;
    super::devices::remember_within(
        &mut transaction,
        &proof.device,
        session.user_id,
        session.created_at,
    )
    .await?;
    super::throttle::give_back_within(&mut transaction, proof.admission).await?;
    super::activity::insert_within(&mut transaction, entry(session, Event::SignedIn)).await?;
    transaction.commit().await?;
    Ok(true)
}

fn entry(session: &NewSession<'_>, event: Event) -> Entry {
    Entry {
        at: session.created_at,
        event,
        source: Source::Browser,
        user: Some(session.user_id.clone()),
        actor: None,
        session: Some(session.id.clone()),
        address: session.address.to_owned(),
        user_agent: session.user_agent.to_owned(),
    }
}

async fn hold_account(
    transaction: &mut Transaction,
    user: &UserId,
    hashes: &Hashes<'_>,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE users SET password_hash = $3 \
        WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL";
    let held = in_transaction!(transaction, connection => sqlx::query(SQL)
        .bind(&user.0)
        .bind(hashes.verified)
        .bind(hashes.kept)
        .execute(connection)
        .await?
        .rows_affected());
    Ok(held == 1)
}

async fn insert(transaction: &mut Transaction, session: &NewSession<'_>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO sessions (id, token_digest, user_id, created_at, last_seen_at, \
        authenticated_at, idle_ends_at, absolute_ends_at, remember, address, user_agent, new_device) \
        VALUES ($1, $2, $3, $4, $4, $4, $5, $6, $7, $8, $9, \
        $10 AND EXISTS (SELECT 1 FROM sessions WHERE user_id = $3))";
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
        .bind(session.new_device)
        .execute(connection)
        .await
        .map(|_| ())?);
    Ok(())
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
    let mut transaction = db.begin().await?;
    if !hold_account(&mut transaction, session.user_id, &change.hashes).await? {
        return Ok(None);
    }
    let others_ended = ends::end_all_but_replace_within(
        &mut transaction,
        session.user_id,
        old,
        session.created_at,
    )
    .await?;
    let Some(others_ended) = others_ended else {
        // Dropped without a commit, the transaction leaves everything as it was.
        return Ok(None);
    };
    // Every reset in flight ends with the password before.
    super::password_links::void_within(&mut transaction, session.user_id).await?;
    insert(&mut transaction, session).await?;
    super::devices::forget_others_within(&mut transaction, session.user_id, change.device).await?;
    super::throttle::give_back_within(&mut transaction, change.admission).await?;
    let changed = entry(session, Event::PasswordChanged);
    super::activity::insert_within(&mut transaction, changed).await?;
    transaction.commit().await?;
    Ok(Some(others_ended))
}

/// Gives a live session a new token, because the password was typed again in it: one transaction that
/// holds only while the account is enabled and still has the password that was verified. `false` where
/// nothing changed.
pub async fn renew_token(db: &Db, confirmation: Confirmation<'_>) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE sessions SET token_digest = $2, authenticated_at = $3 \
        WHERE id = $1 AND ended_at IS NULL AND idle_ends_at > $3 AND absolute_ends_at > $3";
    let mut transaction = db.begin().await?;
    if !hold_account(&mut transaction, confirmation.user, &confirmation.hashes).await? {
        return Ok(false);
    }
    let renewed = in_transaction!(transaction, connection => sqlx::query(SQL)
        .bind(&confirmation.session.0)
        .bind(confirmation.token_digest.as_str())
        .bind(confirmation.entry.at.as_millis())
        .execute(connection)
        .await?
        .rows_affected());
    if renewed == 0 {
        // Dropped without a commit, the transaction leaves everything as it was.
        return Ok(false);
    }
    super::throttle::give_back_within(&mut transaction, confirmation.admission).await?;
    super::activity::insert_within(&mut transaction, confirmation.entry).await?;
    transaction.commit().await?;
    Ok(true)
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

/// Every session from the id `$1` back. Ids begin with the time at which they were made, and are kept in order.
pub const ALL: &str = select_sessions!("WHERE s.id < $1 ORDER BY s.id DESC LIMIT $2");

/// The sessions of the account `$1` behind the one that began at `$2` and has the id `$3`.
pub const OF_USER: &str = select_sessions!(
    "WHERE s.user_id = $1 AND (s.created_at, s.id) < ($2, $3) ORDER BY s.created_at DESC, s.id DESC LIMIT $4"
);

/// Comes after every id, in the order of bytes and of any language: they are made of digits, `a` to `f` and lines.
const BEHIND_ALL: &str = "z";

/// Up to `limit` sessions behind the one where the page before ended, the newest first: of everybody, or of one
/// user. A page costs the same however many there are.
pub async fn list(
    db: &Db,
    user: Option<&UserId>,
    behind: Option<&Session>,
    limit: u32,
) -> Result<Vec<CurrentUser>, StoreError> {
    let id = behind.map_or(BEHIND_ALL, |behind| behind.id.0.as_str());
    let created_at = behind.map_or(i64::MAX, |behind| behind.created_at.as_millis());
    let rows: Vec<SessionRow> = match user {
        None => on_pool!(db, pool => sqlx::query_as(ALL)
            .bind(id)
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await?),
        Some(user) => on_pool!(db, pool => sqlx::query_as(OF_USER)
            .bind(&user.0)
            .bind(created_at)
            .bind(id)
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await?),
    };
    rows.into_iter().map(CurrentUser::try_from).collect()
}

/// The live sessions of a user, the last used first.
pub async fn live_of_user(
    db: &Db,
    user: &UserId,
    now: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    const SQL: &str = select_sessions!(
        "WHERE s.user_id = $1 AND s.ended_at IS NULL AND s.idle_ends_at > $2 AND s.absolute_ends_at > $2 \
         ORDER BY s.last_seen_at DESC, s.id DESC"
    );
    let rows: Vec<SessionRow> = on_pool!(db, pool => sqlx::query_as(SQL)
        .bind(&user.0)
        .bind(now.as_millis())
        .fetch_all(pool)
        .await?);
    let found = rows.into_iter().map(CurrentUser::try_from);
    found.map(|found| Ok(found?.session)).collect()
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
    let touched = on_writer!(db, pool => sqlx::query(SQL)
        .bind(&id.0)
        .bind(now.as_millis())
        .bind(idle_ends_at.as_millis())
        .execute(pool)
        .await?
        .rows_affected());
    if touched == 1 {
        db.ends.used(id, idle_ends_at);
    }
    Ok(touched == 1)
}
