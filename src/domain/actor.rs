//! Who acts, in which way, and in which browser.

use super::{
    audit::{Entry, Event, Source},
    moment::Timestamp,
    session::{CurrentUser, SessionId},
    user::UserId,
};

/// User agents are kept for users to read, not as evidence, so they are cut to this length.
const MAX_USER_AGENT_CHARS: usize = 256;

/// The origin of a request; empty for commands and the server's own work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
}

/// Who does something. It is created at the edge, for each request, command and background job. A use case that
/// changes something takes an actor, or a permission that a check created from one. It creates the audit entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    who: Who,
    source: Source,
    browser: Browser,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Who {
    /// A visitor, a command, or the server itself.
    Unknown,
    /// A user in their session.
    SignedIn(Box<CurrentUser>),
    /// A user whose token was replaced a moment ago. They may only confirm their password again.
    Confirming(Box<CurrentUser>),
    /// A user who acts on the accounts of others. The audit log names them.
    Administrator(Box<CurrentUser>),
}

impl Actor {
    /// A browser without a session.
    pub const fn visitor(browser: Browser) -> Self {
        Self::new(Who::Unknown, Source::Browser, browser)
    }

    pub const fn signed_in(current: Box<CurrentUser>, browser: Browser) -> Self {
        Self::new(Who::SignedIn(current), Source::Browser, browser)
    }

    pub const fn confirming(current: Box<CurrentUser>, browser: Browser) -> Self {
        Self::new(Who::Confirming(current), Source::Browser, browser)
    }

    /// The command line on this machine.
    pub fn command() -> Self {
        Self::new(Who::Unknown, Source::Command, Browser::default())
    }

    /// The server itself, in a background job.
    pub fn server() -> Self {
        Self::new(Who::Unknown, Source::Server, Browser::default())
    }

    const fn new(who: Who, source: Source, browser: Browser) -> Self {
        Self {
            who,
            source,
            browser,
        }
    }

    /// The same user, acting on the accounts of others.
    #[must_use]
    pub fn into_administrator(self) -> Self {
        let who = match self.who {
            Who::SignedIn(current) => Who::Administrator(current),
            who => who,
        };
        Self { who, ..self }
    }

    pub const fn source(&self) -> Source {
        self.source
    }

    pub const fn browser(&self) -> &Browser {
        &self.browser
    }

    /// The user, if they act for themselves.
    pub const fn person(&self) -> Option<&CurrentUser> {
        match &self.who {
            Who::SignedIn(current) => Some(current),
            _ => None,
        }
    }

    /// The user, if they may confirm their password.
    pub const fn confirming_person(&self) -> Option<&CurrentUser> {
        match &self.who {
            Who::SignedIn(current) | Who::Confirming(current) => Some(current),
            _ => None,
        }
    }

    /// The administrator whom the audit log names as the actor.
    pub const fn administrator(&self) -> Option<&UserId> {
        match &self.who {
            Who::Administrator(current) => Some(&current.user.id),
            _ => None,
        }
    }

    /// The audit entry of an event that concerns `user`, if known, in `session`, if it happened in one.
    pub fn entry(
        &self,
        at: Timestamp,
        event: Event,
        user: Option<&UserId>,
        session: Option<&SessionId>,
    ) -> Entry {
        Entry {
            at,
            event,
            source: self.source,
            user: user.cloned(),
            actor: self.administrator().cloned(),
            session: session.cloned(),
            address: self.browser.address.clone(),
            user_agent: self.browser.user_agent.clone(),
        }
    }
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
