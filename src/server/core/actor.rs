//! Permissions: values that only the checks here make, from who acts.

pub use crate::domain::actor::{Actor, Browser};

use super::Core;
use crate::{
    domain::{
        session::{CurrentUser, Session},
        user::User,
    },
    error::{AppError, Failure},
};

/// A person with a live session, who acts on their own account.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    actor: &'a Actor,
    current: &'a CurrentUser,
}

impl<'a> Owner<'a> {
    /// # Errors
    /// [`Failure::NotSignedIn`].
    pub fn of(actor: &'a Actor) -> Result<Self, AppError> {
        let current = actor.person().ok_or(Failure::NotSignedIn)?;
        Ok(Self { actor, current })
    }

    /// For the confirmation of the password alone: also a person whose browser may not have received the answer to
    /// the last one.
    ///
    /// # Errors
    /// [`Failure::NotSignedIn`].
    pub fn confirming(actor: &'a Actor) -> Result<Self, AppError> {
        let current = actor.confirming_person().ok_or(Failure::NotSignedIn)?;
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
    /// [`Failure::PasswordNeeded`].
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
    /// [`Failure::NotFound`] for everybody else, so that they learn nothing; [`Failure::NotSignedIn`].
    pub fn of(core: &Core, actor: Actor) -> Result<Self, AppError> {
        let current = actor.person().ok_or(Failure::NotSignedIn)?;
        if !current.user.administers() {
            return Err(Failure::NotFound.into());
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
    /// [`Failure::PasswordNeeded`].
    pub fn demand_fresh(&self) -> Result<(), AppError> {
        if self.is_fresh {
            Ok(())
        } else {
            Err(Failure::PasswordNeeded.into())
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
/// [`Failure::PasswordNeeded`].
pub fn demand(core: &Core, current: &CurrentUser) -> Result<(), AppError> {
    if is_fresh(core, current) {
        Ok(())
    } else {
        Err(Failure::PasswordNeeded.into())
    }
}

pub fn is_fresh(core: &Core, current: &CurrentUser) -> bool {
    let (now, at) = (core.clock.now(), current.session.authenticated_at);
    // A confirmation of a clock that was ahead would else be good for as long as it was.
    !at.is_ahead_of(now) && now.since(at) < core.confirm_after
}
