//! `store::throttle`.

use crate::{
    given::Writer,
    on_both_engines,
    support::{self, START},
};
use std::time::Duration;
use tokio::task::JoinSet;
use vestibule::{
    domain::{
        audit::{Entry, Event, SignInRefusal},
        moment::Timestamp,
    },
    server::{
        core::{
            Core,
            actor::{Actor, Browser},
        },
        store::{
            self,
            audit::Filter,
            throttle::{Counters, Limit, Outcome, Verdict, count, decide, find},
        },
        token::KeyedDigest,
    },
};

const LIMIT: Limit = Limit {
    failures: 3,
    window: Duration::from_secs(900),
    pause: Duration::from_secs(30),
};

fn seconds(seconds: u64) -> Timestamp {
    START.after(Duration::from_secs(seconds))
}

fn key(core: &Core, name: &str) -> KeyedDigest {
    core.throttle.key.digest("test:", name)
}

/// One counter that refuses openly, and a hidden one.
fn counters(core: &Core, open: &str, hidden: Option<&str>) -> Counters {
    Counters {
        open: vec![(key(core, open), LIMIT)],
        hidden: hidden.map(|hidden| (key(core, hidden), LIMIT)),
    }
}

fn entry(event: Event, at: Timestamp) -> Entry {
    Actor::visitor(Browser::default()).entry(at, event, None, None)
}

fn wrong(at: Timestamp) -> Outcome {
    let refused = Event::SignInRefused(SignInRefusal::WrongPassword);
    Outcome::Wrong(Box::new(entry(refused, at)))
}

async fn decided(core: &Core, counters: &Counters, outcome: Outcome, at: Timestamp) -> Verdict {
    let throttled = entry(Event::SignInThrottled, at);
    decide(&core.db, counters, outcome, throttled)
        .await
        .unwrap()
}

/// Fails once. `false` if it has to wait.
async fn attempt(core: &Core, name: &str, at: Timestamp) -> bool {
    let counters = counters(core, name, None);
    decided(core, &counters, wrong(at), at).await == Verdict::Failed
}

/// Succeeds once. `false` if it has to wait.
async fn succeeds(core: &Core, name: &str, at: Timestamp) -> bool {
    let counters = counters(core, name, None);
    decided(core, &counters, Outcome::Right, at).await == Verdict::Passed
}

async fn events(core: &Core) -> Vec<&'static str> {
    let records = store::audit::list(&core.db, &Filter::default(), None, 100).await;
    let records = records.unwrap().into_iter().rev();
    records.map(|record| record.entry.event.as_str()).collect()
}

/// A reader computes the same as a writer.
async fn wait(core: &Core, name: &str, at: Timestamp) -> Option<u64> {
    let counter = find(&core.db, &key(core, name)).await.unwrap();
    let capacity = counter.map_or(Ok(LIMIT.failures), |counter| counter.capacity(at, &LIMIT));
    capacity.err().map(|wait| wait.as_secs())
}

async fn failures(core: &Core, name: &str) -> Option<i64> {
    find(&core.db, &key(core, name))
        .await
        .unwrap()
        .map(|counter| counter.failures)
}

on_both_engines! {
    async fn the_first_few_pass_and_then_one_in_each_pause(database: TestDatabase) {
        let core = support::core(&database).await;
        for _ in 0..3 {
            assert_eq!(wait(&core, "a", START).await, None);
            assert!(attempt(&core, "a", START).await);
        }
        assert_eq!(wait(&core, "a", START).await, Some(30));
        assert!(!attempt(&core, "a", START).await);
        assert_eq!(wait(&core, "a", seconds(29)).await, Some(1));
        assert!(!attempt(&core, "a", seconds(29)).await);
        assert_eq!(wait(&core, "a", seconds(30)).await, None);
        assert!(attempt(&core, "a", seconds(30)).await);
        assert!(!attempt(&core, "a", seconds(59)).await);
        assert!(attempt(&core, "a", seconds(60)).await);
        assert!(attempt(&core, "b", START).await, "another counter is another");
    }

    async fn a_window_begins_with_its_first_failure(database: TestDatabase) {
        let core = support::core(&database).await;
        assert!(attempt(&core, "a", START).await);
        assert!(attempt(&core, "a", seconds(800)).await);
        assert!(attempt(&core, "a", seconds(900)).await, "a new window");
        assert_eq!(failures(&core, "a").await, Some(1));
    }

    /// Continuous failures never get the first few again.
    async fn failures_beyond_the_limit_extend_the_window(database: TestDatabase) {
        let core = support::core(&database).await;
        for _ in 0..3 {
            attempt(&core, "a", START).await;
        }
        for pause in 1..=100 {
            assert!(attempt(&core, "a", seconds(30 * pause)).await);
            assert!(!attempt(&core, "a", seconds(30 * pause)).await, "after {pause} pauses");
        }
        let quiet = seconds(30 * 100 + 900);
        for _ in 0..3 {
            assert!(attempt(&core, "a", quiet).await, "quiet for a whole window");
        }
        assert!(!attempt(&core, "a", quiet).await);
    }

    /// Many concurrent guesses gain nothing.
    async fn many_at_once_get_no_more_than_one_by_one(database: TestDatabase) {
        let core = support::core(&database).await;
        let mut guesses = JoinSet::new();
        for _ in 0..16 {
            let core = core.clone();
            guesses.spawn(async move { attempt(&core, "a", START).await });
        }
        let admitted = guesses.join_all().await.into_iter().filter(|&admitted| admitted).count();
        assert_eq!(admitted, 3);
    }

    /// On all servers: attempts are decided in turn, so concurrent guesses do not exceed the limit.
    async fn a_success_waits_for_the_failures_before_it(database: TestDatabase) {
        let core = support::core(&database).await;
        for _ in 0..2 {
            assert!(attempt(&core, "a", START).await);
        }
        let begin = if matches!(database.engine, Engine::Sqlite) { "BEGIN IMMEDIATE" } else { "BEGIN" };
        let (key, now) = (key(&core, "a"), START.as_millis());
        let sql = format!("UPDATE throttle SET failures = 3, last_at = {now} WHERE key = '{}'", key.as_str());
        let elsewhere = Writer::begin(&core.db, begin, &sql).await;
        let mut right = tokio::spawn({
            let core = core.clone();
            async move { succeeds(&core, "a", START).await }
        });
        let early = tokio::time::timeout(Duration::from_millis(300), &mut right).await;
        assert!(early.is_err(), "decided beside a failure that may still count");
        elsewhere.commit().await;
        assert!(!right.await.unwrap(), "the third failure came first");
    }

    async fn the_capacity_is_the_rest_of_the_counter(database: TestDatabase) {
        let core = support::core(&database).await;
        let capacity = async |at| {
            let counter = find(&core.db, &key(&core, "a")).await.unwrap();
            counter.expect("a counter").capacity(at, &LIMIT)
        };
        for left in [2, 1] {
            assert!(attempt(&core, "a", START).await);
            assert_eq!(capacity(START).await, Ok(left));
        }
        assert!(attempt(&core, "a", START).await);
        assert_eq!(capacity(seconds(10)).await, Err(Duration::from_secs(20)));
        assert_eq!(capacity(seconds(30)).await, Ok(1), "one in each pause");
        assert_eq!(capacity(seconds(900)).await, Ok(3), "a new window");
    }

    async fn an_attempt_that_has_to_wait_is_not_counted(database: TestDatabase) {
        let core = support::core(&database).await;
        for _ in 0..3 {
            attempt(&core, "full", START).await;
        }
        let both = Counters {
            open: vec![(key(&core, "free"), LIMIT), (key(&core, "full"), LIMIT)],
            hidden: Some((key(&core, "hidden"), LIMIT)),
        };
        let before = events(&core).await;
        for outcome in [wrong(START), Outcome::Right] {
            assert_eq!(decided(&core, &both, outcome, START).await, Verdict::MustWait(key(&core, "full")));
        }
        count(&core.db, &both, START).await.unwrap();
        assert_eq!(failures(&core, "free").await, None);
        assert_eq!(failures(&core, "hidden").await, None);
        assert_eq!(events(&core).await, before);
        assert_eq!(decided(&core, &both, wrong(seconds(30)), seconds(30)).await, Verdict::Failed);
        assert_eq!((failures(&core, "free").await, failures(&core, "full").await), (Some(1), Some(4)));
        assert_eq!(failures(&core, "hidden").await, Some(1));
    }

    /// The answer is that of a wrong password for any password; the audit log has the truth.
    async fn a_full_hidden_counter_refuses_like_a_wrong_password(database: TestDatabase) {
        let core = support::core(&database).await;
        let spelling = |name: &'static str| counters(&core, name, Some("account"));
        for _ in 0..3 {
            let verdict = decided(&core, &spelling("name"), wrong(START), START).await;
            assert_eq!(verdict, Verdict::Failed);
        }
        for outcome in [Outcome::Right, wrong(START)] {
            assert_eq!(decided(&core, &spelling("address"), outcome, START).await, Verdict::Failed);
        }
        assert_eq!(failures(&core, "address").await, Some(2), "it is counted by the input");
        assert_eq!(failures(&core, "account").await, Some(3), "and keeps nobody out for longer");
        let expected = [["sign_in_refused"; 3].as_slice(), &["sign_in_throttled"; 2]].concat();
        assert_eq!(events(&core).await, expected);
        let (later, address) = (seconds(30), spelling("address"));
        assert_eq!(decided(&core, &address, Outcome::Right, later).await, Verdict::Passed);
        assert_eq!(decided(&core, &address, wrong(later), later).await, Verdict::Failed, "the third there");
        assert_eq!(decided(&core, &spelling("name"), Outcome::Right, later).await, Verdict::Failed, "the turn is gone");
    }

    /// A success neither counts nor takes the turn, and does not shorten the pause after failures.
    /// Otherwise signing in to one's own account would gain a guess at another's.
    async fn a_success_leaves_everything_as_it_was(database: TestDatabase) {
        let core = support::core(&database).await;
        assert!(succeeds(&core, "a", START).await);
        assert_eq!(failures(&core, "a").await, None);
        for _ in 0..3 {
            assert!(succeeds(&core, "a", START).await);
            assert!(attempt(&core, "a", START).await);
        }
        assert!(!succeeds(&core, "a", seconds(29)).await);
        for _ in 0..3 {
            assert!(succeeds(&core, "a", seconds(40)).await);
        }
        assert_eq!(failures(&core, "a").await, Some(3));
        assert_eq!(wait(&core, "a", seconds(29)).await, Some(1), "counted from the failure");
        assert!(attempt(&core, "a", seconds(41)).await, "the success has not taken the turn");
        assert!(!attempt(&core, "a", seconds(42)).await);
    }

    async fn an_abandoned_attempt_is_a_failure(database: TestDatabase) {
        let core = support::core(&database).await;
        let counters = counters(&core, "open", Some("hidden"));
        for _ in 0..5 {
            count(&core.db, &counters, START).await.unwrap();
        }
        assert_eq!((failures(&core, "open").await, failures(&core, "hidden").await), (Some(3), Some(3)));
        assert_eq!(events(&core).await, [""; 0], "it has proved nothing");
    }

    /// A clock that ran ahead and was set back locks nobody out.
    async fn a_last_attempt_and_a_window_in_the_future_are_not_trusted(database: TestDatabase) {
        let core = support::core(&database).await;
        for _ in 0..3 {
            attempt(&core, "a", seconds(86_400)).await;
        }
        assert_eq!(wait(&core, "a", START).await, None);
        // Nor is its window: failures of today would be added to that window until its end.
        for number in 1..=3 {
            assert!(attempt(&core, "a", START).await);
            assert_eq!(failures(&core, "a").await, Some(number));
        }
        assert_eq!(wait(&core, "a", START).await, Some(30));
        assert!(!attempt(&core, "a", START).await);
        assert!(attempt(&core, "a", seconds(900)).await);
        assert_eq!(failures(&core, "a").await, Some(1), "and for the usual time");
    }
}
