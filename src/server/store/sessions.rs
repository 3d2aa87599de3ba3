//! The table `sessions`.
//!
//! *An end is final*: every change to a session is an UPDATE with `ended_at IS NULL`, never an upsert. So no request
//! in flight can revive one (CVE-2025-46336).

mod all_users;
mod ends;
mod future_times;
mod lists;
mod renewals;
mod sign_in_reviews;
mod touches;
mod validity;

pub use all_users::end_some;
pub use ends::{
    delete_ended_before, end, end_all_and_sign_out, end_all_but, end_all_of_user, end_timed_out,
};
pub(super) use ends::{end_all_of_key_within, end_all_within};
pub use future_times::{ResetTimes, reset_future_times, reset_some_future_times};
pub use lists::{ALL, OF_USER, above_every_id, list, live_of_user};
pub use renewals::{
    Confirmation, Earlier, NewPassword, NewToken, find_by_any_token, find_earlier, first_use,
    renew_token, renew_with_password,
};
pub use sign_in_reviews::{WITH_SIGN_INS, disown, find_with_sign_ins, recognise};
pub use touches::{touch, touch_in_background};
pub use validity::{ended_among, validities};

use super::{
    devices::{DeviceStatus, KnownDevice},
    evidence::Evidence,
    users::UserRow,
};
use crate::{
    domain::{
        access_key::AccessKeyId,
        actor::Actor,
        audit::Event,
        moment::Timestamp,
        session::{CurrentUser, EndReason, Ended, Session, SessionId, SessionKey},
        user::{User, UserId},
    },
    server::{
        db::{
            Db,
            Outcome::{Commit, RollBack},
            StoreError, Transaction, execute, fetch_optional, transact,
        },
        token::TokenDigest,
    },
};

/// A session to start.
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
    /// The access key with which it is started. It ends with the key.
    pub key: Option<SessionKey>,
}

/// The conditions for the start of a session, and what changes with it.
pub struct Proof<'a> {
    pub evidence: &'a Evidence,
    /// The token that the browser sent; its session ends.
    pub replaced: Option<&'a TokenDigest>,
    /// The browser, which the user is known by from now on. `None` with an access key.
    pub device: Option<KnownDevice<'a>>,
    /// The maximum number of sessions of the account, including this one.
    pub max_sessions: u32,
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
    idle_end_if_used: Option<i64>,
    key_id: Option<String>,
    scopes: Option<String>,
    #[sqlx(flatten)]
    user: UserRow,
}

/// The columns of [`SessionRow`], from `sessions s JOIN users u`, after those in `also`.
macro_rules! select_sessions {
    ($rest:literal) => {
        select_sessions!("", $rest)
    };
    ($also:expr, $rest:expr) => {
        concat!(
            "SELECT ",
            $also,
            "s.id AS session_id, s.user_id, s.created_at, s.last_seen_at, s.authenticated_at, ",
            "s.idle_ends_at, s.absolute_ends_at, s.remember, s.address, s.user_agent, s.ended_at, ",
            "s.end_reason, s.idle_end_if_used, s.key_id, s.scopes, u.username, u.email, u.display_name, u.description, u.is_admin, u.disabled_at, ",
            "u.password_hash <> '' AS has_password, u.created_at AS user_created_at, u.last_sign_in_at ",
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
        let key = key_of(&row.session_id, row.key_id, row.scopes.as_deref())?;
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
            idle_end_if_used: row.idle_end_if_used.map(Timestamp::from_millis),
            key,
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

/// The access key with which the session of a row was started, if it was one.
fn key_of(
    id: &str,
    key: Option<String>,
    scopes: Option<&str>,
) -> Result<Option<SessionKey>, StoreError> {
    let Some(key) = key else { return Ok(None) };
    let scopes = scopes.and_then(|words| words.parse().ok());
    let scopes = scopes.ok_or_else(|| StoreError::Corrupt {
        table: "sessions",
        id: id.to_owned(),
    })?;
    Ok(Some(SessionKey {
        id: AccessKeyId(key),
        scopes,
    }))
}

/// Starts a session, in one transaction, if the account is enabled and its evidence still holds.
/// Otherwise returns `false`.
///
/// The account is written first. So a concurrent change that disables it or sets its password is wholly before or
/// wholly after. Before: nothing is started. After: the new session is ended with the rest.
pub async fn start(
    db: &Db,
    session: &NewSession<'_>,
    proof: &Proof<'_>,
    actor: &Actor,
) -> Result<bool, StoreError> {
    transact!(db, transaction => {
        if !proof.evidence.lock_account_within(transaction, session.user_id).await? {
            return Ok(RollBack(false));
        }
        let user = session.user_id;
        let status = match &proof.device {
            Some(device) => super::devices::status_within(transaction, device.digest, user).await?,
            None => DeviceStatus::Known,
        };
        insert(transaction, session, &status).await?;
        super::users::record_sign_in_within(transaction, user, session.created_at).await?;
        if let Some(replaced) = proof.replaced {
            ends::end_replaced_within(transaction, replaced, session.created_at, actor).await?;
        }
        ends::end_longest_idle_within(transaction, session, proof.max_sessions, actor).await?;
        let (at, id) = (session.created_at, &session.id);
        if let Some(device) = &proof.device {
            let alert = status.alert(id);
            super::devices::remember_within(transaction, device, user, at, alert).await?;
        }
        let entry = actor.entry(at, Event::SignedIn, Some(user), Some(id));
        let entry = match &session.key {
            Some(key) => entry.about_key(&key.id),
            None => entry,
        };
        super::audit::insert_within(transaction, entry).await?;
        Ok(Commit(true))
    })
}

async fn insert(
    transaction: &mut Transaction,
    session: &NewSession<'_>,
    status: &DeviceStatus,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO sessions (id, token_digest, user_id, created_at, last_seen_at, \
        authenticated_at, idle_ends_at, absolute_ends_at, remember, address, user_agent, new_device, alert_id, \
        key_id, scopes) VALUES ($1, $2, $3, $4, $4, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    let (is_new, alert) = match status {
        DeviceStatus::Known => (false, None),
        DeviceStatus::New => (true, None),
        DeviceStatus::Unrecognised(alert) => (false, Some(alert.0.as_str())),
    };
    execute!(
        transaction,
        SQL,
        &session.id.0,
        session.token_digest.as_str(),
        &session.user_id.0,
        session.created_at.as_millis(),
        session.idle_ends_at.as_millis(),
        session.absolute_ends_at.as_millis(),
        session.remember,
        session.address,
        session.user_agent,
        is_new,
        alert,
        session.key.as_ref().map(|key| key.id.0.as_str()),
        session.key.as_ref().map(|key| key.scopes.to_string())
    );
    Ok(())
}

/// The session of a token with its user, live or ended.
pub async fn find_by_digest(
    db: &Db,
    digest: &TokenDigest,
) -> Result<Option<CurrentUser>, StoreError> {
    const SQL: &str = select_sessions!("WHERE s.token_digest = $1");
    let row: Option<SessionRow> = fetch_optional!(db, SQL, digest.as_str());
    row.map(CurrentUser::try_from).transpose()
}

pub async fn find(db: &Db, id: &SessionId) -> Result<Option<CurrentUser>, StoreError> {
    const SQL: &str = select_sessions!("WHERE s.id = $1");
    let row: Option<SessionRow> = fetch_optional!(db, SQL, &id.0);
    row.map(CurrentUser::try_from).transpose()
}
