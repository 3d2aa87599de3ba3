//! Completes the accounts of older versions, in small steps: no migration moves rows, because servers of the version
//! before continue meanwhile (ADR 34). They also change names and start sessions after it.

use super::cleanup::{PAUSE, in_steps_of};
use crate::{
    domain::moment::Timestamp,
    server::{
        core::Core,
        db::StoreError,
        store::{self, audit::Cursor},
    },
};
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(60);

/// The log is read again from this long ago: an entry has the time before its commit.
const LATE_COMMITS: Duration = Duration::from_secs(5 * 60);

/// Completes accounts until the server stops. It has a task of its own: a million accounts take about half an hour, in
/// which the clean-up must not wait.
pub async fn run(core: Core) {
    let mut sign_ins = SignIns::default();
    loop {
        if let Err(error) = fill(&core).await {
            tracing::warn!(%error, "accounts of an older version will be completed later");
        }
        if let Err(error) = sign_ins.record_missed(&core).await {
            tracing::warn!(%error, "sign-ins on servers of an older version will be recorded later");
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Gives accounts of older versions the words of their names, their last sign-in and the ids of their browsers. Costs
/// two queries if nothing is left to do. Returns the number of accounts.
///
/// # Errors
/// [`StoreError`]: the rest is done in the next run.
pub async fn fill(core: &Core) -> Result<u64, StoreError> {
    let fold = || store::users::fold_some_display_names(&core.db, store::STEP);
    in_steps_of(store::STEP, fold).await?;
    let step = store::users::ACCOUNTS_A_STEP;
    in_steps_of(step, || store::users::fill_some_words(&core.db, step)).await
}

/// How far the sign-ins of the log were compared with the accounts. All are read after a start, later the new ones.
pub struct SignIns {
    read_to: Cursor,
}

impl Default for SignIns {
    fn default() -> Self {
        Self {
            read_to: beginning_at(Timestamp::from_millis(0)),
        }
    }
}

/// Before every entry of this instant.
const fn beginning_at(at: Timestamp) -> Cursor {
    Cursor {
        at,
        id: String::new(),
    }
}

impl SignIns {
    /// Records sign-ins that a server of an older version has only logged, after the account was completed. Returns
    /// their number.
    ///
    /// # Errors
    /// [`StoreError`]: the rest is done in the next run.
    pub async fn record_missed(&mut self, core: &Core) -> Result<u64, StoreError> {
        let (now, mut recorded) = (core.clock.now(), 0);
        loop {
            let (next, rows) =
                store::users::record_missed(&core.db, &self.read_to, now, store::STEP).await?;
            recorded += rows;
            let Some(next) = next else { break };
            self.read_to = next;
            tokio::time::sleep(PAUSE).await;
        }
        self.read_to = beginning_at(now.before(LATE_COMMITS));
        Ok(recorded)
    }
}
