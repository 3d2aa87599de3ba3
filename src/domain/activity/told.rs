//! Events as an administrator reads of them: sentences about somebody else.

use super::{Event, Record, Source};
use crate::domain::{password_link::LinkPurpose, session::EndReason};
use serde::{Deserialize, Serialize};

/// A piece of a sentence. Names are set apart: whatever script they are written in, the words around
/// them stay in their order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Part {
    Words(String),
    Name(String),
}

/// Whom it concerns, in a template; without a name "of USER" is left out, and USER alone is somebody.
const USER: &str = "USER";
/// Who did it, where it was not that person.
const ACTOR: &str = "ACTOR";

impl Event {
    /// What an administrator may narrow the log to, with its name in the list: every kind there is.
    pub const KINDS: [(&str, &str); 28] = [
        ("signed_in", "Sign-ins"),
        ("sign_in_refused", "Refused sign-ins"),
        ("sign_in_throttled", "Sign-ins put off"),
        ("sign_in_recognised", "New devices that were known"),
        ("sign_in_disowned", "New devices that were not known"),
        ("session_ended", "Ended sessions"),
        ("password_confirmed", "Confirmations"),
        ("confirmation_refused", "Refused confirmations"),
        ("confirmation_throttled", "Confirmations put off"),
        ("password_changed", "Changes of passwords"),
        ("password_change_refused", "Refused changes of passwords"),
        ("password_change_throttled", "Changes of passwords put off"),
        ("password_set", "Passwords set for somebody"),
        ("profile_changed", "Changes of profiles"),
        ("user_created", "Accounts made"),
        ("user_disabled", "Accounts disabled"),
        ("user_enabled", "Accounts enabled"),
        ("user_promoted", "New administrators"),
        ("user_demoted", "Administrators no more"),
        ("user_deleted", "Accounts deleted"),
        ("link_made", "Links for passwords made"),
        ("link_used", "Links for passwords used"),
        ("link_refused", "Links for passwords refused"),
        ("link_throttled", "Links for passwords put off"),
        ("activity_downloaded", "Downloads of the audit log"),
        ("set_up", "The first account"),
        ("set_up_refused", "Refused first accounts"),
        ("set_up_throttled", "First accounts put off"),
    ];

    fn template(self) -> String {
        let words = match self {
            Self::SignInRefused(refusal) => {
                return format!("A sign-in as USER was refused: {}", refusal.told());
            }
            Self::PasswordChangeRefused(refusal) => {
                let refusal = refusal.told();
                return format!("A change of the password of USER was refused: {refusal}");
            }
            Self::ConfirmationRefused(refusal) => {
                return format!("A confirmation of USER was refused: {}", refusal.told());
            }
            Self::SessionEnded(reason) => reason.template(),
            Self::SignedIn => "USER signed in",
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
            Self::UserCreated => "ACTOR made the account of USER",
            Self::UserDisabled => "ACTOR disabled the account of USER",
            Self::UserEnabled => "ACTOR enabled the account of USER again",
            Self::UserPromoted => "ACTOR made USER an administrator",
            Self::UserDemoted => "ACTOR made USER an administrator no more",
            Self::UserDeleted => "ACTOR deleted the account of USER",
            Self::LinkMade(LinkPurpose::Invitation) => "ACTOR invited USER",
            Self::LinkMade(LinkPurpose::Reset) => "ACTOR made a link for a new password of USER",
            Self::LinkUsed(LinkPurpose::Invitation) => "USER accepted the invitation",
            Self::LinkUsed(LinkPurpose::Reset) => "USER set a new password by a link",
            Self::LinkRefused => "A link for a password of USER was refused",
            Self::LinkThrottled => {
                "A link for a password was put off, because there had been too many attempts"
            }
            Self::PasswordSet => "ACTOR set a new password for USER",
            Self::PasswordChanged => "USER changed the password",
            Self::ProfileChanged => "USER changed the profile",
            Self::ActivityDownloaded => "USER downloaded the audit log",
            Self::SetUp => "USER made the first account",
            Self::SetUpRefused => "Somebody who wanted to make the first account was refused",
            Self::SetUpThrottled => {
                "Somebody who wanted to make the first account was put off, because there had been too \
                 many attempts"
            }
        };
        words.to_owned()
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
        }
    }
}

impl Record {
    /// Tells what happened to whoever looks after the accounts.
    pub fn told(&self) -> Vec<Part> {
        let actor = match (&self.actor_name, self.entry.source) {
            (Some(name), _) => Part::Name(name.clone()),
            (None, Source::Command) => Part::Words("A command".to_owned()),
            (None, Source::Browser) => Part::Words("An administrator".to_owned()),
            (None, Source::Server) => Part::Words("The server".to_owned()),
        };
        tell(
            self.entry.event.template(),
            self.username.as_deref(),
            &actor,
        )
    }
}

fn tell(mut template: String, user: Option<&str>, actor: &Part) -> Vec<Part> {
    if user.is_none() {
        for phrase in [" as USER", " of USER", " for USER"] {
            template = template.replace(phrase, "");
        }
    }
    let mut parts = Vec::new();
    let mut rest = template.as_str();
    while !rest.is_empty() {
        let at = |word: &str| rest.find(word).unwrap_or(rest.len());
        let (before, found) = rest.split_at(at(USER).min(at(ACTOR)));
        if !before.is_empty() {
            parts.push(Part::Words(before.to_owned()));
        }
        if let Some(behind) = found.strip_prefix(USER) {
            let somebody = if parts.is_empty() {
                "Somebody"
            } else {
                "somebody"
            };
            parts.push(user.map_or_else(
                || Part::Words(somebody.to_owned()),
                |user| Part::Name(user.to_owned()),
            ));
            rest = behind;
        } else if let Some(behind) = found.strip_prefix(ACTOR) {
            parts.push(actor.clone());
            rest = behind;
        } else {
            rest = found;
        }
    }
    parts
}

#[cfg(test)]
mod tests;
