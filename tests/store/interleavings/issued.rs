//! What has to be true of a token, by the words of the design and not by those of the code.

use super::LIFETIMES;
use std::time::Duration;
use vestibule::{
    domain::{
        moment::Timestamp,
        session::{EndReason, SessionId},
    },
    server::token::SessionToken,
};

pub struct Issued {
    pub token: SessionToken,
    /// The same for all tokens under which one session goes on.
    pub session: SessionId,
    pub account: usize,
    /// The line of sign-ins in one browser, each of which brought the token before.
    pub browser: usize,
    pub remember: bool,
    pub begun: Timestamp,
    pub confirmed: Timestamp,
    pub last_seen: Timestamp,
    pub idle_end: Timestamp,
    pub absolute_end: Timestamp,
    /// Where no request has brought it yet: the idle end that its first use sets.
    pub idle_end_if_used: Option<Timestamp>,
    /// When a confirmation has replaced it.
    pub confirmed_at: Option<Timestamp>,
    /// A sign-in from a new browser, of which nobody has said yet whose it was.
    pub is_news: bool,
    pub fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Open,
    /// The end was acknowledged; it had timed out unseen before, so either reason is right.
    Ended,
    EndedBecause(EndReason),
    /// The session goes on under another token: the one at this place.
    Renewed(usize),
    /// The token is unknown: its account is deleted.
    Gone,
}

impl Issued {
    pub fn timed_out(&self, now: Timestamp) -> Option<EndReason> {
        let (at, reason) = if self.idle_end < self.absolute_end {
            (self.idle_end, EndReason::Idle)
        } else {
            (self.absolute_end, EndReason::Expired)
        };
        (now >= at).then_some(reason)
    }

    pub fn lives(&self, now: Timestamp) -> bool {
        self.fate == Fate::Open && self.timed_out(now).is_none()
    }

    pub fn end(&mut self, now: Timestamp, reason: EndReason) {
        if self.fate == Fate::Open {
            self.fate = match self.timed_out(now) {
                None => Fate::EndedBecause(reason),
                Some(_) => Fate::Ended,
            };
        }
    }

    pub fn is_gone(&self) -> bool {
        self.fate == Fate::Gone
    }

    /// Notes that the server was asked, and says what it has to answer; `None` for any reason.
    pub fn ask(&mut self, now: Timestamp) -> Option<Option<EndReason>> {
        if self.lives(now) {
            self.come_to_the_present(now);
        }
        if let (Fate::Open, Some(reason)) = (self.fate, self.timed_out(now)) {
            self.fate = Fate::EndedBecause(reason);
        }
        match self.fate {
            Fate::Open => {
                if let Some(idle_end) = self.idle_end_if_used.take() {
                    self.idle_end = self.idle_end.max(idle_end);
                }
                if now.since(self.last_seen) >= Duration::from_secs(60) {
                    self.be_used(now);
                }
                Some(None)
            }
            Fate::EndedBecause(reason) => Some(Some(reason)),
            Fate::Ended | Fate::Gone => None,
            Fate::Renewed(_) => unreachable!("the token that it has become is asked"),
        }
    }

    /// What it comes to where the session has another token by now: its end, where it has one.
    pub fn end_for_earlier(&mut self, now: Timestamp) -> Option<Fate> {
        if self.lives(now) {
            self.come_to_the_present(now);
        }
        if let (Fate::Open, Some(reason)) = (self.fate, self.timed_out(now)) {
            self.fate = Fate::EndedBecause(reason);
        }
        (self.fate != Fate::Open).then_some(self.fate)
    }

    /// What lies ahead by more than a minute was noted by a clock that was wrong.
    fn come_to_the_present(&mut self, now: Timestamp) {
        let lies_ahead = |at: Timestamp| at > now.after(Duration::from_secs(60));
        let [begun, confirmed, last_seen] = [self.begun, self.confirmed, self.last_seen];
        if ![begun, confirmed, last_seen].into_iter().any(lies_ahead) {
            return;
        }
        if lies_ahead(begun) {
            self.begun = now;
            self.absolute_end = now.after(LIFETIMES.absolute_for(self.remember));
        }
        if lies_ahead(confirmed) {
            self.confirmed = Timestamp::from_millis(0);
        }
        self.be_used(now);
        self.idle_end_if_used = self.idle_end_if_used.map(|_| self.idle_end);
    }

    /// The same session, open under another token that was not used yet.
    pub fn under(&self, token: SessionToken) -> Self {
        Self {
            token,
            session: self.session.clone(),
            fate: Fate::Open,
            idle_end_if_used: Some(self.idle_end),
            confirmed_at: None,
            ..*self
        }
    }

    /// The same with a new password: it lives for five minutes, and for its idle time once it is used.
    pub fn begun_anew(&self, token: SessionToken, now: Timestamp) -> Self {
        let mut anew = self.under(token);
        anew.absolute_end = now.after(LIFETIMES.absolute_for(self.remember));
        anew.be_used(now);
        anew.idle_end_if_used = Some(anew.idle_end);
        anew.idle_end = anew.idle_end.min(now.after(Duration::from_secs(300)));
        anew
    }

    /// A confirmation has replaced it less than a minute ago.
    pub fn has_grace(&self, now: Timestamp) -> bool {
        let minute = Duration::from_secs(60);
        self.confirmed_at
            .is_some_and(|at| now.since(at) < minute && at.since(now) < minute)
    }

    pub fn be_used(&mut self, now: Timestamp) {
        self.last_seen = now;
        let idle_end = now.after(LIFETIMES.idle_for(self.remember));
        self.idle_end = idle_end.min(self.absolute_end);
    }
}
