//! Who acts, in which way, and in which browser.

use super::{
    access_key::{AccessKeyId, KeyHolder, Scopes},
    audit::{Entry, Event, Source},
    moment::Timestamp,
    session::{CurrentUser, SessionId},
    user::{User, UserId},
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
    scopes: Scopes,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Who {
    /// A visitor, a command, or the server itself.
    Unknown,
    /// A user in their session.
    SignedIn(Box<CurrentUser>),
    /// A user whose token was replaced a moment ago. They may only confirm their password again.
    Confirming(Box<CurrentUser>),
    /// A program with an access key of a user.
    KeyHolder(Box<KeyHolder>),
    /// A user who acts on the accounts of others, with this access key if it is a program. The audit log names them.
    Administrator(UserId, Option<AccessKeyId>),
}

impl Actor {
    /// A browser without a session.
    pub const fn visitor(browser: Browser) -> Self {
        Self::new(Who::Unknown, Source::Browser, browser)
    }

    /// A browser in its session.
    pub fn signed_in(current: Box<CurrentUser>, browser: Browser) -> Self {
        let scopes = current.scopes();
        Self::new(Who::SignedIn(current), Source::Browser, browser).with(scopes)
    }

    pub const fn confirming(current: Box<CurrentUser>, browser: Browser) -> Self {
        Self::new(Who::Confirming(current), Source::Browser, browser)
    }

    /// A program with an access token of a session. It may do what the token names and the session still may.
    pub fn with_token(current: Box<CurrentUser>, token: Scopes, browser: Browser) -> Self {
        let scopes = current.scopes().intersection(token);
        Self::new(Who::SignedIn(current), Source::AccessToken, browser).with(scopes)
    }

    /// A program with an access key.
    pub fn with_key(holder: Box<KeyHolder>, browser: Browser) -> Self {
        let scopes = holder.scopes();
        Self::new(Who::KeyHolder(holder), Source::AccessKey, browser).with(scopes)
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
            scopes: Scopes::none(),
        }
    }

    fn with(self, scopes: Scopes) -> Self {
        Self { scopes, ..self }
    }

    /// The same user, acting on the accounts of others.
    #[must_use]
    pub fn into_administrator(self) -> Self {
        let key = self.key().cloned();
        let who = match self.who {
            Who::SignedIn(current) => Who::Administrator(current.user.id, key),
            Who::KeyHolder(holder) => Who::Administrator(holder.user.id, key),
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

    /// What the actor may do, by their role at the start of the request.
    pub const fn scopes(&self) -> Scopes {
        self.scopes
    }

    /// The user, in a session or with a key.
    pub fn user(&self) -> Option<&User> {
        match &self.who {
            Who::SignedIn(current) => Some(&current.user),
            Who::KeyHolder(holder) => Some(&holder.user),
            Who::Unknown | Who::Confirming(_) | Who::Administrator(..) => None,
        }
    }

    /// The access key with which they act, or with which their session was started.
    pub fn key(&self) -> Option<&AccessKeyId> {
        match &self.who {
            Who::SignedIn(current) => current.session.key.as_ref().map(|key| &key.id),
            Who::KeyHolder(holder) => Some(&holder.key.id),
            Who::Administrator(_, key) => key.as_ref(),
            Who::Unknown | Who::Confirming(_) => None,
        }
    }

    /// The user, if they act for themselves in a session.
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
            Who::Administrator(user, _) => Some(user),
            _ => None,
        }
    }

    /// The session in which they act for themselves. Somebody else may sign in, or try to, in the same browser.
    fn session_of(&self, user: Option<&UserId>) -> Option<&SessionId> {
        let person = self.person()?;
        (user == Some(&person.user.id)).then_some(&person.session.id)
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
            own_session: self.session_of(user).cloned(),
            key: self.key().cloned(),
            previous_name: None,
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
