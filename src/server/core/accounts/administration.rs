//! Actions of administrators in a browser: permission, a recent password, and the change, which is in `users` for the
//! command line too.

use super::{
    access_keys,
    password_links::{self, MadeLink},
    users::{self, UserDraft},
};
use crate::{
    domain::{
        access_key::{AccessKeyId, KeyChange},
        session::{CurrentUser, SessionId},
        user::{AccountChange, LookupKey, User, UserId},
        views::{EditDraft, InvitationDraft},
    },
    error::{AccountRefusal, AppError, Failure},
    server::{
        core::{
            Core,
            actor::Admin,
            sessions::{self, Resumed},
        },
        store,
        token::TokenDigest,
    },
};

/// Rechecks that a reader is an administrator with a live session. This does not count as use of the session.
///
/// # Errors
/// [`Failure::NotSignedIn`] if the session has ended or has a new token; [`Failure::NotFound`] if the reader is no
/// longer an administrator.
pub async fn verify_reader(
    core: &Core,
    reader: &TokenDigest,
) -> Result<Box<CurrentUser>, AppError> {
    match sessions::peek_by_digest(core, reader).await? {
        Resumed::Live(current) if current.user.administers() => Ok(current),
        Resumed::Live(_) => Err(Failure::NotFound.into()),
        Resumed::Superseded(_) | Resumed::Ended(_) | Resumed::Unknown => {
            Err(Failure::NotSignedIn.into())
        }
    }
}

/// The outcome of a change.
#[derive(Debug)]
pub enum Changed {
    Disabled { ended: u64 },
    Enabled,
    Promoted,
    Demoted,
    SessionsEnded { count: u64 },
    LinkMade { username: String, link: MadeLink },
    KeyRevoked,
    KeyConfirmed,
}

/// Creates an account without a password, and a link with which its owner sets one.
///
/// # Errors
/// [`Failure::PasswordNeeded`]; [`Failure::NotPermitted`] for an administrator, see [`Admin::demand_everything`];
/// `Refusal::Identity`, one for each field; [`AccountRefusal::UsernameTaken`] and [`AccountRefusal::EmailTaken`].
pub async fn invite(
    core: &Core,
    admin: &Admin,
    draft: &InvitationDraft,
) -> Result<MadeLink, AppError> {
    admin.demand_fresh()?;
    if draft.is_admin {
        admin.demand_everything()?;
    }
    let draft = UserDraft {
        username: draft.username.clone(),
        email: users::email_of(&draft.email).map(str::to_owned),
        display_name: Some(draft.display_name.clone()),
        description: String::new(),
        is_admin: draft.is_admin,
    };
    Ok(password_links::invite(core, admin, &draft.check()?).await?)
}

/// Changes the username, the full name and the email address of an account. Two of them are names to sign in with, so
/// this is for sessions with all rights.
///
/// # Errors
/// [`Failure::PasswordNeeded`]; [`Failure::NotFound`]; [`Failure::NotPermitted`], see [`Admin::demand_everything`];
/// [`Refusal::Identity`]; [`AccountRefusal::UsernameTaken`] and [`AccountRefusal::EmailTaken`].
pub async fn edit(core: &Core, admin: &Admin, id: &str, draft: &EditDraft) -> Result<(), AppError> {
    let user = find(core, admin, id).await?;
    admin.demand_everything()?;
    Ok(users::edit(core, admin, &user.id, draft).await?)
}

/// Carries out the action of one button on an account's page.
///
/// # Errors
/// [`Failure::PasswordNeeded`]; [`Failure::NotFound`]; [`AccountRefusal::LastAdministrator`];
/// [`AccountRefusal::Disabled`]; [`Failure::NotPermitted`] for roles and links, see [`Admin::demand_everything`].
pub async fn change(
    core: &Core,
    admin: &Admin,
    id: &str,
    change: AccountChange,
) -> Result<Changed, AppError> {
    let user = find(core, admin, id).await?;
    if matches!(
        change,
        AccountChange::Promote | AccountChange::Demote | AccountChange::MakeLink
    ) {
        admin.demand_everything()?;
    }
    Ok(match change {
        AccountChange::Disable => {
            let ended = users::disable(core, admin, &user).await?;
            Changed::Disabled { ended }
        }
        AccountChange::Enable => {
            users::enable(core, admin, &user).await?;
            Changed::Enabled
        }
        AccountChange::Promote => {
            users::promote(core, admin, &user).await?;
            Changed::Promoted
        }
        AccountChange::Demote => {
            users::demote(core, admin, &user).await?;
            Changed::Demoted
        }
        AccountChange::EndSessions => {
            let count = sessions::end_all_as_admin(core, admin, &user.id).await?;
            Changed::SessionsEnded { count }
        }
        AccountChange::MakeLink => {
            let link = password_links::make(core, admin, &user).await?;
            let username = user.username;
            Changed::LinkMade { username, link }
        }
    })
}

/// Ends one session of an account. Returns whether it was live.
///
/// # Errors
/// [`Failure::PasswordNeeded`]; [`Failure::NotFound`], also for a session of another account.
pub async fn end_session(
    core: &Core,
    admin: &Admin,
    id: &str,
    session: String,
) -> Result<bool, AppError> {
    let user = find(core, admin, id).await?;
    let session = SessionId::parse(session).ok_or(Failure::NotFound)?;
    let found = store::sessions::find(&core.db, &session).await?;
    let found = found.filter(|found| found.user.id == user.id);
    let session = found.ok_or(Failure::NotFound)?.session;
    Ok(sessions::end_as_admin(core, admin, &session).await?)
}

/// Revokes one access key of an account, or confirms a suspended one.
///
/// # Errors
/// [`Failure::PasswordNeeded`]; [`Failure::NotFound`], also for a key of another account, and for one that is in
/// another state.
pub async fn change_key(
    core: &Core,
    admin: &Admin,
    id: &str,
    key: String,
    change: KeyChange,
) -> Result<Changed, AppError> {
    let user = find(core, admin, id).await?;
    let key = AccessKeyId::parse(key).ok_or(Failure::NotFound)?;
    let (changed, outcome) = match change {
        KeyChange::Revoke => {
            let revoked = access_keys::revoke_as_admin(core, admin, &user.id, &key).await?;
            (revoked, Changed::KeyRevoked)
        }
        KeyChange::Confirm => {
            let confirmed = access_keys::confirm_as_admin(core, admin, &user.id, &key).await?;
            (confirmed, Changed::KeyConfirmed)
        }
    };
    changed.then_some(outcome).ok_or(Failure::NotFound.into())
}

/// Deletes an account after its name was repeated. Returns the name, and the number of sessions that ended.
///
/// # Errors
/// [`Failure::PasswordNeeded`]; [`Failure::NotFound`]; [`AccountRefusal::NameNotRepeated`];
/// [`AccountRefusal::LastAdministrator`].
pub async fn delete(
    core: &Core,
    admin: &Admin,
    id: &str,
    name: &str,
) -> Result<(String, u64), AppError> {
    let user = find(core, admin, id).await?;
    if LookupKey::of(name) != LookupKey::of(&user.username) {
        return Err(AccountRefusal::NameNotRepeated.into());
    }
    let ended = users::delete(core, admin, &user).await?;
    Ok((user.username, ended))
}

/// The same for a program, which names the account by its id alone. Returns the number of sessions that ended.
///
/// # Errors
/// [`Failure::PasswordNeeded`]; [`Failure::NotFound`]; [`AccountRefusal::LastAdministrator`].
pub async fn delete_by_id(core: &Core, admin: &Admin, id: &str) -> Result<u64, AppError> {
    let user = find(core, admin, id).await?;
    Ok(users::delete(core, admin, &user).await?)
}

/// The account with this id, for an administrator who entered the password recently.
///
/// # Errors
/// [`Failure::PasswordNeeded`]; [`Failure::NotFound`].
pub async fn find(core: &Core, admin: &Admin, id: &str) -> Result<User, AppError> {
    admin.demand_fresh()?;
    let id = UserId::parse(id.to_owned()).ok_or(Failure::NotFound)?;
    let found = store::users::find(&core.db, &id).await?;
    found.ok_or(Failure::NotFound.into())
}
