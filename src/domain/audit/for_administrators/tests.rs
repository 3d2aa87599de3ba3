use super::*;
use crate::domain::{
    audit::{Entry, RecordedMethod, SignInRefusal},
    moment::Timestamp,
};

fn record(event: Event, user: Option<&str>, actor: Option<&str>, source: Source) -> Record {
    Record {
        id: String::new(),
        entry: Entry {
            own_session: None,
            at: Timestamp::from_millis(0),
            event,
            source,
            user: user.map(|_| UserId("1".to_owned())),
            actor: actor.map(|_| UserId("2".to_owned())),
            session: None,
            key: None,
            previous_name: None,
            address: String::new(),
            user_agent: String::new(),
        },
        unknown: None,
        username: user.map(str::to_owned),
        actor_name: actor.map(str::to_owned),
        key_name: None,
        device_name: None,
        times: 1,
    }
}

/// With names in brackets.
fn sentence(record: &Record) -> String {
    let parts = record.description().into_iter();
    let pieces = parts.map(|part| match part {
        Part::Words(words) => words,
        Part::Name(name) | Part::Account { name, .. } => format!("[{name}]"),
    });
    pieces.collect()
}

#[test]
fn sentences_name_who_signed_in() {
    let wrong = Event::SignInRefused(SignInRefusal::WrongPassword);
    let unknown = Event::SignInRefused(SignInRefusal::UnknownUser);
    let ada = Some("ada");
    for (event, user, words) in [
        (Event::SignedIn, ada, "[ada] signed in"),
        (Event::SignedIn, None, "Somebody signed in"),
        (
            Event::SignedInBy(RecordedMethod::Invitation),
            ada,
            "[ada] signed in with an invitation",
        ),
        (
            wrong,
            ada,
            "A sign-in as [ada] was refused: the password was wrong",
        ),
        (
            unknown,
            None,
            "A sign-in was refused: there is no such account",
        ),
    ] {
        assert_eq!(sentence(&record(event, user, None, Source::Browser)), words);
    }
}

/// A key is made and confirmed by its owner, an administrator or a command.
#[test]
fn sentences_about_keys_name_who_acted() {
    let (made, confirmed) = (Event::AccessKeyMade, Event::AccessKeyConfirmed);
    for (event, actor, source, words) in [
        (
            made,
            None,
            Source::Browser,
            "[ada] created the access key [Nightly]",
        ),
        (
            made,
            None,
            Source::Command,
            "A command created the access key [Nightly] of [ada]",
        ),
        (
            confirmed,
            None,
            Source::Browser,
            "[ada] confirmed the suspended access key [Nightly]",
        ),
        (
            confirmed,
            Some("root"),
            Source::Browser,
            "[root] confirmed the suspended access key [Nightly] of [ada]",
        ),
        (
            confirmed,
            None,
            Source::Command,
            "A command confirmed the suspended access key [Nightly] of [ada]",
        ),
        (
            Event::SignedIn,
            None,
            Source::Browser,
            "[ada] signed in with the access key [Nightly]",
        ),
    ] {
        let record = Record {
            key_name: Some("Nightly".to_owned()),
            ..record(event, Some("ada"), actor, source)
        };
        assert_eq!(sentence(&record), words);
    }
}

/// A server of a newer version writes to the same log.
#[test]
fn an_unknown_event_is_described_by_its_words() {
    let of = |user, event: &str, reason: Option<&str>| {
        let unknown = Event::parse(event, reason).expect_err("an unknown event");
        Record {
            unknown: Some(unknown),
            ..record(Event::Unknown, user, None, Source::Browser)
        }
    };
    let moved = of(Some("ada"), "moved", Some("to_mars"));
    assert_eq!(moved.words(), ("moved", Some("to_mars")));
    assert_eq!(
        sentence(&moved),
        "An event of [ada] that this version does not know: moved, to_mars"
    );
    let words = "An event that this version does not know: moved";
    assert_eq!(sentence(&of(None, "moved", None)), words);
    assert_eq!(of(None, "moved", None).description_for_owner(), words);
}

/// Names lead to their accounts.
#[test]
fn names_have_the_ids_of_their_accounts() {
    let parts = record(
        Event::UserPromoted,
        Some("ada"),
        Some("root"),
        Source::Browser,
    )
    .description();
    let ids = parts.iter().filter_map(|part| match part {
        Part::Account { name, id } => Some((name.as_str(), id.0.as_str())),
        _ => None,
    });
    assert_eq!(ids.collect::<Vec<_>>(), [("root", "2"), ("ada", "1")]);
}

#[test]
fn sentences_name_the_actor_and_the_account() {
    let ended = Event::SessionEnded(EndReason::EndedByAdmin);
    let (ada, root) = (Some("ada"), Some("root"));
    for (event, user, actor, source, words) in [
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
            "[root] signed [ada] out on a device",
        ),
        (
            ended,
            ada,
            None,
            Source::Server,
            "The server signed [ada] out on a device",
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

/// Each event has a sentence of its own, without a remaining placeholder.
#[test]
fn every_event_has_a_sentence_of_its_own() {
    for user in [Some("ada"), None] {
        let described = |event| sentence(&record(event, user, Some("root"), Source::Browser));
        // For an attacker who guesses, both mean that this password was wrong.
        let too_long = SignInRefusal::PasswordTooLong.as_str();
        let events = Event::all()
            .into_iter()
            .filter(|event| event.reason() != Some(too_long));
        let mut sentences: Vec<_> = events.map(described).collect();
        let number = sentences.len();
        for sentence in &sentences {
            assert!(
                [USER, ACTOR, REASON]
                    .iter()
                    .all(|placeholder| !sentence.contains(placeholder)),
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
