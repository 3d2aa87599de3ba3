//! Every route. Each is added with the guard and a declared target: there is no other way to add one. The operations of
//! the JSON API are in `web::json`, which adds them in the same way.

use super::{
    context::FormRequest,
    files::downloads,
    json::{self, viewer, well_known},
    layers::{forms, guard},
    pages,
    state::AppState,
    streams,
    target::{Demand, Target},
};
use crate::{
    domain::page::{API_VIEWER, Download, Page, Stream},
    error::{AppError, Failure},
};
use axum::{
    Extension, Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{MethodRouter, any, get, post},
};
use leptos::{prelude::provide_context, server_fn::axum::server_fn_paths};
use std::sync::Arc;

/// The routes of the site, and `files`, which are public, for every other path.
pub fn of_site(state: &AppState, files: Router) -> Router<AppState> {
    let mut routes = Guarded {
        router: Router::new(),
        state: state.clone(),
    };
    for &page in Page::ALL {
        let handler = get(pages::answer).layer(Extension(page));
        routes = routes.add(page.path(), Target::Page(page), handler);
    }
    for file in Download::ALL {
        let handler = get(downloads::download).layer(Extension(file));
        routes = routes.add(file.path(), Target::Download(file), handler);
    }
    for stream in Stream::ALL {
        let handler = match stream {
            Stream::Session => get(streams::session::watch),
            Stream::Audit => get(streams::audit::follow),
        };
        routes = routes.add(stream.path(), Target::Stream(stream), handler);
    }
    // By POST alone: a link must not change anything.
    for (path, _) in server_fn_paths() {
        routes = routes.add(path, Target::Function(path), post(function));
    }
    let demand = json::demand_of_document(state);
    let routes = routes
        .add(API_VIEWER, Target::Viewer(demand), get(viewer::page))
        .add(
            well_known::JWKS,
            Target::Api(Demand::Public),
            get(well_known::jwks),
        )
        .add(
            well_known::METADATA,
            Target::Api(Demand::Public),
            get(well_known::metadata),
        )
        .add(viewer::FILES, Target::Api(demand), get(viewer::file));
    let recognise = || middleware::from_fn_with_state(state.clone(), guard::recognise);
    let unknown = any(async || Failure::NotFound).layer(recognise());
    let router = routes.router.route("/api/{*unknown}", unknown);
    let files = files.layer(recognise());
    router.merge(json::routes(state)).fallback_service(files)
}

/// Routes behind the guard.
struct Guarded {
    router: Router<AppState>,
    state: AppState,
}

impl Guarded {
    fn add(mut self, path: &str, target: Target, handler: MethodRouter<AppState>) -> Self {
        let guarded = middleware::from_fn_with_state(self.state.clone(), guard::protect);
        let handler = match target {
            Target::Page(_) | Target::Download(_) | Target::Viewer(_) | Target::Api(_) => {
                handler.layer(guarded)
            }
            Target::Function(_) => {
                let run = middleware::from_fn_with_state(self.state.clone(), forms::run_function);
                handler.layer(guarded).layer(run)
            }
            // A foreign page is refused before the session is looked up, and another method before both.
            Target::Stream(_) => {
                let own = middleware::from_fn_with_state(self.state.clone(), from_own_page);
                handler.route_layer(guarded).route_layer(own)
            }
        };
        self.router = self.router.route(path, handler.layer(Extension(target)));
        self
    }
}

/// Demands that a request that only reads comes from one of our pages.
async fn from_own_page(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match state.site.demand_own_reader(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

async fn function(State(state): State<AppState>, request: Request) -> Response {
    let known = Arc::new(FormRequest::of(&request));
    let context = move || {
        provide_context(state.clone());
        provide_context(Arc::clone(&known));
    };
    leptos_axum::handle_server_fns_with_context(context, request)
        .await
        .into_response()
}

/// Health checks. For any Host: a monitor may know the process by another name.
pub fn health() -> Router<AppState> {
    Router::new()
        .route("/healthz", get(healthz).options(healthz))
        .route("/readyz", get(readyz))
}

/// Liveness: the process runs. HAProxy sends OPTIONS by default.
async fn healthz() -> &'static str {
    "ok\n"
}

/// Readiness: the database answers, and the writes of requests succeed. Probes do not write themselves: that would let
/// any client load the disk.
async fn readyz(State(state): State<AppState>) -> Response {
    match state.core.db.ping().await {
        Ok(()) if state.core.db.writes.are_failing() => Failure::Unavailable.into_response(),
        Ok(()) => "ok\n".into_response(),
        Err(error) => AppError::from(error).into_response(),
    }
}
