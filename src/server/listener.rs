//! Connections: accepted, timed, counted, and let go at the end.

use super::config::HttpLimits;
use axum::{Router, body::Body, http::Request};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tower::{Service, ServiceExt};

/// The address at the other end of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// Cookies of a whole domain fit; more than this on each of many connections would be a way to
/// fill the memory.
const MAX_HEADER_BYTES: usize = 32 * 1024;

/// After a failed accept (no file descriptors left) the listener rests this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `shutdown` resolves, then lets requests under way finish within their time.
///
/// `axum::serve` has no timer and so no limit on the time that headers may take; this is hyper's
/// own server with one.
///
/// # Errors
/// None at present; accept failures are waited out.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    limits: HttpLimits,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(limits.max_connections));
    tokio::pin!(shutdown);
    loop {
        // A place is taken before the connection is, so that the kernel's queue holds back the rest.
        let accepted = async {
            let place = Arc::clone(&places)
                .acquire_owned()
                .await
                .map_err(io::Error::other)?;
            let (stream, peer) = listener.accept().await?;
            io::Result::Ok((stream, peer, place))
        };
        tokio::select! {
            accepted = accepted => match accepted {
                Ok((stream, peer, place)) => serve_connection(stream, Peer(peer), place, &app, limits, &graceful),
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            () = &mut shutdown => break,
        }
    }
    drop(listener);
    if tokio::time::timeout(limits.shutdown_timeout, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
    Ok(())
}

/// Small answers do not wait for the acknowledgement of the one before, and a client that takes
/// nothing of its answer for `patience` loses its connection and the place that it held.
fn set_up(stream: &TcpStream, patience: Duration) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let millis = u32::try_from(patience.as_millis()).unwrap_or(u32::MAX);
    rustix::net::sockopt::set_tcp_user_timeout(stream, millis)?;
    Ok(())
}

fn serve_connection(
    stream: TcpStream,
    peer: Peer,
    place: OwnedSemaphorePermit,
    app: &Router,
    limits: HttpLimits,
    graceful: &GracefulShutdown,
) {
    let app = app.clone();
    let service = tower::service_fn(move |request: Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        let mut app = app.clone();
        async move { app.as_service().ready().await?.call(request).await }
    });
    if let Err(error) = set_up(&stream, limits.request_timeout) {
        tracing::debug!(%error, "the connection went before it was served");
        return;
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_header_size(MAX_HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let watched = graceful.watch(connection);
    tokio::spawn(async move {
        // A client that breaks off is nobody's failure.
        if let Err(error) = watched.await {
            tracing::debug!(%error, "connection");
        }
        drop(place);
    });
}
