//! Permissions: values that only the checks here make, from who acts.

pub use crate::domain::actor::{Actor, Browser};

use super::Core;
use crate::{
    domain::{
        session::{CurrentUser, Session},
        user::User,
    },
    error::AppError,
};

/// A person with a live session, who acts on their own account.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    actor: &'a Actor,
    current: &'a CurrentUser,
}

impl<'a> Owner<'a> {
    /// # Errors
    /// [`AppError::NotSignedIn`].
    pub fn of(actor: &'a Actor) -> Result<Self, AppError> {
        let current = actor.person().ok_or(AppError::NotSignedIn)?;
        Ok(Self { actor, current })
    }

    /// For the confirmation of the password alone: also a person whose browser may not have received the answer to
    /// the last one.
    ///
    /// # Errors
    /// [`AppError::NotSignedIn`].
    pub fn confirming(actor: &'a Actor) -> Result<Self, AppError> {
        let current = actor.confirming_person().ok_or(AppError::NotSignedIn)?;
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

    /// Demands that the password was typed a short time ago, in this very session: a browser that was left open
    /// is no key to the account.
    ///
    /// # Errors
    /// [`AppError::PasswordNeeded`].
    pub fn demand_fresh(self, core: &Core) -> Result<(), AppError> {
        demand(core, self.current)
    }
}

/// Somebody who may administer.
#[derive(Debug)]
pub struct Admin {
    actor: Actor,
    is_fresh: bool,
}

impl Admin {
    /// The permission of an administrator, whose account was read for this request.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for everybody else, so that they learn nothing; [`AppError::NotSignedIn`].
    pub fn of(core: &Core, actor: Actor) -> Result<Self, AppError> {
        let current = actor.person().ok_or(AppError::NotSignedIn)?;
        if !current.user.administers() {
            return Err(AppError::NotFound);
        }
        Ok(Self {
            is_fresh: is_fresh(core, current),
            actor: actor.as_administrator(),
        })
    }

    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// A browser that an administrator left open is no key to other people's accounts (ASVS V7.5.3).
    ///
    /// # Errors
    /// [`AppError::PasswordNeeded`].
    pub const fn demand_fresh(&self) -> Result<(), AppError> {
        if self.is_fresh {
            Ok(())
        } else {
            Err(AppError::PasswordNeeded)
        }
    }
}

/// The permission of the command line: whoever can read the database on this machine cannot be stopped anyway.
pub fn on_this_machine() -> Admin {
    Admin {
        actor: Actor::command(),
        is_fresh: true,
    }
}

/// # Errors
/// [`AppError::PasswordNeeded`].
pub fn demand(core: &Core, current: &CurrentUser) -> Result<(), AppError> {
    if is_fresh(core, current) {
        Ok(())
    } else {
        Err(AppError::PasswordNeeded)
    }
}

pub fn is_fresh(core: &Core, current: &CurrentUser) -> bool {
    let (now, at) = (core.clock.now(), current.session.authenticated_at);
    // A confirmation of a clock that was ahead would else be good for as long as it was.
    !at.is_ahead_of(now) && now.since(at) < core.confirm_after
}
