//! Queries: an operation takes the parameters that its document names, each at most once.

use super::rejection::{Cause, Rejection};
use axum::{
    Extension,
    extract::Request,
    http::Uri,
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::sync::Arc;
use url::form_urlencoded;

/// The names of an operation's parameters in its document.
#[derive(Clone, Debug)]
pub struct Parameters(pub Arc<[&'static str]>);

/// Refuses a query with any other parameter, or with one that is repeated. A mistyped filter would otherwise list
/// everything, and of two values a proxy and this server could use different ones.
pub async fn demand_documented(
    Extension(documented): Extension<Parameters>,
    request: Request,
    next: Next,
) -> Response {
    match check(request.uri(), &documented.0) {
        Ok(()) => next.run(request).await,
        Err(cause) => Rejection::input(cause).into_response(),
    }
}

fn check(uri: &Uri, documented: &[&'static str]) -> Result<(), Cause> {
    let mut seen = Vec::new();
    for (name, _) in pairs(uri) {
        let known = documented.iter().find(|documented| **documented == name);
        let known = known.ok_or(Cause::UnknownParameter)?;
        if seen.contains(known) {
            return Err(Cause::RepeatedParameter(known));
        }
        seen.push(*known);
    }
    Ok(())
}

fn pairs(uri: &Uri) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
}

/// The value of a parameter, parsed.
///
/// # Errors
/// [`Cause::InvalidParameter`] if `parse` returns `None`.
pub fn value<T>(
    uri: &Uri,
    name: &'static str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, Rejection> {
    let value = pairs(uri).find(|(given, _)| given == name);
    let Some((_, value)) = value else {
        return Ok(None);
    };
    let invalid = || Rejection::input(Cause::InvalidParameter(name));
    parse(&value).map(Some).ok_or_else(invalid)
}
