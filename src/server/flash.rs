//! What one answer has to tell the next page of a browser without JavaScript.
//!
//! It is a cookie and not a query: a link cannot forge it, it stays out of histories and logs, and
//! it holds a closed set of codes and what the person typed themselves (leptos facts 1).

use super::cookie;
use crate::error::AppError;
use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use std::time::Duration;

const FLASH_COOKIE: &str = "__Host-Http-flash";

/// Long enough for a redirect on a slow line, short enough that nobody meets yesterday's message.
const LIFE: Duration = Duration::from_secs(60);

/// What people type is bounded before it goes into a header.
const MAX_TYPED_CHARS: usize = 320;

/// A message for the next page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flash {
    /// Without a refusal where another page has told it.
    LoginRefused {
        refusal: Option<AppError>,
        username: String,
    },
    SignedOut {
        display_name: String,
    },
}

impl Flash {
    pub fn login_refused(refusal: AppError, username: &str) -> Self {
        Self::LoginRefused {
            refusal: Some(refusal),
            username: username.chars().take(MAX_TYPED_CHARS).collect(),
        }
    }

    pub fn login_put_off(username: &str) -> Self {
        Self::LoginRefused {
            refusal: None,
            username: username.chars().take(MAX_TYPED_CHARS).collect(),
        }
    }

    /// The `Set-Cookie` that carries it.
    pub fn set_cookie(&self) -> HeaderValue {
        let json = serde_json::to_vec(self).unwrap_or_default();
        cookie::set(FLASH_COOKIE, BASE64_URL_SAFE_NO_PAD.encode(json), LIFE)
    }

    /// The message that a request brings; whatever does not read as one is none.
    pub fn of_request(headers: &HeaderMap) -> Option<Self> {
        let json = BASE64_URL_SAFE_NO_PAD
            .decode(cookie::single(headers, FLASH_COOKIE)?)
            .ok()?;
        serde_json::from_slice(&json).ok()
    }
}

/// Takes the message away from the browser once it was shown.
pub fn forget_shown(request: &HeaderMap, response: &mut Response) {
    if cookie::single(request, FLASH_COOKIE).is_some() {
        response
            .headers_mut()
            .append(header::SET_COOKIE, cookie::clear(FLASH_COOKIE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_its_cookie() {
        let flash = Flash::login_refused(AppError::SignInRefused, "Zoë; \"x\"\r\n");
        let cookie = flash
            .set_cookie()
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        let headers = HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())]);
        assert_eq!(Flash::of_request(&headers), Some(flash));
    }

    #[test]
    fn the_cookie_stays_small() {
        let flash = Flash::login_refused(AppError::SignInRefused, &"漢".repeat(60_000));
        assert!(flash.set_cookie().len() < 2_048);
    }

    #[test]
    fn a_forged_message_is_none() {
        for value in ["", "e30", "not base64!", "bnVsbA"] {
            let headers = HeaderMap::from_iter([(
                header::COOKIE,
                format!("{FLASH_COOKIE}={value}").parse().unwrap(),
            )]);
            assert_eq!(Flash::of_request(&headers), None, "{value}");
        }
    }
}
