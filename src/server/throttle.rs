//! Guessing is slowed, by account and by address, and the owner is never locked out.
//!
//! An attempt is counted before the password is hashed and given back where it was a success. The
//! counts are in the database, so that a restart resets nothing and all servers share them.

use super::{
    Core,
    db::{Db, StoreError},
    store::{
        self,
        throttle::{Admission, Counter, Pace},
    },
    token::{DeviceDigest, KeyedDigest, ServerKey},
};
use crate::{
    domain::user::{LookupKey, UserId},
    error::AppError,
};
use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

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

/// The limits, and the key that hides what is counted.
#[derive(Clone, Debug)]
pub struct Throttle {
    pub limits: Limits,
    pub key: ServerKey,
}

/// Whose failures are counted.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// An account, whichever of its names was typed (CVE-2025-24806, CVE-2026-47203).
    Account(&'a UserId),
    /// A name that nobody has. It is slowed like an account, so that nothing tells them apart.
    Nobody(&'a LookupKey),
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
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NotAdmitted> for AppError {
    fn from(refusal: NotAdmitted) -> Self {
        match refusal {
            NotAdmitted::Wait { wait, .. } => Self::Throttled {
                seconds: u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX),
            },
            NotAdmitted::Store(error) => error.into(),
        }
    }
}

impl Throttle {
    /// # Errors
    /// [`StoreError`].
    pub async fn load(db: &Db, limits: Limits) -> Result<Self, StoreError> {
        let key = store::keys::find_or_insert(db, "throttle").await?;
        Ok(Self { limits, key })
    }

    /// What `subject` is counted under.
    pub fn digest(&self, subject: &Subject) -> KeyedDigest {
        self.counter(subject).0
    }

    /// What an attempt is counted under, and how fast each may go.
    pub fn counters(&self, subjects: &[Subject<'_>]) -> Vec<(KeyedDigest, Pace)> {
        subjects
            .iter()
            .map(|subject| self.counter(subject))
            .collect()
    }

    fn counter(&self, subject: &Subject) -> (KeyedDigest, Pace) {
        let of_person = self.limits.account_failures;
        let (digest, failures) = match subject {
            Subject::Account(user) => (self.key.digest("account:", &user.0), of_person),
            Subject::Nobody(name) => (self.key.digest("nobody:", name.as_str()), of_person),
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

/// Says how long an attempt has to wait, without writing anything: a flood of attempts that are
/// refused must not take the database's one writer from those who sign out.
///
/// # Errors
/// [`NotAdmitted`].
pub async fn look(core: &Core, counters: &[(KeyedDigest, Pace)]) -> Result<(), NotAdmitted> {
    let now = core.clock.now();
    for (key, pace) in counters {
        let counter = store::throttle::find(&core.db, key).await?;
        if let Some(wait) = counter.and_then(|counter: Counter| counter.wait(now, pace)) {
            let counter = key.clone();
            return Err(NotAdmitted::Wait { wait, counter });
        }
    }
    Ok(())
}

/// Admits an attempt and counts it as a failure, until it is given back.
///
/// # Errors
/// [`NotAdmitted`].
pub async fn admit(
    core: &Core,
    counters: Vec<(KeyedDigest, Pace)>,
) -> Result<Admission, NotAdmitted> {
    let at = core.clock.now();
    if let Some(counter) = store::throttle::count(&core.db, &counters, at).await? {
        // Somebody else was faster, and has taken what there was.
        look(core, &counters).await?;
        let wait = core.throttle.limits.pause;
        return Err(NotAdmitted::Wait { wait, counter });
    }
    let counters = counters.into_iter().map(|(key, _)| key).collect();
    Ok(Admission { counters, at })
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
