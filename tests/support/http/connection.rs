//! One TCP connection, and answers read from it.

use super::{Answer, TIMEOUT};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// One TCP connection, for any bytes.
pub struct Connection {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address)
            .await
            .expect("the server listens");
        stream.set_nodelay(true).expect("a socket option");
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    /// Sends bytes; `false` if the server has closed the connection, as it may do to an attacker.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        timeout(TIMEOUT, self.stream.write_all(bytes))
            .await
            .expect("the server reads in time")
            .is_ok()
    }

    /// The next answer; `None` if the server closes without one.
    pub async fn answer(&mut self) -> Option<Answer> {
        self.answer_to("GET").await
    }

    /// The next answer, to a request with `method`: answers to HEAD have no body.
    pub async fn answer_to(&mut self, method: &str) -> Option<Answer> {
        let head = self.head().await?;
        self.with_body(head, method).await
    }

    /// The head of the next answer.
    pub async fn head(&mut self) -> Option<Answer> {
        let head = self.read_through(b"\r\n\r\n").await?;
        let (status, headers) = parse_head(&head);
        Some(Answer {
            status,
            headers,
            body: Vec::new(),
        })
    }

    pub(super) async fn with_body(&mut self, mut answer: Answer, method: &str) -> Option<Answer> {
        let status = answer.status;
        if method == "HEAD" || matches!(status, 100..=199 | 204 | 304) {
            return Some(answer);
        }
        answer.body = match (
            answer.header("transfer-encoding"),
            answer.header("content-length"),
        ) {
            (Some("chunked"), _) => self.read_chunks().await?,
            (_, Some(length)) => {
                let length = length.parse().expect("a length is a number");
                self.read_exactly(length).await?
            }
            _ => self.read_to_end().await,
        };
        Some(answer)
    }

    /// Closes the sending side.
    pub async fn finish(&mut self) {
        // The server may have closed already.
        let _ = self.stream.shutdown().await;
    }

    /// Resets the connection, as a machine does that is switched off.
    pub fn reset(self) {
        let at_once = Some(Duration::ZERO);
        rustix::net::sockopt::set_socket_linger(&self.stream, at_once).expect("a socket option");
    }

    async fn read_more(&mut self) -> bool {
        let mut block = [0; 16 * 1024];
        let read = timeout(TIMEOUT, self.stream.read(&mut block))
            .await
            .expect("the server answers in time")
            .unwrap_or(0);
        self.unread.extend_from_slice(&block[..read]);
        read > 0
    }

    async fn read_through(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            let found = self
                .unread
                .windows(end.len())
                .position(|window| window == end);
            if let Some(start) = found {
                return Some(self.unread.drain(..start + end.len()).collect());
            }
            if !self.read_more().await {
                return None;
            }
        }
    }

    async fn read_exactly(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.unread.len() < length {
            if !self.read_more().await {
                return None;
            }
        }
        Some(self.unread.drain(..length).collect())
    }

    async fn read_chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let (chunk, is_last) = self.read_chunk().await?;
            body.extend(chunk);
            if is_last {
                return Some(body);
            }
        }
    }

    /// The next chunk of a body, and whether it is the last: an empty one.
    pub(super) async fn read_chunk(&mut self) -> Option<(Vec<u8>, bool)> {
        let line = self.read_through(b"\r\n").await?;
        let size = String::from_utf8_lossy(&line);
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).expect("a chunk's size is a number");
        let mut chunk = self.read_exactly(size + 2).await?;
        chunk.truncate(size);
        Some((chunk, size == 0))
    }

    async fn read_to_end(&mut self) -> Vec<u8> {
        while self.read_more().await {}
        std::mem::take(&mut self.unread)
    }
}

fn parse_head(head: &[u8]) -> (u16, Vec<(String, String)>) {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.trim_end().split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status = status
        .and_then(|status| status.parse().ok())
        .expect("a status line");
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(':').expect("a header line");
        (name.to_ascii_lowercase(), value.trim().to_owned())
    });
    (status, headers.collect())
}
