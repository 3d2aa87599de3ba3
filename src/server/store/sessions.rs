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
mod starts;
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
pub use sign_in_reviews::{
    WITH_SIGN_INS, disown, find_with_sign_ins, newest_to_review, newest_to_review_of, recognise,
};
pub use starts::{NewSession, Proof, start};
pub use touches::{touch, touch_in_background};
pub use validity::{ended_among, validities};

use super::users::UserRow;
use crate::{
    domain::{
        access_key::AccessKeyId,
        audit::RecordedMethod,
        moment::Timestamp,
        session::{CurrentUser, EndReason, Ended, Session, SessionDevice, SessionId, SessionKey},
        user::User,
    },
    server::{
        db::{Db, StoreError, fetch_optional},
        token::TokenDigest,
    },
};

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
    method: Option<String>,
    device_name: String,
    has_device: bool,
    is_unrecognised: bool,
    #[sqlx(flatten)]
    user: UserRow,
}

/// Whether `$session` is an unrecognised sign-in, or in the browser of one.
macro_rules! is_unrecognised {
    ($session:literal) => {
        concat!(
            "(",
            $session,
            ".alert_id IS NOT NULL OR ",
            $session,
            ".new_device AND ",
            $session,
            ".recognised_at IS NULL)"
        )
    };
}
pub(in crate::server::store) use is_unrecognised;

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
            "s.end_reason, s.idle_end_if_used, s.key_id, s.scopes, s.method, s.device_name, ",
            "s.device_id IS NOT NULL AS has_device, ",
            $crate::server::store::sessions::is_unrecognised!("s"),
            " AS is_unrecognised, u.username, u.email, u.display_name, u.description, u.is_admin, u.disabled_at, ",
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
            // A word of a newer server must not make its session unreadable.
            method: row.method.as_deref().and_then(RecordedMethod::parse),
            device: SessionDevice {
                name: row.device_name,
                is_on_record: row.has_device,
                is_unrecognised: row.is_unrecognised,
            },
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
