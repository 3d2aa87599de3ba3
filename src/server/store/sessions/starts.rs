//! The starts of sessions.

use super::{ends, sign_in_reviews};
use crate::{
    domain::{
        actor::Actor,
        audit::RecordedMethod,
        moment::Timestamp,
        session::{SessionId, SessionKey},
        user::UserId,
    },
    server::{
        db::{
            Db,
            Outcome::{Commit, RollBack},
            StoreError, Transaction, execute, transact,
        },
        store::{
            audit, devices,
            devices::{DeviceOnRecord, DeviceStatus, KnownDevice},
            evidence::Evidence,
            users,
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
        if !proof.evidence.lock_account_within(transaction, session.user_id, session.created_at, actor).await? {
            return Ok(RollBack(false));
        }
        let user = session.user_id;
        let found = match &proof.device {
            Some(device) => devices::find_within(transaction, device.digest, user).await?,
            None => DeviceOnRecord::default(),
        };
        let device_id = proof.device.is_some().then(|| found.id.as_ref().unwrap_or(&session.id));
        insert(transaction, session, proof.evidence.method(), &found, device_id).await?;
        users::record_sign_in_within(transaction, user, session.created_at).await?;
        if let Some(replaced) = proof.replaced {
            ends::end_replaced_within(transaction, replaced, session.created_at, actor).await?;
        }
        ends::end_longest_idle_within(transaction, session, proof.max_sessions, actor).await?;
        let (at, id) = (session.created_at, &session.id);
        if let Some(device) = &proof.device {
            let alert = found.status.alert(id);
            devices::remember_within(transaction, device, user, at, (id, alert)).await?;
        }
        if found.status == DeviceStatus::New {
            sign_in_reviews::notify_within(transaction, user, Some(id)).await?;
        }
        let entry = actor.entry(at, proof.evidence.signed_in(), Some(user), Some(id));
        let entry = match &session.key {
            Some(key) => entry.about_key(&key.id),
            None => entry,
        };
        audit::insert_within(transaction, entry).await?;
        Ok(Commit(true))
    })
}

async fn insert(
    transaction: &mut Transaction,
    session: &NewSession<'_>,
    method: Option<RecordedMethod>,
    device: &DeviceOnRecord,
    device_id: Option<&SessionId>,
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO sessions (id, token_digest, user_id, created_at, last_seen_at, \
        authenticated_at, idle_ends_at, absolute_ends_at, remember, address, user_agent, new_device, alert_id, \
        key_id, scopes, device_id, device_name, method) \
        VALUES ($1, $2, $3, $4, $4, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    let (is_new, alert) = match &device.status {
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
        session.key.as_ref().map(|key| key.scopes.to_string()),
        device_id.map(|id| id.0.as_str()),
        &device.name,
        method.map(RecordedMethod::as_str)
    );
    Ok(())
}
