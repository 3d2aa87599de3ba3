//! The length of a page of a list.

use super::{query, rejection::Rejection};
use axum::http::Uri;

/// As many as a page of the site shows.
const DEFAULT: u32 = 50;

/// A page of this many is read in a few milliseconds, and needs about 100 kB.
const MAX: u32 = 200;

/// The parameter `limit`.
///
/// # Errors
/// If it is not a number from 1 to 200. It is not moved into that range: a client that asks for more would take a short
/// page for the last one.
pub fn of(uri: &Uri) -> Result<u32, Rejection> {
    let parse = |text: &str| {
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| is_plain);
        number.filter(|number| (1..=MAX).contains(number))
    };
    Ok(query::value(uri, "limit", parse)?.unwrap_or(DEFAULT))
}
