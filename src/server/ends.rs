//! Who has a page open, and is to hear at once when its session ends.
//!
//! What is told here is a hint that saves waiting. The truth is the row of the session, which every
//! request looks up: a hint that is lost lets nobody in.

use crate::domain::{
    moment::Timestamp,
    session::{EndReason, Life, SessionId},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, watch};

/// What is known of a session that somebody watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Lives(Life),
    /// `None` where its row is gone.
    Ended(Option<EndReason>),
    /// It cannot be told: the server stops, or the database gives no answer at a time-out.
    Unknown,
}

/// Why a session cannot be watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// As often as one session may be.
    TooOften,
    /// As often as all of them together may be.
    Full,
    /// The server stops.
    Stopping,
}

/// How often sessions may be watched at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    pub in_all: usize,
    pub of_one_session: usize,
}

/// The sessions that are watched: one for the whole process.
#[derive(Clone, Debug, Default)]
pub struct Ends(Arc<Hub>);

#[derive(Debug, Default)]
struct Hub {
    watched: Mutex<Watched>,
    begun: Notify,
}

#[derive(Debug, Default)]
struct Watched {
    sessions: HashMap<SessionId, Teller>,
    watchers: usize,
    is_stopping: bool,
}

#[derive(Debug)]
struct Teller {
    news: watch::Sender<News>,
    watchers: usize,
}

impl Ends {
    fn watched(&self) -> MutexGuard<'_, Watched> {
        let watched = self.0.watched.lock();
        watched.unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to watch a session. Whoever does so looks it up afterwards: what ended before this is
    /// told to nobody.
    ///
    /// # Errors
    /// [`Refused`], where there is no room.
    pub fn watch(&self, session: &SessionId, life: Life, room: Room) -> Result<Watch, Refused> {
        let mut watched = self.watched();
        if watched.is_stopping {
            return Err(Refused::Stopping);
        }
        if watched.watchers >= room.in_all {
            return Err(Refused::Full);
        }
        let teller = watched.sessions.entry(session.clone());
        let teller = teller.or_insert_with(|| Teller {
            news: watch::Sender::new(News::Lives(life)),
            watchers: 0,
        });
        if teller.watchers >= room.of_one_session {
            return Err(Refused::TooOften);
        }
        if *teller.news.borrow() == News::Unknown {
            teller.news.send_replace(News::Lives(life));
        }
        teller.watchers += 1;
        let news = teller.news.subscribe();
        watched.watchers += 1;
        drop(watched);
        self.0.begun.notify_one();
        Ok(Watch {
            session: session.clone(),
            news,
            ends: self.clone(),
        })
    }

    /// Tells that a session has ended.
    pub fn ended(&self, session: &SessionId, reason: Option<EndReason>) {
        self.tell(session, News::Ended(reason));
    }

    /// Tells that a session was used, which has moved its idle end.
    pub fn used(&self, session: &SessionId, idle_ends_at: Timestamp) {
        if let Some(teller) = self.watched().sessions.get(session) {
            teller.news.send_if_modified(|news| match news {
                News::Lives(life) if life.idle_ends_at != idle_ends_at => {
                    life.idle_ends_at = idle_ends_at;
                    true
                }
                _ => false,
            });
        }
    }

    /// Tells that a session goes on, with other ends than before.
    pub fn lives(&self, session: &SessionId, life: Life) {
        self.tell(session, News::Lives(life));
    }

    /// Tells whoever watches the session, where it is news to them. An end is for ever.
    pub fn tell(&self, session: &SessionId, told: News) {
        if let Some(teller) = self.watched().sessions.get(session) {
            teller.news.send_if_modified(|news| {
                let is_news = *news != told && !matches!(news, News::Ended(_));
                if is_news {
                    *news = told;
                }
                is_news
            });
        }
    }

    /// Ends all watching, for good: the server stops.
    pub fn stop(&self) {
        let mut watched = self.watched();
        watched.is_stopping = true;
        for teller in watched.sessions.values() {
            teller.news.send_replace(News::Unknown);
        }
    }

    /// Resolves when some session is watched.
    pub async fn begun(&self) {
        while self.is_quiet() {
            self.0.begun.notified().await;
        }
    }

    /// Whether nobody watches.
    pub fn is_quiet(&self) -> bool {
        self.watched().sessions.is_empty()
    }

    /// The sessions that are watched and, as far as is known, live.
    pub fn live(&self) -> Vec<SessionId> {
        self.those(|life| life.is_some())
    }

    /// Those of them whose time is over, as far as is known.
    pub fn due(&self, now: Timestamp) -> Vec<SessionId> {
        self.those(|life| life.is_some_and(|life| life.end_by(now).is_some()))
    }

    /// Those of `sessions` that are watched.
    pub fn among(&self, sessions: Vec<SessionId>) -> Vec<SessionId> {
        let watched = self.watched();
        let sessions = sessions.into_iter();
        sessions
            .filter(|session| watched.sessions.contains_key(session))
            .collect()
    }

    fn those(&self, wanted: impl Fn(Option<Life>) -> bool) -> Vec<SessionId> {
        let watched = self.watched();
        let known = watched.sessions.iter();
        let wanted = known.filter(|(_, teller)| match *teller.news.borrow() {
            News::Lives(life) => wanted(Some(life)),
            News::Ended(_) | News::Unknown => wanted(None),
        });
        wanted.map(|(session, _)| session.clone()).collect()
    }
}

/// One that watches a session, until it is dropped.
#[derive(Debug)]
pub struct Watch {
    session: SessionId,
    news: watch::Receiver<News>,
    ends: Ends,
}

impl Watch {
    /// What is known by now.
    pub fn known(&mut self) -> News {
        *self.news.borrow_and_update()
    }

    /// The next news.
    pub async fn news(&mut self) -> News {
        // The hub holds the other end for as long as this one is held.
        match self.news.changed().await {
            Ok(()) => self.known(),
            Err(_) => News::Unknown,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watched = self.ends.watched();
        watched.watchers = watched.watchers.saturating_sub(1);
        if let Some(teller) = watched.sessions.get_mut(&self.session) {
            teller.watchers = teller.watchers.saturating_sub(1);
            if teller.watchers == 0 {
                watched.sessions.remove(&self.session);
            }
        }
    }
}

#[cfg(test)]
mod tests;
