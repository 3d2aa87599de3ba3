//! Sessions: start, resume, end.

mod as_admin;
mod future_times;
mod lists;
mod own_devices;
pub mod pending;
mod renewals;
mod resume;
pub mod sign_out_proof;
mod validity;
pub mod watch;

pub use as_admin::{end_all_as_admin, end_as_admin, end_every_session, end_every_session_as_admin};
pub use future_times::reset_times;
pub use lists::{live_of, page, with_id};
pub use own_devices::{
    disown_sign_in, may_name_devices, name_device, newest_to_review, recognise_sign_in,
};
pub use renewals::{ENDS_UNUSED_AFTER, GRACE, Proven, Renewed, renew, renew_with_password};
pub use resume::{
    extend, peek, peek_by_digest, peek_by_id, peek_with_sign_ins, resume, resume_with_sign_ins,
};
pub use validity::{Resumed, record_time_out};

use super::{
    Core,
    actor::{Actor, Browser, Owner, Permitted},
};
use crate::{
    domain::{
        moment::Timestamp,
        session::{EndReason, Ended, EndedElsewhere, Session, SessionId, SessionKey},
        user::User,
    },
    server::{
        db::StoreError,
        store::{self, devices::KnownDevice, evidence::Evidence, sessions::NewSession},
        token::{self, DeviceDigest, DeviceToken, SessionToken, TokenDigest},
    },
};
use std::time::Duration;

/// How long a browser stays known: the longest lifetime of a cookie (RFC 6265bis).
pub const DEVICE_LIFETIME: Duration = Duration::from_secs(400 * 86_400);

/// Lifetimes of sessions, by the server's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    pub idle: Duration,
    pub absolute: Duration,
    /// The same two for "stay signed in on this device".
    pub remember_idle: Duration,
    pub remember_absolute: Duration,
}

impl Lifetimes {
    pub const fn idle_for(&self, remember: bool) -> Duration {
        if remember {
            self.remember_idle
        } else {
            self.idle
        }
    }

    pub const fn absolute_for(&self, remember: bool) -> Duration {
        if remember {
            self.remember_absolute
        } else {
            self.absolute
        }
    }

    /// How long the browser keeps the cookie; `None` if only until it is closed.
    pub fn cookie_age(&self, remember: bool) -> Option<Duration> {
        remember.then_some(self.remember_absolute)
    }

    /// The idle end of a session used at `now`: activity cannot move it past the absolute end (ASVS V7.3.2).
    fn idle_end(&self, now: Timestamp, remember: bool, absolute_ends_at: Timestamp) -> Timestamp {
        now.after(self.idle_for(remember)).min(absolute_ends_at)
    }
}

/// The tokens that a browser presents.
#[derive(Debug, Default)]
pub struct Presented {
    /// That of its session, live or ended.
    pub session: Option<SessionToken>,
    /// That of the device, from an earlier sign-in.
    pub device: Option<DeviceToken>,
}

/// The tokens for the browser of a new session.
#[derive(Debug)]
pub struct Started {
    pub session: SessionToken,
    /// `None` with an access key: it makes no known browser.
    pub device: Option<DeviceToken>,
}

/// A user whose identity was just verified.
pub struct Verified {
    pub user: User,
    pub evidence: Evidence,
    /// The browser, if the user has signed in with it before.
    pub known_device: Option<DeviceDigest>,
}

/// Starts a session for a verified user under a new random token, and ends the session that the browser presented
/// (ASVS V7.2.4). From now on the user is known in this browser. `None` if the evidence is no longer valid, or the
/// account was disabled in the meantime.
pub async fn start(
    core: &Core,
    actor: &Actor,
    presented: Presented,
    verified: &Verified,
    remember: bool,
) -> Result<Option<Started>, StoreError> {
    let token = SessionToken::random();
    let digest = token.digest();
    let replaced = presented.session.as_ref().map(SessionToken::digest);
    // The browser gets a new device token if another user signs in: a token that an attacker has planted is then
    // useless.
    let (device, known_as) = match presented.device {
        Some(device) if verified.known_device.is_some() => (device, None),
        other => (
            DeviceToken::random(),
            other.map(|known_as| known_as.digest()),
        ),
    };
    let has_key = verified.evidence.key().is_some();
    let session = new_session(core, actor.browser(), verified, &digest, remember);
    let device_digest = device.digest();
    let proof = store::sessions::Proof {
        evidence: &verified.evidence,
        replaced: replaced.as_ref(),
        device: (!has_key).then_some(KnownDevice {
            digest: &device_digest,
            known_as: known_as.as_ref(),
        }),
        max_sessions: core.max_sessions,
    };
    let started = store::sessions::start(&core.db, &session, &proof, actor).await?;
    Ok(started.then_some(Started {
        session: token,
        device: (!has_key).then_some(device),
    }))
}

/// The row of a session that starts now.
fn new_session<'a>(
    core: &Core,
    browser: &'a Browser,
    verified: &'a Verified,
    token_digest: &'a TokenDigest,
    remember: bool,
) -> NewSession<'a> {
    let (now, key) = (core.clock.now(), verified.evidence.key());
    let longest = now.after(core.lifetimes.absolute_for(remember));
    let absolute_ends_at = key.map_or(longest, |key| key.expires_at.min(longest));
    NewSession {
        id: token::new_session_id(),
        token_digest,
        user_id: &verified.user.id,
        created_at: now,
        idle_ends_at: core.lifetimes.idle_end(now, remember, absolute_ends_at),
        absolute_ends_at,
        remember,
        address: &browser.address,
        user_agent: &browser.user_agent,
        key: key.map(|key| SessionKey {
            id: key.id.clone(),
            scopes: key.scopes,
        }),
    }
}

/// Ends the session of a token, also if it was renewed since: after the answer no token that was ever issued for it is
/// accepted. Returns the user who was signed out; `None` if the session was not live.
pub async fn end(
    core: &Core,
    actor: &Actor,
    token: &SessionToken,
    reason: EndReason,
) -> Result<Option<User>, StoreError> {
    let found = store::sessions::find_by_any_token(&core.db, &token.digest()).await?;
    let Some(found) = found else { return Ok(None) };
    // By its id, which does not change: a concurrent renewal comes before the end, or finds the session ended.
    let was_live = end_for(core, actor, &found.session, reason).await?;
    Ok(was_live.then_some(found.user))
}

/// Records the end of a session: for `reason` if it is still live, otherwise for the timeout that came first. `true` if
/// it was live.
async fn end_for(
    core: &Core,
    actor: &Actor,
    session: &Session,
    reason: EndReason,
) -> Result<bool, StoreError> {
    let now = core.clock.now();
    let timed_out = session.end_by(now);
    let ended = timed_out.unwrap_or(Ended { at: now, reason });
    let changed = store::sessions::end(&core.db, &session.id, ended, actor).await?;
    Ok(changed && timed_out.is_none())
}

/// Signs the owner out of the current session, known by an access token of it. `false` if it had ended before.
pub async fn end_current(core: &Core, owner: Owner<'_>) -> Result<bool, StoreError> {
    end_for(core, owner.actor(), owner.session(), EndReason::SignedOut).await
}

/// Ends one session of its owner. `None` if the owner has none with this id: sessions of others are treated like
/// unknown ones. Otherwise the session, and whether it was live.
pub async fn end_own(
    core: &Core,
    owner: Permitted<'_>,
    id: &SessionId,
) -> Result<Option<(Session, bool)>, StoreError> {
    let found = store::sessions::find(&core.db, id).await?;
    let Some(found) = found.filter(|found| found.user.id == owner.user().id) else {
        return Ok(None);
    };
    let is_current = owner.session().is_some_and(|current| current.id == *id);
    let reason = if is_current {
        EndReason::SignedOut
    } else {
        EndReason::EndedByOwner
    };
    let was_live = end_for(core, owner.actor(), &found.session, reason).await?;
    Ok(Some((found.session, was_live)))
}

/// Ends all sessions of the owner except the current one; all of them for a program with an access key. Returns the
/// number of sessions.
pub async fn end_others(core: &Core, owner: Permitted<'_>) -> Result<u64, StoreError> {
    let ended = Ended {
        at: core.clock.now(),
        reason: EndReason::EndedByOwner,
    };
    let (db, user, actor) = (&core.db, &owner.user().id, owner.actor());
    match owner.session() {
        Some(kept) => store::sessions::end_all_but(db, user, &kept.id, ended, actor).await,
        None => store::sessions::end_all_of_user(db, user, ended, actor).await,
    }
}

/// Ends all sessions of the owner, including the current one, and revokes the access keys, unless `keep_keys`.
pub async fn end_all(
    core: &Core,
    owner: Owner<'_>,
    keep_keys: bool,
) -> Result<EndedElsewhere, StoreError> {
    let (db, now) = (&core.db, core.clock.now());
    let (session, actor) = (owner.session(), owner.actor());
    store::sessions::end_all_and_sign_out(db, session, keep_keys, now, actor).await
}

#[cfg(test)]
mod tests;
