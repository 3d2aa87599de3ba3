//! An owned filter for the audit log, and reading the log in batches.

use crate::{
    domain::{
        audit::{Entry, Record},
        moment::Timestamp,
        user::UserId,
    },
    server::{
        core::Core,
        db::StoreError,
        store::{
            self,
            audit::{Cursor, Filter},
        },
    },
};

/// An owned [`Filter`].
#[derive(Clone, Debug, Default)]
pub struct OwnedFilter {
    pub user: Option<UserId>,
    pub event: Option<&'static str>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

impl OwnedFilter {
    pub fn as_filter(&self) -> Filter<'_> {
        Filter {
            user: self.user.as_ref(),
            event: self.event,
            since: self.since,
            until: self.until,
        }
    }
}

/// The number of entries in memory at once, independent of the length of the log.
const BATCH_SIZE: u32 = 500;

/// Reads all matching entries, the newest first, in batches. Entries written meanwhile are newer than the start, and
/// left out. So is an entry whose count is raised: its time moves.
pub struct Batches {
    filter: OwnedFilter,
    /// The last entry that was read.
    before: Option<Cursor>,
}

impl Batches {
    /// Begins, after recording by `entry` that the log is read. If that cannot be recorded, nothing is read.
    pub async fn begin(core: &Core, filter: OwnedFilter, entry: Entry) -> Result<Self, StoreError> {
        store::audit::insert(&core.db, entry).await?;
        Ok(Self {
            filter,
            before: None,
        })
    }

    /// The next entries; empty after the last one.
    pub async fn next(&mut self, core: &Core) -> Result<Vec<Record>, StoreError> {
        let filter = self.filter.as_filter();
        let before = self.before.as_ref();
        let entries = store::audit::list(&core.db, &filter, before, BATCH_SIZE).await?;
        self.before = entries.last().map(Cursor::of).or(self.before.take());
        Ok(entries)
    }
}
