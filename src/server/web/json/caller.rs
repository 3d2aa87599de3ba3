//! The caller of an operation, as the guard identified it.

use crate::{
    error::{AppError, Failure},
    server::{
        core::actor::{Actor, Admin},
        web::{
            context::{self, Caller},
            layers::forwarded::Client,
            state::AppState,
        },
    },
};
use axum::{extract::FromRequestParts, http::request::Parts};

/// Who calls, in which browser or program.
pub struct Called {
    pub caller: Caller,
    pub actor: Actor,
}

impl FromRequestParts<AppState> for Called {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, AppError> {
        let caller = parts.extensions.get::<Caller>().cloned();
        let caller = caller.ok_or(Failure::NotSignedIn)?;
        let client = parts.extensions.get::<Client>().ok_or(Failure::Internal)?;
        let browser = context::browser_of(client, &parts.headers);
        Ok(Self {
            actor: context::actor_of(Some(&caller), browser),
            caller,
        })
    }
}

/// An administrator.
pub struct Administrator(pub Admin);

impl FromRequestParts<AppState> for Administrator {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, AppError> {
        let called = Called::from_request_parts(parts, state).await?;
        Admin::of(&state.core, called.actor).map(Self)
    }
}
