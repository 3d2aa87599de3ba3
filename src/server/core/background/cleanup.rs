//! What is over is cleaned up, in small steps that hold nobody up.

use super::journal::Journal;
use crate::server::{
    core::{
        Core,
        accounts::{password_links, setup},
        sessions::{self, DEVICE_LIFE},
    },
    db::StoreError,
    store,
};
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(60);

/// Between two steps, for those who wait to write.
const REST: Duration = Duration::from_millis(50);

/// Cleans up for as long as the server lives.
pub async fn run(core: Core) {
    let (mut mended_at, mut journal) = (None, Journal::default());
    loop {
        if let Err(error) = mend_times(&core, &mut mended_at).await {
            tracing::warn!(%error, "times that lie ahead will be mended later");
        }
        if let Err(error) = fold_display_names(&core).await {
            tracing::warn!(%error, "display names will be folded later");
        }
        if let Err(error) = clean(&core).await {
            tracing::warn!(%error, "cleaning up will be tried again");
        }
        journal.checkpoint(&core).await;
        tokio::time::sleep(EVERY).await;
    }
}

/// Takes away what is over by now, where the clock can be trusted with that. Returns how many rows that were.
///
/// # Errors
/// [`StoreError`]: the rest is cleaned up another time.
pub async fn clean(core: &Core) -> Result<u64, StoreError> {
    let db = &core.db;
    // A wrong clock must not delete the audit log, nor end the sessions of people who have not asked.
    let Some(now) = core.clock.trusted() else {
        return Ok(0);
    };
    let kept_since = now.before(core.keep_activity);
    let devices_since = now.before(DEVICE_LIFE);
    let mut cleaned = 0;
    // A session that timed out is ended for everybody to see, also where its browser never came back.
    cleaned += in_steps(|| store::sessions::end_timed_out(db, now, store::STEP)).await?;
    cleaned +=
        in_steps(|| store::sessions::delete_ended_before(db, kept_since, store::STEP)).await?;
    cleaned += in_steps(|| store::audit::delete_before(db, kept_since, store::STEP)).await?;
    cleaned += in_steps(|| store::throttle::delete_over(db, now, store::STEP)).await?;
    cleaned +=
        in_steps(|| store::devices::delete_unused_since(db, devices_since, store::STEP)).await?;
    cleaned += in_steps(|| store::password_links::delete_expired(db, now, store::STEP)).await?;
    Ok(cleaned)
}

/// Gives what a wrong clock has put into the future the present as its beginning, so that it does not live until
/// then: once after a start and each time that the clock was set, because only then there can be such.
async fn mend_times(core: &Core, mended_at: &mut Option<u64>) -> Result<(), StoreError> {
    let times_set = Some(core.clock.times_set());
    if *mended_at == times_set || core.clock.trusted().is_none() {
        return Ok(());
    }
    let mended = bring_to_present(core).await?;
    if mended > 0 {
        tracing::warn!(
            rows = mended,
            "times that lay ahead of the clock were set to the present"
        );
    }
    *mended_at = times_set;
    Ok(())
}

/// Gives the present to what lies ahead of it: sessions, links, the code of the first start, known
/// browsers. Returns how many rows that were.
///
/// # Errors
/// [`StoreError`]: the rest is mended another time.
pub async fn bring_to_present(core: &Core) -> Result<u64, StoreError> {
    let (db, now) = (&core.db, core.clock.now());
    let present = sessions::present(core);
    let mut mended =
        in_steps(|| store::sessions::bring_some_to_present(db, &present, store::STEP)).await?;
    mended += store::password_links::bring_to_present(db, now, password_links::LIFE).await?;
    mended += store::setup_codes::bring_to_present(db, now, setup::CODE_LIFE).await?;
    mended += store::devices::bring_to_present(db, now).await?;
    Ok(mended)
}

/// Makes accounts of older versions findable by their display names: SQL cannot fold a text, so no
/// migration could. Costs one query where all are. Returns how many there were.
///
/// # Errors
/// [`StoreError`]: the rest is done another time.
pub async fn fold_display_names(core: &Core) -> Result<u64, StoreError> {
    in_steps(|| store::users::fold_some_display_names(&core.db, store::STEP)).await
}

async fn in_steps<F>(step: impl Fn() -> F) -> Result<u64, StoreError>
where
    F: Future<Output = Result<u64, StoreError>>,
{
    let mut cleaned = 0;
    loop {
        let rows = step().await?;
        cleaned += rows;
        if rows < u64::from(store::STEP) {
            return Ok(cleaned);
        }
        tokio::time::sleep(REST).await;
    }
}
