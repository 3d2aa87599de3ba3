//! Concurrent attempts: successes are free, and guesses in progress are not.

use crate::{
    app::{TestApp, WRONG},
    on_both_engines,
    support::{
        self, PASSWORD,
        database::texts,
        http::{Browser, DEVICE_COOKIE},
        password,
    },
};
use std::time::Duration;
use tokio::task::JoinSet;
use vestibule::{
    domain::{
        session::CurrentUser,
        user::{LookupKey, UserId},
    },
    error::{AppError, Failure, Refusal},
    server::{
        core::{
            Core,
            accounts::password as passwords,
            actor::{self, Actor, Owner},
            sessions::{Presented, Started},
            sign_in::{
                self, Credentials, confirmation,
                throttle::{self, Subject, Undecided},
            },
        },
        hashing::{Capacity, Hasher},
        store,
    },
};

fn browser(address: &str) -> actor::Browser {
    actor::Browser::new(address.to_owned(), "")
}

async fn attempt(
    core: &Core,
    number: usize,
    input: &str,
    password: &str,
) -> Result<Started, AppError> {
    let address = format!("203.0.{}.{}", number / 250, 1 + number % 250);
    let password = support::password(password);
    let credentials = Credentials {
        username: input,
        password: &password,
    };
    let visitor = Actor::visitor(browser(&address));
    sign_in::login(core, &visitor, Presented::default(), &credentials, false).await
}

/// This number of concurrent attempts, alternating between the cores.
async fn at_once(
    cores: &[&Core],
    number: usize,
    input: [&'static str; 2],
    password: &'static str,
) -> Vec<Result<(), AppError>> {
    let mut attempts = JoinSet::new();
    for number in 0..number {
        let core = cores[number % cores.len()].clone();
        let input = input[number / 2 % 2];
        attempts.spawn(async move { attempt(&core, number, input, password).await.map(drop) });
    }
    attempts.join_all().await
}

fn how_many(
    outcomes: &[Result<(), AppError>],
    is: impl Fn(&Result<(), AppError>) -> bool,
) -> usize {
    outcomes.iter().filter(|outcome| is(outcome)).count()
}

const NAME: [&str; 2] = ["ada"; 2];
const BOTH: [&str; 2] = ["ada", "ada@example.org"];

/// The one turn of a name, held by an attempt that does not finish.
async fn under_way(core: &Core, input: &str) -> Undecided {
    let name = LookupKey::of(input);
    let counters = core.throttle.counters(&[Subject::Name(&name)], None);
    throttle::admit(core, counters)
        .await
        .expect("there is capacity")
}

async fn failures(core: &Core, subject: &Subject<'_>) -> i64 {
    let counter = store::throttle::find(&core.db, &core.throttle.digest(subject)).await;
    counter.unwrap().map_or(0, |counter| counter.failures)
}

async fn user(core: &Core) -> UserId {
    let mut all = support::users(core).await;
    all.remove(0).id
}

/// The session of a signed-in person, as a request finds it.
async fn current(core: &Core, started: &Started) -> CurrentUser {
    let found = store::sessions::find_by_digest(&core.db, &started.session.digest()).await;
    found.unwrap().expect("a session")
}

on_both_engines! {
    /// A class that signs in to one account. Attempts without a turn in five seconds get 503.
    async fn of_200_right_sign_ins_at_once_none_is_too_many(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let address = app.address;
        let mut sign_ins = JoinSet::new();
        for number in 0..200 {
            let input = BOTH[number % 2];
            sign_ins.spawn(async move {
                let answer = Browser::new(address).fetch_login(input, PASSWORD).await;
                (answer.status, answer.text())
            });
        }
        let answers = sign_ins.join_all().await;
        let inside = answers.iter().filter(|(status, _)| *status == 200).count();
        for (status, text) in &answers {
            assert!([200, 503].contains(status), "{status}: {text}");
        }
        assert!(inside >= 20, "only {inside} succeeded");
        for _ in 0..10 {
            assert_eq!(app.fetch_login("ada", WRONG).await.status, 401, "none of it was counted");
        }
        assert_eq!(app.fetch_login("ada", WRONG).await.status, 429);
    }

    async fn of_100_on_two_servers_none_is_too_many_either(database: TestDatabase) {
        let (one, other) = (support::core(&database).await, support::core(&database).await);
        support::create_user(&one, "ada").await;
        let outcomes = at_once(&[&one, &other], 100, BOTH, PASSWORD).await;
        let inside = how_many(&outcomes, Result::is_ok);
        let busy = how_many(&outcomes, |outcome| matches!(outcome, Err(AppError::Failed(Failure::Busy) | AppError::Failed(Failure::Unavailable))));
        assert_eq!(inside + busy, 100, "{outcomes:?}");
        assert!(inside >= 20, "{inside} got in");
    }

    /// The same on two servers, and by two spellings.
    async fn of_200_wrong_ones_at_once_ten_are_verified(database: TestDatabase) {
        let (one, other) = (support::core(&database).await, support::core(&database).await);
        support::create_user(&one, "ada").await;
        let outcomes = at_once(&[&one, &other], 200, NAME, WRONG).await;
        let refused = how_many(&outcomes, |outcome| *outcome == Err(AppError::from(Refusal::SignIn)));
        let put_off = how_many(&outcomes, |outcome| {
            matches!(outcome, Err(AppError::Failed(Failure::Throttled { .. }) | AppError::Failed(Failure::Busy) | AppError::Failed(Failure::Unavailable)))
        });
        assert_eq!(refused + put_off, 200, "{outcomes:?}");
        assert!(refused <= 10, "{refused} were verified");
        let ada = user(&one).await;
        assert_eq!(failures(&one, &Subject::Account(&ada)).await, i64::try_from(refused).unwrap());
        let outcomes = at_once(&[&one, &other], 200, BOTH, WRONG).await;
        assert_eq!(how_many(&outcomes, Result::is_ok), 0);
        assert!(failures(&one, &Subject::Account(&ada)).await <= 10);
        for input in BOTH {
            assert!(attempt(&one, 240, input, PASSWORD).await.is_err(), "{input}");
        }
    }

    /// With capacity for one more, all right attempts succeed, one after the other.
    async fn those_beyond_the_limit_wait_for_those_in_flight(database: TestDatabase) {
        let core = support::core(&database).await;
        support::create_user(&core, "ada").await;
        for number in 0..9 {
            attempt(&core, number, "ada", WRONG).await.expect_err("wrong");
        }
        assert_eq!(at_once(&[&core], 8, NAME, PASSWORD).await, [const { Ok(()) }; 8]);
        attempt(&core, 9, "ada", WRONG).await.expect_err("wrong");
        core.clock.set(support::START.after(Duration::from_secs(30)));
        assert_eq!(at_once(&[&core], 8, NAME, PASSWORD).await, [const { Ok(()) }; 8], "in the turn of a pause");
        let outcomes = at_once(&[&core], 8, NAME, WRONG).await;
        assert_eq!(how_many(&outcomes, |outcome| *outcome == Err(AppError::from(Refusal::SignIn))), 1);
        assert_eq!(how_many(&outcomes, |outcome| matches!(outcome, Err(AppError::Failed(Failure::Throttled { seconds: 30 })))), 7);
    }

    /// Waiting uses no hashing thread and no connection to the database, and ends as busy after
    /// five seconds, which is no failure.
    async fn waiting_attempts_hold_nothing_and_end_as_busy(database: TestDatabase) {
        let mut core = support::core(&database).await;
        core.throttle.limits.account_failures = 1;
        core.hasher = Hasher::start(Capacity { threads: 1, queue: 1 }).unwrap();
        support::create_user(&core, "ada").await;
        support::create_user(&core, "eve").await;
        let first = under_way(&core, "ada").await;
        let waiting = tokio::spawn({
            let core = core.clone();
            async move { at_once(&[&core], 300, NAME, PASSWORD).await }
        });
        tokio::time::sleep(Duration::from_millis(500)).await;
        for number in 400..403 {
            attempt(&core, number, "eve", PASSWORD).await.expect("others sign in meanwhile");
        }
        assert_eq!(waiting.await.unwrap(), [const { Err(AppError::Failed(Failure::Busy)) }; 300]);
        drop(first);
        attempt(&core, 404, "ada", PASSWORD).await.expect("there was no failure");
    }

    /// A client that disconnects before the answer has cost as much work as one that waits.
    async fn an_attempt_that_is_given_up_is_a_failure(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = LookupKey::of("ada");
        drop(under_way(&core, "ada").await);
        let mut undecided = under_way(&core, "ada").await;
        undecided.begin();
        drop(undecided);
        let counted = async {
            while failures(&core, &Subject::Name(&ada)).await != 1 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), counted).await.expect("it is counted once");
    }

    /// A failure that cannot be recorded (a full disk) makes no guess free.
    async fn an_attempt_that_cannot_be_counted_is_not_tried(database: TestDatabase) {
        let core = support::core(&database).await;
        support::create_user(&core, "ada").await;
        texts(&core.db, "ALTER TABLE activity RENAME TO somewhere_else").await;
        let mut answers = Vec::new();
        for number in 0..15 {
            answers.push(attempt(&core, number, "ada", WRONG).await.err());
        }
        assert_eq!(answers[0], Some(AppError::Failed(Failure::Unavailable)));
        assert_eq!(answers[12], Some(AppError::Failed(Failure::Throttled { seconds: 30 })), "{answers:?}");
        texts(&core.db, "ALTER TABLE somewhere_else RENAME TO activity").await;
        core.clock.set(support::START.after(Duration::from_secs(30)));
        attempt(&core, 20, "ada", WRONG).await.expect_err("wrong");
        core.clock.set(support::START.after(Duration::from_secs(60)));
        attempt(&core, 21, "ada", PASSWORD).await.expect("and then all is well again");
    }

    /// The password was right: that the session ended meanwhile is no guess.
    async fn renewals_that_lost_leave_no_failure(database: TestDatabase) {
        let core = support::core(&database).await;
        support::create_user(&core, "ada").await;
        let started = attempt(&core, 0, "ada", PASSWORD).await.unwrap();
        let current = Box::new(current(&core, &started).await);
        let actor = Actor::signed_in(current, browser("203.0.113.7"));
        let (owner, none) = (Owner::of(&actor).unwrap(), Presented::default());
        sign_in::logout(&core, &actor, Some(&started.session)).await.unwrap();
        for _ in 0..12 {
            let lost = confirmation::confirm(&core, owner, &none, &password(PASSWORD)).await;
            assert_eq!(lost.unwrap_err(), AppError::Failed(Failure::NotSignedIn));
            let new = password("another long password");
            let lost = passwords::change(&core, owner, &none, &password(PASSWORD), &new, false).await;
            assert_eq!(lost.err(), Some(AppError::Failed(Failure::NotSignedIn)));
        }
        let ada = user(&core).await;
        assert_eq!(failures(&core, &Subject::Account(&ada)).await, 0);
        assert_eq!(failures(&core, &Subject::Address("203.0.113.7")).await, 0);
        attempt(&core, 1, "ada", PASSWORD).await.expect("the owner is not slowed");
    }

    /// A signed-in person knows the account, so there is nothing to hide.
    async fn a_signed_in_person_gets_an_open_refusal(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        browser.set_cookie(DEVICE_COOKIE, "");
        for _ in 0..10 {
            assert_eq!(app.fetch_login("ada@example.org", WRONG).await.status, 401);
        }
        let fields = [("password", PASSWORD), ("next", "/dashboard")];
        let answer = browser.fetch_form("/api/confirm_password", &fields).await;
        assert_eq!((answer.status, answer.header("retry-after")), (429, Some("30")));
        assert_eq!(browser.fetch_login("ada", PASSWORD).await.status, 401, "a sign-in does not show it");
    }
}
