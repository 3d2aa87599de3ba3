//! Access keys as credentials: of a request, and on the sign-in page.

use super::throttle::Subject;
use crate::{
    domain::{
        access_key::{AccessKey, AccessKeyText, KeyHolder, KeyState, KeyUse},
        actor::{Actor, Browser},
        audit::{AccessKeyProblem, Event},
    },
    error::{AppError, Failure, Refusal},
    server::{
        core::{
            Core, audit,
            sessions::{Presented, Started, Verified, pending},
        },
        db::StoreError,
        networks,
        store::{self, access_keys::FoundKey, evidence::Evidence},
        token::key::PresentedKey,
    },
};
use std::{net::IpAddr, time::Duration};
use tracing::Instrument;

/// The last use moves at most this often, so that a request normally costs one read.
const TOUCH_EVERY: Duration = Duration::from_secs(60);

/// The owner of a key, if the key is valid now: once for each request, always in the database. There is no cache, so a
/// revoked key is refused at its very next request.
///
/// Every refusal has the same answer, and the same work: one look-up and one comparison. The reason is in the audit
/// log.
pub async fn recognise(
    core: &Core,
    presented: &PresentedKey,
    browser: &Browser,
) -> Result<Option<Box<KeyHolder>>, StoreError> {
    let found = store::access_keys::find(&core.db, &presented.id).await?;
    let is_right = presented.verifies(found.as_ref().map(|found| &found.digest));
    let found = found.filter(|_| is_right);
    if let Some(problem) = problem(core, found.as_ref(), browser) {
        count_refusal(core, found.as_ref(), problem, browser);
        return Ok(None);
    }
    let holder = found.map(|found| Box::new(found.holder));
    if let Some(holder) = &holder {
        touch(core, &holder.key, browser);
    }
    Ok(holder)
}

/// Signs a user in with an access key alone: a session that ends with the key, may do what the key may, and makes no
/// known browser. It is not throttled: a key has 256 random bits.
///
/// # Errors
/// [`Failure::NotFound`] if it is turned off; [`Refusal::AccessKeyLogin`] for every kind of refusal;
/// [`Failure::Unavailable`].
pub async fn login(
    core: &Core,
    actor: &Actor,
    presented: Presented,
    key: &AccessKeyText,
) -> Result<Started, AppError> {
    if !core.keys.sign_in {
        return Err(Failure::NotFound.into());
    }
    let key = PresentedKey::parse(key.reveal().trim().as_bytes());
    let holder = match key {
        Some(key) => recognise(core, &key, actor.browser()).await?,
        None => None,
    };
    let holder = *holder.ok_or(Refusal::AccessKeyLogin)?;
    let verified = Verified {
        user: holder.user,
        evidence: Evidence::AccessKey(holder.key),
        known_device: None,
    };
    pending::start(core, actor, presented, verified, false).await
}

fn problem(core: &Core, found: Option<&FoundKey>, browser: &Browser) -> Option<AccessKeyProblem> {
    let Some(FoundKey { holder, .. }) = found else {
        return Some(AccessKeyProblem::Unknown);
    };
    let address = browser.address.parse::<IpAddr>();
    match holder.key.state(core.clock.now()) {
        KeyState::Revoked(_) => Some(AccessKeyProblem::Revoked),
        KeyState::Expired => Some(AccessKeyProblem::Expired),
        KeyState::Suspended => Some(AccessKeyProblem::Suspended),
        KeyState::Live if holder.user.disabled => Some(AccessKeyProblem::UserDisabled),
        KeyState::Live
            if address.is_ok_and(|address| networks::contain(&holder.key.networks, address)) =>
        {
            None
        }
        KeyState::Live => Some(AccessKeyProblem::Network),
    }
}

/// Counted, not written at once: a program that goes on with a revoked key must not keep the database busy.
fn count_refusal(
    core: &Core,
    found: Option<&FoundKey>,
    problem: AccessKeyProblem,
    browser: &Browser,
) {
    let actor = Actor::visitor(browser.clone());
    let user = found.map(|found| &found.holder.user.id);
    let entry = actor.entry(
        core.clock.now(),
        Event::AccessKeyRefused(problem),
        user,
        None,
    );
    let (entry, counter) = match found {
        Some(found) => {
            let id = &found.holder.key.id;
            // Each reason apart: a row has one.
            let subject = format!("{}:{id}", problem.as_str());
            let counter = core.throttle.key.digest("access_key:", &subject);
            (entry.about_key(id), counter)
        }
        None => {
            let address = Subject::Address(&browser.address);
            (entry, core.throttle.digest(&address))
        }
    };
    audit::count_refusal(core, counter, entry);
}

/// Moves the last use if it is due, in the background: no answer waits for a write.
fn touch(core: &Core, key: &AccessKey, browser: &Browser) {
    let now = core.clock.now();
    let is_due = |last: &KeyUse| now.since(last.at) >= TOUCH_EVERY;
    if !key.last_use.as_ref().is_none_or(is_due) {
        return;
    }
    let Some(claim) = core.db.background_writes.claim(&key.id.0) else {
        return;
    };
    let (db, id, browser) = (core.db.clone(), key.id.clone(), browser.clone());
    let touching = async move {
        let touched = store::access_keys::touch_in_background(&db, &id, now, &browser, claim).await;
        if let Err(error) = touched {
            tracing::warn!(%error, key = %id, "the last use of a key could not be written");
        }
    };
    tokio::spawn(touching.in_current_span());
}
