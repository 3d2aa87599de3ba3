//! The slots of connections, and which connection is closed if they run short.
//!
//! A slow client is no attacker while there is capacity. From three quarters on, each new connection closes the slowest
//! one of the address with the most connections. So an address with many pays, and one with one or two does not.
//! Connections with a live session are not closed, so there are always slots for them.

use super::shares::network;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

/// The least time between two warnings that an address may be a proxy.
const WARN_EVERY: Duration = Duration::from_secs(600);

/// The open connections.
#[derive(Clone, Debug)]
pub struct Seats(Arc<Capacity>);

#[derive(Debug)]
struct Capacity {
    slots: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    seats: HashMap<u64, Sitter>,
    warned: Option<Instant>,
}

/// The state of a connection that decides whether it is closed.
#[derive(Debug)]
struct Sitter {
    /// `None` for a trusted proxy between two requests: it serves all clients.
    address: Option<IpAddr>,
    /// While a request of a live session is answered.
    has_session: bool,
    /// While an open page of a live session listens.
    listens: bool,
    /// Since when it is idle or slow: from its beginning, or from its last request.
    since: Instant,
    leave: Arc<Leave>,
}

/// The signal to a connection to close.
#[derive(Debug, Default)]
pub struct Leave {
    is_requested: AtomicBool,
    requested: Notify,
}

/// The slot of one connection, released with its last clone.
#[derive(Clone, Debug)]
pub struct Seat(Arc<Own>);

#[derive(Debug)]
struct Own {
    number: u64,
    is_proxy: bool,
    seats: Seats,
    leave: Arc<Leave>,
}

impl Seats {
    pub fn new(slots: usize) -> Self {
        Self(Arc::new(Capacity {
            slots,
            taken: Mutex::default(),
        }))
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        let taken = self.0.taken.lock();
        taken.unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a slot, and closes another connection if they run short.
    pub fn take(&self, peer: IpAddr, is_proxy: bool) -> Seat {
        let mut taken = self.taken();
        if taken.seats.len() >= self.0.slots.div_ceil(4) * 3 {
            taken.close_slowest();
        }
        let number = taken.next;
        taken.next += 1;
        let leave = Arc::<Leave>::default();
        let sitter = Sitter {
            address: (!is_proxy).then(|| network(peer)),
            has_session: false,
            listens: false,
            since: Instant::now(),
            leave: Arc::clone(&leave),
        };
        taken.seats.insert(number, sitter);
        Seat(Arc::new(Own {
            number,
            is_proxy,
            seats: self.clone(),
            leave,
        }))
    }
}

impl Taken {
    fn close_slowest(&mut self) {
        let mut crowds: HashMap<IpAddr, usize> = HashMap::new();
        let is_staying =
            |sitter: &Sitter| sitter.has_session || sitter.listens || sitter.leave.is_requested();
        for sitter in self.seats.values().filter(|sitter| !is_staying(sitter)) {
            if let Some(address) = sitter.address {
                *crowds.entry(address).or_default() += 1;
            }
        }
        let Some((crowd, _)) = crowds.into_iter().max_by_key(|(_, size)| *size) else {
            return;
        };
        let of_crowd = || {
            let all = self.seats.values();
            all.filter(|sitter| sitter.address == Some(crowd))
        };
        let slowest = of_crowd()
            .filter(|sitter| !is_staying(sitter))
            .min_by_key(|sitter| sitter.since);
        if let Some(slowest) = slowest {
            slowest.leave.request();
        }
        let size = of_crowd().count();
        self.warn_about(crowd, size);
    }

    /// If nearly all connections are from one address, it may be an untrusted proxy. Those with a session count,
    /// because they come from there as well.
    fn warn_about(&mut self, crowd: IpAddr, size: usize) {
        let is_nearly_all = size * 10 >= self.seats.len() * 9;
        if is_nearly_all
            && self
                .warned
                .is_none_or(|warned| warned.elapsed() >= WARN_EVERY)
        {
            self.warned = Some(Instant::now());
            tracing::warn!(
                address = %crowd, connections = size,
                "nearly all connections come from one address, and the slowest are closed to make room; \
                 is it a proxy that is not in http.trusted_proxies?"
            );
        }
    }
}

impl Leave {
    fn request(&self) {
        self.is_requested.store(true, Ordering::Release);
        self.requested.notify_one();
    }

    fn is_requested(&self) -> bool {
        self.is_requested.load(Ordering::Acquire)
    }
}

impl Seat {
    /// Resolves when the connection has to close.
    pub async fn has_to_leave(&self) {
        self.0.leave.requested.notified().await;
    }

    /// Whether it was cut off: then a body may look complete without being so.
    pub fn is_cut_off(&self) -> bool {
        self.0.leave.is_requested()
    }

    /// A complete header has arrived, for this address.
    pub fn asks_for(&self, address: IpAddr) {
        self.change(|sitter| {
            sitter.address = Some(network(address));
            (sitter.has_session, sitter.listens) = (false, false);
            sitter.since = Instant::now();
        });
    }

    /// The request has a live session.
    pub fn has_session(&self) {
        self.change(|sitter| sitter.has_session = true);
    }

    /// The request has a live session, and the answer goes on for as long as that lives.
    pub fn listens(&self) {
        self.change(|sitter| sitter.listens = true);
    }

    /// The answer has begun. One session does not protect a connection for ever, and the next request through a proxy
    /// may be another client's.
    pub fn is_answered(&self) {
        self.change(|sitter| {
            sitter.has_session = false;
            if self.0.is_proxy && !sitter.listens {
                sitter.address = None;
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut Sitter)) {
        if let Some(sitter) = self.0.seats.taken().seats.get_mut(&self.0.number) {
            change(sitter);
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.seats.taken().seats.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    fn cut_off(seats: &[Seat]) -> Vec<usize> {
        let numbers = seats.iter().enumerate();
        let gone = numbers.filter(|(_, seat)| seat.is_cut_off());
        gone.map(|(number, _)| number).collect()
    }

    #[tokio::test]
    async fn below_three_quarters_no_connection_is_closed() {
        let seats = Seats::new(8);
        let mut taken: Vec<_> = (0..6).map(|_| seats.take(address(1), false)).collect();
        assert!(cut_off(&taken).is_empty());
        taken.push(seats.take(address(2), false));
        assert_eq!(cut_off(&taken).len(), 1);
        drop(taken);
        assert!(seats.taken().seats.is_empty());
    }

    #[tokio::test]
    async fn the_busiest_address_loses_its_slowest_without_session() {
        // So that no two have the same age.
        let a_little = Duration::from_millis(2);
        let seats = Seats::new(8);
        let mut taken = vec![seats.take(address(9), false)];
        for _ in 0..5 {
            tokio::time::sleep(a_little).await;
            taken.push(seats.take(address(1), false));
        }
        tokio::time::sleep(a_little).await;
        // The oldest of the crowd has just sent a request; the next has a session.
        taken[1].asks_for(address(1));
        taken[2].listens();
        taken[2].is_answered();
        taken[4].has_session();
        taken[4].is_answered();
        taken[5].has_session();
        taken.push(seats.take(address(2), false));
        assert_eq!(cut_off(&taken), [3]);
        taken.push(seats.take(address(2), false));
        assert_eq!(cut_off(&taken), [3, 4]);
        taken[3].has_to_leave().await;
    }

    #[tokio::test]
    async fn proxied_connections_are_counted_by_client() {
        let seats = Seats::new(8);
        let proxied: Vec<_> = (0..7).map(|_| seats.take(address(5), true)).collect();
        assert!(cut_off(&proxied).is_empty());
        for seat in &proxied[..4] {
            seat.asks_for(address(1));
        }
        proxied[4].asks_for(address(2));
        let _next = seats.take(address(5), true);
        assert_eq!(cut_off(&proxied).len(), 1);
        assert!(cut_off(&proxied)[0] < 4);
        // Between two requests a proxy's connection belongs to no client.
        proxied.iter().for_each(Seat::is_answered);
        let before = cut_off(&proxied);
        let _next = seats.take(address(5), true);
        assert_eq!(cut_off(&proxied), before);
    }
}
