//! The table `devices`: browsers that a user has signed in with.

use crate::{
    domain::{
        audit::Entry,
        device::DeviceName,
        moment::{MAX_CLOCK_SKEW, Timestamp},
        session::{Session, SessionId},
        user::UserId,
    },
    server::{
        db::{
            Db,
            Outcome::{Commit, RollBack},
            StoreError, Transaction, execute, exists, fetch_one_within, transact,
        },
        store::sessions::is_unrecognised,
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

/// What is on record of a browser for the account that signs in.
#[derive(Debug, Default)]
pub struct DeviceOnRecord {
    pub status: DeviceStatus,
    /// `None` if it is not on record, or has no id from before there were ids.
    pub id: Option<SessionId>,
    /// Empty if it has none.
    pub name: String,
}

/// Whether a browser is known to the account that signs in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DeviceStatus {
    /// The browser is known. So is the first browser of the user, and the first after all were forgotten: there is no
    /// known browser in which its sign-in could be recognised.
    #[default]
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
    id: Option<String>,
    name: Option<String>,
}

/// The record of a browser for a user. The transaction has locked the account, so of two concurrent sign-ins the second
/// sees what the first has written.
///
/// A second sign-in does not make a browser known: an attacker with the password can sign in twice as well.
pub(super) async fn find_within(
    transaction: &mut Transaction,
    digest: &DeviceDigest,
    user: &UserId,
) -> Result<DeviceOnRecord, StoreError> {
    const SQL: &str = "SELECT \
        EXISTS (SELECT 1 FROM devices k WHERE k.user_id = $2 AND k.alert_id IS NULL) AS any_known, \
        d.token_digest IS NOT NULL AS is_here, d.alert_id, d.id, d.name, \
        EXISTS (SELECT 1 FROM sessions s WHERE s.id = d.alert_id AND s.new_device \
            AND s.recognised_at IS NULL) AS is_open \
        FROM users u LEFT JOIN devices d ON d.token_digest = $1 AND d.user_id = u.id WHERE u.id = $2";
    let mut row: StatusRow = fetch_one_within!(transaction, SQL, digest.as_str(), &user.0);
    let (id, name) = (row.id.take(), row.name.take());
    let status = match row {
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
    };
    Ok(DeviceOnRecord {
        status,
        id: id.map(SessionId),
        name: name.unwrap_or_default(),
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

/// Records that a user has signed in with a browser: in which session, and which sign-in has to be recognised before it
/// counts as known. The browser keeps its id and name; without an id it gets that of the session. All users who were known in it stay known under its new digest.
pub(super) async fn remember_within(
    transaction: &mut Transaction,
    device: &KnownDevice<'_>,
    user: &UserId,
    now: Timestamp,
    (session, alert): (&SessionId, Option<&SessionId>),
) -> Result<(), StoreError> {
    const MOVE: &str = "UPDATE devices SET token_digest = $2 WHERE token_digest = $1";
    const UPSERT: &str = "INSERT INTO devices (token_digest, user_id, created_at, last_used_at, alert_id, id) \
        VALUES ($1, $2, $3, $3, $4, $5) ON CONFLICT (token_digest, user_id) \
        DO UPDATE SET last_used_at = excluded.last_used_at, alert_id = excluded.alert_id, \
        id = COALESCE(devices.id, excluded.id)";
    if let Some(known_as) = device.known_as {
        execute!(transaction, MOVE, known_as.as_str(), device.digest.as_str());
    }
    execute!(
        transaction,
        UPSERT,
        device.digest.as_str(),
        &user.0,
        now.as_millis(),
        alert.map(|alert| alert.0.as_str()),
        &session.0
    );
    Ok(())
}

/// Names the browser of the live session `id` of the owner of `current`; an empty name removes it. `false` if there is
/// none on record, or if `current` is in an unrecognised browser: an attacker with the password must not give a browser
/// the name of another one.
///
/// The account is written first: a sign-in in that browser comes before, or finds the new name.
pub async fn rename(
    db: &Db,
    current: &Session,
    id: &SessionId,
    name: &DeviceName,
    entry: Entry,
) -> Result<bool, StoreError> {
    const DEVICE: &str = concat!(
        "UPDATE devices SET name = $4 WHERE user_id = $2 AND id = (SELECT s.device_id FROM sessions s ",
        "WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL) ",
        "AND EXISTS (SELECT 1 FROM sessions a WHERE a.id = $3 AND a.user_id = $2 AND a.ended_at IS NULL ",
        "AND NOT ",
        is_unrecognised!("a"),
        ")"
    );
    const SESSIONS: &str = "UPDATE sessions SET device_name = $3 WHERE user_id = $2 AND ended_at IS NULL \
        AND device_id = (SELECT s.device_id FROM sessions s WHERE s.id = $1)";
    let user = &current.user_id;
    transact!(db, transaction => {
        super::users::lock_within(transaction, user).await?;
        let name = name.as_str();
        if execute!(transaction, DEVICE, &id.0, &user.0, &current.id.0, name) == 0 {
            return Ok(RollBack(false));
        }
        execute!(transaction, SESSIONS, &id.0, &user.0, name);
        super::audit::insert_within(transaction, entry.clone()).await?;
        Ok(Commit(true))
    })
}

/// Gives browsers of older versions the id of a session, and the session its browser. A sign-in and the use of its
/// browser were recorded in the same millisecond. Of two in one millisecond neither is matched: such a browser gets its
/// id at the next sign-in.
pub(super) async fn match_to_sessions_within(
    transaction: &mut Transaction,
    user: &UserId,
) -> Result<(), StoreError> {
    const DEVICES: &str = "UPDATE devices SET id = (SELECT MIN(s.id) FROM sessions s WHERE s.user_id = $1 \
        AND s.created_at = devices.last_used_at AND s.key_id IS NULL AND s.device_id IS NULL HAVING COUNT(*) = 1) \
        WHERE user_id = $1 AND id IS NULL";
    const SESSIONS: &str = "UPDATE sessions SET device_id = id WHERE user_id = $1 AND device_id IS NULL \
        AND id IN (SELECT d.id FROM devices d WHERE d.user_id = $1)";
    if execute!(transaction, DEVICES, &user.0) > 0 {
        execute!(transaction, SESSIONS, &user.0);
    }
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

/// The same, except for the browser in which the user has just changed the password. If `kept`, the session of the
/// change, is in a browser that is forgotten, it has none on record any more: it cannot be named.
pub(super) async fn forget_others_within(
    transaction: &mut Transaction,
    user: &UserId,
    known: Option<&DeviceDigest>,
    kept: &SessionId,
) -> Result<(), StoreError> {
    const FORGET: &str = "DELETE FROM devices WHERE user_id = $1 AND token_digest <> $2";
    const DETACH: &str = "UPDATE sessions SET device_id = NULL WHERE id = $2 AND ended_at IS NULL \
        AND NOT EXISTS (SELECT 1 FROM devices d WHERE d.user_id = $1 AND d.id = sessions.device_id)";
    let known = known.map(DeviceDigest::as_str).unwrap_or_default();
    execute!(transaction, FORGET, &user.0, known);
    execute!(transaction, DETACH, &user.0, &kept.0);
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
