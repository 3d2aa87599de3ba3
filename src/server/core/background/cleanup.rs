//! Deletes what has expired, in small steps that do not block other writers.

use super::journal::Journal;
use crate::server::{
    core::{
        Core,
        accounts::{password_links, setup},
        sessions::{self, DEVICE_LIFETIME},
        tokens::keys::{PUBLISHED_AFTER_USE, PUBLISHED_BEFORE_USE},
    },
    db::StoreError,
    store,
};
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(60);

/// The pause between two steps, for other writers.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// Cleans up until the server stops.
pub async fn run(core: Core) {
    let (mut handled, mut journal) = (None, Journal::default());
    loop {
        if let Err(error) = reset_once(&core, &mut handled).await {
            tracing::warn!(%error, "times in the future will be reset later");
        }
        if let Err(error) = clean(&core).await {
            tracing::warn!(%error, "the clean-up will be retried");
        }
        journal.checkpoint(&core).await;
        tokio::time::sleep(EVERY).await;
    }
}

/// Deletes what has expired, if the clock can be trusted. Returns the number of rows.
///
/// # Errors
/// [`StoreError`]: the rest is deleted in the next run.
pub async fn clean(core: &Core) -> Result<u64, StoreError> {
    let db = &core.db;
    // A wrong clock must not delete the audit log, nor end the sessions of users who send no request.
    let Some(now) = core.clock.trusted() else {
        return Ok(0);
    };
    let kept_since = now.before(core.keep_activity);
    let devices_since = now.before(DEVICE_LIFETIME);
    let mut cleaned = 0;
    // A session that timed out is recorded as ended, also if its browser never came back.
    cleaned += in_steps(|| store::sessions::end_timed_out(db, now, store::STEP)).await?;
    cleaned +=
        in_steps(|| store::sessions::delete_ended_before(db, kept_since, store::STEP)).await?;
    cleaned +=
        in_steps(|| store::access_keys::delete_ended_before(db, kept_since, store::STEP)).await?;
    cleaned += in_steps(|| store::audit::delete_before(db, kept_since, store::STEP)).await?;
    cleaned += in_steps(|| store::throttle::delete_over(db, now, store::STEP)).await?;
    cleaned +=
        in_steps(|| store::devices::delete_unused_since(db, devices_since, store::STEP)).await?;
    cleaned += in_steps(|| store::password_links::delete_expired(db, now, store::STEP)).await?;
    let replaced_since = now.before(PUBLISHED_AFTER_USE);
    cleaned += store::signing_keys::delete_replaced(db, replaced_since).await?;
    Ok(cleaned)
}

/// Moves times that a wrong clock recorded in the future to now, so that nothing stays valid until then. Runs once
/// after a start and whenever the clock was set: only then can such times exist.
async fn reset_once(core: &Core, handled: &mut Option<u64>) -> Result<(), StoreError> {
    let times_set = Some(core.clock.times_set());
    if *handled == times_set || core.clock.trusted().is_none() {
        return Ok(());
    }
    let rows = reset_future_times(core).await?;
    if rows > 0 {
        tracing::warn!(rows, "times in the future were reset to now");
    }
    *handled = times_set;
    Ok(())
}

/// Moves times in the future to now: those of sessions, last sign-ins, access keys, links, the setup code, known
/// browsers and signing keys. Returns the number of rows.
///
/// # Errors
/// [`StoreError`]: the rest is moved in the next run.
pub async fn reset_future_times(core: &Core) -> Result<u64, StoreError> {
    let (db, now) = (&core.db, core.clock.now());
    let times = sessions::reset_times(core);
    let mut rows =
        in_steps(|| store::sessions::reset_some_future_times(db, &times, store::STEP)).await?;
    rows += in_steps(|| store::users::reset_some_future_sign_ins(db, now, store::STEP)).await?;
    rows += store::access_keys::reset_future_times(db, now).await?;
    rows += store::password_links::reset_future_times(db, now, password_links::LIFETIME).await?;
    rows += store::setup_codes::reset_future_times(db, now, setup::CODE_LIFETIME).await?;
    rows += store::devices::reset_future_times(db, now).await?;
    rows += store::signing_keys::reset_future_times(db, now, PUBLISHED_BEFORE_USE).await?;
    Ok(rows)
}

async fn in_steps<F>(step: impl Fn() -> F) -> Result<u64, StoreError>
where
    F: Future<Output = Result<u64, StoreError>>,
{
    in_steps_of(store::STEP, step).await
}

/// Runs steps of this size until one finds fewer rows. Returns the number of rows.
pub(super) async fn in_steps_of<F>(
    rows_a_step: u32,
    step: impl Fn() -> F,
) -> Result<u64, StoreError>
where
    F: Future<Output = Result<u64, StoreError>>,
{
    let mut sum = 0;
    loop {
        let rows = step().await?;
        sum += rows;
        if rows < u64::from(rows_a_step) {
            return Ok(sum);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
