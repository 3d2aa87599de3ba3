//! Guessing is slowed, by account and by address, and the owner is never locked out.
//!
//! An attempt is decided after its password was hashed: only then is it counted, where it failed, and only
//! then does it show whether it was heard at all. The counts are in the database, so that a restart resets
//! nothing and all servers share them.

mod in_flight;

use super::{
    Core,
    clock::Clock,
    db::{Db, StoreError},
    store::{
        self,
        throttle::{Counters, Outcome, Pace, Verdict},
    },
    token::{DeviceDigest, KeyedDigest, ServerKey},
};
use crate::{
    domain::{
        activity::Entry,
        user::{LookupKey, UserId},
    },
    error::AppError,
};
use in_flight::{InFlight, PATIENCE, Seat};
use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};
use tokio::runtime::Handle;

/// How many failures are let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Against one account, and from one browser that its owner has signed in with.
    pub account_failures: u32,
    /// From one address: many people may share it.
    pub address_failures: u32,
    pub window: Duration,
    pub pause: Duration,
}

/// The limits, the key that hides what is counted, and who is under way.
#[derive(Clone, Debug)]
pub struct Throttle {
    pub limits: Limits,
    pub key: ServerKey,
    in_flight: InFlight,
}

/// Whose failures are counted.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// An account, whichever of its names was typed (CVE-2025-24806, CVE-2026-47203).
    Account(&'a UserId),
    /// In the place of an account, where there is none with the name: the same work.
    Nobody(&'a LookupKey),
    /// A name or an e-mail address, whether or not an account has it: what is slowed openly must not show
    /// which of them are one account.
    Typed(&'a LookupKey),
    /// A person in a browser in which they have signed in before: strangers cannot slow them there.
    Device(&'a DeviceDigest, &'a UserId),
    /// Where the request comes from.
    Address(&'a str),
    /// Where somebody guesses at the code of the first start.
    SetupFrom(&'a str),
    /// Where somebody guesses at the links with which passwords are set.
    LinkFrom(&'a str),
}

/// Why an attempt may not be made now.
#[derive(Debug, thiserror::Error)]
pub enum NotAdmitted {
    #[error("too many failures")]
    Wait {
        wait: Duration,
        /// Whose failures were too many.
        counter: KeyedDigest,
    },
    #[error("too many attempts are under way")]
    Busy,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NotAdmitted> for AppError {
    fn from(refusal: NotAdmitted) -> Self {
        match refusal {
            NotAdmitted::Wait { wait, .. } => Self::Throttled {
                seconds: u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX),
            },
            NotAdmitted::Busy => Self::Busy,
            NotAdmitted::Store(error) => error.into(),
        }
    }
}

impl Throttle {
    /// # Errors
    /// [`StoreError`].
    pub async fn load(db: &Db, limits: Limits) -> Result<Self, StoreError> {
        let key = store::keys::find_or_insert(db, "throttle").await?;
        let in_flight = InFlight::default();
        Ok(Self {
            limits,
            key,
            in_flight,
        })
    }

    /// What `subject` is counted under.
    pub fn digest(&self, subject: &Subject) -> KeyedDigest {
        self.counter(subject).0
    }

    /// What an attempt is counted under: openly, and in secret.
    pub fn counters(&self, open: &[Subject<'_>], hidden: Option<Subject<'_>>) -> Counters {
        Counters {
            open: open.iter().map(|subject| self.counter(subject)).collect(),
            hidden: hidden.map(|subject| self.counter(&subject)),
        }
    }

    fn counter(&self, subject: &Subject) -> (KeyedDigest, Pace) {
        let of_person = self.limits.account_failures;
        let (digest, failures) = match subject {
            Subject::Account(user) => (self.key.digest("account:", &user.0), of_person),
            Subject::Nobody(name) => (self.key.digest("nobody:", name.as_str()), of_person),
            Subject::Typed(name) => (self.key.digest("typed:", name.as_str()), of_person),
            Subject::Device(device, user) => {
                let name = format!("{} {}", device.as_str(), user.0);
                (self.key.digest("device:", &name), of_person)
            }
            Subject::SetupFrom(address) => {
                (self.key.digest("setup:", &network(address)), of_person)
            }
            Subject::LinkFrom(address) => (self.key.digest("link:", &network(address)), of_person),
            Subject::Address(address) => (
                self.key.digest("address:", &network(address)),
                self.limits.address_failures,
            ),
        };
        let pace = Pace {
            failures,
            window: self.limits.window,
            pause: self.limits.pause,
        };
        (digest, pace)
    }
}

/// An IPv4 address, or the /64 of an IPv6 one: whoever has one of its addresses has them all
/// (CVE-2026-45364).
fn network(address: &str) -> String {
    match address
        .parse::<IpAddr>()
        .map(|address| address.to_canonical())
    {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        Ok(address) => address.to_string(),
        Err(_) => address.to_owned(),
    }
}

/// Admits an attempt, behind those that are under way: of them it depends whether there is room.
///
/// # Errors
/// [`NotAdmitted`]: too many failures, or no turn within [`PATIENCE`].
pub async fn admit(core: &Core, counters: Counters) -> Result<Undecided, NotAdmitted> {
    let in_flight = &core.throttle.in_flight;
    let mut seat = in_flight.seat().ok_or(NotAdmitted::Busy)?;
    let patience = tokio::time::sleep(PATIENCE);
    tokio::pin!(patience);
    loop {
        let room = look(core, &counters).await?;
        let entered = tokio::select! {
            entered = in_flight.enter(&mut seat, &room) => entered,
            () = &mut patience => return Err(NotAdmitted::Busy),
        };
        if entered {
            return Ok(Undecided {
                db: core.db.clone(),
                clock: core.clock.clone(),
                attempt: Some(UnderWay { counters, seat }),
                costs: false,
            });
        }
    }
}

/// How many attempts each open counter has room for, without writing anything: a flood of attempts that
/// are refused must not take the database's one writer from those who sign out.
async fn look(core: &Core, counters: &Counters) -> Result<Vec<(KeyedDigest, u32)>, NotAdmitted> {
    let now = core.clock.now();
    let mut rooms = Vec::with_capacity(counters.open.len());
    for (key, pace) in &counters.open {
        let counter = store::throttle::find(&core.db, key).await?;
        let room = counter.map_or(Ok(pace.failures), |counter| counter.room(now, pace));
        let room = room.map_err(|wait| NotAdmitted::Wait {
            wait,
            counter: key.clone(),
        })?;
        rooms.push((key.clone(), room));
    }
    Ok(rooms)
}

/// An attempt that was admitted. Given up once it costs something, it counts as a failure: hanging up
/// before the answer must buy no work.
pub struct Undecided {
    db: Db,
    clock: Clock,
    attempt: Option<UnderWay>,
    costs: bool,
}

struct UnderWay {
    counters: Counters,
    seat: Seat,
}

impl Undecided {
    /// From now on the attempt is made.
    pub fn begin(&mut self) {
        self.costs = true;
    }

    /// Decides the attempt. `true` where it passed: then nothing was counted.
    ///
    /// # Errors
    /// [`NotAdmitted`] where others have used up the room in the meantime, on another server, or no
    /// answer can be given.
    pub async fn decide(
        mut self,
        core: &Core,
        outcome: Outcome,
        throttled: Entry,
    ) -> Result<bool, NotAdmitted> {
        let Some(attempt) = &self.attempt else {
            return Ok(false);
        };
        let decided =
            store::throttle::decide(&self.db, &attempt.counters, outcome, throttled).await;
        let Some(UnderWay { counters, seat }) = self.attempt.take() else {
            return Ok(false);
        };
        if !matches!(decided, Ok(Verdict::Passed)) {
            seat.failed();
        }
        match decided? {
            Verdict::Passed => Ok(true),
            Verdict::Failed => Ok(false),
            Verdict::MustWait(counter) => {
                look(core, &counters).await?;
                let wait = core.throttle.limits.pause;
                Err(NotAdmitted::Wait { wait, counter })
            }
        }
    }
}

impl Drop for Undecided {
    fn drop(&mut self) {
        let attempt = self.attempt.take().filter(|_| self.costs);
        // Without a runtime the server has ended, and nothing is answered any more.
        if let (Some(attempt), Ok(runtime)) = (attempt, Handle::try_current()) {
            runtime.spawn(give_up(self.db.clone(), self.clock.clone(), attempt));
        }
    }
}

async fn give_up(db: Db, clock: Clock, attempt: UnderWay) {
    let counted = store::throttle::count(&db, &attempt.counters, clock.now()).await;
    if let Err(error) = counted {
        tracing::warn!(%error, "an attempt that was given up could not be counted");
    }
    attempt.seat.failed();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_has_one_name() {
        for spelling in [
            "2001:db8:1:2::1",
            "2001:DB8:1:2:ffff:ffff:ffff:ffff",
            "2001:0db8:0001:0002:0:0:0:9",
        ] {
            assert_eq!(network(spelling), "2001:db8:1:2::/64", "{spelling}");
        }
        assert_ne!(network("2001:db8:1:3::1"), network("2001:db8:1:2::1"));
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }
}
