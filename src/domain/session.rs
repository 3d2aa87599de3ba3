//! A session: one signed-in browser.

pub use crate::domain::id::SessionId;

use crate::domain::{
    access_key::{AccessKeyId, Scopes},
    audit::RecordedMethod,
    moment::Timestamp,
    user::{User, UserId},
};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Why a session ended. Once it has a reason, nothing revives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// Its owner signed out in that browser.
    SignedOut,
    /// The same browser signed in again.
    Replaced,
    /// It was not used for the idle time.
    Idle,
    /// It reached its maximum lifetime.
    Expired,
    /// An administrator ended it.
    EndedByAdmin,
    /// The account was disabled.
    UserDisabled,
    /// The account got a new password.
    PasswordChanged,
    /// Its owner ended it from another browser.
    EndedByOwner,
    /// A new sign-in exceeded the number of sessions of the account, and this one was the longest idle.
    TooMany,
    /// The account was deleted. Only the audit log keeps this session.
    UserDeleted,
    /// The database was restored from a backup: the session may have ended since then.
    Restored,
    /// It was started with an access key, which was revoked.
    KeyRevoked,
}

impl EndReason {
    pub const ALL: [Self; 12] = [
        Self::SignedOut,
        Self::Replaced,
        Self::Idle,
        Self::Expired,
        Self::EndedByAdmin,
        Self::UserDisabled,
        Self::PasswordChanged,
        Self::EndedByOwner,
        Self::TooMany,
        Self::UserDeleted,
        Self::Restored,
        Self::KeyRevoked,
    ];

    /// The word in the database and for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::Replaced => "replaced",
            Self::Idle => "idle",
            Self::Expired => "expired",
            Self::EndedByAdmin => "ended_by_admin",
            Self::UserDisabled => "user_disabled",
            Self::PasswordChanged => "password_changed",
            Self::EndedByOwner => "ended_by_owner",
            Self::TooMany => "too_many",
            Self::UserDeleted => "user_deleted",
            Self::Restored => "restored",
            Self::KeyRevoked => "key_revoked",
        }
    }

    /// Gives the reason on the sign-in page.
    ///
    /// A disabled or deleted account gets the text of any ended session: the holder of an old cookie learns nothing
    /// about the account.
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::SignedOut => "You signed out in this browser.",
            Self::Replaced => "A newer sign-in in this browser replaced your session.",
            Self::Idle => "You were signed out because you were inactive.",
            Self::Expired => "You were signed out because your session reached its time limit.",
            Self::EndedByAdmin | Self::UserDisabled | Self::UserDeleted => {
                "An administrator signed you out."
            }
            Self::PasswordChanged => "You were signed out because your password was changed.",
            Self::EndedByOwner => "You were signed out from another device.",
            Self::TooMany => "You were signed out because you are signed in on too many devices.",
            Self::Restored => "You were signed out because the server was restored from a backup.",
            Self::KeyRevoked => "You were signed out because the access key was revoked.",
        }
    }
}

/// A stored word that names no [`EndReason`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown end reason")]
pub struct UnknownEndReason;

impl FromStr for EndReason {
    type Err = UnknownEndReason;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.as_str() == text)
            .ok_or(UnknownEndReason)
    }
}

/// The end of a session, as recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub at: Timestamp,
    pub reason: EndReason,
}

/// One sign-in in one browser, from its start to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub user_id: UserId,
    pub created_at: Timestamp,
    pub last_seen_at: Timestamp,
    /// When the password was last verified for it (ASVS V7.5.1).
    pub authenticated_at: Timestamp,
    pub idle_ends_at: Timestamp,
    pub absolute_ends_at: Timestamp,
    /// "Stay signed in on this device".
    pub remember: bool,
    pub address: String,
    pub user_agent: String,
    pub ended: Option<Ended>,
    /// If no request has brought the current token yet: the idle end that its first use sets.
    pub idle_end_if_used: Option<Timestamp>,
    /// If it was started with an access key.
    pub key: Option<SessionKey>,
    /// What started it, if that was neither a password nor an access key.
    pub method: Option<RecordedMethod>,
    pub device: SessionDevice,
}

/// The browser of a session, as its owner knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionDevice {
    /// Empty if it has no name.
    pub name: String,
    /// Whether the browser is on record, so that it can be named.
    pub is_on_record: bool,
    /// The first sign-in in it has to be recognised by its owner.
    pub is_unrecognised: bool,
}

/// The access key with which a session was started. The session ends with it, and may do no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionKey {
    pub id: AccessKeyId,
    pub scopes: Scopes,
}

impl Session {
    pub const fn validity(&self) -> Validity {
        Validity {
            idle_ends_at: self.idle_ends_at,
            absolute_ends_at: self.absolute_ends_at,
            ended: self.ended,
        }
    }

    /// How it ended, if it has: the recorded end first, else a time-out by the server's clock.
    pub fn end_by(&self, now: Timestamp) -> Option<Ended> {
        self.validity().end_by(now)
    }
}

/// The state that decides whether a session lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    pub idle_ends_at: Timestamp,
    pub absolute_ends_at: Timestamp,
    pub ended: Option<Ended>,
}

impl Validity {
    /// How the session ended, if it has: the recorded end first, else a time-out by the clock.
    pub fn end_by(&self, now: Timestamp) -> Option<Ended> {
        let (at, reason) = if self.idle_ends_at < self.absolute_ends_at {
            (self.idle_ends_at, EndReason::Idle)
        } else {
            (self.absolute_ends_at, EndReason::Expired)
        };
        let timed_out = || (now >= at).then_some(Ended { at, reason });
        self.ended.or_else(timed_out)
    }
}

/// What else ended when a user changed the password or signed out everywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedElsewhere {
    /// Other sessions.
    pub sessions: u64,
    /// Access keys.
    pub keys: u64,
}

/// The user of a request: only a live session yields one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentUser {
    pub user: User,
    pub session: Session,
    /// `None` if they were not queried together with the session.
    pub sign_ins: Option<SignIns>,
}

impl CurrentUser {
    /// What the session may do: everything that the role of its user permits, or less with an access key.
    pub fn scopes(&self) -> Scopes {
        let person = Scopes::of_person(self.user.administers());
        match &self.session.key {
            Some(key) => person.intersection(key.scopes),
            None => person,
        }
    }

    /// Whether a credential with these scopes may do everything that its user can do on the pages.
    pub fn has_everything(&self, scopes: Scopes) -> bool {
        self.session.key.is_none() && scopes == Scopes::of_person(self.user.administers())
    }
}

/// The sign-ins of a user other than the current session, whether their sessions live or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignIns {
    /// The previous sign-in.
    pub previous: Option<SignIn>,
    /// From new browsers, and not yet recognised or disowned; the newest first.
    pub unrecognised: Vec<SignIn>,
    /// How many more of these there are.
    pub more: u32,
    /// The current session is in a known browser: only there can a sign-in be recognised.
    pub may_recognise: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    pub session: SessionId,
    pub device_name: String,
    pub at: Timestamp,
    pub address: String,
    pub user_agent: String,
    /// For an unrecognised sign-in: no session lives in its browser, not even a later one.
    pub has_ended: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_end_reason_parses_from_its_word() {
        for reason in EndReason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
        }
        assert!("revived".parse::<EndReason>().is_err());
    }
}
