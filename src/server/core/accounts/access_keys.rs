//! Access keys: made and revoked by their owner, or revoked by an administrator.

mod draft;

pub use draft::{KeyLimits, NewKeyTerms, networks_field};

use super::users::UserError;
use crate::{
    domain::{
        access_key::{
            AccessKey, AccessKeyDraft, AccessKeyId, AccessKeyRefusal, AccessKeyText, KeyHolder,
            RevokeReason,
        },
        actor::Actor,
        session::Session,
        user::{User, UserId},
    },
    error::{AppError, Failure},
    server::{
        core::{
            Core,
            actor::{Admin, Owner},
        },
        db::StoreError,
        store::{
            self,
            access_keys::{Inserted, NewKey},
        },
        token::key::PresentedKey,
    },
};

/// A new key. Its text is shown once, and cannot be read again.
#[derive(Debug)]
pub struct MadeKey {
    pub id: AccessKeyId,
    pub name: String,
    pub text: AccessKeyText,
}

/// Makes a key for the owner. The password must have been entered recently: an attacker at an unattended browser must
/// not get a key that outlives the session.
///
/// # Errors
/// [`Failure::PasswordNeeded`]; [`AccessKeyRefusal`], one for each field; [`Failure::NotSignedIn`] if
/// the session has ended in the meantime.
pub async fn make(
    core: &Core,
    owner: Owner<'_>,
    draft: &AccessKeyDraft,
) -> Result<MadeKey, AppError> {
    owner.demand_fresh(core)?;
    let (user, session) = (owner.user(), owner.session());
    match insert(core, owner.actor(), user, Some(session), draft).await {
        // The session has ended in the meantime, or the account was disabled.
        Err(UserError::Disabled) => Err(Failure::NotSignedIn.into()),
        made => Ok(made?),
    }
}

/// Makes a key for an account, on the command line.
///
/// # Errors
/// [`UserError::Refused`]; [`UserError::Disabled`].
pub async fn make_as_admin(
    core: &Core,
    admin: &Admin,
    user: &User,
    draft: &AccessKeyDraft,
) -> Result<MadeKey, UserError> {
    insert(core, admin.actor(), user, None, draft).await
}

async fn insert(
    core: &Core,
    actor: &Actor,
    user: &User,
    session: Option<&Session>,
    draft: &AccessKeyDraft,
) -> Result<MadeKey, UserError> {
    let now = core.clock.now();
    let terms = draft::check(&core.keys, draft, user.administers(), now)?;
    let key = PresentedKey::random();
    let new = NewKey {
        id: &key.id,
        user: &user.id,
        session: session.map(|session| &session.id),
        name: &terms.name,
        digest: &key.digest(),
        scopes: terms.scopes,
        networks: &terms.networks,
        created_at: now,
        expires_at: terms.expires_at,
        max: core.keys.max_per_person,
    };
    match store::access_keys::insert(&core.db, &new, actor).await? {
        Inserted::Made => {}
        Inserted::TooMany => {
            let max = core.keys.max_per_person;
            return Err(AccessKeyRefusal::TooMany { max }.into());
        }
        Inserted::NotSignedIn => return Err(UserError::Disabled),
    }
    Ok(MadeKey {
        text: key.text(),
        id: key.id,
        name: terms.name,
    })
}

/// Revokes a key of the owner. `false` if the owner has none with this id that is not revoked: keys of others are
/// treated like unknown ones.
pub async fn revoke_own(
    core: &Core,
    owner: Owner<'_>,
    id: &AccessKeyId,
) -> Result<bool, StoreError> {
    let reason = RevokeReason::ByOwner;
    revoke(core, &owner.user().id, id, reason, owner.actor()).await
}

/// Revokes a key of an account. `false` if it has none with this id that is not revoked.
pub async fn revoke_as_admin(
    core: &Core,
    admin: &Admin,
    user: &UserId,
    id: &AccessKeyId,
) -> Result<bool, StoreError> {
    revoke(core, user, id, RevokeReason::ByAdmin, admin.actor()).await
}

/// Revokes all keys of an account. Returns the number of keys.
pub async fn revoke_all_as_admin(
    core: &Core,
    admin: &Admin,
    user: &UserId,
) -> Result<u64, StoreError> {
    let (reason, now) = (RevokeReason::ByAdmin, core.clock.now());
    store::access_keys::revoke_all(&core.db, user, reason, now, admin.actor()).await
}

async fn revoke(
    core: &Core,
    user: &UserId,
    id: &AccessKeyId,
    reason: RevokeReason,
    actor: &Actor,
) -> Result<bool, StoreError> {
    let now = core.clock.now();
    store::access_keys::revoke(&core.db, user, id, reason, now, actor).await
}

/// Confirms a key that was suspended after the database was restored. `false` if there is no such key.
///
/// # Errors
/// [`Failure::PasswordNeeded`]: it gives access again.
pub async fn confirm_own(
    core: &Core,
    owner: Owner<'_>,
    id: &AccessKeyId,
) -> Result<bool, AppError> {
    owner.demand_fresh(core)?;
    Ok(confirm(core, &owner.user().id, id, owner.actor()).await?)
}

/// The same for a key of another account.
pub async fn confirm_as_admin(
    core: &Core,
    admin: &Admin,
    user: &UserId,
    id: &AccessKeyId,
) -> Result<bool, StoreError> {
    confirm(core, user, id, admin.actor()).await
}

async fn confirm(
    core: &Core,
    user: &UserId,
    id: &AccessKeyId,
    actor: &Actor,
) -> Result<bool, StoreError> {
    let now = core.clock.now();
    store::access_keys::confirm(&core.db, user, id, now, actor).await
}

/// The keys of an account, in every state, the newest first. Those that ended are listed for as long as the audit log
/// is kept.
pub async fn list_of(core: &Core, user: &UserId) -> Result<Vec<AccessKey>, StoreError> {
    store::access_keys::list_of(&core.db, user).await
}

/// The number of keys of an account that a new password would revoke.
pub async fn count_live(core: &Core, user: &UserId) -> Result<u64, StoreError> {
    store::access_keys::count_live(&core.db, user, core.clock.now()).await
}

/// Up to `limit` keys of all accounts after the one with this id, with their owners, the newest first.
pub async fn page(
    core: &Core,
    after: Option<&AccessKeyId>,
    limit: u32,
) -> Result<Vec<KeyHolder>, StoreError> {
    store::access_keys::list_all(&core.db, after, limit).await
}

/// The key with this id, in any state.
pub async fn with_id(core: &Core, id: &AccessKeyId) -> Result<Option<AccessKey>, StoreError> {
    let found = store::access_keys::find(&core.db, id).await?;
    Ok(found.map(|found| found.holder.key))
}

/// Suspends every key that is not revoked, in small steps: the database was restored, and a key may have been revoked
/// since the copy was made. Returns the number of keys.
///
/// # Errors
/// [`StoreError`]: some may be suspended.
pub async fn suspend_all(core: &Core, actor: &Actor) -> Result<u64, StoreError> {
    let mut count = 0;
    loop {
        let now = core.clock.now();
        let some = store::access_keys::suspend_some(&core.db, now, store::STEP, actor).await?;
        count += some;
        if some < u64::from(store::STEP) {
            return Ok(count);
        }
    }
}
