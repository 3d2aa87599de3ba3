//! Problem details (RFC 9457): the one answer of the JSON API to a request that was not carried out.

use super::rejection::Cause;
use crate::{
    domain::{
        access_key::AccessKeyRefusal, password::PasswordRefusal, site, user::IdentityRefusal,
    },
    error::{AccountRefusal, AppError, Failure, Refusal},
};
use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

pub const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request was not carried out (RFC 9457). It repeats nothing of the request.
#[derive(Serialize, ToSchema)]
pub struct Problem {
    /// `urn:vestibule:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(examples("urn:vestibule:problem:not_signed_in"))]
    kind: String,
    /// The status in words.
    title: &'static str,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// For people, in English. It may be improved at any time.
    detail: String,
    /// For programs. It stays the same.
    #[schema(examples("not_signed_in"))]
    code: &'static str,
    /// The member of the body or the parameter that was refused, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    /// Everything that was refused, if it was more than one. The first is also the problem itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ProblemPart>,
}

/// One of several reasons why a request was not carried out.
#[derive(Serialize, ToSchema)]
pub struct ProblemPart {
    /// For people, in English.
    detail: String,
    /// For programs. It stays the same.
    #[schema(examples("name_grammar"))]
    code: &'static str,
    /// The member of the body that was refused, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
}

impl ProblemPart {
    /// One for each refusal, if there is more than one.
    fn all_of(failure: AppError) -> Vec<Self> {
        let AppError::Refused(refusals) = failure else {
            return Vec::new();
        };
        let parts = refusals.iter().map(|refusal| {
            let (code, field) = code_of_refusal(refusal);
            let detail = refusal.to_string();
            Self {
                detail,
                code,
                field,
            }
        });
        let parts: Vec<_> = parts.collect();
        if parts.len() > 1 { parts } else { Vec::new() }
    }
}

/// The body of a failure, with its challenge if the request needs another credential. `sent_bearer` is whether it had
/// `Authorization: Bearer`.
pub fn answer(failure: AppError, cause: Option<Cause>, sent_bearer: bool) -> Response {
    let (code, field) = cause.map_or_else(|| code_of(failure), Cause::code);
    let problem = Problem {
        kind: format!("urn:vestibule:problem:{code}"),
        title: title_of(failure.status()),
        status: failure.status(),
        detail: detail_of(failure, cause),
        code,
        field,
        errors: ProblemPart::all_of(failure),
    };
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    if let Some(challenge) = challenge(failure, cause, sent_bearer) {
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// The challenge of a 401, and of a 403 that another key or token would avoid (RFC 6750, 3). Without a credential
/// there is no error to name (3.1).
fn challenge(failure: AppError, cause: Option<Cause>, sent_bearer: bool) -> Option<HeaderValue> {
    let error = match (failure.status(), cause) {
        (401, _) if sent_bearer => ", error=\"invalid_token\"".to_owned(),
        (401, _) => String::new(),
        (403, Some(Cause::MissingScope(scope))) => {
            let scope = scope.as_str();
            format!(", error=\"insufficient_scope\", scope=\"{scope}\"")
        }
        _ => return None,
    };
    HeaderValue::try_from(format!("Bearer realm=\"{}\"{error}", site::NAME)).ok()
}

/// The text of a failure: that of pages, unless it speaks of forms or buttons.
fn detail_of(failure: AppError, cause: Option<Cause>) -> String {
    let text = match failure {
        _ if cause.is_some() => return cause.map(Cause::detail).unwrap_or_default(),
        AppError::Failed(Failure::NotSignedIn) => {
            "There is no credential, or it is not valid, or no longer."
        }
        AppError::Failed(Failure::AlreadySignedIn) => {
            "The cookie is that of a live session. End it by /api/v1/logout, or get its token by /api/v1/token/refresh."
        }
        AppError::Failed(Failure::PasswordNeeded) => {
            "The password was entered too long ago for this. Confirm it on the page /account/confirm."
        }
        AppError::Failed(Failure::NotFound) => "There is nothing here, or not for this caller.",
        AppError::Failed(Failure::UnsupportedMediaType) => {
            "The body has to be sent as application/json, or as application/x-www-form-urlencoded to /api/v1/token and \
             /api/v1/introspect."
        }
        AppError::Failed(Failure::TooLarge) => "The body is too large.",
        AppError::Refused(refusals) => return refusals.first().to_string(),
        failure => return failure.to_string(),
    };
    text.to_owned()
}

/// The code of a failure, and the member of the body that was refused.
const fn code_of(failure: AppError) -> (&'static str, Option<&'static str>) {
    match failure {
        AppError::Refused(refusals) => code_of_refusal(refusals.first()),
        AppError::Failed(failure) => (code_of_failure(failure), None),
    }
}

const fn code_of_refusal(refusal: Refusal) -> (&'static str, Option<&'static str>) {
    match refusal {
        Refusal::SignIn | Refusal::AccessKeyLogin => ("sign_in_refused", None),
        Refusal::AccessKey(AccessKeyRefusal::Name) => ("key_name", Some("name")),
        Refusal::AccessKey(AccessKeyRefusal::LastDay { .. }) => ("last_day", Some("last_day")),
        Refusal::AccessKey(AccessKeyRefusal::NoScope | AccessKeyRefusal::Scope) => {
            ("scopes", Some("scopes"))
        }
        Refusal::AccessKey(AccessKeyRefusal::Networks) => ("networks", Some("networks")),
        Refusal::AccessKey(AccessKeyRefusal::TooMany { .. }) => ("too_many_keys", None),
        Refusal::CurrentPassword => ("current_password_wrong", Some("current_password")),
        Refusal::Password(PasswordRefusal::TooShort { .. }) => {
            ("password_too_short", Some("password"))
        }
        Refusal::Password(PasswordRefusal::TooLong) => ("password_too_long", Some("password")),
        Refusal::Password(PasswordRefusal::Common) => ("password_common", Some("password")),
        Refusal::Password(PasswordRefusal::Personal) => ("password_personal", Some("password")),
        Refusal::Password(PasswordRefusal::Unchanged) => ("password_unchanged", Some("password")),
        Refusal::Identity(IdentityRefusal::NameLength) => ("name_length", Some("username")),
        Refusal::Identity(IdentityRefusal::NameGrammar) => ("name_grammar", Some("username")),
        Refusal::Identity(IdentityRefusal::NameUnseen) => ("name_invisible", Some("username")),
        Refusal::Identity(IdentityRefusal::Email) => ("email_grammar", Some("email")),
        Refusal::Identity(IdentityRefusal::EmailUnseen) => ("email_invisible", Some("email")),
        Refusal::Identity(IdentityRefusal::DisplayName) => ("display_name", Some("display_name")),
        Refusal::Identity(IdentityRefusal::Description) => ("description", Some("description")),
        Refusal::Account(AccountRefusal::EmailTaken) => ("email_taken", Some("email")),
        Refusal::Account(AccountRefusal::UsernameTaken) => ("name_taken", Some("username")),
        Refusal::Account(AccountRefusal::Disabled) => ("account_disabled", None),
        Refusal::Account(AccountRefusal::NameNotRepeated) => ("name_not_repeated", Some("name")),
        Refusal::Account(AccountRefusal::LastAdministrator) => ("last_administrator", None),
        Refusal::SetupCode => ("setup_code_wrong", Some("code")),
        Refusal::Link => ("link_wrong", Some("secret")),
        Refusal::DeviceName => ("device_name", Some("name")),
        Refusal::LinkNotOpened => ("link_not_opened", None),
        Refusal::OtherAccount => ("other_account", None),
    }
}

const fn code_of_failure(failure: Failure) -> &'static str {
    match failure {
        Failure::Throttled { .. } => "throttled",
        Failure::NotSignedIn => "not_signed_in",
        Failure::AlreadySignedIn => "already_signed_in",
        Failure::PasswordNeeded => "password_needed",
        Failure::CrossSite => "cross_site",
        // A missing scope has a cause of its own.
        Failure::NotPermitted => "session_needed",
        Failure::NotFound => "not_found",
        Failure::BadRequest => "bad_request",
        Failure::MethodNotAllowed => "method_not_allowed",
        Failure::Timeout => "timeout",
        Failure::TooLarge => "too_large",
        Failure::HeaderTooLarge => "header_too_large",
        Failure::UnsupportedMediaType => "unsupported_media_type",
        Failure::UnknownHost => "unknown_host",
        Failure::Busy => "busy",
        Failure::Unavailable => "unavailable",
        Failure::Internal => "internal",
    }
}

/// The reason phrase of a status (RFC 9457, 4.1: the same for each occurrence).
fn title_of(status: u16) -> &'static str {
    let status = axum::http::StatusCode::from_u16(status).ok();
    status
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Failed")
}

#[cfg(test)]
pub mod tests;
