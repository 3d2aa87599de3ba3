//! The entries of the audit log.

mod for_administrators;
mod for_owner;
mod recorded_method;
mod refusals;

pub use for_administrators::Part;
pub use recorded_method::RecordedMethod;
pub use refusals::{AccessKeyProblem, SignInRefusal};

use crate::domain::{
    access_key::{AccessKeyId, RevokeReason},
    moment::Timestamp,
    password_link::LinkPurpose,
    session::{EndReason, SessionId},
    user::UserId,
};

/// A kind of event in a filter: its word, and its title.
pub type Kind = (&'static str, &'static str);

/// Makes [`Event`] from one row for each kind, in groups for the filter of the audit log: its name and payload, its
/// word in the database and for programs, and its title in the filter, unless it shares the word of another.
///
/// A new event needs a row here, a sentence for administrators (`for_administrators.rs`) and one for the owner of the
/// account (`for_owner.rs`).
macro_rules! events {
    ($($group:literal {
        $($(#[$note:meta])* $name:ident $(($payload:ident))? = $word:literal $(, $title:literal)?;)*
    })*) => {
        /// An event that an administrator may have to trace (ASVS V16.3.1).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Event {
            $($($(#[$note])* $name $(($payload))?,)*)*
            /// Written by a newer version, which may run beside this one: [`Record::unknown`] has its words.
            Unknown,
        }

        impl Event {
            /// The choices of the filter in groups, with their titles: every kind of event.
            pub const KINDS: &'static [(&'static str, &'static [Kind])] =
                &[$(($group, &[$($(($word, $title),)?)*])),*];

            /// The word in the database and for programs.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($(Self::$name { .. } => $word,)*)*
                    Self::Unknown => "unknown",
                }
            }

            /// A second word, for events that have one.
            pub fn reason(self) -> Option<&'static str> {
                $($($(
                    if let Self::$name(payload) = self {
                        let payload: $payload = payload;
                        return Some(payload.as_str());
                    }
                )?)*)*
                None
            }

            /// Every known event.
            fn all() -> Vec<Self> {
                let mut all = Vec::new();
                $($(all.extend(events!(@each $name $($payload)?));)*)*
                all
            }
        }
    };
    (@each $name:ident) => { [Self::$name] };
    (@each $name:ident $payload:ident) => { $payload::ALL.map(Self::$name) };
}

events! {
    "Sign-in" {
        /// With a password or an access key.
        SignedIn = "signed_in", "Sign-ins";
        /// In another way, which is the reason.
        SignedInBy(RecordedMethod) = "signed_in";
        /// The password was checked and the sign-in refused.
        SignInRefused(SignInRefusal) = "sign_in_refused", "Refused sign-ins";
        /// The attempt was throttled: its password was not checked.
        SignInThrottled = "sign_in_throttled", "Sign-ins delayed (too many attempts)";
        /// The owner recognised a sign-in from a new browser.
        SignInRecognised = "sign_in_recognised", "Sign-ins reported as known";
        /// The owner disowned a sign-in from a new browser.
        SignInDisowned = "sign_in_disowned", "Sign-ins reported as unknown";
    }
    "Session" {
        SessionEnded(EndReason) = "session_ended", "Ended sessions";
        /// Its owner named a browser, or removed the name.
        DeviceNamed = "device_named", "Devices named";
    }
    "Password" {
        /// A signed-in user confirmed their password.
        PasswordConfirmed = "password_confirmed", "Password confirmations";
        ConfirmationRefused(SignInRefusal) = "confirmation_refused", "Refused confirmations";
        ConfirmationThrottled = "confirmation_throttled", "Confirmations delayed (too many attempts)";
        /// By its owner.
        PasswordChanged = "password_changed", "Password changes";
        /// In a signed-in browser, with a wrong current password.
        PasswordChangeRefused(SignInRefusal) = "password_change_refused", "Refused password changes";
        PasswordChangeThrottled = "password_change_throttled", "Password changes delayed (too many attempts)";
        /// By somebody other than the owner.
        PasswordSet = "password_set", "Passwords set by an administrator";
        /// A link to set a password was created.
        LinkMade(LinkPurpose) = "link_made", "Password links created";
        /// The password was set with it.
        LinkUsed(LinkPurpose) = "link_used", "Password links used";
        /// A link was used that is not valid, or never was.
        LinkRefused = "link_refused", "Refused password links";
        LinkThrottled = "link_throttled", "Password links delayed (too many attempts)";
    }
    "Account" {
        ProfileChanged = "profile_changed", "Profile changes";
        UserCreated = "user_created", "Accounts created";
        /// It got another username.
        UserRenamed = "user_renamed", "Usernames changed";
        /// Its full name or email address was changed by an administrator.
        UserEdited = "user_edited", "Accounts edited";
        UserDisabled = "user_disabled", "Accounts disabled";
        UserEnabled = "user_enabled", "Accounts enabled";
        /// The account became an administrator.
        UserPromoted = "user_promoted", "Administrator role given";
        /// The account lost the role of administrator.
        UserDemoted = "user_demoted", "Administrator role removed";
        /// The log keeps its name, and nothing else of it.
        UserDeleted = "user_deleted", "Accounts deleted";
    }
    "Access keys" {
        AccessKeyMade = "access_key_made", "Access keys created";
        AccessKeyRevoked(RevokeReason) = "access_key_revoked", "Access keys revoked";
        /// The database was restored from a backup.
        AccessKeySuspended = "access_key_suspended", "Access keys suspended";
        /// Its owner or an administrator confirmed a suspended key.
        AccessKeyConfirmed = "access_key_confirmed", "Access keys confirmed";
        AccessKeyRefused(AccessKeyProblem) = "access_key_refused", "Refused access keys";
    }
    "Log" {
        /// An administrator downloaded the log.
        AuditDownloaded = "activity_downloaded", "Audit log downloads";
    }
    "Setup" {
        /// The first account was created.
        SetUp = "set_up", "First account created";
        SetUpRefused = "set_up_refused", "Refused setups";
        SetUpThrottled = "set_up_throttled", "Setups delayed (too many attempts)";
    }
}

/// The stored words of an event that this version does not know.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{event}{}", reason.as_ref().map(|reason| format!(", {reason}")).unwrap_or_default())]
pub struct UnknownEvent {
    pub event: String,
    pub reason: Option<String>,
}

impl Event {
    pub fn parse(event: &str, reason: Option<&str>) -> Result<Self, UnknownEvent> {
        let mut all = Self::all().into_iter();
        all.find(|known| known.as_str() == event && known.reason() == reason)
            .ok_or_else(|| UnknownEvent {
                event: event.to_owned(),
                reason: reason.map(str::to_owned),
            })
    }

    /// The words of all events, each once, in alphabetical order: the choices of a filter.
    pub fn kinds() -> Vec<&'static str> {
        let kinds = Self::KINDS.iter().flat_map(|(_, kinds)| *kinds);
        let mut kinds: Vec<_> = kinds.map(|(kind, _)| *kind).collect();
        kinds.sort_unstable();
        kinds
    }
}

/// The way in which something was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Browser,
    /// A program with an access key.
    AccessKey,
    /// A program with an access token.
    AccessToken,
    /// The command line on the server.
    Command,
    /// A background job.
    Server,
}

impl Source {
    pub const ALL: [Self; 5] = [
        Self::Browser,
        Self::AccessKey,
        Self::AccessToken,
        Self::Command,
        Self::Server,
    ];

    /// The word for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::AccessKey => "access_key",
            Self::AccessToken => "access_token",
            Self::Command => "command",
            Self::Server => "server",
        }
    }
}

/// A new entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub at: Timestamp,
    pub event: Event,
    pub source: Source,
    /// The account it concerns, if known.
    pub user: Option<UserId>,
    /// The administrator who did it, if it was one with an account.
    pub actor: Option<UserId>,
    pub session: Option<SessionId>,
    /// The session in which its owner did it, if it was one. It is written as the name of the browser.
    pub own_session: Option<SessionId>,
    /// The access key that it concerns, or with which it was done.
    pub key: Option<AccessKeyId>,
    /// The username before it was changed.
    pub previous_name: Option<String>,
    /// The client's address; empty for commands.
    pub address: String,
    pub user_agent: String,
}

impl Entry {
    /// The same about this access key.
    #[must_use]
    pub fn about_key(self, key: &AccessKeyId) -> Self {
        Self {
            key: Some(key.clone()),
            ..self
        }
    }

    /// The same about an account that had this username.
    #[must_use]
    pub fn renamed_from(self, previous: String) -> Self {
        Self {
            previous_name: Some(previous),
            ..self
        }
    }

    /// The session in which it happened: the log keeps the name of its browser. `None` for an event about another
    /// browser of the owner, whose session the entry names.
    pub const fn session_of_browser(&self) -> Option<&SessionId> {
        match (&self.own_session, self.event) {
            (Some(own), _) => Some(own),
            (None, Event::SignInRecognised | Event::SignInDisowned | Event::DeviceNamed) => None,
            (None, _) => self.session.as_ref(),
        }
    }
}

/// A stored entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Identifies the row, and with its time its position in a list.
    pub id: String,
    pub entry: Entry,
    /// The words of [`Event::Unknown`].
    pub unknown: Option<UnknownEvent>,
    /// The name of the account at that time.
    pub username: Option<String>,
    /// The name of the administrator at that time.
    pub actor_name: Option<String>,
    /// The name of the access key.
    pub key_name: Option<String>,
    /// The name that the owner had given to the browser.
    pub device_name: Option<String>,
    /// How often it happened in its window.
    pub times: u64,
}

impl Record {
    /// The words of the event as they are stored, also if this version does not know them.
    pub fn words(&self) -> (&str, Option<&str>) {
        match &self.unknown {
            Some(unknown) => (&unknown.event, unknown.reason.as_deref()),
            None => (self.entry.event.as_str(), self.entry.event.reason()),
        }
    }
}

#[cfg(test)]
mod tests;
