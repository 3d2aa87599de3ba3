//! One throttled attempt: admitted, then decided or given up.

use super::{
    NotAdmitted,
    in_flight::{InFlight, MAX_WAIT, NoTurn, Turns},
};
use crate::{
    domain::audit::Entry,
    server::{
        clock::Clock,
        core::Core,
        db::Db,
        store::{
            self,
            throttle::{Counters, Outcome, Verdict},
        },
        token::KeyedDigest,
    },
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};
use tokio::runtime::Handle;

/// Admits an attempt, after those in flight if they may use up the capacity.
///
/// # Errors
/// [`NotAdmitted`]: too many failures, or no turn within [`MAX_WAIT`].
pub async fn admit(core: &Core, counters: Counters) -> Result<Undecided, NotAdmitted> {
    let throttle = &core.throttle;
    let wait_limit = tokio::time::sleep(MAX_WAIT);
    tokio::pin!(wait_limit);
    let turns = loop {
        let capacity = remaining_attempts(core, &counters).await?;
        let taken = tokio::select! {
            taken = throttle.in_flight.take_turns(&capacity) => taken,
            () = &mut wait_limit => Err(NoTurn::Busy),
        };
        match taken {
            Ok(turns) => break turns,
            Err(NoTurn::Exhausted) => {}
            Err(NoTurn::Busy) => return Err(NotAdmitted::Busy),
        }
    };
    if throttle.is_failing.load(Relaxed) {
        // Fail closed: on a full disk failures would not be counted, and the time of a 503 may
        // distinguish a right password from a wrong one. A right attempt may count as a failure here.
        store::throttle::count(&core.db, &counters, core.clock.now()).await?;
        throttle.is_failing.store(false, Relaxed);
    }
    Ok(Undecided {
        db: core.db.clone(),
        clock: core.clock.clone(),
        in_flight: throttle.in_flight.clone(),
        is_failing: Arc::clone(&throttle.is_failing),
        attempt: Some(InFlightAttempt { counters, turns }),
        counts_if_dropped: false,
    })
}

/// The remaining capacity of each open counter, without a write: a flood of refused attempts must not block the
/// database's one writer for users who sign out.
async fn remaining_attempts(
    core: &Core,
    counters: &Counters,
) -> Result<Vec<(KeyedDigest, u32)>, NotAdmitted> {
    let now = core.clock.now();
    let mut capacities = Vec::with_capacity(counters.open.len());
    for (key, limit) in &counters.open {
        let counter = store::throttle::find(&core.db, key).await?;
        let capacity = counter.map_or(Ok(limit.failures), |counter| counter.capacity(now, limit));
        let capacity = capacity.map_err(|wait| NotAdmitted::Wait {
            wait,
            counter: key.clone(),
        })?;
        capacities.push((key.clone(), capacity));
    }
    Ok(capacities)
}

/// An admitted attempt. Dropped after [`Undecided::begin`] it counts as a failure, in the background: closing the
/// connection before the answer must not make guesses free.
pub struct Undecided {
    db: Db,
    clock: Clock,
    in_flight: InFlight,
    is_failing: Arc<AtomicBool>,
    attempt: Option<InFlightAttempt>,
    counts_if_dropped: bool,
}

struct InFlightAttempt {
    counters: Counters,
    turns: Turns,
}

impl Undecided {
    /// From now on the attempt counts as a failure if it is dropped.
    pub fn begin(&mut self) {
        self.counts_if_dropped = true;
    }

    /// Decides the attempt. `true` if it passed: then nothing was counted.
    ///
    /// # Errors
    /// [`NotAdmitted`] if failures on another server have used up the capacity meanwhile, or the database does not
    /// answer.
    pub async fn decide(
        mut self,
        core: &Core,
        outcome: Outcome,
        throttled: Entry,
    ) -> Result<bool, NotAdmitted> {
        let Some(attempt) = &self.attempt else {
            return Ok(false);
        };
        let is_wrong = matches!(outcome, Outcome::Wrong(_));
        let decided =
            store::throttle::decide(&self.db, &attempt.counters, outcome, throttled).await;
        let Some(InFlightAttempt { counters, turns }) = self.attempt.take() else {
            return Ok(false);
        };
        self.is_failing
            .fetch_or(is_wrong && decided.is_err(), Relaxed);
        if !matches!(decided, Ok(Verdict::Passed)) {
            turns.failed();
        }
        match decided? {
            Verdict::Passed => Ok(true),
            Verdict::Failed => Ok(false),
            Verdict::MustWait(counter) => {
                remaining_attempts(core, &counters).await?;
                let wait = core.throttle.limits.pause;
                Err(NotAdmitted::Wait { wait, counter })
            }
        }
    }
}

impl Drop for Undecided {
    fn drop(&mut self) {
        let attempt = self.attempt.take().filter(|_| self.counts_if_dropped);
        // Without a runtime the server has stopped, and no answer is sent.
        let (Some(attempt), Ok(runtime)) = (attempt, Handle::try_current()) else {
            return;
        };
        let is_failing = Arc::clone(&self.is_failing);
        let Some(slot) = self.in_flight.slot() else {
            // Too many clients disconnect to count each in the background: the next attempts are counted first.
            is_failing.store(true, Relaxed);
            return;
        };
        let (db, clock) = (self.db.clone(), self.clock.clone());
        runtime.spawn(async move {
            let counted = store::throttle::count(&db, &attempt.counters, clock.now()).await;
            is_failing.fetch_or(counted.is_err(), Relaxed);
            attempt.turns.failed();
            drop(slot);
        });
    }
}
