//! Connections: accepted, limited in time and number, and closed at the end.

use super::{
    connection::{InFlight, Peer},
    connection_slots::{ConnectionSlot, ConnectionSlots},
    layers::{forms::outlives_its_connection, too_large::ErrorPageConnection},
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

/// What connections need besides the application and its limits.
#[derive(Clone, Debug, Default)]
pub struct ListenerOptions {
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
    options: ListenerOptions,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let slots = ConnectionSlots::new(limits.max_connections);
    let graceful = GracefulShutdown::new();
    let (in_flight_sender, in_flight) = watch::channel(());
    let in_flight = InFlight::new(in_flight);
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
                    let slot = slots.acquire(peer.ip(), options.trusted.contains(peer.ip().to_canonical()));
                    let connection_data = (Peer(peer), in_flight.clone(), slot);
                    let stream = (stream, Arc::clone(&options.too_large));
                    serve_connection(stream, connection_data, permit, &app, limits, &graceful);
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            () = &mut shutdown => break,
        }
    }
    drop((listener, in_flight));
    let all_closed = async {
        graceful.shutdown().await;
        in_flight_sender.closed().await;
    };
    if tokio::time::timeout(limits.shutdown_timeout, all_closed)
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
    (peer, in_flight, slot): (Peer, InFlight, ConnectionSlot),
    permit: OwnedSemaphorePermit,
    app: &Router,
    limits: HttpLimits,
    graceful: &GracefulShutdown,
) {
    let (app, own_slot) = (app.clone(), slot.clone());
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        request.extensions_mut().insert(in_flight.clone());
        request.extensions_mut().insert(own_slot.clone());
        answer(app.clone(), request, (in_flight.clone(), own_slot.clone()))
    });
    if let Err(error) = set_up(&stream, limits.request_timeout) {
        tracing::debug!(%error, "the connection closed before it was served");
        return;
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_header_size(MAX_HEADER_BYTES)
        // Otherwise the buffer grows to twice that for a header or a body.
        .max_buf_size(MAX_HEADER_BYTES)
        .serve_connection(ErrorPageConnection::new(stream, too_large), service);
    let watched = graceful.watch(connection);
    tokio::spawn(async move {
        tokio::select! {
            // A connection that the client aborts is no failure.
            outcome = watched => if let Err(error) = outcome {
                tracing::debug!(%error, "connection");
            },
            () = slot.close_requested() => tracing::debug!("a slow connection was closed to make room"),
        }
        drop(permit);
    });
}

/// A request that outlives its connection runs in a task from the start. hyper may find the connection closed before
/// it polls the returned future, and then drops it.
fn answer(
    app: Router,
    request: Request,
    (in_flight, slot): (InFlight, ConnectionSlot),
) -> impl Future<Output = Result<Response, Infallible>> {
    let outlives = outlives_its_connection(&request);
    let answer = app.oneshot(request);
    let answer = if outlives {
        Either::Left(tokio::spawn(async move {
            let _in_flight = in_flight;
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
        slot.answer_begun();
        Ok(response)
    }
}
