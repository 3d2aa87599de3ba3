//! A relay between the server and its database, which can fall silent.

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// Forwards bytes, or holds them silently, as a network does that has lost a machine: nothing is
/// refused and nothing is closed.
pub struct Relay {
    pub port: u16,
    state: watch::Sender<State>,
    accepting: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    accepted: u64,
    /// Connections up to this one stay silent.
    stalled: u64,
}

impl Relay {
    /// To this port of this machine.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own_port = listener.local_addr().unwrap().port();
        let state = watch::Sender::new(State::default());
        let shared = state.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                shared.send_modify(|state| state.accepted += 1);
                let number = shared.borrow().accepted;
                tokio::spawn(forward(near, port, number, shared.subscribe()));
            }
        });
        Self {
            port: own_port,
            state,
            accepting,
        }
    }

    /// For all current and future connections.
    pub fn stall(&self) {
        self.state.send_modify(|state| state.stalled = u64::MAX);
    }

    /// Forwards new connections. Old ones stay silent.
    pub fn resume(&self) {
        self.state
            .send_modify(|state| state.stalled = state.accepted);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn forward(mut near: TcpStream, port: u16, number: u64, mut state: watch::Receiver<State>) {
    let copying = async {
        let Ok(mut far) = TcpStream::connect(("127.0.0.1", port)).await else {
            return;
        };
        // Closed sides are what these tests are about.
        let _ = copy_bidirectional(&mut near, &mut far).await;
    };
    tokio::select! {
        biased;
        // An error means that the test has ended.
        _ = state.wait_for(|state| number <= state.stalled) => {}
        () = copying => return,
    }
    // Held open: the other side waits.
    std::future::pending::<()>().await;
    drop(near);
}
