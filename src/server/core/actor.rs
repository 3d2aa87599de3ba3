//! Who acts, and what they may: permissions are values which only the checks here make.

use super::Core;
use crate::{
    domain::{
        audit::{By, Entry, Event, Source},
        session::{CurrentUser, SessionId},
        user::UserId,
    },
    error::AppError,
};

/// User agents are kept for people to read, not as evidence: no longer than this.
const MAX_USER_AGENT_CHARS: usize = 256;

/// The browser that signs in.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    pub address: String,
    pub user_agent: String,
}

impl Browser {
    /// Control characters could break a log line or a terminal.
    pub fn new(address: String, user_agent: &str) -> Self {
        let user_agent = user_agent
            .chars()
            .filter(|c| !c.is_control())
            .take(MAX_USER_AGENT_CHARS)
            .collect();
        Self {
            address,
            user_agent,
        }
    }

    /// What happens in this browser.
    pub fn entry(
        &self,
        core: &Core,
        event: Event,
        user: Option<&UserId>,
        session: Option<&SessionId>,
    ) -> Entry {
        Entry {
            at: core.clock.now(),
            event,
            source: core.source,
            user: user.cloned(),
            actor: None,
            session: session.cloned(),
            address: self.address.clone(),
            user_agent: self.user_agent.clone(),
        }
    }
}

/// Somebody who may administer, and who the audit log will say it was.
#[derive(Debug)]
pub struct Admin {
    by: By,
    is_fresh: bool,
}

impl Admin {
    pub const fn by(&self) -> &By {
        &self.by
    }

    /// A browser that an administrator left open is no key to other people's accounts (ASVS V7.5.3).
    pub fn demand_fresh(&self) -> Result<(), AppError> {
        if self.is_fresh {
            Ok(())
        } else {
            Err(AppError::PasswordNeeded)
        }
    }
}

/// The permission of a caller in a browser who is an administrator now: the account was read for this request.
///
/// # Errors
/// [`AppError::NotFound`] for everybody else, so that they learn nothing.
pub fn administrator(
    core: &Core,
    current: &CurrentUser,
    browser: &Browser,
) -> Result<Admin, AppError> {
    if !current.user.administers() {
        return Err(AppError::NotFound);
    }
    let by = By {
        source: Source::Browser,
        actor: Some(current.user.id.clone()),
        address: browser.address.clone(),
        user_agent: browser.user_agent.clone(),
    };
    let is_fresh = is_fresh(core, current);
    Ok(Admin { by, is_fresh })
}

/// The permission of the command line: who can read the database on this machine cannot be stopped anyway.
pub fn on_this_machine() -> Admin {
    Admin {
        by: Source::Command.into(),
        is_fresh: true,
    }
}

/// Demands that the password was typed not long ago, in this very session: a browser that was left open
/// is no key to the account.
///
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_is_kept_short_and_printable() {
        let browser = Browser::new(
            String::new(),
            &format!("a\r\n\u{1b}[31m{}", "b".repeat(1_000)),
        );
        assert!(browser.user_agent.starts_with("a[31mb"));
        assert_eq!(browser.user_agent.chars().count(), MAX_USER_AGENT_CHARS);
    }
}
