//! Accounts: find, create, edit, disable, enable, promote, demote, delete, set a new password.

mod draft;
mod taken;

pub use crate::server::store::users::{Cursor, Found};
pub use draft::{CheckedDraft, UserDraft, description_of, display_name_of, email_of};
use draft::{check_names, wanted};
pub use taken::{Wanted, explain};

use crate::{
    domain::{
        password::Password,
        user::{LookupKey, User, UserId, UserSearch},
        views::EditDraft,
    },
    error::{AccountRefusal, AppError, Failure, Refusal, Refusals},
    server::{
        core::{Core, actor::Admin},
        db::StoreError,
        hashing::HashingError,
        store,
    },
};
use std::collections::HashSet;

/// Why an account was not created or changed.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    #[error("there is no account with this username or email.")]
    NotFound,
    #[error("the account is disabled; enable it first.")]
    Disabled,
    #[error("this is the last administrator who can sign in; make another one first.")]
    LastAdministrator,
    /// The input breaks rules.
    #[error(transparent)]
    Refused(#[from] Refusals),
    #[error(transparent)]
    Hashing(#[from] HashingError),
    #[error(transparent)]
    Store(StoreError),
}

/// A rule of the domain.
impl<R: Into<Refusal>> From<R> for UserError {
    fn from(rule: R) -> Self {
        Self::Refused(Refusals::from(rule))
    }
}

impl From<StoreError> for UserError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::LastAdministrator => Self::LastAdministrator,
            other => Self::Store(other),
        }
    }
}

/// The answer to an administrator in a browser.
impl From<UserError> for AppError {
    fn from(error: UserError) -> Self {
        match error {
            UserError::NotFound => Failure::NotFound.into(),
            UserError::Disabled => AccountRefusal::Disabled.into(),
            UserError::LastAdministrator => AccountRefusal::LastAdministrator.into(),
            UserError::Refused(refusals) => refusals.into(),
            UserError::Hashing(error) => error.into(),
            UserError::Store(error) => error.into(),
        }
    }
}

/// Creates an account with a password.
pub async fn create(
    core: &Core,
    admin: &Admin,
    draft: &CheckedDraft,
    password: &Password,
) -> Result<(), UserError> {
    draft.check_password(core, password)?;
    let password_hash = core.hasher.hash(password).await?;
    let user = draft.with_hash(core, &password_hash);
    let inserted = store::users::insert(&core.db, &user, admin.actor()).await;
    explain(core, draft.wanted(&user.id), inserted).await
}

/// Finds an account by its username or email.
///
/// # Errors
/// [`UserError::NotFound`].
pub async fn find(core: &Core, name: &str) -> Result<User, UserError> {
    with_name(core, name).await?.ok_or(UserError::NotFound)
}

/// The account with this username or email, if any.
pub async fn with_name(core: &Core, name: &str) -> Result<Option<User>, StoreError> {
    let found = store::users::find_credentials(&core.db, &LookupKey::of(name)).await?;
    Ok(found.map(|found| found.user))
}

/// Finds an account by its username or email, or by a username that it had before: the audit log shows each event with
/// the name of its time.
///
/// # Errors
/// [`UserError::NotFound`].
pub async fn find_by_any_name(core: &Core, name: &str) -> Result<User, UserError> {
    with_any_name(core, name).await?.ok_or(UserError::NotFound)
}

/// The account with this username or email, otherwise the one that had the username before.
pub async fn with_any_name(core: &Core, name: &str) -> Result<Option<User>, StoreError> {
    match with_name(core, name).await? {
        Some(user) => Ok(Some(user)),
        None => store::users::find_by_given_up_name(&core.db, &LookupKey::of(name)).await,
    }
}

/// The account that has this name or had it before, also if it was deleted since: the audit log keeps its entries.
pub async fn id_of_any_name(core: &Core, name: &str) -> Result<Option<UserId>, StoreError> {
    match with_any_name(core, name).await? {
        Some(user) => Ok(Some(user.id)),
        None => store::audit::deleted_account(&core.db, name).await,
    }
}

/// The account with this id.
pub async fn with_id(core: &Core, id: &UserId) -> Result<Option<User>, StoreError> {
    store::users::find(&core.db, id).await
}

/// Those of these accounts that exist.
pub async fn existing(core: &Core, ids: Vec<UserId>) -> Result<HashSet<UserId>, StoreError> {
    store::users::existing(&core.db, &ids).await
}

/// Up to `limit` of the accounts that a search finds, after `after`.
pub async fn page(
    core: &Core,
    search: &UserSearch,
    after: Option<&Cursor>,
    limit: u32,
) -> Result<Found, StoreError> {
    store::users::page(&core.db, search, after, limit).await
}

/// The last `limit` of these accounts before `before`, in the same order.
pub async fn page_before(
    core: &Core,
    search: &UserSearch,
    before: &Cursor,
    limit: u32,
) -> Result<Found, StoreError> {
    store::users::page_before(&core.db, search, before, limit).await
}

/// The last `limit` of these accounts, in the same order.
pub async fn last_page(core: &Core, search: &UserSearch, limit: u32) -> Result<Found, StoreError> {
    store::users::last_page(&core.db, search, limit).await
}

/// Changes those names of an account that are given. A username that is given up stays reserved to it.
///
/// # Errors
/// [`UserError::Refused`] and [`UserError::NotFound`].
pub async fn edit(
    core: &Core,
    admin: &Admin,
    id: &UserId,
    draft: &EditDraft,
) -> Result<(), UserError> {
    let (names, now) = (check_names(draft)?, core.clock.now());
    let updated = store::users::update_names(&core.db, id, &names, now, admin.actor()).await;
    let found = explain(core, wanted(id, &names), updated).await?;
    found.then_some(()).ok_or(UserError::NotFound)
}

/// The usernames that an account had before, which are reserved to it.
pub async fn given_up_names(core: &Core, id: &UserId) -> Result<Vec<String>, StoreError> {
    store::users::given_up_names(&core.db, id).await
}

/// Disables an account: it cannot sign in, and all its sessions end. Returns the number of sessions.
///
/// # Errors
/// [`UserError::LastAdministrator`].
pub async fn disable(core: &Core, admin: &Admin, user: &User) -> Result<u64, UserError> {
    let now = core.clock.now();
    Ok(store::users::disable(&core.db, &user.id, now, admin.actor()).await?)
}

/// Enables an account: it can sign in again.
pub async fn enable(core: &Core, admin: &Admin, user: &User) -> Result<(), UserError> {
    let now = core.clock.now();
    Ok(store::users::enable(&core.db, &user.id, now, admin.actor()).await?)
}

/// Makes an account an administrator. `false` if it is one already.
pub async fn promote(core: &Core, admin: &Admin, user: &User) -> Result<bool, UserError> {
    Ok(store::users::promote(&core.db, &user.id, core.clock.now(), admin.actor()).await?)
}

/// Removes the administrator role from an account. `false` if it does not have the role.
///
/// # Errors
/// [`UserError::LastAdministrator`].
pub async fn demote(core: &Core, admin: &Admin, user: &User) -> Result<bool, UserError> {
    Ok(store::users::demote(&core.db, &user.id, core.clock.now(), admin.actor()).await?)
}

/// Deletes an account and all its data; the audit log keeps its name. All its sessions end. Returns the number of
/// sessions.
///
/// # Errors
/// [`UserError::LastAdministrator`] and [`UserError::NotFound`].
pub async fn delete(core: &Core, admin: &Admin, user: &User) -> Result<u64, UserError> {
    let now = core.clock.now();
    let deleted = store::users::delete(&core.db, &user.id, now, admin.actor()).await?;
    deleted.ok_or(UserError::NotFound)
}

/// Sets a new password for an account; all its sessions end. Returns the number of sessions.
pub async fn set_password(
    core: &Core,
    admin: &Admin,
    user: &User,
    password: &Password,
) -> Result<u64, UserError> {
    core.password_rules
        .check(password, &user.username, user.email.as_deref())?;
    let hash = core.hasher.hash(password).await?;
    let now = core.clock.now();
    Ok(store::users::set_password(&core.db, &user.id, &hash, now, admin.actor()).await?)
}
