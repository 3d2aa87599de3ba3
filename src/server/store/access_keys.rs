//! The table `access_keys`.
//!
//! *A revocation is final*, as the end of a session is: every change to a key is an UPDATE with `revoked_at IS NULL`.
//! A key is made and revoked in a transaction that writes its account first, so that a key that is made beside a new
//! password is revoked by it, or not made.

mod revocations;
mod suspensions;

pub(super) use revocations::revoke_all_within;
pub use revocations::{revoke, revoke_all};
pub use suspensions::{confirm, suspend_some};

use super::users::{self, UserRow, user_columns};
use crate::{
    domain::{
        access_key::{AccessKey, AccessKeyId, KeyHolder, KeyUse, Revoked, Scopes},
        actor::{Actor, Browser},
        audit::Event,
        moment::{MAX_CLOCK_SKEW, Timestamp},
        session::SessionId,
        user::{User, UserId},
    },
    server::{
        db::{
            Claim, Db,
            Outcome::{Commit, RollBack},
            StoreError, Transaction, execute, exists_within, fetch_all, fetch_one,
            fetch_one_within, fetch_optional, transact,
        },
        token::key::KeyDigest,
    },
};
use std::sync::Arc;

/// A key to make.
pub struct NewKey<'a> {
    pub id: &'a AccessKeyId,
    pub user: &'a UserId,
    /// The session in which it is made, which has to be live still; `None` for a command.
    pub session: Option<&'a SessionId>,
    pub name: &'a str,
    pub digest: &'a KeyDigest,
    pub scopes: Scopes,
    pub networks: &'a [String],
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// The number of live keys of the account, with this one.
    pub max: u32,
}

/// The outcome of [`insert`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inserted {
    Made,
    TooMany,
    /// The session has ended, or the account was disabled.
    NotSignedIn,
}

/// A key as it was found, with the digest of its secret.
pub struct FoundKey {
    pub holder: KeyHolder,
    pub digest: KeyDigest,
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    key_id: String,
    user_id: String,
    name: String,
    scopes: String,
    networks: String,
    created_at: i64,
    expires_at: i64,
    last_used_at: Option<i64>,
    last_address: String,
    last_user_agent: String,
    suspended_at: Option<i64>,
    revoked_at: Option<i64>,
    revoke_reason: Option<String>,
}

/// The columns of [`KeyRow`], from `access_keys k`.
macro_rules! key_columns {
    () => {
        "k.id AS key_id, k.user_id, k.name, k.scopes, k.networks, k.created_at, k.expires_at, k.last_used_at, \
         k.last_address, k.last_user_agent, k.suspended_at, k.revoked_at, k.revoke_reason"
    };
}

impl TryFrom<KeyRow> for AccessKey {
    type Error = StoreError;

    fn try_from(row: KeyRow) -> Result<Self, StoreError> {
        let corrupt = || StoreError::Corrupt {
            table: "access_keys",
            id: row.key_id.clone(),
        };
        let revoked = match (row.revoked_at, &row.revoke_reason) {
            (Some(at), Some(reason)) => Some(Revoked {
                at: Timestamp::from_millis(at),
                reason: reason.parse().map_err(|_| corrupt())?,
            }),
            _ => None,
        };
        Ok(Self {
            scopes: row.scopes.parse().map_err(|_| corrupt())?,
            id: AccessKeyId(row.key_id),
            user_id: UserId(row.user_id),
            name: row.name,
            networks: row
                .networks
                .split(' ')
                .map(str::to_owned)
                .filter(|one| !one.is_empty())
                .collect(),
            created_at: Timestamp::from_millis(row.created_at),
            expires_at: Timestamp::from_millis(row.expires_at),
            last_use: row.last_used_at.map(|at| KeyUse {
                at: Timestamp::from_millis(at),
                address: row.last_address,
                user_agent: row.last_user_agent,
            }),
            suspended_at: row.suspended_at.map(Timestamp::from_millis),
            revoked,
        })
    }
}

/// The live keys of the account `$1`, suspended ones included.
const COUNT_LIVE: &str = "SELECT COUNT(*) FROM access_keys \
    WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2";

/// Makes a key, if the account is enabled, the session is live, and the limit is not reached.
pub async fn insert(db: &Db, key: &NewKey<'_>, actor: &Actor) -> Result<Inserted, StoreError> {
    const LIVE_SESSION: &str =
        "SELECT 1 FROM sessions WHERE id = $1 AND user_id = $2 AND ended_at IS NULL";
    transact!(db, transaction => {
        let is_live = users::lock_enabled_within(transaction, key.user).await?
            && match key.session {
                Some(session) => exists_within!(transaction, LIVE_SESSION, &session.0, &key.user.0),
                None => true,
            };
        if !is_live {
            return Ok(RollBack(Inserted::NotSignedIn));
        }
        let count: i64 =
            fetch_one_within!(scalar transaction, COUNT_LIVE, &key.user.0, key.created_at.as_millis());
        if count >= i64::from(key.max) {
            return Ok(RollBack(Inserted::TooMany));
        }
        insert_within(transaction, key).await?;
        let entry = actor.entry(key.created_at, Event::AccessKeyMade, Some(key.user), key.session);
        super::audit::insert_within(transaction, entry.about_key(key.id)).await?;
        Ok(Commit(Inserted::Made))
    })
}

async fn insert_within(transaction: &mut Transaction, key: &NewKey<'_>) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO access_keys (id, user_id, name, secret_digest, scopes, networks, created_at, \
        expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    execute!(
        transaction,
        SQL,
        &key.id.0,
        &key.user.0,
        key.name,
        key.digest.as_str(),
        key.scopes.to_string(),
        key.networks.join(" "),
        key.created_at.as_millis(),
        key.expires_at.as_millis()
    );
    Ok(())
}

#[derive(sqlx::FromRow)]
struct HolderRow {
    #[sqlx(flatten)]
    key: KeyRow,
    secret_digest: String,
    #[sqlx(flatten)]
    user: UserRow,
}

/// The columns of [`HolderRow`].
macro_rules! select_holders {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            key_columns!(),
            ", k.secret_digest, ",
            user_columns!(),
            " FROM access_keys k JOIN users u ON u.id = k.user_id ",
            $rest
        )
    };
}

impl TryFrom<HolderRow> for FoundKey {
    type Error = StoreError;

    fn try_from(row: HolderRow) -> Result<Self, StoreError> {
        let (user, key) = (User::from(row.user), AccessKey::try_from(row.key)?);
        Ok(Self {
            holder: KeyHolder { user, key },
            digest: KeyDigest::stored(row.secret_digest),
        })
    }
}

/// The key with this id and its owner, in any state. One look-up by the primary key.
pub async fn find(db: &Db, id: &AccessKeyId) -> Result<Option<FoundKey>, StoreError> {
    const SQL: &str = select_holders!("WHERE k.id = $1");
    let row: Option<HolderRow> = fetch_optional!(db, SQL, &id.0);
    row.map(FoundKey::try_from).transpose()
}

/// The keys of an account, in every state, the newest first.
pub async fn list_of(db: &Db, user: &UserId) -> Result<Vec<AccessKey>, StoreError> {
    const SQL: &str = concat!(
        "SELECT ",
        key_columns!(),
        " FROM access_keys k WHERE k.user_id = $1 ORDER BY k.created_at DESC, k.id DESC"
    );
    let rows: Vec<KeyRow> = fetch_all!(db, SQL, &user.0);
    rows.into_iter().map(AccessKey::try_from).collect()
}

/// The number of live keys of an account.
pub async fn count_live(db: &Db, user: &UserId, now: Timestamp) -> Result<u64, StoreError> {
    let count: i64 = fetch_one!(scalar db, COUNT_LIVE, &user.0, now.as_millis());
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Up to `limit` keys of all accounts with ids below `below`, the newest first: ids begin with the time.
pub async fn list_all(
    db: &Db,
    below: Option<&AccessKeyId>,
    limit: u32,
) -> Result<Vec<KeyHolder>, StoreError> {
    const SQL: &str = select_holders!("WHERE k.id < $1 ORDER BY k.id DESC LIMIT $2");
    let below = below.map_or("g", |id| id.0.as_str());
    let rows: Vec<HolderRow> = fetch_all!(db, SQL, below, i64::from(limit));
    let found = rows.into_iter().map(FoundKey::try_from);
    found.map(|found| Ok(found?.holder)).collect()
}

/// Records a use of a live key in the background, while `claim` is held. Nothing that is answered depends on it, so it
/// does not wait for a standby.
pub async fn touch_in_background(
    db: &Db,
    id: &AccessKeyId,
    now: Timestamp,
    browser: &Browser,
    claim: Claim,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE access_keys SET last_used_at = $2, last_address = $3, last_user_agent = $4 \
        WHERE id = $1 AND revoked_at IS NULL AND (last_used_at IS NULL OR last_used_at < $2)";
    let _permit = claim.permit().await?;
    let claim = Arc::new(claim);
    transact!(db, transaction => {
        transaction.skip_standby().await?;
        execute!(transaction, SQL, &id.0, now.as_millis(), &browser.address, &browser.user_agent);
        let claim = Arc::clone(&claim);
        transaction.after_commit(move || drop(claim));
        Ok(Commit(()))
    })
}

/// Moves times that a wrong clock recorded in the future to now. A key that was made then has its end moved by as much, so
/// that it lives as long as it was made for. Returns the number of keys.
pub async fn reset_future_times(db: &Db, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE access_keys SET \
        expires_at = CASE WHEN created_at > $2 THEN expires_at - (created_at - $1) ELSE expires_at END, \
        created_at = CASE WHEN created_at > $2 THEN $1 ELSE created_at END, \
        last_used_at = CASE WHEN last_used_at > $2 THEN $1 ELSE last_used_at END \
        WHERE revoked_at IS NULL AND (created_at > $2 OR last_used_at > $2)";
    let numbers = [now, now.after(MAX_CLOCK_SKEW)].map(Timestamp::as_millis);
    super::execute(db, SQL, &numbers, None).await
}

/// Deletes up to `limit` keys that were revoked or expired before this time. Returns how many.
pub async fn delete_ended_before(
    db: &Db,
    before: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM access_keys WHERE id IN (SELECT id FROM access_keys \
        WHERE revoked_at < $1 OR expires_at < $1 LIMIT $2)";
    super::delete_some(db, SQL, before.as_millis(), limit).await
}
