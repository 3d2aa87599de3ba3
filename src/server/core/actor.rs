//! Permissions: values that only this module creates, from an actor.

pub use crate::domain::actor::{Actor, Browser};

use super::Core;
use crate::{
    domain::{
        access_key::Scope,
        session::{CurrentUser, Session},
        user::User,
    },
    error::{AppError, Failure},
};

/// A person who acts on their own account, in a session or by a program, as far as a scope permits.
#[derive(Clone, Copy, Debug)]
pub struct Permitted<'a> {
    actor: &'a Actor,
    user: &'a User,
}

impl<'a> Permitted<'a> {
    /// # Errors
    /// [`Failure::NotSignedIn`]; [`Failure::NotPermitted`] if the key or token does not have the scope.
    pub fn of(actor: &'a Actor, scope: Scope) -> Result<Self, AppError> {
        let user = actor.user().ok_or(Failure::NotSignedIn)?;
        demand_scope(actor, scope)?;
        Ok(Self { actor, user })
    }

    pub const fn actor(self) -> &'a Actor {
        self.actor
    }

    pub const fn user(self) -> &'a User {
        self.user
    }

    /// `None` for a program with an access key.
    pub fn session(self) -> Option<&'a Session> {
        self.actor.person().map(|current| &current.session)
    }
}

fn demand_scope(actor: &Actor, scope: Scope) -> Result<(), AppError> {
    if actor.scopes().contains(scope) {
        Ok(())
    } else {
        Err(Failure::NotPermitted.into())
    }
}

/// A person with a live session, who acts on their own account with everything that it may do.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    actor: &'a Actor,
    current: &'a CurrentUser,
}

impl<'a> Owner<'a> {
    /// # Errors
    /// [`Failure::NotSignedIn`]; [`Failure::NotPermitted`] in a session or with a token that may do less.
    pub fn of(actor: &'a Actor) -> Result<Self, AppError> {
        let owner = Self::in_any_session(actor)?;
        if owner.current.has_everything(actor.scopes()) {
            Ok(owner)
        } else {
            Err(Failure::NotPermitted.into())
        }
    }

    /// Also accepts a session that may do less, because an access key started it.
    ///
    /// # Errors
    /// [`Failure::NotSignedIn`].
    pub fn in_any_session(actor: &'a Actor) -> Result<Self, AppError> {
        let current = actor.person().ok_or(Failure::NotSignedIn)?;
        Ok(Self { actor, current })
    }

    /// Only for confirming the password: also accepts a person whose browser may not have received the answer to the
    /// previous confirmation.
    ///
    /// # Errors
    /// [`Failure::NotSignedIn`].
    pub fn confirming(actor: &'a Actor) -> Result<Self, AppError> {
        let current = actor.confirming_person().ok_or(Failure::NotSignedIn)?;
        if current.session.key.is_some() {
            return Err(Failure::NotPermitted.into());
        }
        Ok(Self { actor, current })
    }

    pub const fn actor(self) -> &'a Actor {
        self.actor
    }

    pub const fn user(self) -> &'a User {
        &self.current.user
    }

    pub const fn session(self) -> &'a Session {
        &self.current.session
    }

    /// Demands that the password was entered recently in this session: an unattended browser must not give access to
    /// the account.
    ///
    /// # Errors
    /// [`Failure::PasswordNeeded`].
    pub fn demand_fresh(self, core: &Core) -> Result<(), AppError> {
        demand_fresh(core, self.current)
    }
}

/// The permission to administer.
#[derive(Debug)]
pub struct Admin {
    actor: Actor,
    is_fresh: bool,
    has_everything: bool,
}

impl Admin {
    /// Demands that the actor is an administrator, whose account was read for this request, and has the scope.
    ///
    /// A program with an access key has just presented its secret, so it needs no password. A session that was started
    /// with a key cannot confirm a password, so it is never fresh.
    ///
    /// # Errors
    /// [`Failure::NotFound`] for all others, so that they learn nothing; [`Failure::NotSignedIn`];
    /// [`Failure::NotPermitted`].
    pub fn of(core: &Core, actor: Actor, scope: Scope) -> Result<Self, AppError> {
        let user = actor.user().ok_or(Failure::NotSignedIn)?;
        if !user.administers() {
            return Err(Failure::NotFound.into());
        }
        demand_scope(&actor, scope)?;
        let is_fresh = match actor.person() {
            Some(current) => is_fresh(core, current),
            None => true,
        };
        let has_everything = Owner::of(&actor).is_ok();
        Ok(Self {
            is_fresh,
            has_everything,
            actor: actor.into_administrator(),
        })
    }

    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// An unattended browser of an administrator must not give access to other people's accounts (ASVS V7.5.3).
    ///
    /// # Errors
    /// [`Failure::PasswordNeeded`].
    pub fn demand_fresh(&self) -> Result<(), AppError> {
        if self.is_fresh {
            Ok(())
        } else {
            Err(Failure::PasswordNeeded.into())
        }
    }

    /// Roles, names to sign in with and links for passwords give away whole accounts, those of administrators among them. So they are for
    /// sessions with all rights: not for a key, nor for a session or a token that may do less.
    ///
    /// # Errors
    /// [`Failure::NotPermitted`].
    pub fn demand_everything(&self) -> Result<(), AppError> {
        if self.has_everything {
            Ok(())
        } else {
            Err(Failure::NotPermitted.into())
        }
    }
}

/// The permission of the command line: a process that can read the database on this machine cannot be restricted.
pub fn on_this_machine() -> Admin {
    Admin {
        actor: Actor::command(),
        is_fresh: true,
        has_everything: true,
    }
}

/// # Errors
/// [`Failure::PasswordNeeded`].
pub fn demand_fresh(core: &Core, current: &CurrentUser) -> Result<(), AppError> {
    if is_fresh(core, current) {
        Ok(())
    } else {
        Err(Failure::PasswordNeeded.into())
    }
}

pub fn is_fresh(core: &Core, current: &CurrentUser) -> bool {
    let (now, at) = (core.clock.now(), current.session.authenticated_at);
    // A session that was started with an access key has no password to confirm.
    let has_password = current.session.key.is_none();
    // A confirmation by a clock that was ahead would otherwise stay fresh until the clock has caught up.
    has_password && !at.is_ahead_of(now) && now.since(at) < core.confirm_after
}
