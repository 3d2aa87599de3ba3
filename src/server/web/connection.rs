//! What a request knows of its connection.

use std::net::SocketAddr;
use tokio::sync::watch;

/// The address at the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Held by what the server waits for when it stops, besides its connections.
#[derive(Clone, Debug)]
pub struct UnderWay(#[expect(dead_code, reason = "it counts by being held")] watch::Receiver<()>);

impl UnderWay {
    pub const fn new(held: watch::Receiver<()>) -> Self {
        Self(held)
    }
}
