//! Descriptions of events for the owner of the account.

use super::{AccessKeyProblem, Entry, Event, SignInRefusal};
use crate::domain::{access_key::RevokeReason, password_link::LinkPurpose, session::EndReason};

impl Entry {
    /// Describes the event for the owner of the account.
    pub fn description_for_owner(&self) -> String {
        match (self.event, &self.key) {
            (Event::SignedIn, Some(_)) => "You signed in with an access key".to_owned(),
            (event, _) => event.description_for_owner(),
        }
    }
}

impl Event {
    /// The choices of the filter of an owner's own events, with their titles.
    pub const OWN_KINDS: [(&str, &str); 8] = [
        ("signed_in", "Sign-ins"),
        ("sign_in_refused", "Refused sign-ins"),
        ("sign_in_throttled", "Sign-ins put off"),
        ("session_ended", "Ended sessions"),
        ("password_changed", "Changes of the password"),
        ("password_set", "Passwords set for you"),
        ("profile_changed", "Changes of the profile"),
        ("password_confirmed", "Confirmations"),
    ];

    fn description_for_owner(self) -> String {
        let words = match self {
            Self::SignedIn => "You signed in",
            Self::SignInRefused(refusal) => {
                return format!("A sign-in was refused: {}", refusal.description());
            }
            Self::SignInThrottled => {
                "A sign-in was put off, because there had been too many attempts"
            }
            Self::PasswordChangeRefused(refusal) => {
                return format!(
                    "A change of the password was refused: {}",
                    refusal.description()
                );
            }
            Self::PasswordChangeThrottled => {
                "A change of the password was put off, because there had been too many attempts"
            }
            Self::PasswordConfirmed => "You confirmed your password",
            Self::ConfirmationRefused(refusal) => {
                return format!("A confirmation was refused: {}", refusal.description());
            }
            Self::ConfirmationThrottled => {
                "A confirmation was put off, because there had been too many attempts"
            }
            Self::SessionEnded(reason) => {
                return format!("A session ended: {}", reason.description());
            }
            Self::SignInRecognised => "You said of a sign-in from a new device that it was you",
            Self::SignInDisowned => "You said of a sign-in from a new device that it was not you",
            Self::UserCreated => "The account was made",
            Self::UserRenamed => "An administrator changed your username",
            Self::UserEdited => "An administrator changed your full name or email",
            Self::UserDisabled => "The account was disabled",
            Self::UserEnabled => "The account was enabled again",
            Self::UserPromoted => "You became an administrator",
            Self::UserDemoted => "You are an administrator no more",
            Self::UserDeleted => "The account was deleted",
            Self::LinkMade(LinkPurpose::Invitation) => "You were invited",
            Self::LinkMade(LinkPurpose::Reset) => "An administrator made a link for a new password",
            Self::LinkUsed(_) => "The password was set by a link",
            Self::LinkRefused => "A link for a new password was refused",
            Self::LinkThrottled => "A link for a new password was put off",
            Self::PasswordSet => "An administrator set a new password",
            Self::PasswordChanged => "You changed your password",
            Self::ProfileChanged => "You changed your profile",
            Self::AccessKeyMade => "An access key was made",
            Self::AccessKeyRevoked(reason) => return reason.description_for_owner(),
            Self::AccessKeySuspended => {
                "An access key was suspended, because the server was restored from a backup"
            }
            Self::AccessKeyConfirmed => "A suspended access key was confirmed",
            Self::AccessKeyRefused(problem) => return problem.description_for_owner(),
            Self::AuditDownloaded => "You downloaded the audit log",
            Self::SetUp => "You made the first account",
            Self::SetUpRefused | Self::SetUpThrottled => "The first account could not be made",
        };
        words.to_owned()
    }
}

impl SignInRefusal {
    pub(super) const fn description(self) -> &'static str {
        match self {
            Self::UnknownUser => "nobody has that name",
            Self::WrongPassword | Self::PasswordTooLong => "the password was wrong",
            Self::UserDisabled => "the account was disabled",
        }
    }
}

impl AccessKeyProblem {
    pub(super) const fn description(self) -> &'static str {
        match self {
            Self::Unknown => "no key has that id and secret",
            Self::Revoked => "it had been revoked",
            Self::Expired => "it had expired",
            Self::Suspended => "it was suspended",
            Self::Network => "it is not for that network",
            Self::UserDisabled => "the account was disabled",
        }
    }
}

impl AccessKeyProblem {
    fn description_for_owner(self) -> String {
        format!("An access key was refused: {}", self.description())
    }
}

impl RevokeReason {
    fn description_for_owner(self) -> String {
        match self {
            Self::ByOwner => "You revoked an access key".to_owned(),
            _ => format!("An access key was revoked: {}", self.description()),
        }
    }

    const fn description(self) -> &'static str {
        match self {
            Self::ByOwner => "you revoked it",
            Self::ByAdmin => "an administrator revoked it",
            Self::PasswordChanged => "the password was changed",
            Self::SignedOutEverywhere => "you signed out everywhere",
            Self::UserDisabled => "the account was disabled",
        }
    }
}

impl EndReason {
    const fn description(self) -> &'static str {
        match self {
            Self::SignedOut => "you signed out",
            Self::Replaced => "you signed in again in that browser",
            Self::Idle => "it was not used for a while",
            Self::Expired => "it had reached its longest life",
            Self::EndedByAdmin => "an administrator ended it",
            Self::UserDisabled => "the account was disabled",
            Self::UserDeleted => "the account was deleted",
            Self::PasswordChanged => "the password was changed",
            Self::EndedByOwner => "you ended it from another browser",
            Self::TooMany => "you were signed in in too many browsers",
            Self::Restored => "the server was restored from a backup",
            Self::KeyRevoked => "its access key was revoked",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filters_of_an_owner_are_kinds_of_event() {
        let kinds = Event::kinds();
        for (kind, _) in Event::OWN_KINDS {
            assert!(kinds.contains(&kind), "{kind}");
        }
    }

    /// Each has a sentence of its own, except those that are the same to the owner.
    #[test]
    fn each_end_reason_has_its_own_description() {
        let mut descriptions: Vec<_> = EndReason::ALL.map(EndReason::description).into();
        descriptions.sort_unstable();
        descriptions.dedup();
        assert_eq!(descriptions.len(), EndReason::ALL.len());
    }
}
