//! Any order of what people, administrators and clocks do: *ended is for ever*.
//!
//! Random stories, one step after the other, against a model of a few lines; many steps at the same
//! moment are in `races.rs`. No password is hashed here: [`Verified`] is what the check leaves.

use crate::{
    given,
    support::{
        self, START,
        database::{Engine, TestDatabase},
    },
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::Index,
    test_runner::{Config, TestCaseResult, TestRunner},
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tokio::runtime::Runtime;
use vestibule::{
    domain::{activity::Source, moment::Timestamp, session::EndReason},
    server::{
        Core, admin, auth,
        sessions::{self, Lifetimes, Resumed, Started, Verified},
        store,
        token::SessionToken,
        users,
    },
};

/// Short, so that the absolute end is near whenever a session is used for a while.
/// The longest life is hardly more than the idle time, so that stories reach both.
const LIFETIMES: Lifetimes = Lifetimes {
    idle: Duration::from_secs(2 * 3_600),
    absolute: Duration::from_secs(2 * 3_600 + 120),
    remember_idle: Duration::from_secs(24 * 3_600),
    remember_absolute: Duration::from_secs(24 * 3_600 + 600),
};

/// What can happen. Tokens are chosen among all that were ever given out, dead ones too.
#[derive(Clone, Debug)]
enum Step {
    /// Somebody signs in, in the browser that holds the chosen token or in a fresh one.
    SignIn {
        account: usize,
        remember: bool,
        brings: Option<Index>,
    },
    /// A password is found right now; the session is to start later.
    Verify {
        account: usize,
    },
    /// The session of the earliest such check starts.
    StartLate,
    Resume(Index),
    SignOut(Index),
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
    /// The account is deleted, and another one gets its name.
    Delete {
        account: usize,
    },
    /// Somebody types the right password into the form of the session that the token stands for.
    ChangePassword(Index),
    /// Time passes, or the clock is set back.
    Clock {
        seconds: i64,
    },
}

const ACCOUNTS: usize = 2;

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
        6 => (account.clone(), any::<bool>(), any::<Option<Index>>())
            .prop_map(|(account, remember, brings)| Step::SignIn { account, remember, brings }),
        1 => account.clone().prop_map(|account| Step::Verify { account }),
        1 => Just(Step::StartLate),
        10 => token().prop_map(Step::Resume),
        3 => token().prop_map(Step::SignOut),
        1 => token().prop_map(Step::EndByAdmin),
        1 => account.clone().prop_map(|account| Step::EndAllByAdmin { account }),
        1 => account.clone().prop_map(|account| Step::Disable { account }),
        2 => account.clone().prop_map(|account| Step::Enable { account }),
        1 => account.clone().prop_map(|account| Step::SetPassword { account }),
        1 => account.prop_map(|account| Step::Delete { account }),
        2 => token().prop_map(Step::ChangePassword),
        6 => seconds.prop_map(|seconds| Step::Clock { seconds }),
    ]
}

/// What has to be true of one token, by the words of the design and not by those of the code.
struct Issued {
    token: SessionToken,
    account: usize,
    /// The line of sign-ins in one browser, each of which brought the token before.
    browser: usize,
    remember: bool,
    last_seen: Timestamp,
    idle_end: Timestamp,
    absolute_end: Timestamp,
    fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    /// The end was acknowledged; it had timed out unseen before, so either reason is right.
    Ended,
    EndedBecause(EndReason),
    /// Its account is deleted: nobody knows it any more.
    Gone,
}

impl Issued {
    fn timed_out(&self, now: Timestamp) -> Option<EndReason> {
        let (at, reason) = if self.idle_end < self.absolute_end {
            (self.idle_end, EndReason::Idle)
        } else {
            (self.absolute_end, EndReason::Expired)
        };
        (now >= at).then_some(reason)
    }

    fn end(&mut self, now: Timestamp, reason: EndReason) {
        if self.fate == Fate::Open {
            self.fate = match self.timed_out(now) {
                None => Fate::EndedBecause(reason),
                Some(_) => Fate::Ended,
            };
        }
    }

    fn is_gone(&self) -> bool {
        self.fate == Fate::Gone
    }

    /// Notes that the server was asked, and says what it has to answer; `None` for any reason.
    fn ask(&mut self, now: Timestamp) -> Option<Option<EndReason>> {
        if let (Fate::Open, Some(reason)) = (self.fate, self.timed_out(now)) {
            self.fate = Fate::EndedBecause(reason);
        }
        match self.fate {
            Fate::Open => {
                if now.since(self.last_seen) >= Duration::from_secs(60) {
                    self.last_seen = now;
                    self.idle_end = now
                        .after(LIFETIMES.idle_for(self.remember))
                        .min(self.absolute_end);
                }
                Some(None)
            }
            Fate::EndedBecause(reason) => Some(Some(reason)),
            Fate::Ended | Fate::Gone => None,
        }
    }
}

/// How often each answer was given over all stories: a test in which nothing lives proves nothing.
type Answers = RefCell<BTreeMap<String, usize>>;

struct Story<'a> {
    core: &'a Core,
    names: [String; ACCOUNTS],
    issued: Vec<Issued>,
    checked: Vec<(usize, Verified)>,
    passwords: usize,
    answers: &'a Answers,
}

impl<'a> Story<'a> {
    async fn begin(core: &'a Core, number: usize, answers: &'a Answers) -> Self {
        core.clock.set(START);
        let names = std::array::from_fn(|account| format!("person{account}.of.story{number}"));
        for name in &names {
            given::account(core, name).await;
        }
        Self {
            core,
            names,
            issued: Vec::new(),
            checked: Vec::new(),
            passwords: 0,
            answers,
        }
    }

    fn now(&self) -> Timestamp {
        self.core.clock.now()
    }

    /// The token that the index means; none at the beginning of the story.
    fn chosen(&self, index: &Index) -> Option<usize> {
        (!self.issued.is_empty()).then(|| index.index(self.issued.len()))
    }

    /// The same, where the database still knows it.
    fn known(&self, index: &Index) -> Option<usize> {
        let chosen = self.chosen(index)?;
        (!self.issued[chosen].is_gone()).then_some(chosen)
    }

    async fn account(&self, account: usize) -> store::users::Credentials {
        given::credentials(self.core, &self.names[account]).await
    }

    fn end_all_of(&mut self, account: usize, reason: EndReason) {
        let now = self.now();
        for issued in self
            .issued
            .iter_mut()
            .filter(|issued| issued.account == account)
        {
            issued.end(now, reason);
        }
    }

    async fn take(&mut self, step: &Step) -> TestCaseResult {
        match step {
            Step::SignIn {
                account,
                remember,
                brings,
            } => {
                let brought = brings.as_ref().and_then(|index| self.chosen(index));
                let verified = given::verified(&self.account(*account).await);
                self.start(*account, &verified, *remember, brought).await?;
            }
            Step::Verify { account } => {
                let verified = given::verified(&self.account(*account).await);
                self.checked.push((*account, verified));
            }
            Step::StartLate => {
                if !self.checked.is_empty() {
                    let (account, verified) = self.checked.remove(0);
                    self.start(account, &verified, false, None).await?;
                }
            }
            Step::Resume(index) => {
                if let Some(chosen) = self.chosen(index) {
                    self.resume(chosen).await?;
                }
            }
            Step::SignOut(index) => {
                if let Some(chosen) = self.chosen(index) {
                    let now = self.now();
                    let issued = &mut self.issued[chosen];
                    auth::logout(self.core, Some(&issued.token)).await.unwrap();
                    issued.end(now, EndReason::SignedOut);
                }
            }
            Step::EndByAdmin(index) => {
                if let Some(chosen) = self.known(index) {
                    let now = self.now();
                    let issued = &mut self.issued[chosen];
                    let session = given::stored(self.core, &issued.token).await.session;
                    sessions::end_as_admin(self.core, &admin::on_this_machine(), &session)
                        .await
                        .unwrap();
                    issued.end(now, EndReason::EndedByAdmin);
                }
            }
            Step::ChangePassword(index) => {
                if let Some(chosen) = self.known(index) {
                    self.change_password(chosen).await?;
                }
            }
            _ => self.administer(step).await,
        }
        Ok(())
    }

    /// The password is changed exactly while its session lives and the account is enabled; then
    /// that session goes on under a new token and the others end.
    async fn change_password(&mut self, chosen: usize) -> TestCaseResult {
        let now = self.now();
        let Issued {
            account,
            browser,
            remember,
            ..
        } = self.issued[chosen];
        let today = self.account(account).await;
        let lives =
            self.issued[chosen].fate == Fate::Open && self.issued[chosen].timed_out(now).is_none();
        self.passwords += 1;
        let new_hash = format!("hash {}", self.passwords);
        let change = given::password_change(&today.password_hash, &new_hash);
        let old = given::stored(self.core, &self.issued[chosen].token)
            .await
            .session;
        let renewed =
            sessions::renew_with_password(self.core, &old, &given::visitor(None).browser, &change)
                .await
                .unwrap();
        prop_assert_eq!(renewed.is_some(), lives && !today.user.disabled);
        if let Some(renewed) = renewed {
            self.count("password changed by its owner");
            self.issued[chosen].end(now, EndReason::Replaced);
            self.end_all_of(account, EndReason::PasswordChanged);
            self.issue(renewed.token, account, browser, remember);
        }
        Ok(())
    }

    async fn administer(&mut self, step: &Step) {
        match step {
            Step::EndAllByAdmin { account } => {
                let user = self.account(*account).await.user;
                sessions::end_all_as_admin(self.core, &admin::on_this_machine(), &user.id)
                    .await
                    .unwrap();
                self.end_all_of(*account, EndReason::EndedByAdmin);
            }
            Step::Disable { account } => {
                let user = self.account(*account).await.user;
                users::disable(self.core, &admin::on_this_machine(), &user)
                    .await
                    .unwrap();
                self.end_all_of(*account, EndReason::UserDisabled);
            }
            Step::Enable { account } => {
                let user = self.account(*account).await.user;
                users::enable(self.core, &admin::on_this_machine(), &user)
                    .await
                    .unwrap();
            }
            Step::SetPassword { account } => {
                let user = self.account(*account).await.user;
                self.passwords += 1;
                let hash = format!("hash {}", self.passwords);
                store::users::set_password(
                    &self.core.db,
                    &user.id,
                    &hash,
                    self.now(),
                    Source::Command,
                )
                .await
                .unwrap();
                self.end_all_of(*account, EndReason::PasswordChanged);
            }
            Step::Delete { account } => {
                let user = self.account(*account).await.user;
                users::delete(self.core, &admin::on_this_machine(), &user)
                    .await
                    .unwrap();
                let of_account = |issued: &&mut Issued| issued.account == *account;
                for issued in self.issued.iter_mut().filter(of_account) {
                    issued.fate = Fate::Gone;
                }
                given::account(self.core, &self.names[*account]).await;
            }
            Step::Clock { seconds } => {
                let now = self.now().as_millis() + seconds * 1_000;
                self.core.clock.set(Timestamp::from_millis(now));
            }
            _ => unreachable!("taken by `take`"),
        }
    }

    /// A session starts exactly while the account is enabled and has the password that was checked.
    async fn start(
        &mut self,
        account: usize,
        verified: &Verified,
        remember: bool,
        brought: Option<usize>,
    ) -> TestCaseResult {
        let today = self.account(account).await;
        let is_same = today.user.id == verified.user.id;
        let may = is_same && !today.user.disabled && today.password_hash == verified.verified_hash;
        let brought_token = brought.map(|index| &self.issued[index].token);
        let started = sessions::start(self.core, verified, given::visitor(brought_token), remember)
            .await
            .unwrap();
        prop_assert_eq!(
            started.is_some(),
            may,
            "a session starts where it may, and only there"
        );
        let Some(Started { session: token, .. }) = started else {
            return Ok(());
        };
        let now = self.now();
        if let Some(brought) = brought {
            self.issued[brought].end(now, EndReason::Replaced);
        }
        // A copied cookie of the day before makes no second session of the same browser.
        let browser = brought
            .map(|index| self.issued[index].browser)
            .filter(|&browser| {
                brought
                    == self
                        .issued
                        .iter()
                        .rposition(|issued| issued.browser == browser)
            })
            .unwrap_or(self.issued.len());
        self.issue(token, account, browser, remember);
        Ok(())
    }

    fn issue(&mut self, token: SessionToken, account: usize, browser: usize, remember: bool) {
        let now = self.now();
        self.issued.push(Issued {
            token,
            account,
            browser,
            remember,
            last_seen: now,
            idle_end: now.after(LIFETIMES.idle_for(remember)),
            absolute_end: now.after(LIFETIMES.absolute_for(remember)),
            fate: Fate::Open,
        });
    }

    /// Asks for a page with this token. Returns whether it was let in.
    async fn resume(&mut self, index: usize) -> Result<bool, TestCaseError> {
        let now = self.now();
        let issued = &mut self.issued[index];
        let answer = sessions::resume(self.core, &issued.token).await.unwrap();
        if issued.is_gone() {
            prop_assert_eq!(answer, Resumed::Unknown);
            self.count("gone with its account");
            return Ok(false);
        }
        let expected = issued.ask(now);
        match &answer {
            Resumed::Live(current) => {
                prop_assert_eq!(expected, Some(None), "a dead token was let in");
                prop_assert_eq!(current.session.absolute_ends_at, issued.absolute_end);
                prop_assert!(current.session.idle_ends_at <= issued.absolute_end);
                prop_assert_eq!(&current.user.username, &self.names[issued.account]);
                self.count("live");
            }
            Resumed::Ended(reason) => {
                prop_assert!(
                    expected.is_none_or(|expected| expected == Some(*reason)),
                    "told {:?} where it is {:?}",
                    reason,
                    expected
                );
                // What was told once is told for ever.
                issued.fate = Fate::EndedBecause(*reason);
                self.count(reason.as_str());
            }
            Resumed::Unknown => prop_assert!(false, "a token that was given out is known for ever"),
        }
        Ok(matches!(answer, Resumed::Live(_)))
    }

    fn count(&self, answer: &str) {
        *self
            .answers
            .borrow_mut()
            .entry(answer.to_owned())
            .or_default() += 1;
    }

    /// Every token is tried; the ends that were promised are written down as well as told.
    async fn end(mut self) -> TestCaseResult {
        let mut live_browsers = BTreeSet::new();
        for index in 0..self.issued.len() {
            if self.resume(index).await? {
                let first = live_browsers.insert(self.issued[index].browser);
                prop_assert!(first, "two live sessions in one browser");
            }
        }
        // Neither the clock of the day before nor that of the next year changes an end.
        let now = self.now().as_millis();
        for days in [-400_i64, 400] {
            self.core
                .clock
                .set(Timestamp::from_millis(now + days * 86_400_000));
            for issued in self
                .issued
                .iter()
                .filter(|issued| issued.fate != Fate::Open)
            {
                let answer = sessions::resume(self.core, &issued.token).await.unwrap();
                prop_assert!(
                    !matches!(answer, Resumed::Live(_)),
                    "a dead token was let in"
                );
            }
        }
        let planted = sessions::resume(self.core, &SessionToken::random())
            .await
            .unwrap();
        prop_assert_eq!(planted, Resumed::Unknown);
        Ok(())
    }
}

/// The reasons that the steps lead to and that somebody is told; `tests/http/own_sessions.rs` has the
/// others, but for the end of a deleted account, of which nobody can be told.
const TOLD: [EndReason; 7] = [
    EndReason::SignedOut,
    EndReason::Replaced,
    EndReason::Idle,
    EndReason::Expired,
    EndReason::EndedByAdmin,
    EndReason::UserDisabled,
    EndReason::PasswordChanged,
];

/// Runs as many random stories, and asserts that every way to end was among them.
fn ended_is_for_ever_in(stories: u32, engine: Engine) {
    let runtime = Runtime::new().unwrap();
    let database = runtime.block_on(TestDatabase::in_memory(engine));
    let core = Core {
        lifetimes: LIFETIMES,
        max_sessions: 50,
        confirm_after: Duration::from_secs(600),
        ..runtime.block_on(support::core(&database))
    };
    let (answers, number) = (Answers::default(), AtomicUsize::new(0));
    let config = Config {
        cases: stories,
        failure_persistence: None,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&vec(step(), 1..50), |steps| {
        runtime.block_on(async {
            let number = number.fetch_add(1, Ordering::Relaxed);
            let mut story = Story::begin(&core, number, &answers).await;
            for step in &steps {
                story.take(step).await?;
            }
            story.end().await
        })
    });
    runtime.block_on(core.db.close());
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    let answers = answers.into_inner();
    let others = [
        "live",
        "password changed by its owner",
        "gone with its account",
    ];
    for wanted in TOLD.map(EndReason::as_str).into_iter().chain(others) {
        assert!(
            answers
                .get(wanted)
                .is_some_and(|&times| times >= stories as usize / 100),
            "{wanted}: {answers:?}"
        );
    }
}

#[test]
fn ended_is_for_ever_in_1000_stories_on_sqlite() {
    ended_is_for_ever_in(1_000, Engine::Sqlite);
}

#[test]
fn ended_is_for_ever_in_200_stories_on_postgres() {
    ended_is_for_ever_in(200, Engine::Postgres);
}
