//! `Authorization: Bearer` and access keys, against a second implementation of their grammars.

use axum::http::{HeaderMap, HeaderValue, header};
use serde_json::Value;
use sha2::{Digest, Sha256};
use vestibule::server::{token::key::PresentedKey, web::layers::bearer};

/// Bytes that no header can have stand for a real credential, whole, with one changed byte, or cut.
const KEY: u8 = 1;
const TOKEN: u8 = 2;
const CHANGED_KEY: u8 = 3;
const CHANGED_TOKEN: u8 = 4;
const CUT_KEY: u8 = 5;
const CUT_TOKEN: u8 = 6;

/// Valid credentials of one person.
pub struct Credentials {
    pub key: String,
    pub token: String,
    /// The session of the token, as a `Cookie` line.
    pub session: String,
    /// That of somebody else.
    pub other_session: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cookie {
    None,
    Own,
    Other,
}

/// A request with these `Authorization` lines, and possibly with a cookie.
pub struct Attempt<'c> {
    pub headers: HeaderMap,
    cookie: Cookie,
    credentials: &'c Credentials,
}

/// The answer of the server.
pub struct Observed<'a> {
    pub status: u16,
    pub content_type: Option<&'a str>,
    pub challenge: Option<&'a str>,
    pub body: &'a [u8],
}

impl<'c> Attempt<'c> {
    /// The first byte chooses the cookie; each further line is an `Authorization` header, as far as HTTP permits it.
    pub fn of(bytes: &[u8], credentials: &'c Credentials) -> Self {
        let (choice, rest) = bytes.split_first().unwrap_or((&0, b""));
        let cookie = [Cookie::None, Cookie::Own, Cookie::Other][usize::from(choice % 3)];
        let expanded = expand(rest, credentials);
        let mut headers = request(expanded.split(|&byte| byte == b'\n'));
        let line = match cookie {
            Cookie::None => None,
            Cookie::Own => Some(&credentials.session),
            Cookie::Other => Some(&credentials.other_session),
        };
        if let Some(line) = line {
            headers.insert(header::COOKIE, line.parse().expect("a cookie"));
        }
        Self {
            headers,
            cookie,
            credentials,
        }
    }

    /// The key or the token, by itself in its one spelling, and beside no cookie of somebody else; or a cookie alone.
    fn is_admitted(&self) -> bool {
        if !has_bearer(&self.headers) {
            return self.cookie != Cookie::None;
        }
        let Credentials { key, token, .. } = self.credentials;
        let sent = the_only(&self.headers);
        let is_valid = [key, token].iter().any(|one| sent == Some(one.as_bytes()));
        is_valid && self.cookie != Cookie::Other
    }

    pub fn check(&self, observed: &Observed) {
        check(&self.headers);
        let Observed { status, body, .. } = *observed;
        let shown = String::from_utf8_lossy(body);
        let what = format!("{status} {shown} to {:?}", self.headers);
        if self.is_admitted() {
            assert_eq!((status, observed.challenge), (200, None), "{what}");
            return;
        }
        assert_eq!(status, 401, "{what}");
        assert_eq!(
            observed.content_type,
            Some("application/problem+json"),
            "{what}"
        );
        let problem: Value = serde_json::from_slice(body).expect("JSON");
        assert_eq!(problem["code"], "not_signed_in", "{what}");
        let names_error = observed
            .challenge
            .is_some_and(|text| text.ends_with("error=\"invalid_token\""));
        assert_eq!(names_error, has_bearer(&self.headers), "{what}");
    }
}

/// A request with these `Authorization` lines, as far as HTTP permits them. Blanks at both ends are not part of a value.
pub fn request<'l>(lines: impl IntoIterator<Item = &'l [u8]>) -> HeaderMap {
    let values = lines
        .into_iter()
        .map(|line| HeaderValue::from_bytes(line.trim_ascii()));
    let mut headers = HeaderMap::new();
    for value in values.filter_map(Result::ok) {
        headers.append(header::AUTHORIZATION, value);
    }
    headers
}

/// The one bearer credential counts, and what is taken for a key is one.
pub fn check(headers: &HeaderMap) {
    assert_eq!(bearer::is_present(headers), has_bearer(headers));
    assert_eq!(bearer::credential(headers), the_only(headers));
    for value in headers.get_all(header::AUTHORIZATION) {
        check_key(value.as_bytes());
    }
    check_key(the_only(headers).unwrap_or_default());
}

/// A key has one spelling, and its checksum.
pub fn check_key(text: &[u8]) {
    let parsed = PresentedKey::parse(text);
    let shown = String::from_utf8_lossy(text);
    assert_eq!(parsed.is_some(), is_key(text), "{shown}");
    if let Some(key) = parsed {
        assert_eq!(key.text().reveal().as_bytes(), text);
    }
}

/// The key with this id and this secret.
pub fn key_of(id: &[u8; 16], secret: &[u8; 32]) -> String {
    let rest = format!("vst_{}_{}", hex(id), hex(secret));
    format!("{rest}_{}", checksum(rest.as_bytes()))
}

/// One changed, removed or added byte makes another text, which is no key.
pub fn check_altered(key: &str, at: usize, byte: u8) {
    check_key(key.as_bytes());
    assert!(is_key(key.as_bytes()), "{key}");
    let at = at % key.len();
    let mut changed = key.as_bytes().to_vec();
    changed[at] = byte;
    let mut longer = key.as_bytes().to_vec();
    longer.insert(at, byte);
    for altered in [&changed, &longer, &key.as_bytes()[..at].to_vec()] {
        check_key(altered);
        let is_same = altered == key.as_bytes();
        assert_eq!(PresentedKey::parse(altered).is_some(), is_same, "{key}");
    }
}

fn expand(bytes: &[u8], credentials: &Credentials) -> Vec<u8> {
    let mut expanded = Vec::new();
    let mut bytes = bytes.iter().copied();
    while let Some(byte) = bytes.next() {
        let credential = match byte {
            KEY | CHANGED_KEY | CUT_KEY => credentials.key.as_bytes(),
            TOKEN | CHANGED_TOKEN | CUT_TOKEN => credentials.token.as_bytes(),
            other => {
                expanded.push(other);
                continue;
            }
        };
        if matches!(byte, KEY | TOKEN) {
            expanded.extend(credential);
            continue;
        }
        let at = [(); 2].map(|()| bytes.next().unwrap_or_default());
        let at = usize::from(u16::from_be_bytes(at)) % credential.len();
        if matches!(byte, CUT_KEY | CUT_TOKEN) {
            expanded.extend(&credential[..at]);
            continue;
        }
        let mut changed = credential.to_vec();
        changed[at] ^= bytes.next().unwrap_or_default();
        expanded.extend(changed);
    }
    expanded
}

fn lines(headers: &HeaderMap) -> Vec<&[u8]> {
    let values = headers.get_all(header::AUTHORIZATION).iter();
    values.map(HeaderValue::as_bytes).collect()
}

/// Whether a line begins with the word, in any case.
fn has_bearer(headers: &HeaderMap) -> bool {
    lines(headers).iter().any(|line| {
        let (word, rest) = line.split_at(line.len().min(6));
        let goes_on = rest.first().is_some_and(u8::is_ascii_alphanumeric);
        word.eq_ignore_ascii_case(b"bearer") && !goes_on
    })
}

/// `Bearer`, at least one space, and the rest.
fn the_only(headers: &HeaderMap) -> Option<&[u8]> {
    let [line] = lines(headers)[..] else {
        return None;
    };
    let (word, rest) = line.split_at_checked(7)?;
    let spaces = rest.iter().take_while(|&&byte| byte == b' ').count();
    word.eq_ignore_ascii_case(b"bearer ")
        .then_some(&rest[spaces..])
}

fn is_key(text: &[u8]) -> bool {
    let parts: Vec<_> = text.split(|&byte| byte == b'_').collect();
    let [b"vst", id, secret, sum] = parts[..] else {
        return false;
    };
    let is_hex = |part: &[u8], digits| {
        part.len() == digits && part.iter().all(|byte| b"0123456789abcdef".contains(byte))
    };
    let rest = &text[..text.len() - sum.len() - 1];
    is_hex(id, 32) && is_hex(secret, 64) && sum == checksum(rest).as_bytes()
}

fn checksum(text: &[u8]) -> String {
    hex(&Sha256::digest(text)[..4])
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
        .collect()
}
