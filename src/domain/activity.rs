//! What happened: the entries of the audit log.

use super::{
    moment::Timestamp,
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
    /// By somebody else than its owner.
    PasswordSet,
    /// By its owner.
    PasswordChanged,
    ProfileChanged,
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
            Self::PasswordSet => "password_set",
            Self::PasswordChanged => "password_changed",
            Self::ProfileChanged => "profile_changed",
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
            _ => None,
        }
    }

    /// # Errors
    /// [`UnknownEvent`].
    pub fn parse(event: &str, reason: Option<&str>) -> Result<Self, UnknownEvent> {
        let sign_ins = SignInRefusal::ALL.map(Self::SignInRefused);
        let changes = SignInRefusal::ALL.map(Self::PasswordChangeRefused);
        let confirmations = SignInRefusal::ALL.map(Self::ConfirmationRefused);
        let endings = EndReason::ALL.map(Self::SessionEnded);
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
            Self::PasswordSet,
            Self::PasswordChanged,
            Self::ProfileChanged,
            Self::SetUp,
            Self::SetUpRefused,
            Self::SetUpThrottled,
        ];
        let refusals = sign_ins.into_iter().chain(changes).chain(confirmations);
        let mut all = refusals.chain(endings).chain(others);
        all.find(|known| known.as_str() == event && known.reason() == reason)
            .ok_or(UnknownEvent)
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

/// What is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub at: Timestamp,
    pub event: Event,
    pub source: Source,
    /// Whom it concerns, where that is known.
    pub user: Option<UserId>,
    pub session: Option<SessionId>,
    /// Where it came from; empty for commands.
    pub address: String,
    pub user_agent: String,
}

/// What is read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub entry: Entry,
    /// As the account was called then.
    pub username: Option<String>,
    /// How often it happened in its window.
    pub times: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_read_back_from_its_words() {
        let events = [
            Event::SignedIn,
            Event::SignInRefused(SignInRefusal::UnknownUser),
            Event::SignInRefused(SignInRefusal::WrongPassword),
            Event::SignInRefused(SignInRefusal::UserDisabled),
            Event::SignInThrottled,
            Event::PasswordChangeRefused(SignInRefusal::WrongPassword),
            Event::PasswordChangeThrottled,
            Event::PasswordConfirmed,
            Event::ConfirmationRefused(SignInRefusal::WrongPassword),
            Event::ConfirmationThrottled,
            Event::SessionEnded(EndReason::SignedOut),
            Event::SessionEnded(EndReason::Idle),
            Event::SignInRecognised,
            Event::SignInDisowned,
            Event::UserCreated,
            Event::UserDisabled,
            Event::UserEnabled,
            Event::PasswordSet,
            Event::PasswordChanged,
            Event::ProfileChanged,
            Event::SetUp,
            Event::SetUpRefused,
            Event::SetUpThrottled,
        ];
        for event in events {
            assert_eq!(Event::parse(event.as_str(), event.reason()), Ok(event));
        }
        for (event, reason) in [
            ("signed_in", Some("idle")),
            ("session_ended", None),
            ("x", None),
        ] {
            assert_eq!(Event::parse(event, reason), Err(UnknownEvent), "{event}");
        }
    }
}
