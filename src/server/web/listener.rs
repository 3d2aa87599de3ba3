//! Connections: accepted, limited in time and number, and closed at the end.

use super::{
    connection::{Peer, UnderWay},
    layers::{forms::outlives_its_connection, too_large::Worded},
    seats::{Seat, Seats},
};
use crate::{
    error::Failure,
    server::{
        config::{HttpLimits, TrustedProxies},
        core::sessions::pending::PendingSession,
    },
};
use axum::{
    Router,
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use futures_util::future::Either;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{rt::TokioTimer, server::graceful::GracefulShutdown};
use std::{convert::Infallible, future::Future, io, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
};
use tower::ServiceExt;

/// Large enough for the cookies of a whole domain. A larger limit, on each of many connections, would let clients
/// fill the memory.
const MAX_HEADER_BYTES: usize = 32 * 1024;

/// What connections need besides the application.
#[derive(Clone, Debug, Default)]
pub struct Threshold {
    pub trusted: Arc<TrustedProxies>,
    /// The answer to a header that is too large, with its head.
    pub too_large: Arc<[u8]>,
}

/// The pause after a failed accept (no file descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `shutdown` resolves, then lets requests in flight finish within their time.
///
/// `axum::serve` has no timer and so no limit on the time that headers may take; this is hyper's
/// own server with one.
///
/// # Errors
/// None at present; failures to accept are retried.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    limits: HttpLimits,
    threshold: Threshold,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let seats = Seats::new(limits.max_connections);
    let graceful = GracefulShutdown::new();
    let (work, under_way) = watch::channel(());
    let under_way = UnderWay::new(under_way);
    let permits = Arc::new(Semaphore::new(limits.max_connections));
    tokio::pin!(shutdown);
    loop {
        // A permit is acquired before the connection is accepted, so that the others wait in the kernel's queue.
        let accepted = async {
            let permit = Arc::clone(&permits)
                .acquire_owned()
                .await
                .map_err(io::Error::other)?;
            let (stream, peer) = listener.accept().await?;
            io::Result::Ok((stream, peer, permit))
        };
        tokio::select! {
            accepted = accepted => match accepted {
                Ok((stream, peer, permit)) => {
                    let seat = seats.take(peer.ip(), threshold.trusted.contains(peer.ip().to_canonical()));
                    let own = (Peer(peer), under_way.clone(), seat);
                    let stream = (stream, Arc::clone(&threshold.too_large));
                    serve_connection(stream, own, permit, &app, limits, &graceful);
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            () = &mut shutdown => break,
        }
    }
    drop((listener, under_way));
    let over = async {
        graceful.shutdown().await;
        work.closed().await;
    };
    if tokio::time::timeout(limits.shutdown_timeout, over)
        .await
        .is_err()
    {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
    Ok(())
}

/// Disables Nagle's algorithm, so that small answers do not wait for an acknowledgement. A client that reads nothing of
/// its answer for `limit` loses its connection and the permit.
fn set_up(stream: &TcpStream, limit: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let millis = u32::try_from(limit.as_millis()).unwrap_or(u32::MAX);
    rustix::net::sockopt::set_tcp_user_timeout(stream, millis)?;
    Ok(())
}

fn serve_connection(
    (stream, too_large): (TcpStream, Arc<[u8]>),
    (peer, under_way, seat): (Peer, UnderWay, Seat),
    permit: OwnedSemaphorePermit,
    app: &Router,
    limits: HttpLimits,
    graceful: &GracefulShutdown,
) {
    let (app, own_seat) = (app.clone(), seat.clone());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(under_way.clone());
        request.extensions_mut().insert(own_seat.clone());
        answer(app.clone(), request, (under_way.clone(), own_seat.clone()))
    });
    if let Err(error) = set_up(&stream, limits.request_timeout) {
        tracing::debug!(%error, "the connection went before it was served");
        return;
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_header_size(MAX_HEADER_BYTES)
        // Otherwise the buffer grows to twice that for a header or a body.
        .max_buf_size(MAX_HEADER_BYTES)
        .serve_connection(Worded::new(stream, too_large), service);
    let watched = graceful.watch(connection);
    tokio::spawn(async move {
        tokio::select! {
            // A connection that the client aborts is no failure.
            outcome = watched => if let Err(error) = outcome {
                tracing::debug!(%error, "connection");
            },
            () = seat.has_to_leave() => tracing::debug!("a slow connection was closed to make room"),
        }
        drop(permit);
    });
}

/// A request that outlives its connection runs in a task from the start. hyper may find the connection closed before
/// it polls the returned future, and then drops it.
fn answer(
    app: Router,
    request: Request,
    (under_way, seat): (UnderWay, Seat),
) -> impl Future<Output = Result<Response, Infallible>> {
    let outlives = outlives_its_connection(&request);
    let answer = app.oneshot(request);
    let answer = if outlives {
        Either::Left(tokio::spawn(async move {
            let _under_way = under_way;
            answer.await
        }))
    } else {
        Either::Right(answer)
    };
    async move {
        let mut response = match answer {
            Either::Left(task) => task
                .await
                .unwrap_or_else(|_| Ok(Failure::Internal.into_response())),
            Either::Right(answer) => answer.await,
        }?;
        if let Some(pending) = response.extensions_mut().remove::<PendingSession>() {
            pending.release();
        }
        seat.is_answered();
        Ok(response)
    }
}
