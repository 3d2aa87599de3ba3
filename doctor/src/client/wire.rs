//! Connections, over HTTP/1.1 and HTTP/2.

use super::{Answer, Request};
use crate::{
    target::Target,
    tls::{Tls, Untrusted},
};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    Response,
    body::{Bytes, Incoming},
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::time::Duration;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};

/// Larger than any page of the site. Protects against an endless answer.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// A debug build has tens of megabytes of WebAssembly.
const MAX_FILE: usize = 64 * 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Untrusted(#[from] Untrusted),
    #[error("it does not speak HTTP/2")]
    NoHttp2,
    #[error("{0}")]
    Other(String),
}

fn other(error: impl std::fmt::Display) -> Failure {
    Failure::Other(error.to_string())
}

/// The client's end of a connection.
pub enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Sender {
    pub async fn open(tls: &Tls, target: &Target, http2: bool) -> Result<Self, Failure> {
        let stream = TcpStream::connect(target.connect_address())
            .await
            .map_err(other)?;
        stream.set_nodelay(true).map_err(other)?;
        if !target.is_https() {
            return if http2 {
                Err(Failure::NoHttp2)
            } else {
                http1_handshake(stream).await
            };
        }
        let stream = tls.connect(&target.server_name(), stream, http2).await?;
        if !http2 {
            return http1_handshake(stream).await;
        }
        if stream.get_ref().1.alpn_protocol() != Some(b"h2") {
            return Err(Failure::NoHttp2);
        }
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .map_err(other)?;
        // The task ends with its sender; errors arrive with the answers.
        tokio::spawn(connection);
        Ok(Self::Http2(sender))
    }

    pub async fn is_ready(&mut self) -> bool {
        match self {
            Self::Http1(sender) => sender.ready().await.is_ok(),
            Self::Http2(sender) => sender.ready().await.is_ok(),
        }
    }

    pub async fn send(&mut self, target: &Target, request: Request) -> Result<Answer, Failure> {
        let (mut answer, response) = self.send_for_head(target, request).await?;
        let is_built = answer.path.starts_with("/pkg/");
        let limit = if is_built { MAX_FILE } else { MAX_BODY };
        let body = Limited::new(response.into_body(), limit)
            .collect()
            .await
            .map_err(other)?;
        answer.bytes = body.to_bytes().to_vec();
        answer.body = String::from_utf8_lossy(&answer.bytes).into_owned();
        Ok(answer)
    }

    /// Sends a request, and reads the head of the answer.
    pub async fn send_for_head(
        &mut self,
        target: &Target,
        request: Request,
    ) -> Result<(Answer, Response<Incoming>), Failure> {
        let (method, path) = (request.method.clone(), request.path.clone());
        let may_be_from_proxy = request.proxy_may_answer;
        let sent_bearer = request.has("authorization");
        let request = request.into_hyper(target).map_err(other)?;
        let response = match self {
            Self::Http1(sender) => sender.send_request(request).await,
            Self::Http2(sender) => sender.send_request(request).await,
        };
        let response = response.map_err(other)?;
        let headers = response.headers().iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        let answer = Answer {
            method,
            path,
            status: response.status().as_u16(),
            headers: headers.collect(),
            sent_bearer,
            may_be_from_proxy,
            ..Answer::default()
        };
        Ok((answer, response))
    }
}

async fn http1_handshake(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
) -> Result<Sender, Failure> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(other)?;
    tokio::spawn(connection);
    Ok(Sender::Http1(sender))
}

/// An open-ended answer, such as a stream of events.
pub struct EventStream {
    /// Keeps the connection open.
    pub(super) _sender: Sender,
    pub(super) body: Incoming,
}

impl EventStream {
    /// Reads until the text has arrived; `false` if it has not within this time.
    pub async fn read_until(&mut self, wanted: &str, limit: Duration) -> bool {
        let arrived = async {
            let mut text = String::new();
            while let Some(Ok(frame)) = self.body.frame().await {
                let data = frame.into_data().unwrap_or_default();
                text += &String::from_utf8_lossy(&data);
                if text.contains(wanted) {
                    return true;
                }
            }
            false
        };
        timeout(limit, arrived).await.unwrap_or(false)
    }
}
