//! Reads the signing keys from the database, and makes the next one when it is time.

use super::{
    NotVerified, Tokens,
    keys::{KeySet, Unusable},
};
use crate::server::{clock::Monotonic, core::Core, db::StoreError, sealing::SealingKey, store};
use std::{sync::Arc, time::Duration};

/// A server that signs has read its keys in this time. Ordinarily a job reads them every minute.
const FRESH_FOR: Duration = Duration::from_secs(600);

/// An unknown `kid` causes one reading in this time: another node may have just made the key. Forged ones cost nothing.
const READ_PAUSE: Duration = Duration::from_secs(5);

/// The keys as they were last read, and the last attempt to read them.
#[derive(Clone, Default)]
pub struct Current {
    keys: Arc<KeySet>,
    read_at: Option<Monotonic>,
    tried_at: Option<Monotonic>,
}

/// Reads the keys, and makes the first or the next one if it is time. A key that another server makes at the same time
/// is taken instead.
///
/// # Errors
/// [`StoreError`]; the keys that were read before stay in use.
pub async fn renew(core: &Core) -> Result<Arc<KeySet>, StoreError> {
    let Some(sealing_key) = core.tokens.sealing_key() else {
        return Ok(Arc::default());
    };
    let _turn = core.tokens.turn().await;
    renew_in_turn(core, sealing_key).await
}

/// The keys for a signature: read not too long ago.
///
/// # Errors
/// [`StoreError`].
pub async fn fresh(core: &Core) -> Result<Arc<KeySet>, StoreError> {
    let Some(sealing_key) = core.tokens.sealing_key() else {
        return Ok(Arc::default());
    };
    let is_fresh = |current: &Current| is_within(core, current.read_at, FRESH_FOR);
    if let Some(keys) = core.tokens.current_if(is_fresh) {
        return Ok(keys);
    }
    let _turn = core.tokens.turn().await;
    match core.tokens.current_if(is_fresh) {
        Some(keys) => Ok(keys),
        None => renew_in_turn(core, sealing_key).await,
    }
}

/// The keys for a verification: of any age.
///
/// # Errors
/// [`StoreError`] if they were never read.
pub async fn known(core: &Core) -> Result<Arc<KeySet>, StoreError> {
    match core.tokens.current_if(|current| current.read_at.is_some()) {
        Some(keys) => Ok(keys),
        None => fresh(core).await,
    }
}

/// The keys for the verification of a token whose `kid` is unknown.
///
/// # Errors
/// [`NotVerified`] without keys that were read just now: nobody is signed out because the database does not answer.
pub async fn after_unknown(core: &Core) -> Result<Arc<KeySet>, NotVerified> {
    let Some(sealing_key) = core.tokens.sealing_key() else {
        return Ok(Arc::default());
    };
    let was_tried = |current: &Current| is_within(core, current.tried_at, READ_PAUSE);
    if core.tokens.current_if(was_tried).is_none() {
        let _turn = core.tokens.turn().await;
        // Another request may have read them while this one waited for its turn.
        if core.tokens.current_if(was_tried).is_none() {
            return Ok(renew_in_turn(core, sealing_key).await?);
        }
    }
    let was_read = |current: &Current| is_within(core, current.read_at, READ_PAUSE);
    let keys = core.tokens.current_if(was_read);
    keys.ok_or(NotVerified::Unavailable)
}

fn is_within(core: &Core, at: Option<Monotonic>, duration: Duration) -> bool {
    at.is_some_and(|at| core.clock.monotonic().since(at) < duration)
}

async fn renew_in_turn(core: &Core, sealing_key: &SealingKey) -> Result<Arc<KeySet>, StoreError> {
    let outcome = read_and_rotate(core, sealing_key).await.map(Arc::new);
    let at = Some(core.clock.monotonic());
    core.tokens.update(|current| {
        current.tried_at = at;
        if let Ok(keys) = &outcome {
            current.keys = keys.clone();
            current.read_at = at;
        }
    });
    outcome
}

async fn read_and_rotate(core: &Core, sealing_key: &SealingKey) -> Result<KeySet, StoreError> {
    let now = core.clock.now();
    let keys = read(core, sealing_key).await?;
    let Some(next) = keys.next_key(sealing_key, now) else {
        return Ok(keys);
    };
    match store::signing_keys::insert(&core.db, &next).await {
        Ok(is_ours) => {
            if is_ours {
                tracing::info!(
                    kid = next.id,
                    "a new signing key for access tokens was made"
                );
            }
            read(core, sealing_key).await
        }
        // Without writes, the key that is there continues to sign.
        Err(error) if keys.signer(now).is_some() => {
            tracing::warn!(%error, "the next signing key will be made later");
            Ok(keys)
        }
        Err(error) => Err(error),
    }
}

async fn read(core: &Core, sealing_key: &SealingKey) -> Result<KeySet, StoreError> {
    let rows = store::signing_keys::list(&core.db).await?;
    let (keys, unusable) = KeySet::open(&rows, sealing_key);
    for row in unusable {
        report(&core.tokens, row);
    }
    Ok(keys)
}

/// Once for each key: they are read every minute.
fn report(tokens: &Tokens, row: Unusable) {
    match row {
        Unusable::AnotherSealingKey(name) if tokens.is_first_report(&name) => tracing::warn!(
            "the newest signing keys in the database were sealed with another sealing key than this server's, and are \
             not used. If the sealing key was lost or changed, nothing is to be done: new signing keys are made, and \
             clients get new access tokens. If another server uses this database, give both the same sealing key"
        ),
        Unusable::Changed(kid) if tokens.is_first_report(&kid) => tracing::error!(
            kid,
            "a signing key in the database was changed, and is not used. If you have not done so, somebody else can \
             write to the database"
        ),
        _ => {}
    }
}

impl Current {
    pub fn keys(&self) -> Arc<KeySet> {
        self.keys.clone()
    }
}
