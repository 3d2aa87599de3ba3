//! Descriptions of events for administrators.

use super::{Event, Record, Source};
use crate::domain::{access_key::RevokeReason, password_link::LinkPurpose, session::EndReason};
use serde::{Deserialize, Serialize};

/// A piece of a sentence. Names are separate, so that a name in a right-to-left script does not reorder the words
/// around it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Part {
    Words(String),
    Name(String),
}

/// The placeholder of the account. Without a name it is "somebody".
const USER: &str = "USER";
/// The placeholder of the actor, if it was not the owner.
const ACTOR: &str = "ACTOR";
/// The placeholder of the reason.
const REASON: &str = "REASON";
/// The placeholder of the username before it was changed.
const PREVIOUS: &str = "PREVIOUS";
/// The placeholder of the access key.
const KEY: &str = "KEY";

impl Event {
    /// The whole sentence with placeholders, so that each can be translated. `is_own` if the user did it.
    const fn template(self, has_name: bool, is_own: bool) -> &'static str {
        match self {
            Self::SignInRefused(_) if !has_name => "A sign-in was refused: REASON",
            Self::SignInRefused(_) => "A sign-in as USER was refused: REASON",
            // A password that is too long is refused before the account is looked up.
            Self::PasswordChangeRefused(_) if !has_name => {
                "A change of the password was refused: REASON"
            }
            Self::PasswordChangeRefused(_) => {
                "A change of the password of USER was refused: REASON"
            }
            Self::ConfirmationRefused(_) if !has_name => "A confirmation was refused: REASON",
            Self::ConfirmationRefused(_) => "A confirmation of USER was refused: REASON",
            Self::SessionEnded(reason) => reason.template(),
            Self::SignedIn => "USER signed in",
            Self::SignInThrottled if !has_name => {
                "A sign-in was put off, because there had been too many attempts"
            }
            Self::SignInThrottled => {
                "A sign-in as USER was put off, because there had been too many attempts"
            }
            Self::PasswordChangeThrottled => {
                "A change of the password of USER was put off, because there had been too many attempts"
            }
            Self::ConfirmationThrottled => {
                "A confirmation of USER was put off, because there had been too many attempts"
            }
            Self::PasswordConfirmed => "USER confirmed the password",
            Self::SignInRecognised => "USER said of a sign-in from a new device: this was me",
            Self::SignInDisowned => "USER said of a sign-in from a new device: this was not me",
            Self::UserCreated | Self::UserRenamed | Self::UserEdited => self.template_of_names(),
            Self::UserDisabled => "ACTOR disabled the account of USER",
            Self::UserEnabled => "ACTOR enabled the account of USER again",
            Self::UserPromoted => "ACTOR made USER an administrator",
            Self::UserDemoted => "ACTOR made USER an administrator no more",
            Self::UserDeleted => "ACTOR deleted the account of USER",
            Self::LinkMade(purpose) => purpose.template_of_made(),
            Self::LinkUsed(purpose) => purpose.template_of_used(),
            Self::LinkRefused if !has_name => "A link for a password was refused",
            Self::LinkRefused => "A link for a password of USER was refused",
            Self::LinkThrottled => {
                "A link for a password was put off, because there had been too many attempts"
            }
            Self::PasswordSet => "ACTOR set a new password for USER",
            Self::PasswordChanged => "USER changed the password",
            Self::ProfileChanged => "USER changed the profile",
            Self::AccessKeyMade
            | Self::AccessKeyRevoked(_)
            | Self::AccessKeySuspended
            | Self::AccessKeyConfirmed
            | Self::AccessKeyRefused(_) => self.template_of_key(has_name, is_own),
            Self::AuditDownloaded => "USER downloaded the audit log",
            Self::SetUp => "USER made the first account",
            Self::SetUpRefused => "Somebody who wanted to make the first account was refused",
            Self::SetUpThrottled => {
                "Somebody who wanted to make the first account was put off, because there had been too \
                 many attempts"
            }
        }
    }
}

impl Event {
    /// The sentences about a new account and its names.
    const fn template_of_names(self) -> &'static str {
        match self {
            Self::UserRenamed => "ACTOR changed the username PREVIOUS to USER",
            Self::UserEdited => "ACTOR changed the full name or email of USER",
            _ => "ACTOR made the account of USER",
        }
    }

    /// The sentences about access keys.
    const fn template_of_key(self, has_name: bool, is_own: bool) -> &'static str {
        match self {
            Self::AccessKeyRevoked(reason) => reason.template(),
            Self::AccessKeySuspended => {
                "The access key KEY of USER was suspended: the server was restored from a backup"
            }
            Self::AccessKeyConfirmed if is_own => "USER confirmed the suspended access key KEY",
            Self::AccessKeyConfirmed => "ACTOR confirmed the suspended access key KEY of USER",
            Self::AccessKeyRefused(_) if has_name => {
                "The access key KEY of USER was refused: REASON"
            }
            Self::AccessKeyRefused(_) => "An access key was refused: REASON",
            _ if is_own => "USER made the access key KEY",
            _ => "ACTOR made the access key KEY of USER",
        }
    }
}

impl LinkPurpose {
    const fn template_of_made(self) -> &'static str {
        match self {
            Self::Invitation => "ACTOR invited USER",
            Self::Reset => "ACTOR made a link for a new password of USER",
        }
    }

    const fn template_of_used(self) -> &'static str {
        match self {
            Self::Invitation => "USER accepted the invitation",
            Self::Reset => "USER set a new password by a link",
        }
    }
}

impl EndReason {
    const fn template(self) -> &'static str {
        match self {
            Self::SignedOut => "USER signed out",
            Self::Replaced => "A session of USER ended: a newer one in that browser took its place",
            Self::Idle => "A session of USER ended: it was not used for a while",
            Self::Expired => "A session of USER ended: it had reached its longest life",
            Self::EndedByAdmin => "ACTOR ended a session of USER",
            Self::UserDisabled => "A session of USER ended: the account was disabled",
            Self::UserDeleted => "A session of USER ended: the account was deleted",
            Self::PasswordChanged => "A session of USER ended: the password was changed",
            Self::EndedByOwner => "USER ended a session from another browser",
            Self::TooMany => "A session of USER ended: there were too many",
            Self::Restored => "A session of USER ended: the server was restored from a backup",
            Self::KeyRevoked => "A session of USER ended: its access key was revoked",
        }
    }
}

impl RevokeReason {
    const fn template(self) -> &'static str {
        match self {
            Self::ByOwner => "USER revoked the access key KEY",
            Self::ByAdmin => "ACTOR revoked the access key KEY of USER",
            Self::PasswordChanged => {
                "The access key KEY of USER was revoked: the password was changed"
            }
            Self::SignedOutEverywhere => {
                "The access key KEY of USER was revoked: USER signed out everywhere"
            }
            Self::UserDisabled => {
                "The access key KEY of USER was revoked: the account was disabled"
            }
        }
    }
}

impl Record {
    /// Describes the event for administrators.
    pub fn description(&self) -> Vec<Part> {
        let event = self.entry.event;
        let actor = match (&self.actor_name, self.entry.source) {
            (Some(name), _) => Part::Name(name.clone()),
            (None, Source::Command) => words("A command"),
            (None, Source::Browser | Source::AccessKey | Source::AccessToken) => {
                words("An administrator")
            }
            (None, Source::Server) => words("The server"),
        };
        let user = self.username.as_deref();
        let reason = match event {
            Event::SignInRefused(refusal)
            | Event::PasswordChangeRefused(refusal)
            | Event::ConfirmationRefused(refusal) => refusal.description(),
            Event::AccessKeyRefused(problem) => problem.description(),
            _ => "",
        };
        let key = Part::Name(self.key_name.clone().unwrap_or_default());
        let previous = Part::Name(self.entry.previous_name.clone().unwrap_or_default());
        let is_own = self.actor_name.is_none()
            && !matches!(self.entry.source, Source::Command | Source::Server);
        let parts = [
            (ACTOR, actor),
            (REASON, words(reason)),
            (KEY, key),
            (PREVIOUS, previous),
        ];
        let template = match (event, &self.key_name) {
            (Event::SignedIn, Some(_)) => "USER signed in with the access key KEY",
            _ => event.template(user.is_some(), is_own),
        };
        fill(template, user, &parts)
    }
}

fn words(text: &str) -> Part {
    Part::Words(text.to_owned())
}

/// Replaces the placeholders of a template.
fn fill(template: &str, user: Option<&str>, values: &[(&str, Part)]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((position, placeholder)) = next_placeholder(rest) {
        let before = &rest[..position];
        if !before.is_empty() {
            parts.push(words(before));
        }
        rest = &rest[position + placeholder.len()..];
        let unnamed = if parts.is_empty() {
            "Somebody"
        } else {
            "somebody"
        };
        parts.push(match placeholder {
            USER => user.map_or_else(|| words(unnamed), |name| Part::Name(name.to_owned())),
            other => {
                let value = values.iter().find(|(placeholder, _)| *placeholder == other);
                value.map_or_else(|| words(""), |(_, value)| value.clone())
            }
        });
    }
    if !rest.is_empty() {
        parts.push(words(rest));
    }
    parts
}

/// The position of the first placeholder of a template, and the placeholder.
fn next_placeholder(template: &str) -> Option<(usize, &'static str)> {
    let placeholders = [USER, ACTOR, REASON, KEY, PREVIOUS].into_iter();
    let found =
        placeholders.filter_map(|placeholder| Some((template.find(placeholder)?, placeholder)));
    found.min()
}

#[cfg(test)]
mod tests;
