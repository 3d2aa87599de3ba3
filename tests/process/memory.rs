//! The memory of connections has a limit, and is released (ASVS V15.2.2).

use crate::{
    program::{Home, Server},
    support::http::FORM,
};
use std::time::Duration;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpSocket, TcpStream},
};
use vestibule::server::config::{self, MEMORY_PER_CONNECTION};

/// Below the 1,024 files that a process may open by default.
const CONNECTIONS: u32 = 700;
/// In KiB, as the system counts.
const MIB: u64 = 1024;

/// Connections from many addresses, each of which has sent these bytes and waits.
async fn crowd(server: &Server, sent: &[u8]) -> Vec<TcpStream> {
    let mut crowd = Vec::new();
    for number in 0..CONNECTIONS {
        let socket = TcpSocket::new_v4().unwrap();
        let [_, _, _, last] = number.to_be_bytes();
        socket.bind(([127, 0, 1, last], 0).into()).unwrap();
        let mut connection = socket.connect(server.address).await.unwrap();
        // It may be refused while it is still sending.
        let _ = connection.write_all(sent).await;
        crowd.push(connection);
    }
    crowd
}

/// The peak, once it no longer grows.
async fn most_kib(server: &Server) -> u64 {
    let mut most = 0;
    for _ in 0..20 {
        most = most.max(server.resident_kib());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    most
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_stays_within_the_calculated_memory_and_releases_it() {
    let home = Home::on_sqlite()
        .await
        .with("VESTIBULE_HTTP__HEADER_TIMEOUT", "10m");
    let server = home.serve();
    assert_eq!(server.browser().get("/login").await.status, 200);
    let rest = server.resident_kib();
    let config = config::read("", None, &config::Environment::default()).unwrap();
    let connections = u64::from(CONNECTIONS) * MEMORY_PER_CONNECTION / 1024;
    let bodies = 2 * u64::try_from(config.http.body_budget()).unwrap() / 1024;
    let host = format!("host: localhost:{}\r\n", server.address.port());
    let header = format!("GET /login HTTP/1.1\r\n{host}x: {}", "a".repeat(30 * 1024));
    let head = format!(
        "POST /api/login HTTP/1.1\r\n{host}x: {}\r\ncontent-type: {FORM}\r\n",
        "a".repeat(30 * 1024)
    );
    let body = "a".repeat(63 * 1024);
    let counted = format!("{head}content-length: {}\r\n\r\n{body}", body.len() + 1);
    let chunks = "1\r\na\r\n".repeat(10 * 1024);
    let in_chunks = format!("{head}transfer-encoding: chunked\r\n\r\n{chunks}");
    let crowds = [
        ("headers", header, connections),
        ("bodies", counted, connections + bodies),
        ("bodies in chunks", in_chunks, connections + bodies),
    ];
    // Half of the sum's part for the program is unused at rest: the allocator keeps it.
    let slack = 40 * MIB;
    for (name, sent, sum) in crowds {
        let crowd = crowd(&server, sent.as_bytes()).await;
        let most = most_kib(&server).await;
        drop(crowd);
        // It is released within ten seconds, unless the machine is busy.
        let mut after = most;
        for _ in 0..120 {
            after = after.min(server.resident_kib());
            if after < rest + slack / 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        crate::program::note(&format!(
            "{CONNECTIONS} × {name}: {rest} KiB at rest, {most} most, {after} afterwards"
        ));
        assert!(
            most < rest + sum + slack,
            "{name}: {most} KiB, {rest} at rest"
        );
        assert!(
            after < rest + slack / 2,
            "{name}: {after} KiB of {most} are kept, {rest} at rest"
        );
    }
    assert_eq!(server.browser().get("/login").await.status, 200);
}
