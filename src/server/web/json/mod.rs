//! The JSON API, below `/api/v1`: one router that is also its document.
//!
//! A new operation is a handler with `#[utoipa::path]` in the file of its noun, and a line in [`routes`]. The line names
//! what the operation demands. From it follow the guard and what the document says of credentials and refusals.

mod activity;
mod body;
mod caller;
mod cursor;
pub mod document;
mod events;
mod form;
mod introspect;
mod invitations;
mod keys;
mod limit;
mod me;
pub mod problem;
mod query;
pub mod rejection;
mod sessions;
mod token;
mod user_list;
mod user_sessions;
mod users;
pub mod viewer;
pub mod well_known;
mod words;

use super::{
    layers::{guard, operations},
    state::AppState,
    target::{
        Demand::{self, Cookie, Owner, Public, SignedIn, Watch},
        Target,
    },
};
use crate::domain::scope::Scope::{
    ActivityRead, ProfileRead, SessionsEnd, SessionsRead, TokensIntrospect, UsersRead, UsersWrite,
};
use axum::{Extension, Router, middleware};
use document::Document;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouter, UtoipaMethodRouterExt},
    routes,
};

/// All operations, and the one that returns their document.
pub fn routes(state: &AppState) -> Router<AppState> {
    let operations = Operations {
        router: OpenApiRouter::with_openapi(document::frame()),
        state: state.clone(),
    };
    let operations = operations
        .add(demand_of_document(state), routes!(document::read))
        .add(Demand::Scope(ProfileRead), routes!(me::read))
        .add(Public, routes!(token::sign_in))
        .add(Cookie, routes!(token::refresh))
        .add(
            Demand::Scope(TokensIntrospect),
            routes!(introspect::introspect),
        )
        .add(Public, routes!(sessions::logout))
        .add(Watch, routes!(events::follow))
        .add(Owner, routes!(keys::list))
        .add(Owner, routes!(keys::make))
        .add(Owner, routes!(keys::read))
        .add(Owner, routes!(keys::revoke))
        .add(Demand::Scope(SessionsRead), routes!(sessions::list))
        .add(Demand::Scope(SessionsEnd), routes!(sessions::end))
        .add(Demand::Scope(UsersRead), routes!(user_list::list))
        .add(Demand::Scope(UsersWrite), routes!(invitations::invite))
        .add(Demand::Scope(UsersRead), routes!(users::read))
        .add(Demand::Scope(UsersWrite), routes!(users::change))
        .add(Demand::Scope(UsersWrite), routes!(users::delete))
        .add(Demand::Administrator, routes!(invitations::make_link))
        .add(Demand::Scope(UsersRead), routes!(user_sessions::list))
        .add(Demand::Scope(UsersWrite), routes!(user_sessions::end_all))
        .add(Demand::Scope(UsersWrite), routes!(user_sessions::end))
        .add(Demand::Scope(ActivityRead), routes!(activity::list));
    let (router, document) = operations.router.split_for_parts();
    router.layer(Extension(Document::of(&document)))
}

/// The document and the page that shows it describe the inside of the site, so they are for its users only, unless the
/// operator publishes them.
pub fn demand_of_document(state: &AppState) -> Demand {
    if state.public_docs { Public } else { SignedIn }
}

/// Operations behind the guard.
struct Operations {
    router: OpenApiRouter<AppState>,
    state: AppState,
}

impl Operations {
    /// Adds one operation with what it demands. Other methods of its path are refused before a session is looked up.
    fn add(self, demand: Demand, operation: UtoipaMethodRouter<AppState>) -> Self {
        let (schemas, mut paths, handler) = operation;
        let parameters = document::demand(&mut paths, demand);
        let guarded = middleware::from_fn_with_state(self.state.clone(), guard::protect);
        let run = middleware::from_fn_with_state(self.state.clone(), operations::run);
        let operation = (schemas, paths, handler).map(|handler| {
            // The last is the outermost.
            handler
                .route_layer(middleware::from_fn(query::demand_documented))
                .route_layer(guarded)
                .route_layer(run)
                .route_layer(Extension(parameters))
                .route_layer(Extension(Target::Api(demand)))
        });
        Self {
            router: self.router.routes(operation),
            ..self
        }
    }
}
