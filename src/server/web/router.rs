//! The layers and the routes: the way of every request.

use super::{
    context::{Caller, set_page_policy},
    cookies::{draft, flash},
    files::{downloads, site},
    layers::{
        addresses, failures,
        forms::{self, Arrival},
        forwarded::{self, Client},
        guard, headers,
        origin::{self, FromAnywhere},
        too_large,
    },
    listener::{self, Threshold},
    pages::{self, Answer},
    state::AppState,
    streams,
};
use crate::{
    app,
    domain::views::{DrawnFor, PageView, SignOutProof},
    error::AppError,
    server::{
        core::sessions::{self, sign_out_proof},
        telemetry,
    },
};
use any_spawner::Executor;
use axum::{
    Extension, Router,
    body::HttpBody,
    extract::{Request, State},
    http::{HeaderMap, Method, Uri},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::{any, get, post},
};
use http_body_util::BodyExt;
use leptos::{prelude::provide_context, server_fn::axum::server_fn_paths};
use std::{future::Future, io};
use tokio::{net::TcpListener, time::timeout};
use tower::ServiceBuilder;
use tower_http::{catch_panic::CatchPanicLayer, limit::RequestBodyLimitLayer};

/// Serves until `shutdown` resolves.
///
/// # Errors
/// Where the listener fails for good.
pub async fn serve(
    state: AppState,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let limits = state.limits;
    let threshold = Threshold {
        trusted: state.trusted_proxies.clone(),
        too_large: too_large::page(&state).await,
    };
    let ends = state.core.db.ends.clone();
    let watcher = tokio::spawn(sessions::watch::run(state.core.clone()));
    let shutdown = async {
        shutdown.await;
        // Else open pages would be requests that do not finish.
        ends.stop();
    };
    let outcome = listener::serve(listener, router(state), limits, threshold, shutdown).await;
    watcher.abort();
    // It was cut short, which is no failure.
    drop(watcher.await);
    outcome
}

/// All routes under all layers.
pub fn router(state: AppState) -> Router {
    let site_checks = ServiceBuilder::new()
        .layer(middleware::from_fn_with_state(state.clone(), check_host))
        .layer(middleware::from_fn_with_state(state.clone(), check_origin))
        .layer(middleware::from_fn(addresses::without_code))
        .layer(middleware::from_fn(addresses::without_trailing_slash));
    let site = Router::new()
        .merge(pages(&state))
        .merge(files(&state))
        .merge(functions(&state))
        .route("/session/events", get(streams::session::watch))
        .route("/admin/activity/events", get(streams::audit::follow))
        .fallback_service(site::routes(&state.files, state.hashed_names))
        .layer(site_checks);
    // For any Host: whoever watches the process may know it by another name.
    let health = Router::new()
        .route("/healthz", get(healthz).options(healthz))
        .route("/readyz", get(readyz));
    layered(health.merge(site), state)
}

/// What every request passes, whatever its route. What comes first in the list sees it first.
pub fn layered(routes: Router<AppState>, state: AppState) -> Router {
    // Only the first call sets it; pages are rendered on tokio's threads.
    let _ = Executor::init_tokio();
    let panic_answer = || CatchPanicLayer::custom(|_| AppError::Internal.into_response());
    let layers = ServiceBuilder::new()
        .layer(middleware::from_fn(telemetry::trace))
        .layer(middleware::from_fn_with_state(
            state.clone(),
            headers::secure,
        ))
        // Drawing the page of a failure may itself fail: then the status has to do.
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
        .layer(middleware::from_fn_with_state(state.clone(), hear_out))
        .layer(RequestBodyLimitLayer::new(state.limits.max_body_bytes));
    routes.layer(layers).with_state(state)
}

/// The pages of the one route table in `app.rs`.
fn pages(state: &AppState) -> Router<AppState> {
    let guarded = middleware::from_fn_with_state(state.clone(), guard::resume);
    let paths = app::ROUTES.iter().map(|route| route.path);
    paths
        .fold(Router::new(), |router, path| router.route(path, get(page)))
        .route_layer(guarded)
}

/// What is kept as a file, and is as private as a page.
fn files(state: &AppState) -> Router<AppState> {
    let guarded = middleware::from_fn_with_state(state.clone(), guard::resume);
    let paths = app::DOWNLOADS.iter().map(|route| route.path);
    paths
        .fold(Router::new(), |router, path| {
            router.route(path, get(downloads::download))
        })
        .route_layer(guarded)
}

/// The server functions, by POST alone: nothing can be changed by following a link.
fn functions(state: &AppState) -> Router<AppState> {
    let layers = ServiceBuilder::new()
        .layer(middleware::from_fn_with_state(state.clone(), forms::edge))
        .layer(middleware::from_fn_with_state(state.clone(), guard::resume));
    let routes = server_fn_paths().map(|(path, _)| path);
    let functions = routes
        .fold(Router::new(), |router, path| {
            router.route(path, post(function))
        })
        .route_layer(layers);
    functions.route("/api/{*unknown}", any(async || AppError::NotFound))
}

async fn page(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    uri: Uri,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let caller = request
        .extensions()
        .get::<Caller>()
        .cloned()
        .unwrap_or(Caller::Anonymous);
    let view = match pages::gather(&state, &caller, &client, &uri, &headers).await {
        Ok(Some(Answer::Page(view))) => view,
        Ok(Some(Answer::Elsewhere(path))) => return Redirect::to(&path).into_response(),
        Ok(None) => return AppError::NotFound.into_response(),
        Err(failure) => return failure.into_response(),
    };
    // A HEAD shows nothing, so it takes nothing away.
    let shows = request.method() != Method::HEAD;
    let shows_flash = shows && !matches!(view, PageView::Logout(_) | PageView::Dashboard(_));
    let shows_draft = shows && matches!(view, PageView::Profile(_) | PageView::Users(_));
    let options = state.leptos_options.clone();
    let of_session = match &caller {
        Caller::SignedIn(current) => Some((
            DrawnFor(current.user.id.short().to_owned()),
            SignOutProof(sign_out_proof::of(&state.core, &current.session.id)),
        )),
        Caller::Confirming(_) | Caller::Ended(_) | Caller::Anonymous => None,
    };
    let context = move || {
        provide_context(state.clone());
        if let Some((drawn_for, sign_out_proof)) = of_session.clone() {
            provide_context(drawn_for);
            provide_context(sign_out_proof);
        }
        provide_context(view.clone());
    };
    let render = leptos_axum::render_app_async_with_context(context, move || {
        let nonce = set_page_policy();
        app::shell(options.clone(), nonce)
    });
    let Ok(mut response) = headers::sealed(render(request).await).await else {
        return AppError::Internal.into_response();
    };
    if shows_flash {
        flash::forget_shown(&headers, &mut response);
    }
    if shows_draft {
        draft::forget_shown(&headers, &mut response);
    }
    response
}

async fn function(State(state): State<AppState>, request: Request) -> Response {
    let context = move || provide_context(state.clone());
    leptos_axum::handle_server_fns_with_context(context, request)
        .await
        .into_response()
}

/// Ends what takes too long. While the body is on its way the client is slow (408). Once it is here
/// we are, whoever we wait for, and a 408 would blame the visitor (RFC 9110, 15.5.9 and 15.6.4).
async fn in_time(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let arrival = Arrival::of(request.body());
    request.extensions_mut().insert(arrival.clone());
    match timeout(state.limits.request_timeout, next.run(request)).await {
        Ok(response) => response,
        Err(_) if arrival.is_complete() => AppError::Unavailable.into_response(),
        Err(_) => AppError::Timeout.into_response(),
    }
}

/// A body that is a little too large is taken in and forgotten before it is refused. Else we would
/// close while its sender still sends: a proxy makes 502 of that, a browser "connection reset".
async fn hear_out(State(state): State<AppState>, request: Request, next: Next) -> Response {
    const A_LITTLE: u64 = 16;
    let limit = state.limits.max_body_bytes as u64;
    let length = request.body().size_hint().exact().unwrap_or(0);
    if length <= limit || length > limit.saturating_mul(A_LITTLE) {
        return next.run(request).await;
    }
    let mut body = request.into_body();
    while let Some(Ok(_)) = body.frame().await {}
    AppError::TooLarge.into_response()
}

async fn check_host(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if state.site.answers(request.uri(), request.headers()) {
        return next.run(request).await;
    }
    let client = request.extensions().get::<Client>();
    // Not where the visitor asked for another host, which the proxy passed on as it should.
    let lost_the_host = |client: &Client| {
        let asked_for = client.host.as_ref();
        client.came_through_a_trusted_proxy()
            && asked_for.is_none_or(|host| state.site.is_called(host.as_bytes()))
    };
    if client.is_some_and(lost_the_host) {
        tracing::warn!(
            public_url = %state.site.public_url.origin(),
            "the trusted proxy sent another Host than that of public_url; let it pass the Host on as it came"
        );
    }
    AppError::UnknownHost.into_response()
}

async fn check_origin(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    // Whether it acts for a signed-in person is known once the session is looked up.
    let is_decided_later = request.method() == Method::POST
        && app::PUBLIC_FUNCTIONS.contains(&request.uri().path())
        && origin::is_silent(request.headers());
    if is_decided_later {
        request.extensions_mut().insert(FromAnywhere);
        return next.run(request).await;
    }
    let own = (state.site).demand_own_request(request.method(), request.headers());
    match own {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// Liveness: the process runs. HAProxy asks by OPTIONS where nothing else is configured.
async fn healthz() -> &'static str {
    "ok\n"
}

/// Readiness: the database answers, and the writes of requests succeed. No probe writes itself: a write for each
/// would let anyone load the disk.
async fn readyz(State(state): State<AppState>) -> Response {
    match state.core.db.ping().await {
        Ok(()) if state.core.db.writes.are_failing() => AppError::Unavailable.into_response(),
        Ok(()) => "ok\n".into_response(),
        Err(error) => AppError::from(error).into_response(),
    }
}
