//! The throttle does not reveal that a name and an email address are one account.

use crate::{
    app::{TestApp, WRONG, comparable, flash_of},
    on_both_engines,
    support::{
        self, PASSWORD,
        database::TestDatabase,
        http::{Answer, FLASH_COOKIE},
    },
};
use std::time::Duration;
use vestibule::{
    domain::audit::{Event, Record},
    server::{
        core::{
            actor::{self, Actor},
            sessions::Presented,
            sign_in::{self, Credentials},
        },
        store::{self, audit::Filter},
    },
};

/// A test of whether two spellings are one account: seconds after the beginning, and the number of
/// guesses at the first or the second.
const ATTEMPTS: &[(u64, Spelling, usize)] = &[
    (0, Spelling::First, 11),
    (0, Spelling::Second, 3),
    (10, Spelling::Second, 1),
    (29, Spelling::First, 1),
    // The pause of the first: which spelling gets the turn?
    (30, Spelling::First, 2),
    (31, Spelling::Second, 2),
    (60, Spelling::Second, 1),
    (60, Spelling::First, 2),
    (75, Spelling::Second, 4),
    // The pause of both, alternating.
    (105, Spelling::Second, 2),
    (106, Spelling::First, 2),
    (135, Spelling::First, 1),
    (136, Spelling::Second, 2),
    (137, Spelling::First, 1),
    // The window of the second ends, and that of both.
    (905, Spelling::Second, 1),
    (1_036, Spelling::First, 3),
    (1_100, Spelling::Second, 12),
    (3_000, Spelling::Second, 11),
    (3_000, Spelling::First, 11),
];

#[derive(Clone, Copy)]
enum Spelling {
    First,
    Second,
}

type Comparable = (u16, Vec<(String, String)>, String);

/// An answer without the returned input, and without the parts that always differ.
fn without_name(answer: &Answer, input: &str) -> (Comparable, String) {
    let mut same = comparable(answer);
    same.1.retain(|(name, _)| name != "set-cookie");
    let flash = match answer.set_cookies(FLASH_COOKIE).is_empty() {
        true => String::new(),
        false => flash_of(answer).replace(&format!("\"{input}\""), "\"NAME\""),
    };
    (same, flash)
}

async fn app(database: TestDatabase) -> TestApp {
    let mut core = support::core(&database).await;
    core.throttle.limits.address_failures = u32::MAX;
    for name in ["ada", "bob", "eve", "joe", "zoe"] {
        support::create_user(&core, name).await;
    }
    TestApp::start(database, core, |_| ()).await
}

async fn records(app: &TestApp) -> Vec<Record> {
    let found = store::audit::list(&app.core.db, &Filter::default(), None, 10_000).await;
    found.unwrap()
}

async fn how_many(app: &TestApp, event: &str) -> usize {
    let records = records(app).await.into_iter();
    records
        .filter(|record| record.entry.event.as_str() == event)
        .count()
}

on_both_engines! {
    /// Each pair of one account, of two and of none, in both directions, by script and by plain
    /// form: the same answers to the same sequence, byte for byte.
    async fn no_answer_shows_that_two_spellings_are_one_account(database: TestDatabase) {
        let app = app(database).await;
        let pairs = [
            ("nobody", "nobody@example.org"),
            ("ada", "ada@example.org"),
            ("bob@example.org", "bob"),
            ("eve", "joe@example.org"),
            ("zoe", "unknown@example.org"),
            ("none@example.org", "joe"),
        ];
        for (number, (at, spelling, times)) in ATTEMPTS.iter().enumerate() {
            app.set_clock(Duration::from_secs(*at));
            for attempt in 0..*times {
                let mut expected = None;
                for (first, second) in pairs {
                    let input = match spelling {
                        Spelling::First => first,
                        Spelling::Second => second,
                    };
                    let answer = if attempt % 2 == 0 {
                        app.fetch_login(input, WRONG).await
                    } else {
                        app.post_login(input, WRONG).await
                    };
                    let answer = without_name(&answer, input);
                    let expected = expected.get_or_insert_with(|| answer.clone());
                    assert_eq!(answer, *expected, "{input} of {first} and {second}, step {number}, attempt {attempt}");
                }
            }
        }
        assert!(how_many(&app, "sign_in_throttled").await > 0, "some of it was throttled silently");
    }

    /// Ten, and then one in thirty seconds, for any number of spellings.
    async fn mixing_spellings_gets_no_more_guesses(database: TestDatabase) {
        let app = app(database).await;
        let spellings = ["ada", "ada@example.org", "ADA", "Ａｄａ", "Ada@EXAMPLE.org", " ada "];
        for (number, second) in (0..600).step_by(3).enumerate() {
            app.set_clock(Duration::from_secs(second));
            app.fetch_login(spellings[number % spellings.len()], WRONG).await;
        }
        // By one spelling: ten by 27 s, and one in each pause until 597 s.
        let verified = how_many(&app, "sign_in_refused").await;
        assert!(verified > 10 && verified <= 10 + 19, "{verified} were verified");
        let throttled = records(&app).await.into_iter().filter(|record| record.entry.event == Event::SignInThrottled);
        assert!(throttled.clone().count() > 10);
        for record in throttled {
            assert_eq!(record.username.as_deref(), Some("ada"), "its owner and administrators see it");
        }
    }

    /// The right password is no exception: neither as the last guess, nor in the turn of the other
    /// spelling.
    async fn the_right_password_is_refused_beyond_the_limit(database: TestDatabase) {
        let app = app(database).await;
        for number in 0..10 {
            let input = if number % 2 == 0 { "ada" } else { "ada@example.org" };
            assert_eq!(app.fetch_login(input, WRONG).await.status, 401);
        }
        let wrong = comparable(&app.fetch_login("nobody", WRONG).await);
        for input in ["ada", "Ａｄａ", "ada@example.org", "ADA@Example.org"] {
            assert_eq!(comparable(&app.fetch_login(input, PASSWORD).await), wrong, "{input}");
        }
        app.set_clock(Duration::from_secs(30));
        assert_eq!(app.fetch_login("ada", WRONG).await.status, 401, "takes the turn");
        assert_eq!(comparable(&app.fetch_login("ada@example.org", PASSWORD).await), wrong);
        app.set_clock(Duration::from_secs(60));
        assert_eq!(app.fetch_login("ada@example.org", PASSWORD).await.status, 200, "after half a minute of quiet");
        assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 200, "and a success takes no turn");
    }

    /// Concurrent guesses gain nothing, and neither does the right one among them.
    async fn many_guesses_at_once_by_two_spellings_get_no_more(database: TestDatabase) {
        let app = app(database).await;
        for number in 0..9 {
            let input = if number % 2 == 0 { "ada" } else { "ada@example.org" };
            app.fetch_login(input, WRONG).await;
        }
        let mut guesses = tokio::task::JoinSet::new();
        for number in 0..20_u8 {
            let core = app.core.clone();
            guesses.spawn(async move {
                let visitor = Actor::visitor(actor::Browser::new(format!("192.0.2.{number}"), ""));
                let input = if number % 2 == 0 { "ada" } else { "ada@example.org" };
                let credentials = Credentials { username: input, password: &support::password(WRONG) };
                sign_in::login(&core, &visitor, Presented::default(), &credentials, false).await.is_ok()
            });
        }
        assert!(!guesses.join_all().await.contains(&true));
        assert!(how_many(&app, "sign_in_refused").await <= 10);
    }
}
