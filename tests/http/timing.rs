//! Response times do not reveal which accounts exist (ASVS V6.3.8; CVE-2024-39329, CVE-2025-22234,
//! CVE-2026-22746).

use crate::{
    app::{TestApp, WRONG},
    support::{
        self, PASSWORD, START,
        database::{Engine, TestDatabase, texts},
    },
};
use argon2::{Argon2, Params, PasswordHasher};
use std::time::{Duration, Instant};
use vestibule::{
    domain::{actor::Actor, user::LookupKey},
    server::{
        core::{accounts::users, actor, sign_in::throttle::Subject},
        store,
        token::KeyedDigest,
    },
};

const SAMPLES: usize = 200;

/// The allowed deviation from one half of the chance that one kind of answer is slower than
/// another. Of 200 samples of the same kind the standard deviation is 0.03; an answer without a
/// hash would deviate by 0.5.
const MARGIN: f64 = 0.15;

/// The part of its time by which an answer may be sooner than another: twice the precision with which the work of an
/// old hash is filled up. On a machine without any noise the ranks would show much less than a network does.
const PRECISION: f64 = 0.02;

/// A kind of refusal: the input, and the counters of its failures.
struct Kind {
    name: &'static str,
    password: &'static str,
    counters: Vec<KeyedDigest>,
    times: Vec<Duration>,
}

impl Kind {
    /// Takes one failure back, so that the next sample has the same state.
    async fn forget_one(&self, app: &TestApp) {
        for counter in &self.counters {
            let counter = counter.as_str();
            let sql = format!(
                "UPDATE throttle SET failures = failures - 1 WHERE key = '{counter}' RETURNING key"
            );
            let forgotten = texts(&app.core.db, &sql).await;
            assert_eq!(forgotten, [counter], "{} was counted", self.name);
        }
    }
}

/// The chance that a time of `one` is longer than a time of `other` (Mann and Whitney's U, over
/// the number of pairs).
fn chance_of_longer(one: &[Duration], other: &[Duration]) -> f64 {
    let points = one.iter().flat_map(|one| {
        other.iter().map(move |other| match one.cmp(other) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
    });
    points.sum::<f64>() / (one.len() * other.len()) as f64
}

fn sooner(time: &Duration) -> Duration {
    time.mul_f64(1.0 - PRECISION)
}

/// A server that checks accounts as usual, and one address for all samples.
async fn app() -> TestApp {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let mut core = support::core(&database).await;
    core.throttle.limits.address_failures = u32::MAX;
    for name in ["wrong", "disabled", "nearly", "old", "unheard"] {
        support::create_user(&core, name).await;
    }
    TestApp::start(database, core, |_| ()).await
}

/// An older hash, with a fifth of today's work.
fn old_hash() -> String {
    let params = Params::new(8 * 1024, 1, 1, Some(32)).unwrap();
    let hash =
        Argon2::from(params).hash_password_with_salt(PASSWORD.as_bytes(), b"sixteen salt 016");
    hash.unwrap().to_string()
}

/// A prime number, for [`in_turn`].
const KINDS: usize = 7;

/// The kind at this position of a round. In 42 rounds each comes six times at each position, and
/// six times after each other one: work left over from a request delays the next one.
const fn in_turn(round: usize, index: usize) -> usize {
    let step = 1 + round / KINDS % (KINDS - 1);
    (round + step * index) % KINDS
}

async fn kinds(app: &TestApp) -> Vec<Kind> {
    let mut kinds = Vec::new();
    for (name, password) in [
        ("unknown", WRONG),
        ("wrong", WRONG),
        ("disabled", PASSWORD),
        ("nearly", WRONG),
        ("old", WRONG),
        // Another spelling has filled the counter of the account.
        ("unheard", PASSWORD),
        ("Unheard", WRONG),
    ] {
        let key = LookupKey::of(name);
        let mut counted = vec![app.core.throttle.digest(&Subject::Name(&key))];
        if name == "unknown" {
            counted.push(app.core.throttle.digest(&Subject::UnknownAccount(&key)));
        } else if key.as_str() != "unheard" {
            let user = app.user(name).await;
            counted.push(app.core.throttle.digest(&Subject::Account(&user.id)));
        }
        kinds.push(Kind {
            name,
            password,
            counters: counted,
            times: Vec::new(),
        });
    }
    kinds
}

#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_takes_as_long() {
    let app = app().await;
    let db = &app.core.db;
    users::disable(
        &app.core,
        &actor::on_this_machine(),
        &app.user("disabled").await,
    )
    .await
    .unwrap();
    let old = app.user("old").await;
    store::users::set_password(db, &old.id, &old_hash(), START, &Actor::command())
        .await
        .unwrap();
    // One more, and this account has to wait.
    for _ in 0..9 {
        assert_eq!(app.fetch_login("nearly", WRONG).await.status, 401);
    }
    for _ in 0..10 {
        let answer = app.fetch_login("unheard@example.org", WRONG).await;
        assert_eq!(answer.status, 401);
    }
    let mut kinds = kinds(&app).await;
    assert_eq!(kinds.len(), KINDS);
    for round in 0..SAMPLES {
        for index in 0..KINDS {
            let kind = &mut kinds[in_turn(round, index)];
            let asked = Instant::now();
            let answer = app.fetch_login(kind.name, kind.password).await;
            kind.times.push(asked.elapsed());
            assert_eq!(answer.status, 401, "{}", kind.name);
            kind.forget_one(&app).await;
        }
    }
    for one in &kinds {
        for other in &kinds {
            let sooner: Vec<_> = one.times.iter().map(sooner).collect();
            let chance = chance_of_longer(&sooner, &other.times);
            assert!(
                chance < 0.5 + MARGIN,
                "{} is slower than {} with a chance of {chance:.2}",
                one.name,
                other.name
            );
        }
    }
}

#[test]
fn the_rank_test_detects_differences() {
    let millis = |range: std::ops::Range<u64>| range.map(Duration::from_millis).collect::<Vec<_>>();
    assert!((chance_of_longer(&millis(0..100), &millis(0..100)) - 0.5).abs() < 0.001);
    assert!(chance_of_longer(&millis(50..150), &millis(0..100)) > 0.5 + MARGIN);
    assert!(chance_of_longer(&millis(0..100), &millis(200..300)) < 0.001);
    let slower: Vec<_> = millis(104..108).iter().map(sooner).collect();
    assert!(chance_of_longer(&slower, &millis(100..101)) > 0.5 + MARGIN);
}
