//! Actions of people on their own sessions, and attempts on those of others.

use super::{Step, issued::TokenState, sequence::Sequence};
use crate::given;
use proptest::{prelude::*, sample::Index, test_runner::TestCaseResult};
use vestibule::{
    domain::{
        access_key::Scope,
        session::{CurrentUser, EndReason, Session},
    },
    server::{
        core::{
            actor::{Owner, Permitted},
            sessions,
        },
        store,
    },
};

impl Sequence<'_> {
    pub async fn own(&mut self, step: &Step) -> TestCaseResult {
        match step {
            Step::Stay(asks) => self.stay(asks).await,
            Step::EndOne(asks, ends) => self.end_one(asks, ends).await,
            Step::EndOthers(asks) => self.end_others(asks).await,
            Step::EndAll(asks) => self.end_all(asks).await,
            Step::Disown(asks, disowns) => self.disown(asks, disowns).await,
            Step::Confirm(asks) => self.confirm(asks).await,
            Step::ChangePassword(asks) => self.change_password(asks).await,
            _ => unreachable!("taken by `take`"),
        }
    }

    /// The caller with the chosen token, if it is accepted.
    async fn let_in(
        &mut self,
        asks: &Index,
    ) -> Result<Option<(usize, Box<CurrentUser>)>, TestCaseError> {
        let Some(asks) = self.chosen(asks) else {
            return Ok(None);
        };
        Ok(self.resume(asks).await?.map(|current| (asks, current)))
    }

    async fn stay(&mut self, asks: &Index) -> TestCaseResult {
        if let Some((asks, current)) = self.let_in(asks).await? {
            let actor = given::signed_in(&current);
            let owner = Owner::of(&actor).unwrap();
            prop_assert!(sessions::extend(self.core, owner).await.unwrap());
            let now = self.now();
            self.issued[asks].record_use(now);
        }
        Ok(())
    }

    async fn end_one(&mut self, asks: &Index, ends: &Index) -> TestCaseResult {
        let Some((asks, current)) = self.let_in(asks).await? else {
            return Ok(());
        };
        let Some(ends) = self.known(ends) else {
            return Ok(());
        };
        let now = self.now();
        let id = self.issued[ends].session.clone();
        let actor = given::signed_in(&current);
        let owner = Permitted::of(&actor, Scope::SessionsEnd).unwrap();
        let ended = sessions::end_own(self.core, owner, &id).await.unwrap();
        let ended = ended.map(|(_, was_live)| was_live);
        if self.issued[ends].account != self.issued[asks].account {
            self.count("another person's");
            prop_assert_eq!(ended, None);
            return Ok(());
        }
        prop_assert_eq!(ended, Some(self.issued[ends].lives(now)));
        let reason = match ends == asks {
            true => EndReason::SignedOut,
            false => EndReason::EndedByOwner,
        };
        self.issued[ends].end(now, reason);
        Ok(())
    }

    async fn end_others(&mut self, asks: &Index) -> TestCaseResult {
        if let Some((asks, current)) = self.let_in(asks).await? {
            let actor = given::signed_in(&current);
            let owner = Permitted::of(&actor, Scope::SessionsEnd).unwrap();
            let ended = sessions::end_others(self.core, owner).await.unwrap();
            self.others_end(asks, ended)?;
        }
        Ok(())
    }

    async fn end_all(&mut self, asks: &Index) -> TestCaseResult {
        if let Some((asks, current)) = self.let_in(asks).await? {
            let actor = given::signed_in(&current);
            let owner = Owner::of(&actor).unwrap();
            let ended = sessions::end_all(self.core, owner, false).await.unwrap();
            self.others_end(asks, ended.sessions)?;
            let now = self.now();
            self.issued[asks].end(now, EndReason::SignedOut);
        }
        Ok(())
    }

    fn others_end(&mut self, asks: usize, ended: u64) -> TestCaseResult {
        let (now, account) = (self.now(), self.issued[asks].account);
        let mut lived = 0;
        for (index, other) in self.issued.iter_mut().enumerate() {
            if index != asks && other.account == account {
                lived += u64::from(other.lives(now));
                other.end(now, EndReason::EndedByOwner);
            }
        }
        prop_assert_eq!(ended, lived);
        Ok(())
    }

    /// Only an unrecognised sign-in can be disowned, and only from another session of the same
    /// person.
    async fn disown(&mut self, asks: &Index, disowns: &Index) -> TestCaseResult {
        let Some((asks, current)) = self.let_in(asks).await? else {
            return Ok(());
        };
        let Some(disowns) = self.known(disowns) else {
            return Ok(());
        };
        let now = self.now();
        let (account, chosen) = (self.issued[asks].account, &mut self.issued[disowns]);
        let may = chosen.is_unrecognised && chosen.account == account && disowns != asks;
        let actor = given::signed_in(&current);
        let owner = Owner::of(&actor).unwrap();
        let disowned = sessions::disown_sign_in(self.core, owner, &chosen.session).await;
        prop_assert_eq!(disowned.unwrap(), may);
        if may {
            chosen.end(now, EndReason::EndedByOwner);
            let stays_unrecognised = self.issued[asks].is_unrecognised;
            self.issued[disowns].is_unrecognised = stays_unrecognised;
            self.count("not theirs");
        }
        Ok(())
    }

    /// A replaced token that is confirmed again means that the answer to the last confirmation was
    /// lost.
    async fn confirm(&mut self, asks: &Index) -> TestCaseResult {
        let Some(chosen) = self.chosen(asks) else {
            return Ok(());
        };
        let (now, present) = (self.now(), self.present(chosen));
        if self.issued[present].is_gone() {
            return Ok(());
        }
        let may = self.has_grace(chosen) || present == chosen && self.issued[chosen].lives(now);
        let today = self.account(self.issued[chosen].account).await;
        let session = self.stored(present).await;
        let token = &self.issued[chosen].token;
        let renewed = given::confirm(self.core, &session, token, &today.password_hash).await;
        prop_assert_eq!(renewed.is_some(), may);
        if let Some(token) = renewed {
            self.count("password typed again");
            if present != chosen {
                self.count("confirmed by the token before");
            }
            let next = self.issued.len();
            let mut renewed = self.issued[present].under(token);
            renewed.confirmed = now;
            self.issued[present].state = TokenState::Renewed(next);
            self.issued[present].confirmed_at = Some(now);
            self.issued.push(renewed);
        }
        Ok(())
    }

    async fn stored(&self, index: usize) -> Session {
        let found = store::sessions::find(&self.core.db, &self.issued[index].session).await;
        found.unwrap().expect("a session").session
    }

    /// The password is changed exactly while its session lives under this token and the account is
    /// enabled; then that session continues under a new token and the others end.
    async fn change_password(&mut self, asks: &Index) -> TestCaseResult {
        let Some(chosen) = self.chosen(asks) else {
            return Ok(());
        };
        let (now, present) = (self.now(), self.present(chosen));
        if self.issued[present].is_gone() {
            return Ok(());
        }
        let account = self.issued[chosen].account;
        let today = self.account(account).await;
        let lives = present == chosen && self.issued[chosen].lives(now);
        let may = lives && !today.user.disabled;
        let new_hash = self.new_hash();
        let session = self.stored(present).await;
        let token = &self.issued[chosen].token;
        let hashes = [today.password_hash.as_str(), new_hash.as_str()];
        let renewed = given::change_password(self.core, &session, token, hashes).await;
        prop_assert_eq!(renewed.is_some(), may);
        if let Some(renewed) = renewed {
            self.count("password changed by its owner");
            let next = self.issued.len();
            let successor = self.issued[chosen].with_new_password(renewed.token, now);
            self.issued[chosen].state = TokenState::Renewed(next);
            self.end_everything_of(account);
            self.issued.push(successor);
        }
        Ok(())
    }
}
