//! The cookie with the colours that a person wants. It is read on the server, so that the first pixel has them.

use super::session;
use crate::domain::theme::Theme;
use axum::http::{HeaderMap, HeaderValue};
use std::time::Duration;

const THEME_COOKIE: &str = "__Host-Http-theme";

/// The longest that browsers keep a cookie (RFC 6265bis, 5.5).
const LIFETIME: Duration = Duration::from_secs(400 * 86_400);

pub fn of_request(headers: &HeaderMap) -> Theme {
    let word = session::single(headers, THEME_COOKIE).and_then(|word| str::from_utf8(word).ok());
    word.and_then(|word| word.parse().ok()).unwrap_or_default()
}

/// That of the system needs no cookie.
pub fn set(theme: Theme) -> HeaderValue {
    match theme.fixed() {
        Some(word) => session::set(THEME_COOKIE, word.to_owned(), LIFETIME),
        None => session::clear(THEME_COOKIE),
    }
}
