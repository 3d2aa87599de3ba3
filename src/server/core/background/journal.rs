//! Monitors SQLite's write-ahead log. It grows while a reader holds an old snapshot, which is not visible until the
//! disk is full.

use crate::server::{core::Core, db::Wal};

/// SQLite itself moves the log into the file at 4 MB; four times that is not normal.
const LARGE: i64 = 16_000_000;

/// Detects readers that block the checkpoint, once a minute.
#[derive(Debug, Default)]
pub struct Journal {
    /// Consecutive checks. One alone is not logged: a backup of a large file takes time, too.
    blocked_checks: u32,
}

impl Journal {
    /// Moves the log into the file as far as possible. Logs once that a reader has blocked this in two checks.
    pub async fn checkpoint(&mut self, core: &Core) {
        match core.db.checkpoint().await {
            Ok(Some(wal)) => self.record(wal),
            Ok(None) => {}
            Err(error) => tracing::debug!(%error, "the journal was not checked"),
        }
    }

    fn record(&mut self, wal: Wal) {
        let megabytes = wal.bytes / 1_000_000;
        if !wal.is_blocked || wal.bytes < LARGE {
            if self.blocked_checks >= 2 {
                tracing::info!("the journal of the database is reused again");
            }
            self.blocked_checks = 0;
            return;
        }
        self.blocked_checks = self.blocked_checks.saturating_add(1);
        if self.blocked_checks == 2 {
            tracing::warn!(
                megabytes,
                "a reader that does not end keeps the journal of the database from being reused, and it grows. \
                 Find it (fuser -v on the file with -wal) and end it: most often a `sqlite3` shell within a \
                 transaction, or a backup that hangs"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blocked_journal_is_counted_and_reset() {
        let mut journal = Journal::default();
        let wal = |bytes, is_blocked| Wal { bytes, is_blocked };
        for (wal, blocked_checks) in [
            (wal(LARGE, true), 1),
            (wal(LARGE, false), 0),
            (wal(LARGE - 1, true), 0),
            (wal(LARGE, true), 1),
            (wal(LARGE, true), 2),
            (wal(LARGE, true), 3),
        ] {
            journal.record(wal);
            assert_eq!(journal.blocked_checks, blocked_checks, "{wal:?}");
        }
    }
}
