//! The watchers of sessions: open pages that are notified at once when their session ends.
//!
//! A notice is a hint that saves polling. The truth is the row of the session, which every request looks up: a lost
//! notice admits nobody.

mod persons;

use crate::domain::{
    moment::Timestamp,
    session::{CurrentUser, EndReason, SessionId, Validity},
    user::UserId,
};
use persons::Persons;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, watch};

/// The state of a watched session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    Alive(Validity),
    Ended(EndReason),
    /// The sign-ins that its owner has to review may have changed.
    ToReview,
    /// A newer page of the same user has taken its slot.
    Displaced,
    /// Undetermined: the server is stopping, or the database does not answer at a time-out.
    Unknown,
}

/// Why a session cannot be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The limit of one session.
    SessionLimit,
    /// The limit of all sessions together.
    TotalLimit,
    /// The server is stopping.
    Stopping,
}

/// The maximum numbers of watchers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchLimits {
    pub total: usize,
    pub per_session: usize,
    /// Beyond this the newest takes the slot of the user's oldest.
    pub per_person: usize,
}

/// The session to watch, as it was looked up.
#[derive(Clone, Debug)]
pub struct Watched {
    pub session: SessionId,
    pub person: UserId,
    pub validity: Validity,
}

impl Watched {
    pub fn of(current: &CurrentUser) -> Self {
        Self {
            session: current.session.id.clone(),
            person: current.user.id.clone(),
            validity: current.session.validity(),
        }
    }
}

/// The watched sessions: one registry for the whole process.
#[derive(Clone, Debug, Default)]
pub struct Watchers(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    registry: Mutex<Registry>,
    added: Notify,
}

#[derive(Debug, Default)]
struct Registry {
    sessions: HashMap<SessionId, WatchedSession>,
    persons: Persons,
    watchers: usize,
    is_stopping: bool,
}

#[derive(Debug)]
struct WatchedSession {
    notice: watch::Sender<Notice>,
    watchers: usize,
}

impl Watchers {
    fn lock(&self) -> MutexGuard<'_, Registry> {
        let registry = self.0.registry.lock();
        registry.unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to watch a session. The caller has to look it up again afterwards: an end before this notifies no
    /// watcher.
    ///
    /// # Errors
    /// [`Refused`], if a limit is reached.
    pub fn watch(&self, watched: &Watched, limits: WatchLimits) -> Result<Watch, Refused> {
        let Watched {
            session,
            person,
            validity,
        } = watched;
        let validity = *validity;
        let mut registry = self.lock();
        if registry.is_stopping {
            return Err(Refused::Stopping);
        }
        if registry.watchers >= limits.total {
            return Err(Refused::TotalLimit);
        }
        let entry = registry.sessions.entry(session.clone());
        let entry = entry.or_insert_with(|| WatchedSession {
            notice: watch::Sender::new(Notice::Alive(validity)),
            watchers: 0,
        });
        if entry.watchers >= limits.per_session {
            return Err(Refused::SessionLimit);
        }
        if *entry.notice.borrow() == Notice::Unknown {
            entry.notice.send_replace(Notice::Alive(validity));
        }
        entry.watchers += 1;
        let notice = entry.notice.subscribe();
        registry.watchers += 1;
        let (displaced, to_review) = registry.persons.take_slot(person, limits.per_person);
        drop(registry);
        self.0.added.notify_one();
        Ok(Watch {
            session: session.clone(),
            person: person.clone(),
            notice,
            to_review,
            displaced,
            watchers: self.clone(),
        })
    }

    /// Notifies the watchers of a session that it has ended.
    pub fn ended(&self, session: &SessionId, reason: EndReason) {
        self.notify(session, Notice::Ended(reason));
    }

    /// Notifies the watchers of a session that it was used, which has moved its idle end.
    pub fn used(&self, session: &SessionId, idle_ends_at: Timestamp) {
        if let Some(entry) = self.lock().sessions.get(session) {
            entry.notice.send_if_modified(|notice| match notice {
                Notice::Alive(validity) if validity.idle_ends_at != idle_ends_at => {
                    validity.idle_ends_at = idle_ends_at;
                    true
                }
                _ => false,
            });
        }
    }

    /// Notifies the watchers of a session that it was renewed, with other ends than before.
    pub fn renewed(&self, session: &SessionId, validity: Validity) {
        self.notify(session, Notice::Alive(validity));
    }

    /// Notifies the watchers of a session, unless they know it already. An end is final.
    pub fn notify(&self, session: &SessionId, new: Notice) {
        if let Some(entry) = self.lock().sessions.get(session) {
            entry.notice.send_if_modified(|notice| {
                let differs = *notice != new && !matches!(notice, Notice::Ended(_));
                if differs {
                    *notice = new;
                }
                differs
            });
        }
    }

    /// Notifies the watchers of a user of the newest sign-in to review, unless they know it already.
    pub fn set_to_review(&self, person: &UserId, newest: Option<SessionId>) {
        self.lock().persons.set_to_review(person, newest);
    }

    /// Notifies the watchers of a user that the sign-ins to review have changed: one was reviewed, or another process
    /// knows more.
    pub fn reviewed(&self, person: &UserId) {
        self.lock().persons.reviewed(person);
    }

    /// The users with open pages.
    pub fn persons(&self) -> Vec<UserId> {
        self.lock().persons.all()
    }

    /// Ends all watching, for good: the server is stopping.
    pub fn stop(&self) {
        let mut registry = self.lock();
        registry.is_stopping = true;
        for entry in registry.sessions.values() {
            entry.notice.send_replace(Notice::Unknown);
        }
    }

    /// Resolves when a session is watched.
    pub async fn wait_for_watcher(&self) {
        while self.is_empty() {
            self.0.added.notified().await;
        }
    }

    /// Whether there are no watchers.
    pub fn is_empty(&self) -> bool {
        self.lock().sessions.is_empty()
    }

    /// The watched sessions that are live, as far as is known.
    pub fn live(&self) -> Vec<SessionId> {
        self.filter(|validity| validity.is_some())
    }

    /// The watched sessions whose time is over, as far as is known.
    pub fn due(&self, now: Timestamp) -> Vec<SessionId> {
        self.filter(|validity| validity.is_some_and(|validity| validity.end_by(now).is_some()))
    }

    /// Those of `sessions` that are watched.
    pub fn among(&self, sessions: Vec<SessionId>) -> Vec<SessionId> {
        let registry = self.lock();
        let sessions = sessions.into_iter();
        sessions
            .filter(|session| registry.sessions.contains_key(session))
            .collect()
    }

    fn filter(&self, predicate: impl Fn(Option<Validity>) -> bool) -> Vec<SessionId> {
        let registry = self.lock();
        let known = registry.sessions.iter();
        let matching = known.filter(|(_, entry)| match *entry.notice.borrow() {
            Notice::Alive(validity) => predicate(Some(validity)),
            Notice::Ended(_) | Notice::ToReview | Notice::Displaced | Notice::Unknown => {
                predicate(None)
            }
        });
        matching.map(|(session, _)| session.clone()).collect()
    }
}

/// A watcher of a session, until it is dropped.
#[derive(Debug)]
pub struct Watch {
    session: SessionId,
    person: UserId,
    notice: watch::Receiver<Notice>,
    to_review: watch::Receiver<Option<SessionId>>,
    displaced: Arc<Notify>,
    watchers: Watchers,
}

impl Watch {
    /// The known state.
    pub fn known(&mut self) -> Notice {
        *self.notice.borrow_and_update()
    }

    /// The next notice.
    pub async fn notice(&mut self) -> Notice {
        // The registry holds the sender for as long as this one is held.
        tokio::select! {
            changed = self.notice.changed() => match changed {
                Ok(()) => self.known(),
                Err(_) => Notice::Unknown,
            },
            // Its sender goes with the slot of a displaced watcher, which is notified of that.
            Ok(()) = self.to_review.changed() => Notice::ToReview,
            () = self.displaced.notified() => Notice::Displaced,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut registry = self.watchers.lock();
        registry.watchers = registry.watchers.saturating_sub(1);
        registry.persons.release(&self.person, &self.displaced);
        if let Some(entry) = registry.sessions.get_mut(&self.session) {
            entry.watchers = entry.watchers.saturating_sub(1);
            if entry.watchers == 0 {
                registry.sessions.remove(&self.session);
            }
        }
    }
}

#[cfg(test)]
mod tests;
