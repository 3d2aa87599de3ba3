//! Any order of actions by people, administrators and clocks: an ended session stays ended.
//!
//! Random sequences, step by step, against a model of a few lines; concurrent steps are in
//! `races.rs`. No password is hashed here: [`Verified`] is the result of the check.

mod issued;
mod one_browser;
mod owner;
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
use sequence::{Answers, Sequence};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tokio::runtime::Runtime;
use vestibule::{
    domain::session::EndReason,
    server::core::{Core, sessions::Lifetimes},
};

/// Short, so that a session in use soon reaches its absolute end. The maximum lifetime is hardly more than the idle
/// time, so that sequences reach both ends.
const LIFETIMES: Lifetimes = Lifetimes {
    idle: Duration::from_secs(2 * 3_600),
    absolute: Duration::from_secs(2 * 3_600 + 120),
    remember_idle: Duration::from_secs(24 * 3_600),
    remember_absolute: Duration::from_secs(24 * 3_600 + 600),
};

/// Few, so that sequences reach the limit.
const MAX_SESSIONS: u32 = 3;

/// The possible steps. Tokens are chosen among all that were ever issued, dead ones too.
#[derive(Clone, Debug)]
enum Step {
    /// A person signs in, in the browser with the chosen token or in a new one.
    SignIn {
        account: usize,
        remember: bool,
        brings: Option<Index>,
    },
    /// A password is verified now; the session will start later.
    Verify {
        account: usize,
    },
    /// The session of the earliest such check starts.
    StartLate,
    Resume(Index),
    /// A person confirms their presence.
    Stay(Index),
    SignOut(Index),
    /// The holder of the first token ends the session of the second, their own or not.
    EndOne(Index, Index),
    EndOthers(Index),
    EndAll(Index),
    /// The holder of the first token disowns the sign-in of the second.
    Disown(Index, Index),
    /// A person confirms the password: the session continues under another token.
    Confirm(Index),
    EndByAdmin(Index),
    EndAllByAdmin {
        account: usize,
    },
    Disable {
        account: usize,
    },
    Enable {
        account: usize,
    },
    SetPassword {
        account: usize,
    },
    /// An administrator creates a link for a new password.
    MakeLink {
        account: usize,
    },
    /// A person uses one of all links that were ever created.
    UseLink(Index),
    /// The account is deleted, and another one gets its name.
    Delete {
        account: usize,
    },
    /// A person confirms the password in the session of the token.
    ChangePassword(Index),
    /// Time passes, or the clock is set back.
    Clock {
        seconds: i64,
    },
}

const ACCOUNTS: usize = 2;

/// A way to end that no sequence of so many runs met is not reached any more.
const MOST_RUNS: usize = 10;

fn step() -> impl Strategy<Value = Step> {
    let token = any::<Index>;
    let account = 0..ACCOUNTS;
    let seconds = prop_oneof![
        4 => 0..180_i64,
        4 => 0..2 * 3_600_i64,
        2 => 0..30 * 3_600_i64,
        1 => 0..4 * 86_400_i64,
        2 => -3 * 3_600..0_i64,
        1 => -4 * 86_400..0_i64,
    ];
    prop_oneof![
        10 => (account.clone(), any::<bool>(), any::<Option<Index>>())
            .prop_map(|(account, remember, brings)| Step::SignIn { account, remember, brings }),
        1 => account.clone().prop_map(|account| Step::Verify { account }),
        1 => Just(Step::StartLate),
        10 => token().prop_map(Step::Resume),
        1 => token().prop_map(Step::Stay),
        3 => token().prop_map(Step::SignOut),
        3 => (token(), token()).prop_map(|(asks, ends)| Step::EndOne(asks, ends)),
        1 => token().prop_map(Step::EndOthers),
        1 => token().prop_map(Step::EndAll),
        4 => (token(), token()).prop_map(|(asks, ends)| Step::Disown(asks, ends)),
        4 => token().prop_map(Step::Confirm),
        1 => token().prop_map(Step::EndByAdmin),
        1 => account.clone().prop_map(|account| Step::EndAllByAdmin { account }),
        1 => account.clone().prop_map(|account| Step::Disable { account }),
        2 => account.clone().prop_map(|account| Step::Enable { account }),
        1 => account.clone().prop_map(|account| Step::SetPassword { account }),
        2 => account.clone().prop_map(|account| Step::MakeLink { account }),
        2 => any::<Index>().prop_map(Step::UseLink),
        1 => account.prop_map(|account| Step::Delete { account }),
        2 => token().prop_map(Step::ChangePassword),
        6 => seconds.prop_map(|seconds| Step::Clock { seconds }),
    ]
}

/// The reasons that a page receives: all but the end of a deleted account.
const REPORTED: [EndReason; 9] = [
    EndReason::SignedOut,
    EndReason::Replaced,
    EndReason::Idle,
    EndReason::Expired,
    EndReason::EndedByAdmin,
    EndReason::UserDisabled,
    EndReason::PasswordChanged,
    EndReason::EndedByOwner,
    EndReason::TooMany,
];

/// What random sequences must have met often enough: every reason to end, and the answers that need a special order.
const MET: [&str; 8] = [
    "live",
    "password changed by its owner",
    "gone",
    "password typed again",
    "signed out by an earlier token",
    "password set by a link",
    "not theirs",
    "another person's",
];

/// Rarer than the others: a replaced token is chosen within the minute.
const MET_ONCE: [&str; 2] = ["on grace", "confirmed by the token before"];

/// What was met less often than `sequences` sequences usually meet it.
fn missing(answers: &Answers, sequences: u32) -> Vec<&'static str> {
    let answers = answers.borrow();
    let often = REPORTED.map(EndReason::as_str).into_iter().chain(MET);
    let often = often.map(|answer| (answer, sequences as usize / 200));
    let once = MET_ONCE.map(|answer| (answer, 1));
    often
        .chain(once)
        .filter(|&(answer, wanted)| answers.get(answer).copied().unwrap_or(0) < wanted)
        .map(|(answer, _)| answer)
        .collect()
}

/// Runs random sequences until every way to end was among them: once is nearly always enough.
fn ended_is_for_ever_in(sequences: u32, engine: Engine) {
    let runtime = Runtime::new().unwrap();
    let database = runtime.block_on(TestDatabase::new(engine));
    let core = Core {
        lifetimes: LIFETIMES,
        max_sessions: MAX_SESSIONS,
        confirm_after: Duration::from_secs(600),
        keys: support::KEY_LIMITS,
        ..runtime.block_on(support::core(&database))
    };
    let (answers, number) = (Answers::default(), AtomicUsize::new(0));
    let config = Config {
        cases: sequences,
        failure_persistence: None,
        ..Config::default()
    };
    let run = || {
        TestRunner::new(config.clone()).run(&vec(step(), 1..60), |steps| {
            runtime.block_on(async {
                let number = number.fetch_add(1, Ordering::Relaxed);
                let mut sequence = Sequence::begin(&core, number, &answers).await;
                for step in &steps {
                    sequence.take(step).await?;
                }
                sequence.end().await
            })
        })
    };
    let mut outcome = run();
    for _ in 1..MOST_RUNS {
        if outcome.is_err() || missing(&answers, sequences).is_empty() {
            break;
        }
        outcome = run();
    }
    runtime.block_on(core.db.close());
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    let missing = missing(&answers, sequences);
    assert!(missing.is_empty(), "{missing:?} in {answers:?}");
}

#[test]
fn ended_stays_ended_in_1000_sequences_on_sqlite() {
    ended_is_for_ever_in(1_000, Engine::Sqlite);
}

#[test]
fn ended_stays_ended_in_200_sequences_on_postgres() {
    ended_is_for_ever_in(200, Engine::Postgres);
}
