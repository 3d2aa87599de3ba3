//! Open pages that watch their session, as the server sees them: one connection each, which
//! notifies them of its end.

use crate::{Failure, program::host};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    task::JoinSet,
    time::timeout,
};

/// Connections that are opened concurrently.
const CONCURRENT: usize = 64;
const TIMEOUT: Duration = Duration::from_secs(10);

/// An open page.
pub struct OpenPage {
    /// The number of its session.
    pub session: usize,
    ended: oneshot::Receiver<Instant>,
}

impl OpenPage {
    /// Returns once the page has received the first event of its session.
    pub async fn open(address: SocketAddr, session: usize, cookie: &str) -> Result<Self, Failure> {
        let mut stream = TcpStream::connect(address).await?;
        let host = host(address);
        let request = format!(
            "GET /session/events HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nAccept: text/event-stream\r\n\
             Sec-Fetch-Site: same-origin\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        timeout(TIMEOUT, read_until(&mut stream, b"event: session")).await??;
        let (notify, ended) = oneshot::channel();
        tokio::spawn(async move {
            // If the sender is dropped without a message, the receiver gets an error.
            if read_until(&mut stream, b"event: ended").await.is_ok() {
                // The receiver may have been dropped.
                let _ = notify.send(Instant::now());
            }
        });
        Ok(Self { session, ended })
    }

    /// The time when the page was notified of the end of its session.
    pub async fn ended(self) -> Result<Instant, Failure> {
        let ended = timeout(TIMEOUT, self.ended).await;
        let ended = ended.map_err(|_| "a page was not notified of the end of its session")?;
        ended.map_err(|_| "a stream broke off".into())
    }
}

/// Pages of all these sessions.
pub async fn open_all(
    address: SocketAddr,
    sessions: impl Iterator<Item = usize>,
    cookies: &[String],
) -> Result<Vec<OpenPage>, Failure> {
    let mut opening = JoinSet::new();
    let mut pages = Vec::new();
    for session in sessions {
        if opening.len() == CONCURRENT
            && let Some(page) = opening.join_next().await
        {
            pages.push(page??);
        }
        let cookie = cookies[session].clone();
        opening.spawn(async move { OpenPage::open(address, session, &cookie).await });
    }
    while let Some(page) = opening.join_next().await {
        pages.push(page??);
    }
    Ok(pages)
}

async fn read_until(stream: &mut TcpStream, wanted: &[u8]) -> Result<(), Failure> {
    let mut received = Vec::new();
    while !received.windows(wanted.len()).any(|part| part == wanted) {
        // The expected bytes may arrive in two parts; the rest is discarded.
        received.drain(..received.len().saturating_sub(wanted.len()));
        if stream.read_buf(&mut received).await? == 0 {
            return Err("a stream broke off".into());
        }
    }
    Ok(())
}
