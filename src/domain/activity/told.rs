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
mod tests {
    use super::*;
    use crate::domain::{
        activity::{Entry, SignInRefusal},
        moment::Timestamp,
    };

    fn record(event: Event, user: Option<&str>, actor: Option<&str>, source: Source) -> Record {
        Record {
            id: String::new(),
            entry: Entry {
                at: Timestamp::from_millis(0),
                event,
                source,
                user: None,
                actor: None,
                session: None,
                address: String::new(),
                user_agent: String::new(),
            },
            username: user.map(str::to_owned),
            actor_name: actor.map(str::to_owned),
            times: 1,
        }
    }

    /// With names in brackets.
    fn sentence(record: &Record) -> String {
        let parts = record.told().into_iter();
        let said = parts.map(|part| match part {
            Part::Words(words) => words,
            Part::Name(name) => format!("[{name}]"),
        });
        said.collect()
    }

    #[test]
    fn sentences_say_who_did_what() {
        let wrong = Event::SignInRefused(SignInRefusal::WrongPassword);
        let unknown = Event::SignInRefused(SignInRefusal::UnknownUser);
        let ended = Event::SessionEnded(EndReason::EndedByAdmin);
        let (ada, root) = (Some("ada"), Some("root"));
        for (event, user, actor, source, words) in [
            (
                Event::SignedIn,
                ada,
                None,
                Source::Browser,
                "[ada] signed in",
            ),
            (
                Event::SignedIn,
                None,
                None,
                Source::Browser,
                "Somebody signed in",
            ),
            (
                wrong,
                ada,
                None,
                Source::Browser,
                "A sign-in as [ada] was refused: the password was wrong",
            ),
            (
                unknown,
                None,
                None,
                Source::Browser,
                "A sign-in was refused: nobody has that name",
            ),
            (
                Event::UserPromoted,
                ada,
                root,
                Source::Browser,
                "[root] made [ada] an administrator",
            ),
            (
                Event::UserPromoted,
                ada,
                None,
                Source::Command,
                "A command made [ada] an administrator",
            ),
            (
                Event::UserPromoted,
                None,
                root,
                Source::Browser,
                "[root] made somebody an administrator",
            ),
            (
                ended,
                ada,
                root,
                Source::Browser,
                "[root] ended a session of [ada]",
            ),
            (
                ended,
                ada,
                None,
                Source::Server,
                "The server ended a session of [ada]",
            ),
            (
                Event::UserDeleted,
                Some("USER"),
                Some("ACTOR"),
                Source::Browser,
                "[ACTOR] deleted the account of [USER]",
            ),
        ] {
            assert_eq!(sentence(&record(event, user, actor, source)), words);
        }
    }

    /// One for each, that no other has, and in none is a gap left.
    #[test]
    fn every_event_has_a_sentence_of_its_own() {
        for user in [Some("ada"), None] {
            let told = |event| sentence(&record(event, user, Some("root"), Source::Browser));
            // Both mean to whoever guesses that the password was not this one.
            let too_long = SignInRefusal::PasswordTooLong.as_str();
            let events = Event::all().filter(|event| event.reason() != Some(too_long));
            let mut sentences: Vec<_> = events.map(told).collect();
            let number = sentences.len();
            for sentence in &sentences {
                assert!(
                    !sentence.contains("USER") && !sentence.contains("ACTOR"),
                    "{sentence}"
                );
                assert!(
                    !sentence.contains("  ") && !sentence.ends_with(' '),
                    "{sentence}"
                );
            }
            sentences.sort_unstable();
            sentences.dedup();
            assert_eq!(sentences.len(), number);
        }
    }

    #[test]
    fn every_kind_has_a_name() {
        let mut named = Event::KINDS.map(|(kind, _)| kind);
        named.sort_unstable();
        assert_eq!(named.as_slice(), Event::kinds());
    }
}
