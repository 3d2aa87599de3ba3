//! Refusals that cost nothing, counted in memory and flushed every few seconds.

use crate::{
    domain::audit::Entry,
    server::{core::Core, db::Db, store, token::KeyedDigest},
};
use std::{
    collections::{HashMap, hash_map},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// At most this many subjects are counted separately between flushes; the rest share one row, so a flood from new
/// addresses cannot fill the memory.
const MAX_TALLIES: usize = 1_024;

/// Counts attempts that are refused without a check. With a row for each, a flood could keep the database's one writer
/// busy and block users who sign out.
#[derive(Clone, Default)]
pub struct Tallies(Arc<Mutex<HashMap<Subject, Tally>>>);

/// Refusals of the same subject share one row.
#[derive(PartialEq, Eq, Hash)]
struct Subject {
    counter: KeyedDigest,
    event: &'static str,
    /// The number of the window.
    window: i64,
}

struct Tally {
    entry: Entry,
    times: u32,
}

/// Counts a refusal that cost nothing, in one row for `counter`, its kind and the throttle's window.
pub fn count_refusal(core: &Core, counter: KeyedDigest, entry: Entry) {
    let window = core.throttle.limits.window.as_millis();
    let subject = Subject {
        counter,
        event: entry.event.as_str(),
        window: entry.at.as_millis() / i64::try_from(window).unwrap_or(i64::MAX).max(1),
    };
    let shared = || core.throttle.key.digest("everybody:", "");
    core.tallies.add(subject, entry, shared);
}

impl Tallies {
    fn add(&self, subject: Subject, entry: Entry, shared: impl FnOnce() -> KeyedDigest) {
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = tallies.len() >= MAX_TALLIES && !tallies.contains_key(&subject);
        let (subject, entry) = if is_full {
            let anonymous = Entry {
                user: None,
                own_session: None,
                key: None,
                address: String::new(),
                user_agent: String::new(),
                ..entry
            };
            let shared = Subject {
                counter: shared(),
                ..subject
            };
            (shared, anonymous)
        } else {
            (subject, entry)
        };
        count(&mut tallies, subject, Tally { entry, times: 1 });
    }

    /// Writes the counts. Counts that cannot be written now are kept.
    pub async fn flush(&self, db: &Db) {
        let counted = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for (subject, tally) in counted {
            let entry = tally.entry.clone();
            let Subject {
                counter, window, ..
            } = &subject;
            let written = store::audit::add_count(db, counter, *window, entry, tally.times).await;
            if let Err(error) = written {
                tracing::warn!(%error, "counted refusals could not be written");
                self.restore(subject, tally);
            }
        }
    }

    fn restore(&self, subject: Subject, tally: Tally) {
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        count(&mut tallies, subject, tally);
    }
}

fn count(tallies: &mut HashMap<Subject, Tally>, subject: Subject, more: Tally) {
    match tallies.entry(subject) {
        hash_map::Entry::Vacant(vacant) => {
            vacant.insert(more);
        }
        hash_map::Entry::Occupied(mut occupied) => {
            let tally = occupied.get_mut();
            tally.times = tally.times.saturating_add(more.times);
            tally.entry.at = tally.entry.at.max(more.entry.at);
        }
    }
}

/// How often the counts are written. A crash loses at most these seconds of them.
const FLUSH_EVERY: Duration = Duration::from_secs(5);

/// Writes the counts every few seconds, and the rest when the server stops.
pub async fn flush_periodically(core: Core, stop: CancellationToken) {
    loop {
        let sleep = tokio::time::sleep(FLUSH_EVERY);
        let is_running = stop.run_until_cancelled(sleep).await.is_some();
        core.tallies.flush(&core.db).await;
        if !is_running {
            return;
        }
    }
}
