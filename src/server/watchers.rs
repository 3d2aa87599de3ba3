//! Who has a page open, and is to hear at once when its session ends.
//!
//! What is told here is a hint that saves waiting. The truth is the row of the session, which every
//! request looks up: a hint that is lost lets nobody in.

use crate::domain::{
    moment::Timestamp,
    session::{CurrentUser, EndReason, Life, SessionId},
    user::UserId,
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Notify, watch};

/// What is known of a session that somebody watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    Lives(Life),
    /// `None` where its row is gone.
    Ended(Option<EndReason>),
    /// A newer page of the same person has taken its place.
    Crowded,
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
    /// Beyond this the oldest of a person gives its place to the newest.
    pub of_one_person: usize,
}

/// The session that is watched, as it was looked up.
#[derive(Clone, Debug)]
pub struct Watched {
    pub session: SessionId,
    pub person: UserId,
    pub life: Life,
}

impl Watched {
    pub fn of(current: &CurrentUser) -> Self {
        Self {
            session: current.session.id.clone(),
            person: current.user.id.clone(),
            life: current.session.life(),
        }
    }
}

/// The sessions that are watched: one for the whole process.
#[derive(Clone, Debug, Default)]
pub struct Ends(Arc<Hub>);

#[derive(Debug, Default)]
struct Hub {
    watched: Mutex<All>,
    begun: Notify,
}

#[derive(Debug, Default)]
struct All {
    sessions: HashMap<SessionId, Teller>,
    /// The watchers of each person, the oldest first.
    persons: HashMap<UserId, VecDeque<Arc<Notify>>>,
    watchers: usize,
    is_stopping: bool,
}

#[derive(Debug)]
struct Teller {
    news: watch::Sender<News>,
    watchers: usize,
}

impl Ends {
    fn watched(&self) -> MutexGuard<'_, All> {
        let watched = self.0.watched.lock();
        watched.unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to watch a session. Whoever does so looks it up afterwards: what ended before this is
    /// told to nobody.
    ///
    /// # Errors
    /// [`Refused`], where there is no room.
    pub fn watch(&self, wanted: &Watched, room: Room) -> Result<Watch, Refused> {
        let Watched {
            session,
            person,
            life,
        } = wanted;
        let life = *life;
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
        let has_to_go = watched.seat(person, room);
        drop(watched);
        self.0.begun.notify_one();
        Ok(Watch {
            session: session.clone(),
            person: person.clone(),
            news,
            has_to_go,
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

    /// Notifies the watchers of a session that it goes on, with other ends than before.
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
            News::Ended(_) | News::Crowded | News::Unknown => wanted(None),
        });
        wanted.map(|(session, _)| session.clone()).collect()
    }
}

impl All {
    /// A place for one more of the person, where there are too many that of the oldest.
    fn seat(&mut self, person: &UserId, room: Room) -> Arc<Notify> {
        let own = Arc::<Notify>::default();
        let watchers = self.persons.entry(person.clone()).or_default();
        watchers.push_back(Arc::clone(&own));
        if watchers.len() > room.of_one_person
            && let Some(oldest) = watchers.pop_front()
        {
            oldest.notify_one();
        }
        own
    }

    fn leave(&mut self, person: &UserId, own: &Arc<Notify>) {
        if let Some(watchers) = self.persons.get_mut(person) {
            watchers.retain(|one| !Arc::ptr_eq(one, own));
            if watchers.is_empty() {
                self.persons.remove(person);
            }
        }
    }
}

/// One that watches a session, until it is dropped.
#[derive(Debug)]
pub struct Watch {
    session: SessionId,
    person: UserId,
    news: watch::Receiver<News>,
    has_to_go: Arc<Notify>,
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
        tokio::select! {
            changed = self.news.changed() => match changed {
                Ok(()) => self.known(),
                Err(_) => News::Unknown,
            },
            () = self.has_to_go.notified() => News::Crowded,
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watched = self.ends.watched();
        watched.watchers = watched.watchers.saturating_sub(1);
        watched.leave(&self.person, &self.has_to_go);
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
