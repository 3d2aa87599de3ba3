//! Following the audit log as it grows: for open pages, and for `vestibule activity --follow`.

use crate::{
    domain::audit::Record,
    server::{
        core::Core,
        db::StoreError,
        store::{self, audit::Filter},
    },
};
use std::{collections::HashMap, time::Duration};

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
