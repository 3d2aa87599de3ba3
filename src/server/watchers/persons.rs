//! The users with open pages: the slots of their watchers, and the sign-ins that they have to review.

use crate::domain::{session::SessionId, user::UserId};
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};
use tokio::sync::{Notify, watch};

#[derive(Debug, Default)]
pub struct Persons(HashMap<UserId, WatchedPerson>);

#[derive(Debug)]
struct WatchedPerson {
    /// The newest sign-in to review, as far as is known.
    to_review: watch::Sender<Option<SessionId>>,
    /// The slots of the watchers, the oldest first.
    slots: VecDeque<Arc<Notify>>,
}

impl Persons {
    /// A slot for one more watcher of the user; beyond `limit` that of the oldest. The second value changes with the
    /// sign-ins to review.
    pub fn take_slot(
        &mut self,
        person: &UserId,
        limit: usize,
    ) -> (Arc<Notify>, watch::Receiver<Option<SessionId>>) {
        let own = Arc::<Notify>::default();
        let entry = self.0.entry(person.clone());
        let WatchedPerson { to_review, slots } = entry.or_insert_with(|| WatchedPerson {
            to_review: watch::Sender::new(None),
            slots: VecDeque::new(),
        });
        slots.push_back(Arc::clone(&own));
        if slots.len() > limit
            && let Some(oldest) = slots.pop_front()
        {
            oldest.notify_one();
        }
        (own, to_review.subscribe())
    }

    pub fn release(&mut self, person: &UserId, own: &Arc<Notify>) {
        if let Some(WatchedPerson { slots, .. }) = self.0.get_mut(person) {
            slots.retain(|one| !Arc::ptr_eq(one, own));
            if slots.is_empty() {
                self.0.remove(person);
            }
        }
    }

    pub fn all(&self) -> Vec<UserId> {
        self.0.keys().cloned().collect()
    }

    /// Notifies of the newest sign-in to review, unless it is known.
    pub fn set_to_review(&self, person: &UserId, newest: Option<SessionId>) {
        if let Some(entry) = self.0.get(person) {
            entry.to_review.send_if_modified(|known| {
                let differs = *known != newest;
                *known = newest;
                differs
            });
        }
    }

    /// Notifies that the sign-ins to review have changed.
    pub fn reviewed(&self, person: &UserId) {
        if let Some(entry) = self.0.get(person) {
            entry.to_review.send_modify(|_| ());
        }
    }
}
