//! The properties of a connection that its requests need.

use std::net::SocketAddr;
use tokio::sync::watch;

/// The address at the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// The server waits for its holders when it stops, in addition to its connections.
#[derive(Clone, Debug)]
pub struct InFlight(#[expect(dead_code, reason = "it counts by being held")] watch::Receiver<()>);

impl InFlight {
    pub const fn new(held: watch::Receiver<()>) -> Self {
        Self(held)
    }
}
