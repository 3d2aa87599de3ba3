//! The slots of connections, and which connection is closed if they run short.
//!
//! A slow client is no attacker while there is capacity. From three quarters on, each new connection closes the slowest
//! one of the address with the most connections. So an address with many pays, and one with one or two does not.
//! Connections with a live session are not closed, so there are always slots for them.

use super::budget::network;
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

/// The slots of all connections.
#[derive(Clone, Debug)]
pub struct ConnectionSlots(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    capacity: usize,
    connections: Mutex<Connections>,
}

/// The open connections.
#[derive(Debug, Default)]
struct Connections {
    next_id: u64,
    by_id: HashMap<u64, Connection>,
    warned_at: Option<Instant>,
}

/// The state of a connection that decides whether it is closed.
#[derive(Debug)]
struct Connection {
    /// `None` for a trusted proxy between two requests: it serves all clients.
    address: Option<IpAddr>,
    /// While a request of a live session is answered.
    has_session: bool,
    /// While a page of a live session has an open stream.
    has_stream: bool,
    /// Since when it is idle or slow: from its beginning, or from its last request.
    since: Instant,
    close: Arc<CloseSignal>,
}

/// The signal to a connection to close.
#[derive(Debug, Default)]
struct CloseSignal {
    is_sent: AtomicBool,
    notify: Notify,
}

/// The slot of one connection, released with its last clone.
#[derive(Clone, Debug)]
pub struct ConnectionSlot(Arc<Slot>);

#[derive(Debug)]
struct Slot {
    id: u64,
    is_proxy: bool,
    slots: ConnectionSlots,
    close: Arc<CloseSignal>,
}

impl ConnectionSlots {
    pub fn new(capacity: usize) -> Self {
        Self(Arc::new(Inner {
            capacity,
            connections: Mutex::default(),
        }))
    }

    fn connections(&self) -> MutexGuard<'_, Connections> {
        let connections = self.0.connections.lock();
        connections.unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a slot, and closes another connection if they run short.
    pub fn acquire(&self, peer: IpAddr, is_proxy: bool) -> ConnectionSlot {
        let mut connections = self.connections();
        if connections.by_id.len() >= self.0.capacity.div_ceil(4) * 3 {
            connections.close_slowest();
        }
        let id = connections.next_id;
        connections.next_id += 1;
        let close = Arc::<CloseSignal>::default();
        let connection = Connection {
            address: (!is_proxy).then(|| network(peer)),
            has_session: false,
            has_stream: false,
            since: Instant::now(),
            close: Arc::clone(&close),
        };
        connections.by_id.insert(id, connection);
        ConnectionSlot(Arc::new(Slot {
            id,
            is_proxy,
            slots: self.clone(),
            close,
        }))
    }
}

impl Connections {
    fn close_slowest(&mut self) {
        let mut counts: HashMap<IpAddr, usize> = HashMap::new();
        for connection in self.by_id.values().filter(|one| one.may_be_closed()) {
            if let Some(address) = connection.address {
                *counts.entry(address).or_default() += 1;
            }
        }
        let Some((busiest, _)) = counts.into_iter().max_by_key(|(_, count)| *count) else {
            return;
        };
        let of_busiest = || {
            let all = self.by_id.values();
            all.filter(|one| one.address == Some(busiest))
        };
        let slowest = of_busiest()
            .filter(|one| one.may_be_closed())
            .min_by_key(|one| one.since);
        if let Some(slowest) = slowest {
            slowest.close.send();
        }
        let count = of_busiest().count();
        self.warn_of_untrusted_proxy(busiest, count);
    }

    /// If nearly all connections are from one address, it may be an untrusted proxy. Those with a session count,
    /// because they come from there as well.
    fn warn_of_untrusted_proxy(&mut self, busiest: IpAddr, count: usize) {
        let is_nearly_all = count * 10 >= self.by_id.len() * 9;
        if is_nearly_all && self.warned_at.is_none_or(|at| at.elapsed() >= WARN_EVERY) {
            self.warned_at = Some(Instant::now());
            tracing::warn!(
                address = %busiest, connections = count,
                "nearly all connections come from one address, and the slowest are closed to make room; \
                 is it a proxy that is not in http.trusted_proxies?"
            );
        }
    }
}

impl Connection {
    fn may_be_closed(&self) -> bool {
        !self.has_session && !self.has_stream && !self.close.is_sent()
    }
}

impl CloseSignal {
    fn send(&self) {
        self.is_sent.store(true, Ordering::Release);
        self.notify.notify_one();
    }

    fn is_sent(&self) -> bool {
        self.is_sent.load(Ordering::Acquire)
    }
}

impl ConnectionSlot {
    /// Resolves when the connection has to close.
    pub async fn close_requested(&self) {
        self.0.close.notify.notified().await;
    }

    /// Whether the connection has to close: then a body may look complete without being so.
    pub fn is_closing(&self) -> bool {
        self.0.close.is_sent()
    }

    /// A complete header has arrived, for this address.
    pub fn header_arrived(&self, address: IpAddr) {
        self.update(|connection| {
            connection.address = Some(network(address));
            (connection.has_session, connection.has_stream) = (false, false);
            connection.since = Instant::now();
        });
    }

    /// The request has a live session.
    pub fn session_found(&self) {
        self.update(|connection| connection.has_session = true);
    }

    /// The request has a live session, and its answer is a stream that lasts as long as that.
    pub fn stream_opened(&self) {
        self.update(|connection| connection.has_stream = true);
    }

    /// The answer has begun. One session does not protect a connection for ever, and the next request through a proxy
    /// may be another client's.
    pub fn answer_begun(&self) {
        self.update(|connection| {
            connection.has_session = false;
            if self.0.is_proxy && !connection.has_stream {
                connection.address = None;
            }
        });
    }

    fn update(&self, update: impl FnOnce(&mut Connection)) {
        if let Some(connection) = self.0.slots.connections().by_id.get_mut(&self.0.id) {
            update(connection);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.connections().by_id.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    fn closing(slots: &[ConnectionSlot]) -> Vec<usize> {
        let slots = slots.iter().enumerate();
        let closing = slots.filter(|(_, slot)| slot.is_closing());
        closing.map(|(index, _)| index).collect()
    }

    #[tokio::test]
    async fn below_three_quarters_no_connection_is_closed() {
        let slots = ConnectionSlots::new(8);
        let mut taken: Vec<_> = (0..6).map(|_| slots.acquire(address(1), false)).collect();
        assert!(closing(&taken).is_empty());
        taken.push(slots.acquire(address(2), false));
        assert_eq!(closing(&taken).len(), 1);
        drop(taken);
        assert!(slots.connections().by_id.is_empty());
    }

    #[tokio::test]
    async fn the_busiest_address_loses_its_slowest_without_session() {
        // So that no two have the same age.
        let a_little = Duration::from_millis(2);
        let slots = ConnectionSlots::new(8);
        let mut taken = vec![slots.acquire(address(9), false)];
        for _ in 0..5 {
            tokio::time::sleep(a_little).await;
            taken.push(slots.acquire(address(1), false));
        }
        tokio::time::sleep(a_little).await;
        // The oldest of that address has just sent a request; the next has a session.
        taken[1].header_arrived(address(1));
        taken[2].stream_opened();
        taken[2].answer_begun();
        taken[4].session_found();
        taken[4].answer_begun();
        taken[5].session_found();
        taken.push(slots.acquire(address(2), false));
        assert_eq!(closing(&taken), [3]);
        taken.push(slots.acquire(address(2), false));
        assert_eq!(closing(&taken), [3, 4]);
        taken[3].close_requested().await;
    }

    #[tokio::test]
    async fn proxied_connections_are_counted_by_client() {
        let slots = ConnectionSlots::new(8);
        let proxied: Vec<_> = (0..7).map(|_| slots.acquire(address(5), true)).collect();
        assert!(closing(&proxied).is_empty());
        for slot in &proxied[..4] {
            slot.header_arrived(address(1));
        }
        proxied[4].header_arrived(address(2));
        let _next = slots.acquire(address(5), true);
        assert_eq!(closing(&proxied).len(), 1);
        assert!(closing(&proxied)[0] < 4);
        // Between two requests a proxy's connection belongs to no client.
        proxied.iter().for_each(ConnectionSlot::answer_begun);
        let before = closing(&proxied);
        let _next = slots.acquire(address(5), true);
        assert_eq!(closing(&proxied), before);
    }
}
