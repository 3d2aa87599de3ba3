//! The expected state of a token, by the design and not by the code.

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
    /// The same for all tokens of one session.
    pub session: SessionId,
    pub account: usize,
    /// The chain of sign-ins in one browser, each of which replaced the previous.
    pub browser: usize,
    pub remember: bool,
    pub started: Timestamp,
    pub confirmed: Timestamp,
    pub last_seen: Timestamp,
    pub idle_end: Timestamp,
    pub absolute_end: Timestamp,
    /// Before its first use: the idle end that its first use sets.
    pub idle_end_if_used: Option<Timestamp>,
    /// The time when a confirmation replaced it.
    pub confirmed_at: Option<Timestamp>,
    /// A sign-in from a new browser that is not recognised yet.
    pub is_unrecognised: bool,
    pub state: TokenState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    Open,
    /// The end was acknowledged; it had timed out unnoticed before, so either reason is right.
    Ended,
    EndedBecause(EndReason),
    /// The session continues under another token: the one with this index.
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
        self.state == TokenState::Open && self.timed_out(now).is_none()
    }

    pub fn end(&mut self, now: Timestamp, reason: EndReason) {
        if self.state == TokenState::Open {
            self.state = match self.timed_out(now) {
                None => TokenState::EndedBecause(reason),
                Some(_) => TokenState::Ended,
            };
        }
    }

    pub fn is_gone(&self) -> bool {
        self.state == TokenState::Gone
    }

    /// Records a request, and returns the expected answer; `None` for any reason.
    pub fn ask(&mut self, now: Timestamp) -> Option<Option<EndReason>> {
        if self.lives(now) {
            self.reset_future_times(now);
        }
        if let (TokenState::Open, Some(reason)) = (self.state, self.timed_out(now)) {
            self.state = TokenState::EndedBecause(reason);
        }
        match self.state {
            TokenState::Open => {
                if let Some(idle_end) = self.idle_end_if_used.take() {
                    self.idle_end = self.idle_end.max(idle_end);
                }
                if now.since(self.last_seen) >= Duration::from_secs(60) {
                    self.record_use(now);
                }
                Some(None)
            }
            TokenState::EndedBecause(reason) => Some(Some(reason)),
            TokenState::Ended | TokenState::Gone => None,
            TokenState::Renewed(_) => unreachable!("the token that it has become is asked"),
        }
    }

    /// The state if the session has another token by now: its end, if it has one.
    pub fn end_for_earlier(&mut self, now: Timestamp) -> Option<TokenState> {
        if self.lives(now) {
            self.reset_future_times(now);
        }
        if let (TokenState::Open, Some(reason)) = (self.state, self.timed_out(now)) {
            self.state = TokenState::EndedBecause(reason);
        }
        (self.state != TokenState::Open).then_some(self.state)
    }

    /// A time more than a minute ahead was recorded by a wrong clock.
    fn reset_future_times(&mut self, now: Timestamp) {
        let lies_ahead = |at: Timestamp| at > now.after(Duration::from_secs(60));
        let [started, confirmed, last_seen] = [self.started, self.confirmed, self.last_seen];
        if ![started, confirmed, last_seen].into_iter().any(lies_ahead) {
            return;
        }
        if lies_ahead(started) {
            self.started = now;
            self.absolute_end = now.after(LIFETIMES.absolute_for(self.remember));
        }
        if lies_ahead(confirmed) {
            self.confirmed = Timestamp::from_millis(0);
        }
        self.record_use(now);
        self.idle_end_if_used = self.idle_end_if_used.map(|_| self.idle_end);
    }

    /// The same session, open under another token that was not used yet.
    pub fn under(&self, token: SessionToken) -> Self {
        Self {
            token,
            session: self.session.clone(),
            state: TokenState::Open,
            idle_end_if_used: Some(self.idle_end),
            confirmed_at: None,
            ..*self
        }
    }

    /// The same with a new password: it lives for five minutes, and for its idle time once it is
    /// used.
    pub fn with_new_password(&self, token: SessionToken, now: Timestamp) -> Self {
        let mut renewed = self.under(token);
        renewed.absolute_end = now.after(LIFETIMES.absolute_for(self.remember));
        renewed.record_use(now);
        renewed.idle_end_if_used = Some(renewed.idle_end);
        renewed.idle_end = renewed.idle_end.min(now.after(Duration::from_secs(300)));
        renewed
    }

    /// A confirmation has replaced it less than a minute ago.
    pub fn has_grace(&self, now: Timestamp) -> bool {
        let minute = Duration::from_secs(60);
        self.confirmed_at
            .is_some_and(|at| now.since(at) < minute && at.since(now) < minute)
    }

    pub fn record_use(&mut self, now: Timestamp) {
        self.last_seen = now;
        let idle_end = now.after(LIFETIMES.idle_for(self.remember));
        self.idle_end = idle_end.min(self.absolute_end);
    }
}
