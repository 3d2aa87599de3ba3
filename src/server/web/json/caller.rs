//! The caller of an operation, as the guard identified it.

use crate::{
    domain::scope::Scope,
    error::{AppError, Failure},
    server::{
        core::actor::{Actor, Admin},
        web::{
            context::{self, Caller},
            layers::forwarded::Client,
            state::AppState,
            target::{Demand, Target},
        },
    },
};
use axum::{extract::FromRequestParts, http::request::Parts};

/// Who calls, in which browser or program.
pub struct Called {
    pub caller: Caller,
    pub actor: Actor,
}

impl Called {
    /// Whether the caller is identified by the cookie, if at all.
    pub const fn has_cookie(&self) -> bool {
        !matches!(self.caller, Caller::WithKey(_) | Caller::WithToken(..))
    }
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

/// An administrator, with the scope that the operation demands.
pub struct Administrator(pub Admin);

impl FromRequestParts<AppState> for Administrator {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, AppError> {
        let called = Called::from_request_parts(parts, state).await?;
        let scope = match parts.extensions.get() {
            Some(&Target::Api(Demand::Scope(scope))) => scope,
            // The guard has found a session with all of them.
            Some(Target::Api(Demand::Administrator)) => Scope::UsersWrite,
            _ => return Err(Failure::Internal.into()),
        };
        Admin::of(&state.core, called.actor, scope).map(Self)
    }
}
