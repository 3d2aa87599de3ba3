//! The entries of the audit log.

mod for_administrators;
mod for_owner;

pub use for_administrators::Part;

use crate::domain::{
    access_key::{AccessKeyId, RevokeReason},
    moment::Timestamp,
    password_link::LinkPurpose,
    session::{EndReason, SessionId},
    user::UserId,
};

/// Makes [`Event`] from one row for each kind: its name and payload, its word in the database and for programs, and
/// its title in the filter of the audit log. A new event is a row here, a sentence for administrators
/// (`for_administrators.rs`) and one for the owner of the account (`for_owner.rs`).
macro_rules! events {
    ($($(#[$note:meta])* $name:ident $(($payload:ident))? = $word:literal, $title:literal;)*) => {
        /// An event that an administrator may have to trace (ASVS V16.3.1).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Event {
            $($(#[$note])* $name $(($payload))?,)*
        }

        impl Event {
            /// The choices of the filter, with their titles: every kind of event.
            pub const KINDS: &'static [(&'static str, &'static str)] = &[$(($word, $title)),*];

            /// The word in the database and for programs.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name { .. } => $word,)*
                }
            }

            /// A second word, for events that have one.
            pub fn reason(self) -> Option<&'static str> {
                $($(
                    if let Self::$name(payload) = self {
                        let payload: $payload = payload;
                        return Some(payload.as_str());
                    }
                )?)*
                None
            }

            /// Every event.
            fn all() -> Vec<Self> {
                let mut all = Vec::new();
                $(all.extend(events!(@each $name $($payload)?));)*
                all
            }
        }
    };
    (@each $name:ident) => { [Self::$name] };
    (@each $name:ident $payload:ident) => { $payload::ALL.map(Self::$name) };
}

events! {
    SignedIn = "signed_in", "Sign-ins";
    /// The password was checked and the sign-in refused.
    SignInRefused(SignInRefusal) = "sign_in_refused", "Refused sign-ins";
    /// The attempt was throttled: its password was not checked.
    SignInThrottled = "sign_in_throttled", "Sign-ins put off";
    /// The owner recognised a sign-in from a new browser,
    SignInRecognised = "sign_in_recognised", "New devices that were known";
    /// or disowned it.
    SignInDisowned = "sign_in_disowned", "New devices that were not known";
    SessionEnded(EndReason) = "session_ended", "Ended sessions";
    /// A signed-in user confirmed their password.
    PasswordConfirmed = "password_confirmed", "Confirmations";
    ConfirmationRefused(SignInRefusal) = "confirmation_refused", "Refused confirmations";
    ConfirmationThrottled = "confirmation_throttled", "Confirmations put off";
    /// By its owner.
    PasswordChanged = "password_changed", "Changes of passwords";
    /// In a signed-in browser, with a wrong current password.
    PasswordChangeRefused(SignInRefusal) = "password_change_refused", "Refused changes of passwords";
    PasswordChangeThrottled = "password_change_throttled", "Changes of passwords put off";
    /// By somebody other than the owner.
    PasswordSet = "password_set", "Passwords set for somebody";
    ProfileChanged = "profile_changed", "Changes of profiles";
    UserCreated = "user_created", "Accounts made";
    /// It got another username.
    UserRenamed = "user_renamed", "Usernames changed";
    /// Its full name or e-mail address was changed by an administrator.
    UserEdited = "user_edited", "Accounts edited";
    UserDisabled = "user_disabled", "Accounts disabled";
    UserEnabled = "user_enabled", "Accounts enabled";
    /// The account became an administrator.
    UserPromoted = "user_promoted", "New administrators";
    /// The account lost the role of administrator.
    UserDemoted = "user_demoted", "Administrators no more";
    /// The log keeps its name, and nothing else of it.
    UserDeleted = "user_deleted", "Accounts deleted";
    /// A link to set a password was created.
    LinkMade(LinkPurpose) = "link_made", "Links for passwords made";
    /// The password was set with it.
    LinkUsed(LinkPurpose) = "link_used", "Links for passwords used";
    /// A link was used that is not valid, or never was.
    LinkRefused = "link_refused", "Links for passwords refused";
    LinkThrottled = "link_throttled", "Links for passwords put off";
    AccessKeyMade = "access_key_made", "Access keys made";
    AccessKeyRevoked(RevokeReason) = "access_key_revoked", "Access keys revoked";
    /// The database was restored from a backup.
    AccessKeySuspended = "access_key_suspended", "Access keys suspended";
    /// Its owner or an administrator confirmed a suspended key.
    AccessKeyConfirmed = "access_key_confirmed", "Access keys confirmed";
    AccessKeyRefused(AccessKeyProblem) = "access_key_refused", "Access keys refused";
    /// An administrator downloaded the log.
    AuditDownloaded = "activity_downloaded", "Downloads of the audit log";
    /// The first account was created.
    SetUp = "set_up", "The first account";
    SetUpRefused = "set_up_refused", "Refused first accounts";
    SetUpThrottled = "set_up_throttled", "First accounts put off";
}

/// Why a password was refused. It is for the log only: the client gets the same answer for all reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInRefusal {
    /// The submitted name is not kept: users sometimes type a password there.
    UnknownUser,
    WrongPassword,
    UserDisabled,
    /// Longer than any password may be, so no account was looked up.
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

/// Why a key was refused. It is for the log only: the client gets the same answer for all reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessKeyProblem {
    /// No key has this id, or it has another secret.
    Unknown,
    Revoked,
    Expired,
    Suspended,
    /// The client's address is in none of its networks.
    Network,
    UserDisabled,
}

impl AccessKeyProblem {
    pub const ALL: [Self; 6] = [
        Self::Unknown,
        Self::Revoked,
        Self::Expired,
        Self::Suspended,
        Self::Network,
        Self::UserDisabled,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Suspended => "suspended",
            Self::Network => "network",
            Self::UserDisabled => "user_disabled",
        }
    }
}

/// Two stored words that name no [`Event`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown event")]
pub struct UnknownEvent;

impl Event {
    pub fn parse(event: &str, reason: Option<&str>) -> Result<Self, UnknownEvent> {
        let mut all = Self::all().into_iter();
        all.find(|known| known.as_str() == event && known.reason() == reason)
            .ok_or(UnknownEvent)
    }

    /// The words of all events, each once, in alphabetical order: the choices of a filter.
    pub fn kinds() -> Vec<&'static str> {
        let mut kinds: Vec<_> = Self::KINDS.iter().map(|(kind, _)| *kind).collect();
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
}

/// A stored entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Identifies the row, and with its time its position in a list.
    pub id: String,
    pub entry: Entry,
    /// The name of the account at that time.
    pub username: Option<String>,
    /// The name of the administrator at that time.
    pub actor_name: Option<String>,
    /// The name of the access key.
    pub key_name: Option<String>,
    /// How often it happened in its window.
    pub times: u64,
}

#[cfg(test)]
mod tests;
