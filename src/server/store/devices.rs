//! The table `devices`: browsers that a user has signed in with.

use crate::{
    domain::{
        moment::{MAX_CLOCK_SKEW, Timestamp},
        session::SessionId,
        user::UserId,
    },
    server::{
        db::{Db, StoreError, Transaction, execute, exists, fetch_one_within},
        token::DeviceDigest,
    },
};

/// The browser of a sign-in that succeeds.
pub struct KnownDevice<'a> {
    pub digest: &'a DeviceDigest,
    /// The digest of the browser's previous cookie, for this user or others who use the browser.
    pub known_as: Option<&'a DeviceDigest>,
}

/// Whether this user has signed in with this browser since the last reset of the password.
pub async fn is_known(db: &Db, digest: &DeviceDigest, user: &UserId) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT 1 FROM devices WHERE token_digest = $1 AND user_id = $2";
    let found = exists!(db, SQL, digest.as_str(), &user.0);
    Ok(found)
}

/// Whether a browser is known to the account that signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceStatus {
    /// The browser is known. So is the first browser of the user, and the first after all were forgotten: there is no
    /// known browser in which its sign-in could be recognised.
    Known,
    /// The first sign-in of the user in this browser: it has to be recognised.
    New,
    /// An earlier sign-in in the browser has not been recognised yet.
    Unrecognised(SessionId),
}

impl DeviceStatus {
    /// The sign-in that has to be recognised before the browser counts as known; for a new browser it is `started`.
    pub(super) fn alert<'a>(&'a self, started: &'a SessionId) -> Option<&'a SessionId> {
        match self {
            Self::Known => None,
            Self::New => Some(started),
            Self::Unrecognised(alert) => Some(alert),
        }
    }
}

#[derive(sqlx::FromRow)]
struct StatusRow {
    any_known: bool,
    is_here: bool,
    alert_id: Option<String>,
    is_open: bool,
}

/// The status of a browser for a user. The transaction has locked the account, so of two concurrent sign-ins the second
/// sees what the first has written.
///
/// A second sign-in does not make a browser known: an attacker with the password can sign in twice as well.
pub(super) async fn status_within(
    transaction: &mut Transaction,
    digest: &DeviceDigest,
    user: &UserId,
) -> Result<DeviceStatus, StoreError> {
    const SQL: &str = "SELECT \
        EXISTS (SELECT 1 FROM devices k WHERE k.user_id = $2 AND k.alert_id IS NULL) AS any_known, \
        d.token_digest IS NOT NULL AS is_here, d.alert_id, \
        EXISTS (SELECT 1 FROM sessions s WHERE s.id = d.alert_id AND s.new_device \
            AND s.recognised_at IS NULL) AS is_open \
        FROM users u LEFT JOIN devices d ON d.token_digest = $1 AND d.user_id = u.id WHERE u.id = $2";
    let row: StatusRow = fetch_one_within!(transaction, SQL, digest.as_str(), &user.0);
    Ok(match row {
        StatusRow {
            any_known: false, ..
        }
        | StatusRow {
            is_here: true,
            alert_id: None,
            ..
        } => DeviceStatus::Known,
        StatusRow {
            alert_id: Some(alert),
            is_open: true,
            ..
        } => DeviceStatus::Unrecognised(SessionId(alert)),
        // The first sign-in in the browser is no longer on record: the browser counts as new again.
        _ => DeviceStatus::New,
    })
}

/// Makes the browser known whose first sign-in was recognised.
pub(super) async fn recognise_within(
    transaction: &mut Transaction,
    user: &UserId,
    alert: &SessionId,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE devices SET alert_id = NULL WHERE user_id = $1 AND alert_id = $2";
    by_alert(transaction, SQL, user, alert).await
}

/// Forgets the browser whose first sign-in was disowned.
pub(super) async fn disown_within(
    transaction: &mut Transaction,
    user: &UserId,
    alert: &SessionId,
) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM devices WHERE user_id = $1 AND alert_id = $2";
    by_alert(transaction, SQL, user, alert).await
}

async fn by_alert(
    transaction: &mut Transaction,
    sql: &'static str,
    user: &UserId,
    alert: &SessionId,
) -> Result<(), StoreError> {
    execute!(transaction, sql, &user.0, &alert.0);
    Ok(())
}

/// Records that a user has signed in with a browser, and which sign-in has to be recognised before it counts as known.
/// All users who were known in it stay known under its new digest.
pub(super) async fn remember_within(
    transaction: &mut Transaction,
    device: &KnownDevice<'_>,
    user: &UserId,
    now: Timestamp,
    alert: Option<&SessionId>,
) -> Result<(), StoreError> {
    const MOVE: &str = "UPDATE devices SET token_digest = $2 WHERE token_digest = $1";
    const UPSERT: &str = "INSERT INTO devices (token_digest, user_id, created_at, last_used_at, alert_id) \
        VALUES ($1, $2, $3, $3, $4) ON CONFLICT (token_digest, user_id) \
        DO UPDATE SET last_used_at = excluded.last_used_at, alert_id = excluded.alert_id";
    if let Some(known_as) = device.known_as {
        execute!(transaction, MOVE, known_as.as_str(), device.digest.as_str());
    }
    execute!(
        transaction,
        UPSERT,
        device.digest.as_str(),
        &user.0,
        now.as_millis(),
        alert.map(|alert| alert.0.as_str())
    );
    Ok(())
}

/// Forgets every browser of a user: each counts as new again.
pub(super) async fn forget_all_within(
    transaction: &mut Transaction,
    user: &UserId,
) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM devices WHERE user_id = $1";
    execute!(transaction, SQL, &user.0);
    Ok(())
}

/// The same, except for the browser in which the user has just changed the password.
pub(super) async fn forget_others_within(
    transaction: &mut Transaction,
    user: &UserId,
    known: Option<&DeviceDigest>,
) -> Result<(), StoreError> {
    const SQL: &str = "DELETE FROM devices WHERE user_id = $1 AND token_digest <> $2";
    let known = known.map(DeviceDigest::as_str).unwrap_or_default();
    execute!(transaction, SQL, &user.0, known);
    Ok(())
}

/// Moves uses that a wrong clock recorded in the future to now. Returns the number of browsers.
pub async fn reset_future_times(db: &Db, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE devices SET last_used_at = $1, \
        created_at = CASE WHEN created_at > $2 THEN $1 ELSE created_at END WHERE last_used_at > $2";
    let numbers = [now, now.after(MAX_CLOCK_SKEW)].map(Timestamp::as_millis);
    super::execute(db, SQL, &numbers, None).await
}

/// Deletes up to `limit` browsers whose cookies have expired. Returns how many.
pub async fn delete_unused_since(db: &Db, since: Timestamp, limit: u32) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM devices WHERE (token_digest, user_id) IN \
        (SELECT token_digest, user_id FROM devices WHERE last_used_at < $1 LIMIT $2)";
    super::delete_some(db, SQL, since.as_millis(), limit).await
}
