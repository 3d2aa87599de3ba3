//! The link for a password that this browser has opened, until it is used (ADR 53).

use super::session;
use crate::{
    domain::password_link::LinkSecret,
    error::{AppError, Failure, Refusal},
    server::core::{Core, accounts::password_links},
};
use axum::http::{HeaderMap, HeaderValue};
use std::time::Duration;

const LINK_COOKIE: &str = "__Host-Http-link";

/// The time in which a person can think up a password, and set up a password manager for it.
const LIFETIME: Duration = Duration::from_secs(3_600);

/// The `Set-Cookie` that keeps the ticket of a link.
pub fn keep(ticket: String) -> HeaderValue {
    session::set(LINK_COOKIE, ticket, LIFETIME)
}

/// The secret that this browser has opened.
pub fn secret(core: &Core, headers: &HeaderMap) -> Option<LinkSecret> {
    let ticket = str::from_utf8(session::single(headers, LINK_COOKIE)?).ok()?;
    password_links::secret_of(core, ticket)
}

/// The same for a form that relies on it. The cookie is a credential that the browser attaches by itself, so the form
/// has to prove that it is from our page. `Origin` and fetch metadata do not: behind filters that remove them people
/// still choose a first password (ADR 38).
///
/// # Errors
/// [`Refusal::LinkNotOpened`]; [`Failure::CrossSite`].
pub fn secret_of_form(
    core: &Core,
    headers: &HeaderMap,
    proof: &str,
) -> Result<LinkSecret, AppError> {
    let secret = secret(core, headers).ok_or(Refusal::LinkNotOpened)?;
    if password_links::proves(core, &secret, proof) {
        return Ok(secret);
    }
    tracing::warn!("a form for a password was refused, because it is not from its page");
    Err(Failure::CrossSite.into())
}

/// The `Set-Cookie` that deletes it, if the browser has it.
pub fn clear(request: &HeaderMap) -> Option<HeaderValue> {
    session::single(request, LINK_COOKIE).map(|_| session::clear(LINK_COOKIE))
}
