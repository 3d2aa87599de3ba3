//! Budgets for all requests: one limit in total, and one for each address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A budget, in permits or in bytes.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Limits>);

#[derive(Debug)]
struct Limits {
    total: usize,
    per_address: usize,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// The part of the budget that one request uses, until it is dropped.
#[derive(Debug)]
pub struct Allocation {
    budget: Budget,
    address: IpAddr,
    size: usize,
}

impl Budget {
    pub fn new(total: usize, per_address: usize) -> Self {
        Self(Arc::new(Limits {
            total,
            per_address,
            used: Mutex::default(),
        }))
    }

    fn used(&self) -> MutexGuard<'_, Used> {
        let used = self.0.used.lock();
        used.unwrap_or_else(PoisonError::into_inner)
    }

    /// An empty allocation, to be grown. An IPv6 address counts as its /64: one subscriber has all of
    /// it (CVE-2026-45364).
    pub fn for_address(&self, address: IpAddr) -> Allocation {
        Allocation {
            budget: self.clone(),
            address: network(address),
            size: 0,
        }
    }
}

impl Allocation {
    /// `false` if a limit would be exceeded, in total or for this address: then it is unchanged.
    #[must_use]
    pub fn try_grow(&mut self, by: usize) -> bool {
        let mut used = self.budget.used();
        let by_this_address = used.by_address.get(&self.address).copied().unwrap_or(0);
        let (total, by_this_address) = (
            used.total.saturating_add(by),
            by_this_address.saturating_add(by),
        );
        if total > self.budget.0.total || by_this_address > self.budget.0.per_address {
            return false;
        }
        used.total = total;
        used.by_address.insert(self.address, by_this_address);
        drop(used);
        self.size += by;
        true
    }
}

impl Drop for Allocation {
    fn drop(&mut self) {
        let mut used = self.budget.used();
        used.total = used.total.saturating_sub(self.size);
        let by_this_address = used.by_address.get(&self.address).copied().unwrap_or(0);
        // An address without allocations needs no entry.
        match by_this_address.saturating_sub(self.size) {
            0 => drop(used.by_address.remove(&self.address)),
            left => drop(used.by_address.insert(self.address, left)),
        }
    }
}

/// The network of one subscriber: the address, or the /64 of an IPv6 address.
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
        let budget = Budget::new(10, 6);
        let mut one = budget.for_address(address("192.0.2.1"));
        assert!(one.try_grow(4) && one.try_grow(2) && !one.try_grow(1));
        let mut same = budget.for_address(address("::ffff:192.0.2.1"));
        assert!(!same.try_grow(1));
        let mut other = budget.for_address(address("192.0.2.2"));
        assert!(!other.try_grow(5) && other.try_grow(4));
        let mut third = budget.for_address(address("192.0.2.3"));
        assert!(!third.try_grow(1) && third.try_grow(0));
        drop(one);
        assert!(third.try_grow(6) && !other.try_grow(1));
        drop((other, same, third));
        assert!(budget.used().by_address.is_empty());
        assert_eq!(budget.used().total, 0);
    }

    #[test]
    fn an_ipv6_64_counts_as_one_address() {
        let budget = Budget::new(10, 1);
        let mut one = budget.for_address(address("2001:db8:1:2::1"));
        let mut neighbour = budget.for_address(address("2001:db8:1:2:ffff::1"));
        let mut other = budget.for_address(address("2001:db8:1:3::1"));
        assert!(one.try_grow(1) && !neighbour.try_grow(1) && other.try_grow(1));
    }
}
