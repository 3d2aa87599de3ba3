//! Refusals of the JSON API that a failure alone does not describe.

use crate::{
    domain::scope::Scope,
    error::{AppError, Failure},
};
use axum::response::{IntoResponse, Response};

/// Why a request of the JSON API was refused, where its failure does not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    MalformedJson,
    /// A member is unknown, missing, repeated or of another type.
    WrongMembers,
    UnknownParameter,
    RepeatedParameter(&'static str),
    InvalidParameter(&'static str),
    MissingScope(Scope),
    /// Of a form.
    MissingParameter(&'static str),
    RepeatedMember,
    UnknownGrant,
    UnknownClient,
    UnknownScope,
    /// There is no sealing key.
    NoTokens,
    /// It takes a session that may do everything, and neither an access key nor a session of one.
    SessionNeeded,
}

/// A refusal with its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejection {
    failure: Failure,
    cause: Cause,
}

impl Rejection {
    /// Of a body or a query.
    pub const fn input(cause: Cause) -> Self {
        Self {
            failure: Failure::BadRequest,
            cause,
        }
    }

    /// Access tokens are not issued here.
    pub const fn no_tokens() -> Self {
        Self {
            failure: Failure::Unavailable,
            cause: Cause::NoTokens,
        }
    }

    pub const fn session_needed() -> Self {
        Self {
            failure: Failure::NotPermitted,
            cause: Cause::SessionNeeded,
        }
    }

    pub const fn missing_scope(scope: Scope) -> Self {
        Self {
            failure: Failure::NotPermitted,
            cause: Cause::MissingScope(scope),
        }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let mut response = self.failure.into_response();
        response.extensions_mut().insert(self.cause);
        response
    }
}

/// Why an operation was not carried out.
#[derive(Debug)]
pub enum OperationError {
    Rejected(Rejection),
    Failed(AppError),
}

impl From<Rejection> for OperationError {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(rejection)
    }
}

impl<E: Into<AppError>> From<E> for OperationError {
    fn from(failure: E) -> Self {
        Self::Failed(failure.into())
    }
}

impl IntoResponse for OperationError {
    fn into_response(self) -> Response {
        match self {
            Self::Rejected(rejection) => rejection.into_response(),
            Self::Failed(failure) => failure.into_response(),
        }
    }
}

impl Cause {
    /// Its code, and the parameter it concerns.
    pub const fn code(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::MalformedJson => ("malformed_json", None),
            Self::WrongMembers => ("wrong_members", None),
            Self::UnknownParameter => ("unknown_parameter", None),
            Self::RepeatedParameter(name) => ("repeated_parameter", Some(name)),
            Self::InvalidParameter(name) => ("invalid_parameter", Some(name)),
            Self::MissingScope(_) => ("insufficient_scope", None),
            Self::MissingParameter(name) => ("missing_parameter", Some(name)),
            Self::RepeatedMember => ("repeated_parameter", None),
            Self::UnknownGrant => ("unsupported_grant_type", Some("grant_type")),
            Self::UnknownClient => ("invalid_client", None),
            Self::UnknownScope => ("invalid_scope", Some("scope")),
            Self::NoTokens => ("no_tokens", None),
            Self::SessionNeeded => ("session_needed", None),
        }
    }

    pub fn detail(self) -> String {
        match self {
            Self::MalformedJson => "The body is not JSON.".to_owned(),
            Self::WrongMembers => {
                "The body does not have the documented members, each once and of its type."
                    .to_owned()
            }
            Self::UnknownParameter => {
                "The query has a parameter that this operation does not take.".to_owned()
            }
            Self::RepeatedParameter(name) => format!("The query has {name} more than once."),
            Self::InvalidParameter(name) => {
                format!("The value of {name} is not one that the document permits.")
            }
            Self::MissingScope(scope) => {
                format!("The credential does not have the scope {}.", scope.as_str())
            }
            Self::MissingParameter(name) => format!("The form does not have {name}."),
            other => other.plain_detail().to_owned(),
        }
    }

    const fn plain_detail(self) -> &'static str {
        match self {
            Self::RepeatedMember => "The form has a parameter more than once.",
            Self::UnknownGrant => "The grant type is password.",
            Self::UnknownClient => "There are no clients: leave Authorization out.",
            Self::UnknownScope => "One of the scopes does not exist.",
            Self::NoTokens => "This server issues no access tokens: it has no sealing key.",
            Self::SessionNeeded => {
                "It takes a session with all rights of its account: no access key, and no session of one."
            }
            _ => "",
        }
    }
}
