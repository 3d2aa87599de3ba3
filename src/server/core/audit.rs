//! The audit log: refusals, recorded one by one or counted.
//!
//! The store records changes, in the transaction of the change. Events that change nothing are recorded from here.

mod batches;
mod row;

pub use crate::server::store::audit::{Cursor, Filter};
pub use batches::{Batches, OwnedFilter};
pub use row::AuditRow;

use super::Core;
use crate::{
    domain::audit::{Entry, Record},
    server::{
        db::{Db, StoreError},
        store,
        token::KeyedDigest,
    },
};
use std::{
    collections::{HashMap, hash_map::Entry as Slot},
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
                tracing::warn!(%error, "refusals could not be written down");
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
        Slot::Vacant(slot) => {
            slot.insert(more);
        }
        Slot::Occupied(mut slot) => {
            let tally = slot.get_mut();
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

/// Up to `limit` entries before `before`, the newest first.
pub async fn page(
    core: &Core,
    filter: &Filter<'_>,
    before: Option<&Cursor>,
    limit: u32,
) -> Result<Vec<Record>, StoreError> {
    store::audit::list(&core.db, filter, before, limit).await
}

/// A transaction that began this long ago may still commit, and the clocks of servers may differ by this much.
const OVERLAP: Duration = Duration::from_secs(15);

/// More than a person reads between two polls.
const MAX_NEW_ENTRIES: u32 = 10_000;

/// How often open pages and commands that follow the audit log poll: people perceive this as immediate.
pub const POLL_EVERY: Duration = Duration::from_millis(500);

/// Follows the audit log as it grows.
///
/// Entries do not become visible in the order of their times. So each poll overlaps the previous one, and skips the
/// entries that were seen.
pub struct Following {
    /// The rows of the last poll, with their counts at that time.
    last_poll: HashMap<String, u64>,
}

impl Following {
    /// Starts now, with up to `limit` of the newest entries, the newest first. They are read after the first poll, so
    /// that entries written in between are among them.
    pub async fn begin(
        core: &Core,
        filter: &Filter<'_>,
        limit: u32,
    ) -> Result<(Self, Vec<Record>), StoreError> {
        let mut following = Self {
            last_poll: HashMap::new(),
        };
        following.poll(core, filter).await?;
        let newest = store::audit::list(&core.db, filter, None, limit).await?;
        let shown = newest
            .iter()
            .map(|record| (record.id.clone(), record.times));
        following.last_poll.extend(shown);
        Ok((following, newest))
    }

    /// Entries that are new, or have happened again, since the last poll: the oldest first.
    pub async fn poll(
        &mut self,
        core: &Core,
        filter: &Filter<'_>,
    ) -> Result<Vec<Record>, StoreError> {
        let now = core.clock.now();
        let (since, until) = (now.before(OVERLAP), now.after(OVERLAP));
        let new_entries =
            store::audit::written_since(&core.db, filter, since, until, MAX_NEW_ENTRIES).await?;
        let counts = new_entries
            .iter()
            .map(|record| (record.id.clone(), record.times));
        let before = std::mem::replace(&mut self.last_poll, counts.collect());
        let is_new = |record: &Record| before.get(&record.id) != Some(&record.times);
        Ok(new_entries.into_iter().filter(is_new).collect())
    }
}
