//! The session cookie: read from bytes, written by axum-extra.

use crate::server::{
    core::sessions::DEVICE_LIFETIME,
    token::{DeviceToken, SessionToken},
};
use axum::http::{HeaderMap, HeaderValue, header};
use axum_extra::extract::cookie::{Cookie, SameSite};
use std::time::Duration;

/// The prefix makes browsers require `Secure`, `Path=/` and no `Domain`. If they know `__Host-Http-`, they also require
/// that a server has set the cookie. So no sub-domain and no script can plant one (ASVS V3.3.1, V3.3.3).
pub const SESSION_COOKIE: &str = "__Host-Http-session";

/// Identifies a browser in which a user has signed in before. It outlives the session: in this browser the guesses of
/// others do not throttle its users.
const DEVICE_COOKIE: &str = "__Host-Http-device";

/// The session token of a request; `None` unless there is exactly one and it is well-formed (ASVS V3.3.1).
///
/// Two session cookies mean that one was planted, so neither counts. The header is read as bytes: the cookie of another
/// application beside ours may contain anything, and must not sign a user out.
pub fn session_token(headers: &HeaderMap) -> Option<SessionToken> {
    let mut values = cookies(headers)
        .filter(|(name, _)| *name == SESSION_COOKIE.as_bytes())
        .map(|(_, value)| value);
    let value = values.next()?;
    match values.next() {
        Some(_) => None,
        None => SessionToken::parse(value),
    }
}

/// Whether there is any session cookie, well-formed or not: a malformed one must not bypass the cross-site check.
pub fn has_session_cookie(headers: &HeaderMap) -> bool {
    cookies(headers).any(|(name, _)| name.eq_ignore_ascii_case(SESSION_COOKIE.as_bytes()))
}

/// The value of another cookie of ours, if it occurs exactly once.
pub fn single<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h [u8]> {
    let mut values = cookies(headers)
        .filter(|(name, _)| *name == wanted.as_bytes())
        .map(|(_, value)| value);
    values.next().filter(|_| values.next().is_none())
}

/// The device token of the browser, if any.
pub fn device_token(headers: &HeaderMap) -> Option<DeviceToken> {
    DeviceToken::parse(single(headers, DEVICE_COOKIE)?)
}

/// Names and values in the grammar of RFC 6265 section 4.2.1: separated by `; `, the name up to the first `=`. Only the
/// space and tab of that grammar are trimmed. A parser that trims more, understands quotes or `$Version`, or takes
/// `=name=value` for `name=value`, lets a sub-domain forge a `__Host-` cookie (PortSwigger, "Cookie Chaos", 2025).
fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|header| header.as_bytes().split(|&byte| byte == b';'))
        .filter_map(|pair| {
            let equals = pair.iter().position(|&byte| byte == b'=')?;
            let (name, value) = pair.split_at(equals);
            Some((trim(name), trim(&value[1..])))
        })
}

fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// The `Set-Cookie` of a new session. With `max_age` the browser keeps it after it is closed; the server never trusts
/// that time (ASVS V7.3.1).
pub fn set_session(token: &SessionToken, max_age: Option<Duration>) -> HeaderValue {
    set_cookie(SESSION_COOKIE, token.cookie_value(), max_age)
}

/// The `Set-Cookie` that deletes the session: the same attributes, expired.
pub fn clear_session() -> HeaderValue {
    clear(SESSION_COOKIE)
}

/// The `Set-Cookie` of the device token.
pub fn set_device(token: &DeviceToken) -> HeaderValue {
    set_cookie(DEVICE_COOKIE, token.cookie_value(), Some(DEVICE_LIFETIME))
}

/// A short-lived cookie of ours beside the session.
pub fn set(name: &'static str, value: String, max_age: Duration) -> HeaderValue {
    set_cookie(name, value, Some(max_age))
}

pub fn clear(name: &'static str) -> HeaderValue {
    set_cookie(name, String::new(), Some(Duration::ZERO))
}

/// `SameSite=Lax` and not `Strict`: with `Strict` a user who follows a link from another site would appear signed out
/// on the first page.
///
/// # Panics
/// Never: names and values are ASCII without separators.
fn set_cookie(name: &'static str, value: String, max_age: Option<Duration>) -> HeaderValue {
    let mut cookie = Cookie::build((name, value))
        .path("/")
        .secure(true)
        .http_only(true)
        .same_site(SameSite::Lax)
        .build();
    if let Some(max_age) = max_age {
        cookie.set_max_age(max_age.try_into().ok());
    }
    HeaderValue::try_from(cookie.to_string()).expect("our own cookies are ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(cookies: &[&[u8]]) -> HeaderMap {
        let pairs = cookies
            .iter()
            .map(|value| (header::COOKIE, HeaderValue::from_bytes(value).unwrap()));
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value);
        }
        headers
    }

    fn cookie_pair(token: &SessionToken) -> String {
        format!("{SESSION_COOKIE}={}", token.cookie_value())
    }

    #[test]
    fn the_token_is_found_beside_malformed_cookies() {
        let token = SessionToken::random();
        let ours = cookie_pair(&token);
        let headers: [Vec<u8>; 6] = [
            ours.clone().into_bytes(),
            format!("a=b; {ours}; c=d").into_bytes(),
            [b"odd=\xFF\xFE; ".as_slice(), ours.as_bytes()].concat(),
            format!("x;;; =; {ours};").into_bytes(),
            format!("json={{\"a\":1}}; {ours}").into_bytes(),
            format!("other={SESSION_COOKIE}; {ours}").into_bytes(),
        ];
        for header in headers {
            let found = session_token(&request(&[&header])).expect("the one session cookie");
            assert_eq!(found.digest(), token.digest());
        }
        assert!(
            session_token(&request(&[b"a=b", ours.as_bytes()])).is_some(),
            "in a header of its own"
        );
    }

    #[test]
    fn ambiguous_and_malformed_tokens_are_anonymous() {
        let token = SessionToken::random();
        let (ours, value) = (cookie_pair(&token), token.cookie_value());
        let malformed: [Vec<u8>; 12] = [
            b"".to_vec(),
            format!("{ours}; {ours}").into_bytes(),
            format!("{ours}; {SESSION_COOKIE}=").into_bytes(),
            format!("{SESSION_COOKIE}=\"{value}\"").into_bytes(),
            format!("\u{2000}{ours}").into_bytes(),
            format!("={ours}").into_bytes(),
            format!("$Version=1; ${ours}").into_bytes(),
            format!("{SESSION_COOKIE}%3D{value}").into_bytes(),
            format!("{}={value}", SESSION_COOKIE.to_lowercase()).into_bytes(),
            format!("__Host-session={value}").into_bytes(),
            format!("{ours}a").into_bytes(),
            format!("{SESSION_COOKIE}\u{a0}={value}").into_bytes(),
        ];
        for cookie in malformed {
            assert!(
                session_token(&request(&[&cookie])).is_none(),
                "{}",
                String::from_utf8_lossy(&cookie)
            );
        }
        assert!(
            session_token(&request(&[ours.as_bytes(), ours.as_bytes()])).is_none(),
            "two headers"
        );
    }

    #[test]
    fn session_cookies_have_all_attributes() {
        let token = SessionToken::random();
        let set = set_session(&token, None).to_str().unwrap().to_owned();
        assert_eq!(
            set,
            format!(
                "{}; HttpOnly; SameSite=Lax; Secure; Path=/",
                cookie_pair(&token)
            )
        );
        let kept = set_session(&token, Some(Duration::from_secs(90)))
            .to_str()
            .unwrap()
            .to_owned();
        assert_eq!(
            kept,
            format!(
                "{}; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=90",
                cookie_pair(&token)
            )
        );
        let cleared = clear_session();
        assert_eq!(
            cleared,
            format!("{SESSION_COOKIE}=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0")
                .as_str()
        );
    }
}
