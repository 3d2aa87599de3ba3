//! A sequence: each step is run by the product, and by a model of a few lines.

use super::{
    ACCOUNTS, LIFETIMES, MAX_SESSIONS, Step,
    issued::{Issued, TokenState},
};
use crate::{
    given,
    support::{self, START},
};
use proptest::{prelude::*, sample::Index, test_runner::TestCaseResult};
use std::{
    cell::{Cell, RefCell},
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};
use vestibule::{
    domain::{
        actor::Actor,
        moment::Timestamp,
        password_link::{LinkPurpose, LinkSecret},
        session::{CurrentUser, EndReason},
    },
    server::{
        core::{
            Core,
            accounts::{password_links, users},
            actor,
            sessions::{self, Resumed, Started, Verified},
            sign_in,
        },
        store::{self, evidence::Evidence, users::Redemption},
        token::{self, SessionToken},
    },
};

/// The number of each answer over all sequences: a test without live sessions proves nothing.
pub type Answers = RefCell<BTreeMap<String, usize>>;

/// A token that was just issued.
pub struct Issuing {
    pub token: SessionToken,
    pub account: usize,
    pub browser: usize,
    pub remember: bool,
    pub is_unrecognised: bool,
}

/// A link for a new password, in any state.
struct Link {
    account: usize,
    secret: LinkSecret,
    expires_at: Timestamp,
    /// Not used, not replaced by a newer one, not void by a password.
    is_valid: bool,
}

pub struct Sequence<'a> {
    pub core: &'a Core,
    names: [String; ACCOUNTS],
    pub issued: Vec<Issued>,
    checked: Vec<(usize, Verified)>,
    links: Vec<Link>,
    passwords: usize,
    /// Whether the account has a known browser: only then a further one is shown as new.
    pub knows_a_browser: [bool; ACCOUNTS],
    answers: &'a Answers,
    requests: Cell<u32>,
}

impl<'a> Sequence<'a> {
    pub async fn begin(core: &'a Core, number: usize, answers: &'a Answers) -> Self {
        core.clock.set(START);
        let names = std::array::from_fn(|account| format!("person{account}.of.sequence{number}"));
        for name in &names {
            given::account(core, name).await;
        }
        Self {
            core,
            names,
            issued: Vec::new(),
            checked: Vec::new(),
            links: Vec::new(),
            passwords: 0,
            knows_a_browser: [false; ACCOUNTS],
            answers,
            requests: Cell::default(),
        }
    }

    /// The result of a request with this token. Every other one is for the dashboard, which uses a
    /// statement of its own.
    async fn ask(&self, token: &SessionToken) -> Resumed {
        let requests = self.requests.get() + 1;
        self.requests.set(requests);
        let is_for_dashboard = requests.is_multiple_of(2);
        let answer = if is_for_dashboard {
            sessions::resume_with_sign_ins(self.core, token).await
        } else {
            sessions::resume(self.core, token).await
        };
        let answer = answer.unwrap();
        support::settled(self.core).await;
        if let Resumed::Live(current) = &answer {
            assert_eq!(current.sign_ins.is_some(), is_for_dashboard);
        }
        answer
    }

    pub fn now(&self) -> Timestamp {
        self.core.clock.now()
    }

    /// The token with this index; none at the beginning of the sequence.
    pub fn chosen(&self, index: &Index) -> Option<usize> {
        (!self.issued.is_empty()).then(|| index.index(self.issued.len()))
    }

    /// The same, if it is the current token of its session.
    pub fn known(&self, index: &Index) -> Option<usize> {
        let chosen = self.chosen(index)?;
        let is_known = !self.issued[chosen].is_gone() && self.present(chosen) == chosen;
        is_known.then_some(chosen)
    }

    /// The current token of the session of a token: itself, or its replacement.
    pub fn present(&self, index: usize) -> usize {
        match self.issued[index].state {
            TokenState::Renewed(by) => self.present(by),
            _ => index,
        }
    }

    /// Whether a replaced token still opens pages: only the last one, and until the next was used.
    pub fn has_grace(&self, index: usize) -> bool {
        let TokenState::Renewed(by) = self.issued[index].state else {
            return false;
        };
        let (earlier, present) = (&self.issued[index], &self.issued[by]);
        present.lives(self.now())
            && present.idle_end_if_used.is_some()
            && earlier.has_grace(self.now())
    }

    pub async fn account(&self, account: usize) -> store::users::Credentials {
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

    pub async fn take(&mut self, step: &Step) -> TestCaseResult {
        match step {
            Step::SignIn {
                account,
                remember,
                brings,
            } => {
                let brought = brings.as_ref().and_then(|index| self.chosen(index));
                let verified = given::verified(&self.account(*account).await);
                self.start(*account, &verified, *remember, brought).await
            }
            Step::Verify { account } => {
                let verified = given::verified(&self.account(*account).await);
                self.checked.push((*account, verified));
                Ok(())
            }
            Step::StartLate if self.checked.is_empty() => Ok(()),
            Step::StartLate => {
                let (account, verified) = self.checked.remove(0);
                self.start(account, &verified, false, None).await
            }
            Step::Resume(index) => {
                if let Some(chosen) = self.chosen(index) {
                    self.resume(chosen).await?;
                }
                Ok(())
            }
            Step::SignOut(index) => {
                if let Some(chosen) = self.chosen(index) {
                    let now = self.now();
                    let token = &self.issued[chosen].token;
                    sign_in::logout(self.core, &given::visitor(), Some(token))
                        .await
                        .unwrap();
                    let present = self.present(chosen);
                    if present != chosen {
                        self.count("signed out by an earlier token");
                    }
                    self.issued[present].end(now, EndReason::SignedOut);
                }
                Ok(())
            }
            Step::UseLink(index) => self.use_link(index).await,
            Step::Stay(_)
            | Step::EndOne(..)
            | Step::EndOthers(_)
            | Step::EndAll(_)
            | Step::Disown(..)
            | Step::Confirm(_)
            | Step::ChangePassword(_) => self.own(step).await,
            _ => {
                self.administer(step).await;
                Ok(())
            }
        }
    }

    /// A link sets a password once, while it is the newest of its account and no other password was set since.
    async fn use_link(&mut self, index: &Index) -> TestCaseResult {
        if self.links.is_empty() {
            return Ok(());
        }
        let chosen = index.index(self.links.len());
        let account = self.links[chosen].account;
        let user = self.account(account).await.user;
        let link = &self.links[chosen];
        let may = link.is_valid && link.expires_at > self.now() && !user.disabled;
        let digest = token::link_digest(&link.secret);
        let hash = self.new_hash();
        let redemption = Redemption {
            link: &digest,
            purpose: LinkPurpose::Reset,
            password_hash: &hash,
            at: self.now(),
        };
        let db = &self.core.db;
        let redeemed = store::users::redeem_link(db, &redemption, &given::visitor()).await;
        prop_assert_eq!(redeemed.unwrap().is_some(), may);
        if may {
            self.count("password set by a link");
            self.end_everything_of(account);
        }
        Ok(())
    }

    fn void_links_of(&mut self, account: usize) {
        for link in &mut self.links {
            link.is_valid &= link.account != account;
        }
    }

    /// An account has a new password: nothing that the old one opened is left.
    pub fn end_everything_of(&mut self, account: usize) {
        self.void_links_of(account);
        self.end_all_of(account, EndReason::PasswordChanged);
        self.knows_a_browser[account] = false;
    }

    pub fn new_hash(&mut self) -> String {
        self.passwords += 1;
        format!("hash {}", self.passwords)
    }

    async fn administer(&mut self, step: &Step) {
        match step {
            Step::EndByAdmin(index) => {
                let Some(chosen) = self.known(index) else {
                    return;
                };
                let now = self.now();
                let issued = &mut self.issued[chosen];
                let session = given::stored(self.core, &issued.token).await.session;
                sessions::end_as_admin(self.core, &actor::on_this_machine(), &session)
                    .await
                    .unwrap();
                issued.end(now, EndReason::EndedByAdmin);
            }
            Step::EndAllByAdmin { account } => {
                let user = self.account(*account).await.user;
                sessions::end_all_as_admin(self.core, &actor::on_this_machine(), &user.id)
                    .await
                    .unwrap();
                self.end_all_of(*account, EndReason::EndedByAdmin);
            }
            Step::Disable { account } => {
                let user = self.account(*account).await.user;
                users::disable(self.core, &actor::on_this_machine(), &user)
                    .await
                    .unwrap();
                self.void_links_of(*account);
                self.end_all_of(*account, EndReason::UserDisabled);
            }
            Step::Enable { account } => {
                let user = self.account(*account).await.user;
                users::enable(self.core, &actor::on_this_machine(), &user)
                    .await
                    .unwrap();
            }
            Step::SetPassword { account } => {
                let user = self.account(*account).await.user;
                let hash = self.new_hash();
                store::users::set_password(
                    &self.core.db,
                    &user.id,
                    &hash,
                    self.now(),
                    &Actor::command(),
                )
                .await
                .unwrap();
                self.end_everything_of(*account);
            }
            Step::MakeLink { account } => {
                let user = self.account(*account).await.user;
                let made = password_links::make(self.core, &actor::on_this_machine(), &user).await;
                assert_eq!(made.is_ok(), !user.disabled);
                if let Ok(made) = made {
                    self.void_links_of(*account);
                    self.links.push(Link {
                        account: *account,
                        secret: made.secret,
                        expires_at: made.expires_at,
                        is_valid: true,
                    });
                }
            }
            Step::Delete { account } => {
                let user = self.account(*account).await.user;
                users::delete(self.core, &actor::on_this_machine(), &user)
                    .await
                    .unwrap();
                let of_account = |issued: &&mut Issued| issued.account == *account;
                for issued in self.issued.iter_mut().filter(of_account) {
                    issued.state = TokenState::Gone;
                }
                self.knows_a_browser[*account] = false;
                self.void_links_of(*account);
                given::account(self.core, &self.names[*account]).await;
            }
            Step::Clock { seconds } => {
                let now = self.now().as_millis() + seconds * 1_000;
                self.core.clock.set(Timestamp::from_millis(now));
            }
            _ => unreachable!("taken by `take`"),
        }
    }

    /// A session starts exactly while the account is enabled and has the verified password.
    async fn start(
        &mut self,
        account: usize,
        verified: &Verified,
        remember: bool,
        brought: Option<usize>,
    ) -> TestCaseResult {
        let today = self.account(account).await;
        let is_same = today.user.id == verified.user.id;
        let Evidence::Password { verified: hash, .. } = &verified.evidence else {
            unreachable!("a password was proved")
        };
        let may = is_same && !today.user.disabled && today.password_hash == *hash;
        let brought_token = brought.map(|index| &self.issued[index].token);
        let started = sessions::start(
            self.core,
            &given::visitor(),
            given::presented(brought_token),
            verified,
            remember,
        )
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
            let present = self.present(brought);
            self.issued[present].end(now, EndReason::Replaced);
        }
        // A copied cookie of the previous day makes no second session of the same browser.
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
        // Each sign-in of these sequences is in a browser of its own.
        let is_unrecognised = std::mem::replace(&mut self.knows_a_browser[account], true);
        self.issue(Issuing {
            token,
            account,
            browser,
            remember,
            is_unrecognised,
        })
        .await;
        self.end_longest_idle(account);
        Ok(())
    }

    /// Sessions beyond the limit end, the least recently used first.
    fn end_longest_idle(&mut self, account: usize) {
        let now = self.now();
        let Some(newest) = self.issued.len().checked_sub(1) else {
            return;
        };
        let mut live: Vec<_> = self.issued[..newest]
            .iter_mut()
            .filter(|issued| issued.account == account && issued.lives(now))
            .collect();
        live.sort_by_key(|issued| Reverse((issued.last_seen, issued.session.0.clone())));
        for too_many in live.into_iter().skip(MAX_SESSIONS as usize - 1) {
            too_many.end(now, EndReason::TooMany);
        }
    }

    pub async fn issue(&mut self, issuing: Issuing) {
        let now = self.now();
        let stored = given::stored(self.core, &issuing.token).await;
        self.issued.push(Issued {
            session: stored.session.id,
            token: issuing.token,
            account: issuing.account,
            browser: issuing.browser,
            remember: issuing.remember,
            started: now,
            confirmed: now,
            last_seen: now,
            idle_end: now.after(LIFETIMES.idle_for(issuing.remember)),
            absolute_end: now.after(LIFETIMES.absolute_for(issuing.remember)),
            idle_end_if_used: None,
            confirmed_at: None,
            is_unrecognised: issuing.is_unrecognised,
            state: TokenState::Open,
        });
    }

    /// Requests a page with this token. Returns the accepted person.
    pub async fn resume(
        &mut self,
        index: usize,
    ) -> Result<Option<Box<CurrentUser>>, TestCaseError> {
        let now = self.now();
        let answer = self.ask(&self.issued[index].token).await;
        if self.present(index) != index {
            self.is_answered_to_earlier(index, answer)?;
            return Ok(None);
        }
        let issued = &mut self.issued[index];
        if issued.is_gone() {
            prop_assert_eq!(answer, Resumed::Unknown);
            self.count("gone");
            return Ok(None);
        }
        let expected = issued.ask(now);
        match answer {
            Resumed::Live(current) => {
                prop_assert_eq!(expected, Some(None), "a dead token was let in");
                prop_assert_eq!(current.session.absolute_ends_at, issued.absolute_end);
                prop_assert!(current.session.idle_ends_at <= issued.absolute_end);
                prop_assert_eq!(&current.user.username, &self.names[issued.account]);
                self.count("live");
                Ok(Some(current))
            }
            Resumed::Ended(reason) => {
                prop_assert!(
                    expected.is_none_or(|expected| expected == Some(reason)),
                    "reported {:?} instead of {:?}",
                    reason,
                    expected
                );
                // A reason that was reported once never changes.
                issued.state = TokenState::EndedBecause(reason);
                self.count(reason.as_str());
                Ok(None)
            }
            Resumed::Superseded(_) => Err(TestCaseError::fail("nothing has replaced the token")),
            Resumed::Unknown => Err(TestCaseError::fail("a token that was given out is unknown")),
        }
    }

    /// A replaced token opens nothing, except the last one, for a minute, while the next was not
    /// used.
    fn is_answered_to_earlier(&mut self, index: usize, answer: Resumed) -> TestCaseResult {
        let (now, has_grace, present) = (self.now(), self.has_grace(index), self.present(index));
        let present = &mut self.issued[present];
        match (answer, present.end_for_earlier(now)) {
            (Resumed::Superseded(current), None) => {
                prop_assert!(has_grace, "an earlier token was let in");
                prop_assert_eq!(&current.session.id, &present.session);
                self.count("on grace");
            }
            (Resumed::Unknown, None) => prop_assert!(!has_grace, "the grace is for a minute"),
            (Resumed::Unknown, Some(TokenState::Gone)) => {}
            (Resumed::Ended(reason), Some(TokenState::Ended)) => {
                present.state = TokenState::EndedBecause(reason);
            }
            (Resumed::Ended(reason), Some(TokenState::EndedBecause(expected))) => {
                prop_assert_eq!(reason, expected);
            }
            (answer, expected) => {
                return Err(TestCaseError::fail(format!(
                    "{answer:?} where it is {expected:?}"
                )));
            }
        }
        Ok(())
    }

    pub fn count(&self, answer: &str) {
        *self
            .answers
            .borrow_mut()
            .entry(answer.to_owned())
            .or_default() += 1;
    }

    /// Every token is tried; the promised ends are both recorded and reported.
    pub async fn end(mut self) -> TestCaseResult {
        let mut live_browsers = BTreeSet::new();
        for index in 0..self.issued.len() {
            if self.resume(index).await?.is_some() {
                let first = live_browsers.insert(self.issued[index].browser);
                prop_assert!(first, "two live sessions in one browser");
            }
        }
        // Neither the clock of the previous day nor that of the next year changes an end.
        let now = self.now().as_millis();
        for days in [-400_i64, 400] {
            self.core
                .clock
                .set(Timestamp::from_millis(now + days * 86_400_000));
            for issued in self
                .issued
                .iter()
                .filter(|issued| issued.state != TokenState::Open)
            {
                let answer = self.ask(&issued.token).await;
                prop_assert!(
                    !matches!(answer, Resumed::Live(_)),
                    "a dead token was let in"
                );
            }
        }
        let planted = self.ask(&SessionToken::random()).await;
        prop_assert_eq!(planted, Resumed::Unknown);
        Ok(())
    }
}
