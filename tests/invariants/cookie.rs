//! The cookies of a request, against a second implementation of RFC 6265.

use axum::http::{HeaderMap, HeaderValue, header};
use std::{collections::BTreeSet, time::Duration};
use vestibule::server::{
    token::{DeviceToken, SessionToken},
    web::cookies,
};

pub const SESSION: &str = "__Host-Http-session";
pub const DEVICE: &str = "__Host-Http-device";

type Pair = (Vec<u8>, Vec<u8>);

/// A request with these `Cookie` lines, as far as HTTP permits them.
pub fn request<'l>(lines: impl IntoIterator<Item = &'l [u8]>) -> HeaderMap {
    let values = lines.into_iter().map(HeaderValue::from_bytes);
    let mut headers = HeaderMap::new();
    for value in values.filter_map(Result::ok) {
        headers.append(header::COOKIE, value);
    }
    headers
}

/// A token counts if it is the only one under its name, in its one spelling; no other cookie
/// counts.
pub fn check(headers: &HeaderMap) {
    let session = cookies::session::session_token(headers).map(|token| token.cookie_value());
    assert_eq!(session.map(String::into_bytes), the_only(headers, SESSION));
    let device = cookies::session::device_token(headers).map(|token| token.cookie_value());
    assert_eq!(device.map(String::into_bytes), the_only(headers, DEVICE));
    let mut names = pairs_of(headers).into_iter().map(|(name, _)| name);
    let any_case = |name: Vec<u8>| name.eq_ignore_ascii_case(SESSION.as_bytes());
    assert_eq!(
        cookies::session::has_session_cookie(headers),
        names.any(any_case)
    );
}

/// A session is found between any neighbours that are not session cookies themselves.
pub fn check_beside(before: &[u8], after: &[u8]) {
    let ours = format!("{SESSION}={}", "A".repeat(43));
    let line = [before, b"; ", ours.as_bytes(), b"; ", after].concat();
    let headers = request([line.as_slice()]);
    let neighbours = [before, b";", after].concat();
    let planted = pairs(&neighbours)
        .iter()
        .any(|(name, _)| name == SESSION.as_bytes());
    let found = cookies::session::session_token(&headers).is_some();
    assert_eq!(found, !planted && !headers.is_empty());
}

/// Our cookie has all its attributes, and is read back when the browser returns it.
pub fn check_what_is_set(token: &[u8; 32], max_age: Option<Duration>) {
    let value = spelt(token);
    let session = SessionToken::parse(value.as_bytes()).expect("a token");
    let device = DeviceToken::parse(value.as_bytes()).expect("a token");
    for (name, line, kept) in [
        (
            SESSION,
            cookies::session::set_session(&session, max_age),
            max_age.is_some(),
        ),
        (DEVICE, cookies::session::set_device(&device), true),
    ] {
        let line = line.to_str().expect("ASCII");
        let (pair, attributes) = line.split_once("; ").expect("attributes");
        assert_eq!(pair, format!("{name}={value}"));
        let attributes: BTreeSet<_> = attributes.split("; ").collect();
        for attribute in ["HttpOnly", "Secure", "Path=/", "SameSite=Lax"] {
            assert!(
                attributes.contains(attribute),
                "{attribute} is missing in {line}"
            );
        }
        let has_life = attributes.iter().any(|one| one.starts_with("Max-Age="));
        assert_eq!(
            (attributes.len(), has_life),
            (4 + usize::from(kept), kept),
            "{line}"
        );
        let headers = request([pair.as_bytes()]);
        assert_eq!(the_only(&headers, name), Some(value.clone().into_bytes()));
        check(&headers);
    }
}

/// 32 bytes in base64url (RFC 4648 section 5), six bits at a time.
pub fn spelt(token: &[u8; 32]) -> String {
    let bit = |at: usize| token.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    let digit = |at: usize| (0..6).fold(0, |digit, next| digit << 1 | bit(at + next));
    let digits = (0..256).step_by(6).map(digit);
    digits
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// 43 digits are 258 bits: the last two are unused and have to be zero.
fn is_token(value: &[u8]) -> bool {
    let digit = |byte: &u8| DIGITS.iter().position(|digit| digit == byte);
    let digits: Option<Vec<_>> = value.iter().map(digit).collect();
    digits.is_some_and(|digits| digits.len() == 43 && digits[42] % 4 == 0)
}

fn the_only(headers: &HeaderMap, wanted: &str) -> Option<Vec<u8>> {
    let mut found = pairs_of(headers);
    found.retain(|(name, _)| name == wanted.as_bytes());
    let (_, value) = found.pop()?;
    (found.is_empty() && is_token(&value)).then_some(value)
}

fn pairs_of(headers: &HeaderMap) -> Vec<Pair> {
    let lines = headers.get_all(header::COOKIE).iter();
    lines.flat_map(|line| pairs(line.as_bytes())).collect()
}

/// Character by character: `;` ends a pair, the first `=` in it ends the name.
fn pairs(line: &[u8]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let (mut name, mut value) = (Vec::new(), None);
    for &byte in line.iter().chain(b";") {
        match (byte, &mut value) {
            (b';', _) => {
                let name = stripped(&std::mem::take(&mut name));
                pairs.extend(value.take().map(|value: Vec<u8>| (name, stripped(&value))));
            }
            (b'=', None) => value = Some(Vec::new()),
            (_, Some(value)) => value.push(byte),
            (_, None) => name.push(byte),
        }
    }
    pairs
}

fn stripped(text: &[u8]) -> Vec<u8> {
    let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
    let mut text: Vec<u8> = text.iter().skip_while(is_blank).copied().collect();
    while text.last().as_ref().is_some_and(is_blank) {
        text.pop();
    }
    text
}
