//! What happened: the entries of the audit log.

mod told;
mod words;

pub use told::Part;

use crate::domain::{
    moment::Timestamp,
    password_link::LinkPurpose,
    session::{EndReason, SessionId},
    user::UserId,
};

/// Something that an administrator may have to look back on (ASVS V16.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    SignedIn,
    /// The password was looked at, and nobody was let in.
    SignInRefused(SignInRefusal),
    /// The attempt was not looked at, because there had been too many.
    SignInThrottled,
    /// Somebody in a signed-in browser did not know the current password.
    PasswordChangeRefused(SignInRefusal),
    PasswordChangeThrottled,
    /// Somebody who was signed in has typed their password again.
    PasswordConfirmed,
    ConfirmationRefused(SignInRefusal),
    ConfirmationThrottled,
    SessionEnded(EndReason),
    /// A person has said of a sign-in from a new browser that it was them,
    SignInRecognised,
    /// or that it was not.
    SignInDisowned,
    UserCreated,
    UserDisabled,
    UserEnabled,
    /// Made an administrator.
    UserPromoted,
    /// An administrator no more.
    UserDemoted,
    /// Its name stays in the log, and nothing else of it.
    UserDeleted,
    /// A link was made with which a person sets a password.
    LinkMade(LinkPurpose),
    /// The password was set by it.
    LinkUsed(LinkPurpose),
    /// Somebody came with a link that is not valid, or never was.
    LinkRefused,
    LinkThrottled,
    /// By somebody else than its owner.
    PasswordSet,
    /// By its owner.
    PasswordChanged,
    ProfileChanged,
    /// An administrator took the log away as a file.
    ActivityDownloaded,
    /// The first account was made.
    SetUp,
    SetUpRefused,
    SetUpThrottled,
}

/// Why a password let nobody in, or did not let them change it: for the log alone, the person gets one
/// answer for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInRefusal {
    /// The name that was typed is not kept: it is at times a password.
    UnknownUser,
    WrongPassword,
    UserDisabled,
    /// Longer than any password may be, so nothing was looked up.
    PasswordTooLong,
}

impl SignInRefusal {
    pub const ALL: [Self; 4] = [
        Self::UnknownUser,
        Self::WrongPassword,
        Self::UserDisabled,
        Self::PasswordTooLong,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownUser => "unknown_user",
            Self::WrongPassword => "wrong_password",
            Self::UserDisabled => "user_disabled",
            Self::PasswordTooLong => "password_too_long",
        }
    }
}

/// Two stored words that name no [`Event`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown event")]
pub struct UnknownEvent;

impl Event {
    /// The word that the database and programs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::SignInRefused(_) => "sign_in_refused",
            Self::SignInThrottled => "sign_in_throttled",
            Self::PasswordChangeRefused(_) => "password_change_refused",
            Self::PasswordChangeThrottled => "password_change_throttled",
            Self::PasswordConfirmed => "password_confirmed",
            Self::ConfirmationRefused(_) => "confirmation_refused",
            Self::ConfirmationThrottled => "confirmation_throttled",
            Self::SessionEnded(_) => "session_ended",
            Self::SignInRecognised => "sign_in_recognised",
            Self::SignInDisowned => "sign_in_disowned",
            Self::UserCreated => "user_created",
            Self::UserDisabled => "user_disabled",
            Self::UserEnabled => "user_enabled",
            Self::UserPromoted => "user_promoted",
            Self::UserDemoted => "user_demoted",
            Self::UserDeleted => "user_deleted",
            Self::LinkMade(_) => "link_made",
            Self::LinkUsed(_) => "link_used",
            Self::LinkRefused => "link_refused",
            Self::LinkThrottled => "link_throttled",
            Self::PasswordSet => "password_set",
            Self::PasswordChanged => "password_changed",
            Self::ProfileChanged => "profile_changed",
            Self::ActivityDownloaded => "activity_downloaded",
            Self::SetUp => "set_up",
            Self::SetUpRefused => "set_up_refused",
            Self::SetUpThrottled => "set_up_throttled",
        }
    }

    /// A second word, for events that have one.
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::SignInRefused(refusal)
            | Self::PasswordChangeRefused(refusal)
            | Self::ConfirmationRefused(refusal) => Some(refusal.as_str()),
            Self::SessionEnded(reason) => Some(reason.as_str()),
            Self::LinkMade(purpose) | Self::LinkUsed(purpose) => Some(purpose.as_str()),
            _ => None,
        }
    }

    /// Every event there is.
    fn all() -> impl Iterator<Item = Self> {
        let sign_ins = SignInRefusal::ALL.map(Self::SignInRefused);
        let changes = SignInRefusal::ALL.map(Self::PasswordChangeRefused);
        let confirmations = SignInRefusal::ALL.map(Self::ConfirmationRefused);
        let endings = EndReason::ALL.map(Self::SessionEnded);
        let links_made = LinkPurpose::ALL.map(Self::LinkMade);
        let links_used = LinkPurpose::ALL.map(Self::LinkUsed);
        let others = [
            Self::SignedIn,
            Self::SignInThrottled,
            Self::PasswordChangeThrottled,
            Self::PasswordConfirmed,
            Self::ConfirmationThrottled,
            Self::SignInRecognised,
            Self::SignInDisowned,
            Self::UserCreated,
            Self::UserDisabled,
            Self::UserEnabled,
            Self::UserPromoted,
            Self::UserDemoted,
            Self::UserDeleted,
            Self::LinkRefused,
            Self::LinkThrottled,
            Self::PasswordSet,
            Self::PasswordChanged,
            Self::ProfileChanged,
            Self::ActivityDownloaded,
            Self::SetUp,
            Self::SetUpRefused,
            Self::SetUpThrottled,
        ];
        let refusals = sign_ins.into_iter().chain(changes).chain(confirmations);
        let links = links_made.into_iter().chain(links_used);
        refusals.chain(endings).chain(links).chain(others)
    }

    /// # Errors
    /// [`UnknownEvent`].
    pub fn parse(event: &str, reason: Option<&str>) -> Result<Self, UnknownEvent> {
        let mut all = Self::all();
        all.find(|known| known.as_str() == event && known.reason() == reason)
            .ok_or(UnknownEvent)
    }

    /// The words of all events, each once, in the order of the alphabet: what a list can be narrowed to.
    pub fn kinds() -> Vec<&'static str> {
        let mut kinds: Vec<_> = Self::all().map(Self::as_str).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds
    }
}

/// By which way something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Browser,
    /// The command line on the server.
    Command,
    /// Nobody: time went by.
    Server,
}

impl Source {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Command => "command",
            Self::Server => "server",
        }
    }
}

/// Who does something to an account or a session, and from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    pub source: Source,
    /// The administrator, where it is one with an account.
    pub actor: Option<UserId>,
    /// Where the administrator sits; empty for commands.
    pub address: String,
    pub user_agent: String,
}

/// By a command, or by nobody whose name is known.
impl From<Source> for By {
    fn from(source: Source) -> Self {
        Self {
            source,
            actor: None,
            address: String::new(),
            user_agent: String::new(),
        }
    }
}

impl By {
    /// What is written down of something that happens to an account, and not in one of its sessions.
    pub fn entry(&self, event: Event, user: &UserId, at: Timestamp) -> Entry {
        Entry {
            at,
            event,
            source: self.source,
            user: Some(user.clone()),
            actor: self.actor.clone(),
            session: None,
            address: self.address.clone(),
            user_agent: self.user_agent.clone(),
        }
    }
}

/// What is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub at: Timestamp,
    pub event: Event,
    pub source: Source,
    /// Whom it concerns, where that is known.
    pub user: Option<UserId>,
    /// The administrator who did it, where it was one with an account.
    pub actor: Option<UserId>,
    pub session: Option<SessionId>,
    /// Where it came from; empty for commands.
    pub address: String,
    pub user_agent: String,
}

/// What is read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Names the row, and with its time its place in a list.
    pub id: String,
    pub entry: Entry,
    /// As the account was called then.
    pub username: Option<String>,
    /// As the administrator was called then.
    pub actor_name: Option<String>,
    /// How often it happened in its window.
    pub times: u64,
}

#[cfg(test)]
mod tests;
