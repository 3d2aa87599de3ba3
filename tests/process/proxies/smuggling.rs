//! Proxy and server agree on the end of a request (ASVS V4.2.1).

use super::{PERSON, Site, assert_whole, front::BOTH};
use crate::{
    program::Server,
    support::http::{Answer, Connection},
};
use std::time::Duration;
use tokio::time::timeout;

/// The time for an answer to arrive.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A request with an ambiguous end, followed by another one that must not be answered to anybody
/// else.
fn attacks(host: &str) -> Vec<Vec<u8>> {
    let behind = format!("GET /smuggled HTTP/1.1\r\nhost: {host}\r\n\r\n");
    let length = behind.len();
    let beginnings = [
        format!(
            "content-length: {}\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
            length + 5
        ),
        "content-length: 0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n".to_owned(),
        format!("content-length: 0\r\ncontent-length: {length}\r\n\r\n"),
        format!("content-length: 0, {length}\r\n\r\n"),
        format!("content-length: +{length}\r\n\r\n"),
        format!("content-length: 0x{length:x}\r\n\r\n"),
        format!("content_length: {length}\r\n\r\n"),
        format!("content-length : {length}\r\n\r\n"),
        format!("content-length:\x0b{length}\r\n\r\n"),
        "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n".to_owned(),
        "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n".to_owned(),
        "transfer-encoding : chunked\r\n\r\n0\r\n\r\n".to_owned(),
        "transfer-encoding:\x0bchunked\r\n\r\n0\r\n\r\n".to_owned(),
        "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n".to_owned(),
        format!("transfer-encoding: chunked\r\n\r\n0;\n{:x}\r\n", length),
        "transfer-encoding: chunked\r\n\r\n0\n\n".to_owned(),
        "transfer-encoding: chunked\r\n\r\n00000000000000000\r\n\r\n".to_owned(),
        "transfer-encoding: chunked\r\n\r\n-0\r\n\r\n".to_owned(),
    ];
    let head = format!("POST /api/logout HTTP/1.1\r\nhost: {host}\r\n");
    beginnings
        .into_iter()
        .map(|beginning| format!("{head}{beginning}{behind}").into_bytes())
        .collect()
}

/// The number of the attacker's requests that the server has answered.
fn smuggled_answers(server: &Server) -> usize {
    let log = server.log_with("");
    let answered = log.lines().filter(|line| line.contains("answered"));
    answered.filter(|line| line.contains("/smuggled")).count()
}

/// Everything that is answered on one connection, until it is silent and nothing is in progress.
async fn answers(
    connection: &mut Connection,
    is_in_progress: impl Fn(&[Answer]) -> bool,
) -> Vec<Answer> {
    const IDLE_TIMEOUT: Duration = Duration::from_millis(300);
    let mut answers = Vec::new();
    loop {
        let limit = if is_in_progress(&answers) {
            TIMEOUT
        } else {
            IDLE_TIMEOUT
        };
        match timeout(limit, connection.answer()).await {
            Ok(Some(answer)) => answers.push(answer),
            Err(_) if limit == IDLE_TIMEOUT && is_in_progress(&answers) => {}
            Ok(None) | Err(_) => return answers,
        }
    }
}

/// If the proxy sees a second request too, its sender gets the answer. No request reaches the
/// server unknown to the proxy: its answer would go to the next visitor.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_forwards_an_attack_as_one_request() {
    for kind in BOTH {
        let mut site = Site::documented(kind).await;
        let host = site.front.origin().replace("https://", "");
        let tunnel = site.front.tunnel(PERSON.parse().unwrap()).await;
        let mut answered = 0;
        for attack in attacks(&host) {
            let mut connection = Connection::open(tunnel).await;
            connection.send(&attack).await;
            // Only the server's own answers have an id.
            let is_second =
                |answer: &&Answer| answer.status == 404 && answer.header("x-request-id").is_some();
            let counted = |answers: &[Answer]| answers.iter().filter(is_second).count();
            let before = answered;
            let in_progress =
                |answers: &[Answer]| smuggled_answers(&site.server) > before + counted(answers);
            answered += counted(&answers(&mut connection, in_progress).await);
            for _ in 0..2 {
                let mut visitor = site.front.browser("127.0.0.3").await;
                assert_whole(&visitor.get("/login").await);
            }
        }
        assert_eq!(smuggled_answers(&site.server), answered, "{kind:?}");
    }
}
