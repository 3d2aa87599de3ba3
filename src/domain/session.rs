//! A session: one signed-in browser.

pub use crate::domain::id::SessionId;

use crate::domain::{
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
    /// Nobody used it for the idle time.
    Idle,
    /// It reached its longest life.
    Expired,
    /// An administrator ended it.
    EndedByAdmin,
    /// The account was disabled.
    UserDisabled,
    /// The account got a new password.
    PasswordChanged,
    /// Its owner ended it from another browser.
    EndedByOwner,
    /// Its owner signed in once more than accounts may be signed in at once, and it was the longest idle.
    TooMany,
    /// The account was deleted: its session is kept in the audit log alone.
    UserDeleted,
    /// The database was put back from before: it may have been ended since.
    Restored,
}

impl EndReason {
    pub const ALL: [Self; 11] = [
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
    ];

    /// The word that the database and programs use.
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
        }
    }

    /// Tells the person at the sign-in page why they are there.
    ///
    /// A disabled or deleted account gets the words of any ended session: whoever holds an old cookie
    /// learns nothing about the account.
    pub const fn explanation(self) -> &'static str {
        match self {
            Self::SignedOut => "You signed out in this browser.",
            Self::Replaced => {
                "Somebody signed in again in this browser, which ended the session before it."
            }
            Self::Idle => "Your session ended because it was not used for a while.",
            Self::Expired => "Your session ended because it had reached its longest life.",
            Self::EndedByAdmin | Self::UserDisabled | Self::UserDeleted => {
                "Your session was ended by an administrator."
            }
            Self::PasswordChanged => {
                "Your session ended because the password of the account was changed."
            }
            Self::EndedByOwner => {
                "Your session was ended from another browser in which you are signed in."
            }
            Self::TooMany => {
                "Your session ended because you signed in elsewhere, and this was the longest unused of too many."
            }
            Self::Restored => "Your session ended because the server was restored from a backup.",
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

/// The end of a session, as it is written down.
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
    /// When the password was last typed for it (ASVS V7.5.1).
    pub authenticated_at: Timestamp,
    pub idle_ends_at: Timestamp,
    pub absolute_ends_at: Timestamp,
    /// "Stay signed in on this device".
    pub remember: bool,
    pub address: String,
    pub user_agent: String,
    pub ended: Option<Ended>,
    /// Under a token that no request has brought yet: the idle end that its first use sets.
    pub idle_end_if_used: Option<Timestamp>,
}

impl Session {
    pub const fn life(&self) -> Life {
        Life {
            idle_ends_at: self.idle_ends_at,
            absolute_ends_at: self.absolute_ends_at,
            ended: self.ended,
        }
    }

    /// How it ended, if it has: what is written down first, else what the server's clock says.
    pub fn end_by(&self, now: Timestamp) -> Option<Ended> {
        self.life().end_by(now)
    }
}

/// What decides whether a session lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    pub idle_ends_at: Timestamp,
    pub absolute_ends_at: Timestamp,
    pub ended: Option<Ended>,
}

impl Life {
    /// How the session ended, if it has: what is written down first, else what the clock says.
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

/// The person behind a request: only a live session makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentUser {
    pub user: User,
    pub session: Session,
    /// `None` where nobody asked for them together with the session.
    pub sign_ins: Option<SignIns>,
}

/// What a person is told of their other sign-ins, whatever has become of the sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignIns {
    /// The one before.
    pub previous: Option<SignIn>,
    /// From browsers never seen before, of which nobody has said yet whose they were; the newest first.
    pub unrecognised: Vec<SignIn>,
    /// How many more of these there are.
    pub more: u32,
    /// The session that asks is in a known browser: only there can a sign-in be recognised.
    pub may_recognise: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    pub session: SessionId,
    pub at: Timestamp,
    pub address: String,
    pub user_agent: String,
    /// For an unrecognised sign-in: no later session lives in its browser either.
    pub has_ended: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_read_back_from_its_word() {
        for reason in EndReason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
        }
        assert!("revived".parse::<EndReason>().is_err());
    }
}
