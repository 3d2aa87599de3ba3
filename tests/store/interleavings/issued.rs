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
    /// Nobody knows the token any more: its account is deleted, or the session goes on under another one.
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
        if self.fate == Fate::Open {
            self.come_to_the_present(now);
        }
        if let (Fate::Open, Some(reason)) = (self.fate, self.timed_out(now)) {
            self.fate = Fate::EndedBecause(reason);
        }
        match self.fate {
            Fate::Open => {
                if now.since(self.last_seen) >= Duration::from_secs(60) {
                    self.be_used(now);
                }
                Some(None)
            }
            Fate::EndedBecause(reason) => Some(Some(reason)),
            Fate::Ended | Fate::Gone => None,
        }
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
    }

    /// The same session, open under another token.
    pub fn under(&self, token: SessionToken) -> Self {
        Self {
            token,
            session: self.session.clone(),
            fate: Fate::Open,
            ..*self
        }
    }

    pub fn be_used(&mut self, now: Timestamp) {
        self.last_seen = now;
        let idle_end = now.after(LIFETIMES.idle_for(self.remember));
        self.idle_end = idle_end.min(self.absolute_end);
    }
}
