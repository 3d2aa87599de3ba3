//! The answer to a header that is too large. hyper sends it before there is a request, with an empty body, so it is
//! replaced on the connection.
//!
//! Accepting larger headers and refusing them in a layer would give each connection twice the memory.

use super::{failures, headers};
use crate::{error::Failure, server::web::state::AppState};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::header::{ACCEPT, CONTENT_LENGTH},
    middleware::from_fn_with_state,
};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use std::{
    future::Future,
    io::{self, IoSlice},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};
use tower::{ServiceBuilder, ServiceExt};

/// The beginning of hyper's answer, which consists of a head only.
const HEAD_START: &[u8] = b"HTTP/1.1 431 ";
const HEAD_END: &[u8] = b"\r\n\r\n";
const MAX_HEAD_BYTES: usize = 512;

/// Closing while the client still sends would destroy the answer (RFC 9112, 9.6).
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection that replaces the empty refusal by a page.
pub struct ErrorPageConnection {
    io: TokioIo<TcpStream>,
    page: Arc<[u8]>,
    /// The number of bytes of the page that are written, if any.
    written: Option<usize>,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl ErrorPageConnection {
    /// `page` is a complete answer, from its status line on.
    pub fn new(stream: TcpStream, page: Arc<[u8]>) -> Self {
        Self {
            io: TokioIo::new(stream),
            page,
            written: None,
            deadline: None,
        }
    }

    fn is_refusal(head: &[u8]) -> bool {
        head.len() <= MAX_HEAD_BYTES && head.starts_with(HEAD_START) && head.ends_with(HEAD_END)
    }

    /// Writes the page, and reports hyper's answer as written.
    fn write_page(
        &mut self,
        cx: &mut Context<'_>,
        replaced_bytes: usize,
    ) -> Poll<io::Result<usize>> {
        let mut written = self.written.unwrap_or(0);
        while written < self.page.len() {
            self.written = Some(written);
            match ready!(Pin::new(&mut self.io).poll_write(cx, &self.page[written..]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => written += count,
            }
        }
        self.written = Some(written);
        Poll::Ready(Ok(replaced_bytes))
    }
}

impl Read for ErrorPageConnection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl Write for ErrorPageConnection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if Self::is_refusal(buf) {
            return self.write_page(cx, buf.len());
        }
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.written.is_none() {
            return Pin::new(&mut self.io).poll_shutdown(cx);
        }
        if self.deadline.is_none() {
            ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
        }
        let this = &mut *self;
        let deadline = this
            .deadline
            .get_or_insert_with(|| Box::pin(sleep(DRAIN_TIMEOUT)));
        if pin!(deadline).poll(cx).is_ready() {
            return Poll::Ready(Ok(()));
        }
        let mut discarded = [0; 4096];
        loop {
            let mut buf = ReadBuf::new(&mut discarded);
            match ready!(Pin::new(this.io.inner_mut()).poll_read(cx, &mut buf)) {
                Ok(()) if !buf.filled().is_empty() => {}
                // Everything was read, or the client is gone.
                Ok(()) | Err(_) => return Poll::Ready(Ok(())),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match bufs {
            [head] if Self::is_refusal(head) => self.write_page(cx, head.len()),
            _ => Pin::new(&mut self.io).poll_write_vectored(cx, bufs),
        }
    }
}

/// The complete answer, from its status line on, with the headers of all answers.
pub async fn page(state: &AppState) -> Arc<[u8]> {
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(state.clone(), headers::secure))
        .layer(from_fn_with_state(state.clone(), failures::answer));
    let routes = Router::new()
        .fallback(async || Failure::HeaderTooLarge)
        .layer(layers);
    let request = Request::builder().header(ACCEPT, "text/html");
    let request = request.body(Body::empty()).unwrap_or_default();
    let Ok(response) = routes.oneshot(request).await;
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut page = format!("HTTP/1.1 {}\r\n", parts.status).into_bytes();
    for (name, value) in &parts.headers {
        let line = [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"];
        page.extend(line.concat());
    }
    let rest = format!(
        "connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    page.extend(rest.as_bytes());
    page.extend(body);
    page.into()
}
