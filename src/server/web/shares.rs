//! Limits that all requests share: one in total, and one for each address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A limit in permits, or in bytes.
#[derive(Clone, Debug)]
pub struct Shares(Arc<Common>);

#[derive(Debug)]
struct Common {
    in_all: usize,
    of_one_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    in_all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// The part of one request, until it is dropped.
#[derive(Debug)]
pub struct Share {
    shares: Shares,
    address: IpAddr,
    size: usize,
}

impl Shares {
    pub fn new(in_all: usize, of_one_address: usize) -> Self {
        Self(Arc::new(Common {
            in_all,
            of_one_address,
            taken: Mutex::default(),
        }))
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        let taken = self.0.taken.lock();
        taken.unwrap_or_else(PoisonError::into_inner)
    }

    /// An empty share, to be grown. An IPv6 address counts as its /64: one subscriber has all of
    /// it (CVE-2026-45364).
    pub fn of(&self, address: IpAddr) -> Share {
        Share {
            shares: self.clone(),
            address: network(address),
            size: 0,
        }
    }
}

impl Share {
    /// `false` if a limit would be exceeded, in total or for this address: then it is unchanged.
    #[must_use]
    pub fn grow(&mut self, by: usize) -> bool {
        let mut taken = self.shares.taken();
        let of_address = taken.by_address.get(&self.address).copied().unwrap_or(0);
        let (in_all, of_address) = (
            taken.in_all.saturating_add(by),
            of_address.saturating_add(by),
        );
        if in_all > self.shares.0.in_all || of_address > self.shares.0.of_one_address {
            return false;
        }
        taken.in_all = in_all;
        taken.by_address.insert(self.address, of_address);
        drop(taken);
        self.size += by;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut taken = self.shares.taken();
        taken.in_all = taken.in_all.saturating_sub(self.size);
        let of_address = taken.by_address.get(&self.address).copied().unwrap_or(0);
        // An address without shares needs no entry.
        match of_address.saturating_sub(self.size) {
            0 => drop(taken.by_address.remove(&self.address)),
            left => drop(taken.by_address.insert(self.address, left)),
        }
    }
}

pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn limits_hold_in_total_and_per_address() {
        let shares = Shares::new(10, 6);
        let mut one = shares.of(address("192.0.2.1"));
        assert!(one.grow(4) && one.grow(2) && !one.grow(1));
        let mut same = shares.of(address("::ffff:192.0.2.1"));
        assert!(!same.grow(1));
        let mut other = shares.of(address("192.0.2.2"));
        assert!(!other.grow(5) && other.grow(4));
        let mut third = shares.of(address("192.0.2.3"));
        assert!(!third.grow(1) && third.grow(0));
        drop(one);
        assert!(third.grow(6) && !other.grow(1));
        drop((other, same, third));
        assert!(shares.taken().by_address.is_empty());
        assert_eq!(shares.taken().in_all, 0);
    }

    #[test]
    fn an_ipv6_64_counts_as_one_address() {
        let shares = Shares::new(10, 1);
        let mut one = shares.of(address("2001:db8:1:2::1"));
        let mut neighbour = shares.of(address("2001:db8:1:2:ffff::1"));
        let mut other = shares.of(address("2001:db8:1:3::1"));
        assert!(one.grow(1) && !neighbour.grow(1) && other.grow(1));
    }
}
