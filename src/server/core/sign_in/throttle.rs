//! Throttles guesses by account and by address, without locking the owner out.
//!
//! An attempt is decided after its password was hashed, in turn with all others. A failure is counted, and beyond the
//! limits the outcome is not disclosed. The counts are in the database, so that a restart resets nothing and all
//! servers share them. The check is in `admission`; the status of a refusal, 429, is that of [`Failure::Throttled`].

mod admission;
mod in_flight;

pub use admission::{Undecided, admit};

use crate::{
    domain::{
        audit::Entry,
        user::{LookupKey, UserId},
    },
    error::{AppError, Failure},
    server::{
        core::{Core, audit},
        db::{Db, StoreError},
        store::{
            self,
            throttle::{Counters, Limit},
        },
        token::{DeviceDigest, KeyedDigest, ServerKey},
    },
};
use in_flight::InFlight;
use std::{
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

/// The limits of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For one account, and for one browser in which its owner has signed in before.
    pub account_failures: u32,
    /// For one address: many people may share it.
    pub address_failures: u32,
    pub window: Duration,
    pub pause: Duration,
}

/// The limits, the key that hides what is counted, and the attempts in flight.
#[derive(Clone, Debug)]
pub struct Throttle {
    pub limits: Limits,
    pub key: ServerKey,
    in_flight: InFlight,
    /// The last failure could not be counted.
    is_failing: Arc<AtomicBool>,
}

/// What failures are counted by.
#[derive(Clone, Copy, Debug)]
pub enum Subject<'a> {
    /// An account, under any of its names (CVE-2025-24806, CVE-2026-47203).
    Account(&'a UserId),
    /// In place of an account, if none has the name: the work is the same.
    UnknownAccount(&'a LookupKey),
    /// A name or an email address as entered, with or without an account. A 429 depends on it and not on the account,
    /// so that it does not show which spellings are one account.
    Name(&'a LookupKey),
    /// A user in a browser in which they have signed in before: others cannot throttle them there.
    Device(&'a DeviceDigest, &'a UserId),
    /// The address of a request.
    Address(&'a str),
    /// The address of a guess at the setup code.
    SetupFrom(&'a str),
    /// The address of a guess at a password link.
    LinkFrom(&'a str),
}

/// Why an attempt may not be made now.
#[derive(Debug, thiserror::Error)]
pub enum NotAdmitted {
    #[error("too many failures")]
    Wait {
        wait: Duration,
        /// The counter with too many failures.
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
            NotAdmitted::Wait { wait, .. } => Failure::Throttled {
                seconds: u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX),
            }
            .into(),
            NotAdmitted::Busy => Failure::Busy.into(),
            NotAdmitted::Store(error) => error.into(),
        }
    }
}

/// Counts an attempt that was not admitted in the audit log, and returns its answer.
pub fn refuse(core: &Core, refusal: NotAdmitted, entry: Entry) -> AppError {
    if let NotAdmitted::Wait { counter, .. } = &refusal {
        audit::count_refusal(core, counter.clone(), entry);
    }
    refusal.into()
}

impl Throttle {
    /// Loads the key, which all servers share.
    pub async fn load(db: &Db, limits: Limits) -> Result<Self, StoreError> {
        let key = store::keys::find_or_insert(db, "throttle").await?;
        let in_flight = InFlight::default();
        Ok(Self {
            limits,
            key,
            in_flight,
            is_failing: Arc::default(),
        })
    }

    /// The counter of `subject`.
    pub fn digest(&self, subject: &Subject) -> KeyedDigest {
        self.counter(subject).0
    }

    /// The counters of an attempt: open ones, and a hidden one.
    pub fn counters(&self, open: &[Subject<'_>], hidden: Option<Subject<'_>>) -> Counters {
        Counters {
            open: open.iter().map(|subject| self.counter(subject)).collect(),
            hidden: hidden.map(|subject| self.counter(&subject)),
        }
    }

    fn counter(&self, subject: &Subject) -> (KeyedDigest, Limit) {
        let account_failures = self.limits.account_failures;
        let (digest, failures) = match subject {
            Subject::Account(user) => (self.key.digest("account:", &user.0), account_failures),
            Subject::UnknownAccount(name) => {
                (self.key.digest("nobody:", name.as_str()), account_failures)
            }
            Subject::Name(name) => (self.key.digest("typed:", name.as_str()), account_failures),
            Subject::Device(device, user) => {
                let name = format!("{} {}", device.as_str(), user.0);
                (self.key.digest("device:", &name), account_failures)
            }
            Subject::SetupFrom(address) => (
                self.key.digest("setup:", &network(address)),
                account_failures,
            ),
            Subject::LinkFrom(address) => (
                self.key.digest("link:", &network(address)),
                account_failures,
            ),
            Subject::Address(address) => (
                self.key.digest("address:", &network(address)),
                self.limits.address_failures,
            ),
        };
        let limit = Limit {
            failures,
            window: self.limits.window,
            pause: self.limits.pause,
        };
        (digest, limit)
    }
}

/// An IPv4 address, or the /64 of an IPv6 address: a client with one of its addresses has them all (CVE-2026-45364).
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_has_one_counter() {
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
