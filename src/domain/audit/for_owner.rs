//! Descriptions of events for the owner of the account.

use super::{AccessKeyProblem, Event, Kind, Record, RecordedMethod, SignInRefusal};
use crate::domain::{access_key::RevokeReason, password_link::LinkPurpose, session::EndReason};

impl Record {
    /// Describes the event for the owner of the account.
    pub fn description_for_owner(&self) -> String {
        if let Some(unknown) = &self.unknown {
            return format!("An event that this version does not know: {unknown}");
        }
        match (self.entry.event, &self.entry.key) {
            (Event::SignedIn, Some(_)) => "You signed in with an access key".to_owned(),
            (event, _) => event.description_for_owner(),
        }
    }

    /// The name of the key that was created, revoked, suspended or confirmed. That of a key with which something was done
    /// is shown beside the device.
    pub fn key_for_owner(&self) -> Option<&str> {
        let is_about_key = matches!(
            self.entry.event,
            Event::AccessKeyMade
                | Event::AccessKeyRevoked(_)
                | Event::AccessKeySuspended
                | Event::AccessKeyConfirmed
        );
        self.key_name.as_deref().filter(|_| is_about_key)
    }
}

impl Event {
    /// The choices of the filter of an owner's own events, with their titles.
    pub const OWN_KINDS: [Kind; 8] = [
        ("signed_in", "Sign-ins"),
        ("sign_in_refused", "Refused sign-ins"),
        ("sign_in_throttled", "Sign-ins delayed (too many attempts)"),
        ("session_ended", "Ended sessions"),
        ("password_changed", "Password changes"),
        ("password_set", "Passwords set by an administrator"),
        ("profile_changed", "Profile changes"),
        ("password_confirmed", "Password confirmations"),
    ];

    fn description_for_owner(self) -> String {
        let words = match self {
            Self::SignedIn => "You signed in",
            Self::SignedInBy(RecordedMethod::Invitation) => "You signed in with an invitation",
            Self::SignInRefused(refusal) => {
                return format!("A sign-in was refused: {}", refusal.description());
            }
            Self::SignInThrottled => "A sign-in was delayed: there were too many attempts",
            Self::PasswordChangeRefused(refusal) => {
                return format!("A password change was refused: {}", refusal.description());
            }
            Self::PasswordChangeThrottled => {
                "A password change was delayed: there were too many attempts"
            }
            Self::PasswordConfirmed => "You confirmed your password",
            Self::ConfirmationRefused(refusal) => {
                return format!("A confirmation was refused: {}", refusal.description());
            }
            Self::ConfirmationThrottled => {
                "A confirmation was delayed: there were too many attempts"
            }
            Self::SessionEnded(reason) => {
                return format!("A session ended: {}", reason.description());
            }
            Self::SignInRecognised => "You confirmed a sign-in from a new device",
            Self::SignInDisowned => "You reported a sign-in from a new device as unknown",
            Self::DeviceNamed => "You changed the name of a device",
            Self::UserCreated => "The account was created",
            Self::UserRenamed => "An administrator changed your username",
            Self::UserEdited => "An administrator changed your full name or email",
            Self::UserDisabled => "The account was disabled",
            Self::UserEnabled => "The account was enabled again",
            Self::UserPromoted => "You became an administrator",
            Self::UserDemoted => "You are no longer an administrator",
            Self::UserDeleted => "The account was deleted",
            Self::LinkMade(LinkPurpose::Invitation) => "You were invited",
            Self::LinkMade(LinkPurpose::Reset) => "An administrator created a password reset link",
            Self::LinkUsed(_) => "The password was set with a link",
            Self::LinkRefused => "A password link was refused",
            Self::LinkThrottled => "A password link was delayed: there were too many attempts",
            Self::PasswordSet => "An administrator set a new password",
            Self::PasswordChanged => "You changed your password",
            Self::ProfileChanged => "You changed your profile",
            Self::AccessKeyMade => "An access key was created",
            Self::AccessKeyRevoked(reason) => return reason.description_for_owner(),
            Self::AccessKeySuspended => {
                "An access key was suspended, because the server was restored from a backup"
            }
            Self::AccessKeyConfirmed => "An access key was confirmed, and works again",
            Self::AccessKeyRefused(problem) => return problem.description_for_owner(),
            Self::AuditDownloaded => "You downloaded the audit log",
            Self::SetUp => "You created the first account",
            Self::SetUpRefused | Self::SetUpThrottled => "The first account could not be created",
            Self::Unknown => "An event that this version does not know",
        };
        words.to_owned()
    }
}

impl SignInRefusal {
    pub(super) const fn description(self) -> &'static str {
        match self {
            Self::UnknownUser => "there is no such account",
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
            Self::Replaced => "a newer sign-in in the same browser replaced it",
            Self::Idle => "it was not used",
            Self::Expired => "it reached its time limit",
            Self::EndedByAdmin => "an administrator signed the device out",
            Self::UserDisabled => "the account was disabled",
            Self::UserDeleted => "the account was deleted",
            Self::PasswordChanged => "the password was changed",
            Self::EndedByOwner => "you signed it out from another device",
            Self::TooMany => "you were signed in on too many devices",
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
