//! `store::throttle`.

use crate::{
    on_both_engines,
    support::{self, START},
};
use std::time::Duration;
use tokio::task::JoinSet;
use vestibule::{
    domain::moment::Timestamp,
    server::{
        Core,
        store::throttle::{Admission, Pace, count, find, give_back},
        token::KeyedDigest,
    },
};

const PACE: Pace = Pace {
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

async fn attempt(core: &Core, name: &str, at: Timestamp) -> bool {
    let refused = count(&core.db, &[(key(core, name), PACE)], at).await;
    refused.unwrap().is_none()
}

/// What a reader sees is what a writer decides.
async fn wait(core: &Core, name: &str, at: Timestamp) -> Option<u64> {
    let counter = find(&core.db, &key(core, name)).await.unwrap();
    counter
        .and_then(|counter| counter.wait(at, &PACE))
        .map(|wait| wait.as_secs())
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

    /// Who never stops never gets the first few again.
    async fn going_on_beyond_the_number_keeps_the_window_open(database: TestDatabase) {
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

    /// Many guesses at the same moment are no way through.
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

    async fn one_that_has_to_wait_is_counted_nowhere(database: TestDatabase) {
        let core = support::core(&database).await;
        for _ in 0..3 {
            attempt(&core, "full", START).await;
        }
        let both = [(key(&core, "free"), PACE), (key(&core, "full"), PACE)];
        assert_eq!(count(&core.db, &both, START).await.unwrap(), Some(key(&core, "full")));
        assert_eq!(failures(&core, "free").await, None);
        assert_eq!(count(&core.db, &both, seconds(30)).await.unwrap(), None);
        assert_eq!((failures(&core, "free").await, failures(&core, "full").await), (Some(1), Some(4)));
    }

    /// A success neither counts nor shortens the pause that failures have earned: else signing in
    /// to one's own account would buy a guess at another's.
    async fn giving_back_leaves_everything_as_it_was(database: TestDatabase) {
        let core = support::core(&database).await;
        for _ in 0..3 {
            attempt(&core, "a", START).await;
        }
        assert!(attempt(&core, "a", seconds(40)).await);
        let admission = Admission { counters: vec![key(&core, "a"), key(&core, "never")], at: seconds(40) };
        give_back(&core.db, &admission).await.unwrap();
        assert_eq!(failures(&core, "a").await, Some(3));
        assert_eq!(wait(&core, "a", seconds(29)).await, Some(1), "counted from the failure");
        assert!(attempt(&core, "a", seconds(41)).await, "the success has not taken the turn");
        assert!(!attempt(&core, "a", seconds(42)).await);
        for _ in 0..9 {
            give_back(&core.db, &admission).await.unwrap();
        }
        assert_eq!(failures(&core, "a").await, Some(0), "never below nothing");
    }

    /// A clock that ran ahead and was set back locks nobody out.
    async fn a_last_attempt_and_a_window_in_the_future_are_not_believed(database: TestDatabase) {
        let core = support::core(&database).await;
        for _ in 0..3 {
            attempt(&core, "a", seconds(86_400)).await;
        }
        assert_eq!(wait(&core, "a", START).await, None);
        // Nor is its window: failures of today would be added to those of then, until then.
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
