//! The layers and routes of every request.

use super::{
    files::{brand, site},
    layers::{
        addresses, failures,
        forms::Arrival,
        forwarded::{self, Client},
        headers,
        origin::{self, UnknownOrigin},
        too_large,
    },
    listener::{self, ListenerOptions},
    routes,
    state::AppState,
    target::{PUBLIC_FUNCTIONS, is_api},
};
use crate::{error::Failure, server::telemetry};
use any_spawner::Executor;
use axum::{
    Router,
    body::HttpBody,
    extract::{Request, State},
    http::Method,
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http_body_util::BodyExt;
use std::{future::Future, io};
use tokio::{net::TcpListener, time::timeout};
use tower::{Layer, ServiceBuilder, ServiceExt};
use tower_http::{catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer};

/// Serves until `shutdown` resolves.
///
/// # Errors
/// If the listener fails permanently.
pub async fn serve(
    state: AppState,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let limits = state.limits;
    let options = ListenerOptions {
        trusted: state.trusted_proxies.clone(),
        too_large: too_large::page(&state).await,
    };
    let watchers = state.core.db.watchers.clone();
    let shutdown = async {
        shutdown.await;
        // Otherwise the streams of open pages would be requests that do not finish.
        watchers.stop();
    };
    listener::serve(listener, router(state), limits, options, shutdown).await
}

/// All [`routes`] in all layers.
pub fn router(state: AppState) -> Router {
    let site_checks = ServiceBuilder::new()
        .layer(middleware::from_fn_with_state(state.clone(), check_host))
        .layer(middleware::from_fn_with_state(state.clone(), check_origin))
        .layer(middleware::from_fn(addresses::without_code))
        .layer(middleware::from_fn(addresses::without_trailing_slash));
    let files = site::routes(&state.files, state.hashed_names);
    let files = files.layer(middleware::from_fn_with_state(state.clone(), brand::answer));
    let site = routes::of_site(&state, files).layer(site_checks);
    layered(routes::health().merge(site), state)
}

/// The layers of every route. The first in the list is the outermost.
pub fn layered(routes: Router<AppState>, state: AppState) -> Router {
    // Only the first call has an effect; pages are rendered on tokio's threads.
    let _ = Executor::init_tokio();
    let panic_answer = || CatchPanicLayer::custom(|_| Failure::Internal.into_response());
    let layers = ServiceBuilder::new()
        .layer(middleware::from_fn(telemetry::trace))
        .layer(middleware::from_fn_with_state(
            state.clone(),
            headers::secure,
        ))
        // Outside the failures, so that a script of another origin can read them.
        .layer(middleware::from_fn_with_state(
            state.clone(),
            answer_other_origins,
        ))
        // Rendering the page of a failure may itself fail: then the answer is the status alone.
        .layer(panic_answer())
        .layer(middleware::from_fn_with_state(
            state.clone(),
            failures::answer,
        ))
        .layer(panic_answer())
        .layer(middleware::from_fn_with_state(
            state.clone(),
            forwarded::identify,
        ))
        .layer(middleware::from_fn_with_state(state.clone(), in_time))
        .layer(middleware::from_fn_with_state(state.clone(), drain_body))
        .layer(RequestBodyLimitLayer::new(state.limits.max_body_bytes));
    routes.layer(layers).with_state(state)
}

/// The timeout of a request. Until its body has arrived the client is slow (408). After that
/// the server is slow, and a 408 would blame the client (RFC 9110, 15.5.9 and 15.6.4).
async fn in_time(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let arrival = Arrival::of(request.body());
    request.extensions_mut().insert(arrival.clone());
    match timeout(state.limits.request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) if arrival.is_complete() => Failure::Unavailable.into_response(),
        Err(_) => Failure::Timeout.into_response(),
    }
}

/// Reads and discards a body that is slightly too large before refusing it. Otherwise the connection would be closed
/// while its sender still sends: a proxy turns that into 502, a browser into "connection reset".
async fn drain_body(State(state): State<AppState>, request: Request, next: Next) -> Response {
    const DRAIN_FACTOR: u64 = 16;
    let limit = state.limits.max_body_bytes as u64;
    let length = request.body().size_hint().exact().unwrap_or(0);
    if length <= limit || length > limit.saturating_mul(DRAIN_FACTOR) {
        return next.run(request).await;
    }
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.frame().await {}
    Failure::TooLarge.into_response()
}

async fn check_host(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if state.site.answers(request.uri(), request.headers()) {
        return next.run(request).await;
    }
    let client = request.extensions().get::<Client>();
    // Not if the client requested another host, which the proxy passed on correctly.
    let proxy_changed_host = |client: &Client| {
        let requested = client.host.as_ref();
        client.came_through_a_trusted_proxy()
            && requested.is_none_or(|host| state.site.has_host(host.as_bytes()))
    };
    if client.is_some_and(proxy_changed_host) {
        tracing::warn!(
            public_url = %state.site.public_url.origin(),
            "the trusted proxy sent another Host than that of public_url; let it pass the Host on as it came"
        );
    }
    Failure::UnknownHost.into_response()
}

async fn check_origin(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    // Whether it acts for a signed-in user is known after the session look-up.
    let is_decided_by_guard = request.method() == Method::POST
        && PUBLIC_FUNCTIONS.contains(&request.uri().path())
        && origin::has_session_without_origin(request.headers());
    if is_decided_by_guard {
        request.extensions_mut().insert(UnknownOrigin);
        return next.run(request).await;
    }
    let (method, headers) = (request.method(), request.headers());
    let checked = if is_api(request.uri().path()) {
        state.site.demand_own_api_request(method, headers)
    } else {
        state.site.demand_own_request(method, headers)
    };
    match checked {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Answers preflights, and adds the headers to every answer of the API: without them a script could not read why it
/// was refused.
async fn answer_other_origins(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    match &state.cors {
        Some(cors) if is_api(request.uri().path()) => {
            let Ok(response) = cors.layer(next).oneshot(request).await;
            response
        }
        _ => next.run(request).await,
    }
}
