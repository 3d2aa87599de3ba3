//! One browser with one cookie jar confirms and changes the password, ends its session and signs
//! out, on two nodes. Its answers arrive late, in any order, or never.
//!
//! A request is checked at one moment, takes effect at a later one, and is answered at a third, so
//! that requests overlap in every way. No password is hashed: a step is the result of the check.

mod sequence;

use crate::support::{
    self,
    database::{Engine, TestDatabase},
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::Index,
    test_runner::{Config, TestRunner},
};
use sequence::{Counts, Sequence};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::Runtime;
use vestibule::server::core::Core;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Page,
    Confirm,
    ChangePassword,
    /// By its id, as in the list of sessions.
    End,
    SignOut,
}

#[derive(Clone, Debug)]
enum Step {
    /// A request leaves the browser with its current cookie.
    Send(Action),
    /// A node checks the session of a request.
    Check(Index, usize),
    /// The request takes effect.
    Act(Index, usize),
    /// An answer reaches the jar, or is lost.
    Answer(Index, bool),
    /// All of this in one step.
    Ask(Action, usize, bool),
    SignIn,
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let action = || {
        prop_oneof![
            4 => Just(Action::Page),
            4 => Just(Action::Confirm),
            2 => Just(Action::ChangePassword),
            1 => Just(Action::End),
            1 => Just(Action::SignOut),
        ]
    };
    let (one, node) = (any::<Index>, || 0..2_usize);
    prop_oneof![
        6 => action().prop_map(Step::Send),
        6 => (one(), node()).prop_map(|(request, node)| Step::Check(request, node)),
        6 => (one(), node()).prop_map(|(request, node)| Step::Act(request, node)),
        6 => (one(), any::<bool>()).prop_map(|(answer, arrives)| Step::Answer(answer, arrives)),
        8 => (action(), node(), prop::bool::weighted(0.7)).prop_map(|(action, node, arrives)| Step::Ask(action, node, arrives)),
        1 => Just(Step::SignIn),
        2 => (0..90_u64).prop_map(Step::Wait),
    ]
}

/// Runs random sequences, and asserts that the important cases were among them.
fn one_browser_in(sequences: u32, engine: Engine) {
    let runtime = Runtime::new().unwrap();
    let database = runtime.block_on(TestDatabase::new(engine));
    let one = runtime.block_on(support::core(&database));
    let two = Core {
        clock: one.clock.clone(),
        ..runtime.block_on(support::core(&database))
    };
    let nodes = [one, two];
    let (counts, number) = (Counts::default(), AtomicUsize::new(0));
    let config = Config {
        cases: sequences,
        failure_persistence: None,
        ..Config::default()
    };
    let strategy = (vec(step(), 1..40), any::<Index>());
    let outcome = TestRunner::new(config).run(&strategy, |(steps, by)| {
        runtime.block_on(async {
            let number = number.fetch_add(1, Ordering::Relaxed);
            let mut sequence = Sequence::begin(&nodes, number, &counts).await;
            for step in &steps {
                sequence.take(step).await?;
            }
            sequence.end(&by).await
        })
    });
    for core in &nodes {
        runtime.block_on(core.db.close());
    }
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    let counts = counts.into_inner();
    for wanted in [
        "lost",
        "on grace",
        "confirmed",
        "confirmed on grace",
        "new password",
        "ended by its id",
        "signed out by an earlier token",
    ] {
        let times = counts.get(wanted).copied().unwrap_or_default();
        assert!(times >= sequences as usize / 50, "{wanted}: {counts:?}");
    }
}

#[test]
fn one_browser_in_400_sequences_on_sqlite() {
    one_browser_in(400, Engine::Sqlite);
}

#[test]
fn one_browser_in_100_sequences_on_postgres() {
    one_browser_in(100, Engine::Postgres);
}
