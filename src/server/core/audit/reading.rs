//! What somebody wants to read of the audit log, kept for longer than one question.

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
            audit::{Filter, Position},
        },
    },
};

/// A [`Filter`] that belongs to whoever reads.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub user: Option<UserId>,
    pub event: Option<&'static str>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

impl Wanted {
    pub fn filter(&self) -> Filter<'_> {
        Filter {
            user: self.user.as_ref(),
            event: self.event,
            since: self.since,
            until: self.until,
        }
    }
}

/// So many entries are held at once, however long the log is.
const ENTRIES_AT_ONCE: u32 = 500;

/// Reads all that is wanted, the newest first, a piece at a time. What is written meanwhile is newer than
/// the beginning and left out; and a sum that is added to meanwhile has moved there.
pub struct Reading {
    wanted: Wanted,
    /// What was read last.
    before: Option<Position>,
}

impl Reading {
    /// Begins, and writes down that somebody does, by `entry`: what is not written down is not read.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn begin(core: &Core, wanted: Wanted, entry: Entry) -> Result<Self, StoreError> {
        store::audit::insert(&core.db, entry).await?;
        Ok(Self {
            wanted,
            before: None,
        })
    }

    /// The next entries; none where all are read.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn next(&mut self, core: &Core) -> Result<Vec<Record>, StoreError> {
        let filter = self.wanted.filter();
        let before = self.before.as_ref();
        let entries = store::audit::list(&core.db, &filter, before, ENTRIES_AT_ONCE).await?;
        self.before = entries.last().map(Position::of).or(self.before.take());
        Ok(entries)
    }
}
