//! Permissions: values that only this module creates, from an actor.

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

    /// Only for confirming the password: also accepts a person whose browser may not have received the answer to the
    /// previous confirmation.
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
}

impl Admin {
    /// Demands that the actor is an administrator, whose account was read for this request.
    ///
    /// # Errors
    /// [`Failure::NotFound`] for all others, so that they learn nothing; [`Failure::NotSignedIn`].
    pub fn of(core: &Core, actor: Actor) -> Result<Self, AppError> {
        let current = actor.person().ok_or(Failure::NotSignedIn)?;
        if !current.user.administers() {
            return Err(Failure::NotFound.into());
        }
        Ok(Self {
            is_fresh: is_fresh(core, current),
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
}

/// The permission of the command line: a process that can read the database on this machine cannot be restricted.
pub fn on_this_machine() -> Admin {
    Admin {
        actor: Actor::command(),
        is_fresh: true,
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
    // A confirmation by a clock that was ahead would otherwise stay fresh until the clock has caught up.
    !at.is_ahead_of(now) && now.since(at) < core.confirm_after
}
