//! A sequence of one browser: each step is run by the product, and by a model of the permissions of
//! its tokens.

use super::{Action, Step};
use crate::{given, support::START};
use proptest::{prelude::*, sample::Index, test_runner::TestCaseResult};
use std::{cell::RefCell, collections::BTreeMap, sync::Arc, time::Duration};
use vestibule::{
    domain::{
        access_key::Scope,
        moment::Timestamp,
        session::{CurrentUser, SessionId},
    },
    server::{
        core::{
            Core,
            actor::Permitted,
            sessions::{self, Resumed},
            sign_in,
        },
        store,
        token::SessionToken,
    },
};

/// The reason why a token was issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    SignIn,
    Confirmation,
    NewPassword,
}

/// A token that the server issued, even if its answer never arrived.
struct Issued {
    token: Arc<SessionToken>,
    by: By,
    /// The time when its password was confirmed.
    confirmed_at: Timestamp,
    is_used: bool,
}

/// One sign-in: the tokens of its session, the last one at the end.
struct SignIn {
    session: SessionId,
    tokens: Vec<Issued>,
    is_over: bool,
    /// The time from which only its last token is accepted.
    unused_ends_at: Option<Timestamp>,
}

impl SignIn {
    fn is_over(&self, now: Timestamp) -> bool {
        self.is_over || self.unused_ends_at.is_some_and(|end| now >= end)
    }

    /// Whether the token with this index opens pages although another one has replaced it.
    fn has_grace(&self, index: usize, now: Timestamp) -> bool {
        self.tokens.get(index + 1).is_some_and(|next| {
            index + 2 == self.tokens.len()
                && next.by == By::Confirmation
                && !next.is_used
                && now.since(next.confirmed_at) < Duration::from_secs(60)
        })
    }
}

/// The cookie of a request: the sign-in, and the index of its token.
type Cookie = (usize, usize);

struct Request {
    action: Action,
    cookie: Option<Cookie>,
    /// The caller, by the check.
    current: Option<Box<CurrentUser>>,
}

/// The effect of an answer on the jar.
enum Answer {
    SetsCookie(Cookie),
    TakesCookie,
}

pub type Counts = RefCell<BTreeMap<&'static str, usize>>;

pub struct Sequence<'a> {
    nodes: &'a [Core; 2],
    name: String,
    passwords: usize,
    sign_ins: Vec<SignIn>,
    jar: Option<Cookie>,
    sent: Vec<Request>,
    checked: Vec<Request>,
    answers: Vec<Answer>,
    counts: &'a Counts,
}

impl<'a> Sequence<'a> {
    pub async fn begin(nodes: &'a [Core; 2], number: usize, counts: &'a Counts) -> Self {
        nodes[0].clock.set(START);
        let name = format!("person{number}");
        given::account(&nodes[0], &name).await;
        let mut sequence = Self {
            nodes,
            name,
            passwords: 0,
            sign_ins: Vec::new(),
            jar: None,
            sent: Vec::new(),
            checked: Vec::new(),
            answers: Vec::new(),
            counts,
        };
        sequence.sign_in().await;
        sequence
    }

    fn now(&self) -> Timestamp {
        self.nodes[0].clock.now()
    }

    fn count(&self, what: &'static str) {
        *self.counts.borrow_mut().entry(what).or_default() += 1;
    }

    fn token(&self, (sign_in, index): Cookie) -> Arc<SessionToken> {
        self.sign_ins[sign_in].tokens[index].token.clone()
    }

    /// In the same browser, whose session ends with it, even if it was renewed since.
    async fn sign_in(&mut self) {
        let account = given::credentials(&self.nodes[0], &self.name).await;
        let previous = self.jar.map(|cookie| self.token(cookie));
        let token =
            given::session_that_replaces(&self.nodes[0], &account, previous.as_deref()).await;
        if let Some((sign_in, _)) = self.jar {
            self.sign_ins[sign_in].is_over = true;
        }
        let session = given::stored(&self.nodes[0], &token).await.session.id;
        self.sign_ins.push(SignIn {
            session,
            tokens: vec![Issued {
                token: Arc::new(token),
                by: By::SignIn,
                confirmed_at: self.now(),
                is_used: true,
            }],
            is_over: false,
            unused_ends_at: None,
        });
        self.jar = Some((self.sign_ins.len() - 1, 0));
    }

    pub async fn take(&mut self, step: &Step) -> TestCaseResult {
        match step {
            Step::Send(action) => self.sent.push(self.request(*action)),
            Step::Check(index, node) if !self.sent.is_empty() => {
                let request = self.sent.remove(index.index(self.sent.len()));
                self.check_session(request, *node).await?;
            }
            Step::Act(index, node) if !self.checked.is_empty() => {
                let request = self.checked.remove(index.index(self.checked.len()));
                self.act(request, *node).await?;
            }
            Step::Answer(index, arrives) if !self.answers.is_empty() => {
                let answer = self.answers.remove(index.index(self.answers.len()));
                self.arrive(answer, *arrives);
            }
            Step::Ask(action, node, arrives) => {
                let (checked, answers) = (self.checked.len(), self.answers.len());
                self.check_session(self.request(*action), *node).await?;
                if self.checked.len() > checked {
                    let request = self.checked.remove(checked);
                    self.act(request, *node).await?;
                }
                if self.answers.len() > answers {
                    let answer = self.answers.remove(answers);
                    self.arrive(answer, *arrives);
                }
            }
            Step::SignIn => self.sign_in().await,
            Step::Wait(seconds) => {
                let later = self.now().after(Duration::from_secs(*seconds));
                self.nodes[0].clock.set(later);
            }
            Step::Check(..) | Step::Act(..) | Step::Answer(..) => {}
        }
        self.check().await
    }

    fn request(&self, action: Action) -> Request {
        Request {
            action,
            cookie: self.jar,
            current: None,
        }
    }

    fn arrive(&mut self, answer: Answer, arrives: bool) {
        if !arrives {
            return self.count("lost");
        }
        self.jar = match answer {
            Answer::SetsCookie(cookie) => Some(cookie),
            Answer::TakesCookie => None,
        };
    }

    /// The result of the guard: the last token is accepted, the previous one on grace, and no
    /// other.
    async fn check_session(&mut self, mut request: Request, node: usize) -> TestCaseResult {
        if request.action == Action::SignOut {
            self.checked.push(request);
            return Ok(());
        }
        let Some(cookie @ (sign_in, index)) = request.cookie else {
            return Ok(());
        };
        let (now, token) = (self.now(), self.token(cookie));
        let found = sessions::resume(&self.nodes[node], &token).await.unwrap();
        let of = &mut self.sign_ins[sign_in];
        let is_last = index + 1 == of.tokens.len();
        match found {
            Resumed::Live(current) => {
                prop_assert!(
                    is_last && !of.is_over(now),
                    "let in with a token that is dead"
                );
                of.tokens[index].is_used = true;
                of.unused_ends_at = None;
                request.current = Some(current);
            }
            Resumed::Superseded(current) => {
                prop_assert!(
                    of.has_grace(index, now) && !of.is_over(now),
                    "let in without grace"
                );
                prop_assert_eq!(
                    current.session.authenticated_at,
                    of.tokens[index].confirmed_at
                );
                self.count("on grace");
                if request.action != Action::Confirm {
                    return Ok(());
                }
                request.current = Some(current);
            }
            Resumed::Ended(_) => {
                prop_assert!(of.is_over(now), "refused with a session that lives");
                of.is_over = true;
                return Ok(());
            }
            Resumed::Unknown => {
                let may = is_last || of.has_grace(index, now) || of.is_over(now);
                prop_assert!(!may, "a token that leads to a session is unknown");
                return Ok(());
            }
        }
        self.checked.push(request);
        Ok(())
    }

    async fn act(&mut self, request: Request, node: usize) -> TestCaseResult {
        match (request.action, request.cookie) {
            (Action::SignOut, cookie) => self.sign_out(cookie, node).await,
            (Action::Page, _) | (_, None) => Ok(()),
            (Action::End, Some((sign_in, _))) => {
                let current = request.current.expect("it was checked");
                let actor = given::signed_in(&current);
                let owner = Permitted::of(&actor, Scope::SessionsEnd).expect("a person");
                let ended = sessions::end_own(&self.nodes[node], owner, &current.session.id).await;
                prop_assert!(ended.unwrap().is_some());
                self.sign_ins[sign_in].is_over = true;
                self.answers.push(Answer::TakesCookie);
                self.count("ended by its id");
                Ok(())
            }
            (Action::Confirm | Action::ChangePassword, Some(cookie)) => {
                let current = request.current.expect("it was checked");
                self.renew(request.action, cookie, &current, node).await
            }
        }
    }

    async fn sign_out(&mut self, cookie: Option<Cookie>, node: usize) -> TestCaseResult {
        let token = cookie.map(|cookie| self.token(cookie));
        sign_in::logout(&self.nodes[node], &given::visitor(), token.as_deref())
            .await
            .unwrap();
        if let Some((sign_in, index)) = cookie {
            if index + 1 < self.sign_ins[sign_in].tokens.len() {
                self.count("signed out by an earlier token");
            }
            self.sign_ins[sign_in].is_over = true;
        }
        self.answers.push(Answer::TakesCookie);
        Ok(())
    }

    async fn renew(
        &mut self,
        action: Action,
        cookie: Cookie,
        current: &CurrentUser,
        node: usize,
    ) -> TestCaseResult {
        let (now, token) = (self.now(), self.token(cookie));
        let account = given::credentials(&self.nodes[node], &self.name).await;
        let hash = account.password_hash.as_str();
        let (core, session) = (&self.nodes[node], &current.session);
        let (renewed, by) = if action == Action::Confirm {
            (
                given::confirm(core, session, &token, hash).await,
                By::Confirmation,
            )
        } else {
            self.passwords += 1;
            let new_hash = format!("hash {}", self.passwords);
            let renewed = given::change_password(core, session, &token, [hash, &new_hash]).await;
            (renewed.map(|renewed| renewed.token), By::NewPassword)
        };
        let (sign_in, index) = cookie;
        let of = &mut self.sign_ins[sign_in];
        let is_last = index + 1 == of.tokens.len();
        let may_confirm = by == By::Confirmation && of.has_grace(index, now);
        let may = (is_last || may_confirm) && !of.is_over(now);
        prop_assert_eq!(
            renewed.is_some(),
            may,
            "{:?} by token {} of {}",
            by,
            index,
            of.tokens.len()
        );
        let Some(token) = renewed else { return Ok(()) };
        of.tokens.push(Issued {
            token: Arc::new(token),
            by,
            confirmed_at: now,
            is_used: false,
        });
        let last = of.tokens.len() - 1;
        self.answers.push(Answer::SetsCookie((sign_in, last)));
        if by == By::NewPassword {
            of.unused_ends_at = Some(now.after(sessions::ENDS_UNUSED_AFTER));
            for (other, sign_in_of) in self.sign_ins.iter_mut().enumerate() {
                sign_in_of.is_over |= other != sign_in;
            }
            self.count("new password");
        } else {
            self.count(if is_last {
                "confirmed"
            } else {
                "confirmed on grace"
            });
        }
        Ok(())
    }

    /// At every moment at most one token of a sign-in is live, its last one; and none of an ended
    /// one.
    async fn check(&self) -> TestCaseResult {
        for of in &self.sign_ins {
            for (index, issued) in of.tokens.iter().enumerate() {
                let digest = issued.token.digest();
                let found = store::sessions::find_by_digest(&self.nodes[1].db, &digest).await;
                let is_present = found
                    .unwrap()
                    .is_some_and(|found| found.session.end_by(self.now()).is_none());
                let is_last = index + 1 == of.tokens.len();
                prop_assert_eq!(is_present, is_last && !of.is_over(self.now()));
            }
        }
        Ok(())
    }

    /// Finally the browser signs out, with its cookie, or with an earlier one that was never
    /// removed.
    pub async fn end(mut self, by: &Index) -> TestCaseResult {
        let mut live = Vec::new();
        for (number, of) in self.sign_ins.iter().enumerate() {
            if !of.is_over(self.now()) {
                live.push((number, by.index(of.tokens.len())));
            }
        }
        for cookie in live {
            self.sign_out(Some(cookie), 0).await?;
        }
        // Requests in progress come too late, and so does every answer.
        while let Some(request) = self.checked.pop() {
            self.act(request, 1).await?;
        }
        for of in &self.sign_ins {
            let found = store::sessions::find(&self.nodes[0].db, &of.session)
                .await
                .unwrap();
            prop_assert!(found.unwrap().session.end_by(self.now()).is_some());
            for issued in &of.tokens {
                for core in self.nodes {
                    let answer = sessions::resume(core, &issued.token).await.unwrap();
                    prop_assert!(
                        matches!(answer, Resumed::Ended(_)),
                        "{:?} after signing out",
                        answer
                    );
                }
            }
        }
        Ok(())
    }
}
