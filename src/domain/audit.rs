//! What happened: the entries of the audit log.

mod for_administrators;
mod for_owner;

pub use for_administrators::Part;

use crate::domain::{
    moment::Timestamp,
    password_link::LinkPurpose,
    session::{EndReason, SessionId},
    user::UserId,
};

/// Makes [`Event`] and its words of one row for each kind: its name, what it carries, the word that the database and
/// programs use, and its name in the list that the audit log is narrowed by. A new event is a row here, a sentence for
/// administrators (`for_administrators.rs`) and one for the person whom it concerns (`for_owner.rs`).
macro_rules! events {
    ($($(#[$note:meta])* $name:ident $(($payload:ident))? = $word:literal, $title:literal;)*) => {
        /// Something that an administrator may have to look back on (ASVS V16.3.1).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Event {
            $($(#[$note])* $name $(($payload))?,)*
        }

        impl Event {
            /// What an administrator may narrow the log to, with its name in the list: every kind there is.
            pub const KINDS: &'static [(&'static str, &'static str)] = &[$(($word, $title)),*];

            /// The word that the database and programs use.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name { .. } => $word,)*
                }
            }

            /// A second word, for events that have one.
            pub fn reason(self) -> Option<&'static str> {
                $($(
                    if let Self::$name(carried) = self {
                        let carried: $payload = carried;
                        return Some(carried.as_str());
                    }
                )?)*
                None
            }

            /// Every event there is.
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
    /// The password was looked at, and nobody was let in.
    SignInRefused(SignInRefusal) = "sign_in_refused", "Refused sign-ins";
    /// The attempt was not looked at, because there had been too many.
    SignInThrottled = "sign_in_throttled", "Sign-ins put off";
    /// A person has said of a sign-in from a new browser that it was them,
    SignInRecognised = "sign_in_recognised", "New devices that were known";
    /// or that it was not.
    SignInDisowned = "sign_in_disowned", "New devices that were not known";
    SessionEnded(EndReason) = "session_ended", "Ended sessions";
    /// Somebody who was signed in has typed their password again.
    PasswordConfirmed = "password_confirmed", "Confirmations";
    ConfirmationRefused(SignInRefusal) = "confirmation_refused", "Refused confirmations";
    ConfirmationThrottled = "confirmation_throttled", "Confirmations put off";
    /// By its owner.
    PasswordChanged = "password_changed", "Changes of passwords";
    /// Somebody in a signed-in browser did not know the current password.
    PasswordChangeRefused(SignInRefusal) = "password_change_refused", "Refused changes of passwords";
    PasswordChangeThrottled = "password_change_throttled", "Changes of passwords put off";
    /// By somebody else than its owner.
    PasswordSet = "password_set", "Passwords set for somebody";
    ProfileChanged = "profile_changed", "Changes of profiles";
    UserCreated = "user_created", "Accounts made";
    UserDisabled = "user_disabled", "Accounts disabled";
    UserEnabled = "user_enabled", "Accounts enabled";
    /// Made an administrator.
    UserPromoted = "user_promoted", "New administrators";
    /// An administrator no more.
    UserDemoted = "user_demoted", "Administrators no more";
    /// Its name stays in the log, and nothing else of it.
    UserDeleted = "user_deleted", "Accounts deleted";
    /// A link was made with which a person sets a password.
    LinkMade(LinkPurpose) = "link_made", "Links for passwords made";
    /// The password was set by it.
    LinkUsed(LinkPurpose) = "link_used", "Links for passwords used";
    /// Somebody came with a link that is not valid, or never was.
    LinkRefused = "link_refused", "Links for passwords refused";
    LinkThrottled = "link_throttled", "Links for passwords put off";
    /// An administrator took the log away as a file.
    AuditDownloaded = "activity_downloaded", "Downloads of the audit log";
    /// The first account was made.
    SetUp = "set_up", "The first account";
    SetUpRefused = "set_up_refused", "Refused first accounts";
    SetUpThrottled = "set_up_throttled", "First accounts put off";
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
    /// # Errors
    /// [`UnknownEvent`].
    pub fn parse(event: &str, reason: Option<&str>) -> Result<Self, UnknownEvent> {
        let mut all = Self::all().into_iter();
        all.find(|known| known.as_str() == event && known.reason() == reason)
            .ok_or(UnknownEvent)
    }

    /// The words of all events, each once, in the order of the alphabet: what a list can be narrowed to.
    pub fn kinds() -> Vec<&'static str> {
        let mut kinds: Vec<_> = Self::KINDS.iter().map(|(kind, _)| *kind).collect();
        kinds.sort_unstable();
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
