//! Open pages that watch their session, as far as the server sees them: a connection each, by which they hear
//! of its end.

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

/// Connections that are begun at the same time.
const AT_ONCE: usize = 64;
const PATIENCE: Duration = Duration::from_secs(10);

/// A page that is open.
pub struct OpenPage {
    /// The number of its session.
    pub session: usize,
    ended: oneshot::Receiver<Instant>,
}

impl OpenPage {
    /// Returns once the page has heard that its session lives.
    ///
    /// # Errors
    /// Where the server refuses.
    pub async fn open(address: SocketAddr, session: usize, cookie: &str) -> Result<Self, Failure> {
        let mut stream = TcpStream::connect(address).await?;
        let host = host(address);
        let asked = format!(
            "GET /session/events HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\nAccept: text/event-stream\r\n\
             Sec-Fetch-Site: same-origin\r\n\r\n"
        );
        stream.write_all(asked.as_bytes()).await?;
        timeout(PATIENCE, read_until(&mut stream, b"event: session")).await??;
        let (tell, ended) = oneshot::channel();
        tokio::spawn(async move {
            // Without a word of the end the other half hears that this one is gone.
            if read_until(&mut stream, b"event: ended").await.is_ok() {
                // Where the page is not looked at any more.
                let _ = tell.send(Instant::now());
            }
        });
        Ok(Self { session, ended })
    }

    /// When the page heard of the end of its session.
    ///
    /// # Errors
    /// Where it does not hear of it.
    pub async fn ended(self) -> Result<Instant, Failure> {
        let ended = timeout(PATIENCE, self.ended).await;
        let ended = ended.map_err(|_| "a page did not hear of the end of its session")?;
        ended.map_err(|_| "a stream broke off".into())
    }
}

/// Pages of all these sessions.
///
/// # Errors
/// Where the server refuses one.
pub async fn open_all(
    address: SocketAddr,
    sessions: impl Iterator<Item = usize>,
    cookies: &[String],
) -> Result<Vec<OpenPage>, Failure> {
    let mut opening = JoinSet::new();
    let mut pages = Vec::new();
    for session in sessions {
        if opening.len() == AT_ONCE
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
    let mut heard = Vec::new();
    while !heard.windows(wanted.len()).any(|part| part == wanted) {
        // What is wanted may come in two pieces; the rest need not be kept.
        heard.drain(..heard.len().saturating_sub(wanted.len()));
        if stream.read_buf(&mut heard).await? == 0 {
            return Err("a stream broke off".into());
        }
    }
    Ok(())
}
