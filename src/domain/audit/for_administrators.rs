//! Descriptions of events for administrators.

use super::{Event, Record, RecordedMethod, Source};
use crate::domain::{
    access_key::RevokeReason, password_link::LinkPurpose, session::EndReason, user::UserId,
};
use serde::{Deserialize, Serialize};

/// A piece of a sentence. Names are separate, so that a name in a right-to-left script does not reorder the words
/// around it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Part {
    Words(String),
    Name(String),
    /// The name of an account, and its id, which may have been deleted since.
    Account {
        name: String,
        id: UserId,
    },
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
            Self::PasswordChangeRefused(_) if !has_name => "A password change was refused: REASON",
            Self::PasswordChangeRefused(_) => "A password change of USER was refused: REASON",
            Self::ConfirmationRefused(_) if !has_name => "A confirmation was refused: REASON",
            Self::ConfirmationRefused(_) => "A confirmation of USER was refused: REASON",
            Self::SessionEnded(reason) => reason.template(),
            Self::SignedIn => "USER signed in",
            Self::SignedInBy(RecordedMethod::Invitation) => "USER signed in with an invitation",
            Self::SignInThrottled if !has_name => {
                "A sign-in was delayed: there were too many attempts"
            }
            Self::SignInThrottled => "A sign-in as USER was delayed: there were too many attempts",
            Self::PasswordChangeThrottled => {
                "A password change of USER was delayed: there were too many attempts"
            }
            Self::ConfirmationThrottled => {
                "A confirmation of USER was delayed: there were too many attempts"
            }
            Self::PasswordConfirmed => "USER confirmed the password",
            Self::SignInRecognised => "USER reported a sign-in from a new device as known",
            Self::SignInDisowned => "USER reported a sign-in from a new device as unknown",
            Self::DeviceNamed => "USER changed the name of a device",
            Self::UserCreated | Self::UserRenamed | Self::UserEdited => self.template_of_names(),
            Self::UserDisabled => "ACTOR disabled the account of USER",
            Self::UserEnabled => "ACTOR enabled the account of USER again",
            Self::UserPromoted => "ACTOR made USER an administrator",
            Self::UserDemoted => "ACTOR removed the administrator role of USER",
            Self::UserDeleted => "ACTOR deleted the account of USER",
            Self::LinkMade(purpose) => purpose.template_of_made(),
            Self::LinkUsed(purpose) => purpose.template_of_used(),
            Self::LinkRefused if !has_name => "A password link was refused",
            Self::LinkRefused => "A password link of USER was refused",
            Self::LinkThrottled => "A password link was delayed: there were too many attempts",
            Self::PasswordSet => "ACTOR set a new password for USER",
            Self::PasswordChanged => "USER changed the password",
            Self::ProfileChanged => "USER changed the profile",
            Self::AccessKeyMade
            | Self::AccessKeyRevoked(_)
            | Self::AccessKeySuspended
            | Self::AccessKeyConfirmed
            | Self::AccessKeyRefused(_) => self.template_of_key(has_name, is_own),
            Self::AuditDownloaded => "USER downloaded the audit log",
            Self::SetUp => "USER created the first account",
            Self::Unknown if !has_name => "An event that this version does not know: REASON",
            Self::Unknown => "An event of USER that this version does not know: REASON",
            Self::SetUpRefused => "An attempt to create the first account was refused",
            Self::SetUpThrottled => {
                "An attempt to create the first account was delayed: there were too many attempts"
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
            _ => "ACTOR created the account of USER",
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
            _ if is_own => "USER created the access key KEY",
            _ => "ACTOR created the access key KEY of USER",
        }
    }
}

impl LinkPurpose {
    const fn template_of_made(self) -> &'static str {
        match self {
            Self::Invitation => "ACTOR invited USER",
            Self::Reset => "ACTOR created a password reset link for USER",
        }
    }

    const fn template_of_used(self) -> &'static str {
        match self {
            Self::Invitation => "USER accepted the invitation",
            Self::Reset => "USER set a new password with a link",
        }
    }
}

impl EndReason {
    const fn template(self) -> &'static str {
        match self {
            Self::SignedOut => "USER signed out",
            Self::Replaced => {
                "A session of USER ended: a newer sign-in in the same browser replaced it"
            }
            Self::Idle => "A session of USER ended: it was not used",
            Self::Expired => "A session of USER ended: it reached its time limit",
            Self::EndedByAdmin => "ACTOR signed USER out on a device",
            Self::UserDisabled => "A session of USER ended: the account was disabled",
            Self::UserDeleted => "A session of USER ended: the account was deleted",
            Self::PasswordChanged => "A session of USER ended: the password was changed",
            Self::EndedByOwner => "USER signed out another device",
            Self::TooMany => "A session of USER ended: there were too many sessions",
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
            (Some(name), _) => account(name, self.entry.actor.as_ref()),
            (None, Source::Command) => words("A command"),
            (None, Source::Browser | Source::AccessKey | Source::AccessToken) => {
                words("An administrator")
            }
            (None, Source::Server) => words("The server"),
        };
        let user = self.username.as_deref();
        let owner = user.map(|name| account(name, self.entry.user.as_ref()));
        let reason = match event {
            Event::SignInRefused(refusal)
            | Event::PasswordChangeRefused(refusal)
            | Event::ConfirmationRefused(refusal) => refusal.description(),
            Event::AccessKeyRefused(problem) => problem.description(),
            _ => "",
        };
        let reason = match &self.unknown {
            Some(unknown) => unknown.to_string(),
            None => reason.to_owned(),
        };
        let key = Part::Name(self.key_name.clone().unwrap_or_default());
        let previous = Part::Name(self.entry.previous_name.clone().unwrap_or_default());
        let is_own = self.actor_name.is_none()
            && !matches!(self.entry.source, Source::Command | Source::Server);
        let parts = [
            (ACTOR, actor),
            (REASON, words(&reason)),
            (KEY, key),
            (PREVIOUS, previous),
        ];
        let template = match (event, &self.key_name) {
            (Event::SignedIn, Some(_)) => "USER signed in with the access key KEY",
            _ => event.template(user.is_some(), is_own),
        };
        fill(template, owner.as_ref(), &parts)
    }
}

fn account(name: &str, id: Option<&UserId>) -> Part {
    let name = name.to_owned();
    match id.cloned() {
        Some(id) => Part::Account { name, id },
        None => Part::Name(name),
    }
}

fn words(text: &str) -> Part {
    Part::Words(text.to_owned())
}

/// Replaces the placeholders of a template.
fn fill(template: &str, user: Option<&Part>, values: &[(&str, Part)]) -> Vec<Part> {
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
            USER => user.map_or_else(|| words(unnamed), Part::clone),
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
