//! Parses the two families of forwarded headers, the nearest hop first.
//!
//! Everything is parsed from the right. Proxies append on the right; anybody may have written what is on the left, and
//! it must not change how the right is parsed.

use axum::http::{HeaderMap, HeaderValue};
use std::{
    iter,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// RFC 7239 defines four. Each name is compared with the previous ones, so a thousand would cost time.
const MAX_PAIRS: usize = 16;

/// The client that a proxy reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hop {
    /// `None` if it is unknown, obfuscated or malformed.
    pub address: Option<IpAddr>,
    pub scheme: Option<String>,
    pub host: Option<String>,
}

/// The hops of `Forwarded` (RFC 7239).
pub fn forwarded(headers: &HeaderMap) -> impl Iterator<Item = Hop> {
    lines(headers, "forwarded")
        .flat_map(elements)
        .map(|element| {
            let pairs = str::from_utf8(element).ok().and_then(pairs);
            let pairs = pairs.unwrap_or_default();
            let value = |wanted: &str| {
                let pair = pairs.iter().find(|(name, _)| name == wanted);
                pair.map(|(_, value)| value.clone())
            };
            Hop {
                address: value("for").and_then(|node| address_of(&node)),
                scheme: value("proto"),
                host: value("host"),
            }
        })
}

/// The hops of `X-Forwarded-For`.
pub fn x_forwarded_for(headers: &HeaderMap) -> impl Iterator<Item = Hop> {
    list(headers, "x-forwarded-for").map(|value| Hop {
        address: str::from_utf8(value).ok().and_then(address_of),
        ..Hop::default()
    })
}

/// The last value of a list in a header, if it is text.
pub fn last_of(headers: &HeaderMap, name: &'static str) -> Option<String> {
    let value = list(headers, name).next()?;
    str::from_utf8(value).ok().map(str::to_owned)
}

fn list<'h>(headers: &'h HeaderMap, name: &'static str) -> impl Iterator<Item = &'h [u8]> {
    lines(headers, name)
        .flat_map(|line| line.rsplit(|&byte| byte == b','))
        .map(<[u8]>::trim_ascii)
}

/// The last line first: proxies append theirs below.
fn lines<'h>(headers: &'h HeaderMap, name: &'static str) -> impl Iterator<Item = &'h [u8]> {
    let values = headers.get_all(name).iter().rev();
    values.map(HeaderValue::as_bytes)
}

/// The elements of a line. A comma in a quoted string does not end one.
fn elements(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    iter::from_fn(move || {
        let line = rest?;
        let comma = last_comma(line);
        rest = comma.map(|at| &line[..at]);
        Some(&line[comma.map_or(0, |at| at + 1)..])
    })
}

/// Quotes are paired from the right: otherwise a client's open quote on the left would swallow what the proxy has
/// appended.
fn last_comma(line: &[u8]) -> Option<usize> {
    let mut quoted = false;
    (0..line.len()).rev().find(|&at| {
        if line[at] == b'"' && !is_escaped(&line[..at]) {
            quoted = !quoted;
        }
        line[at] == b',' && !quoted
    })
}

/// Whether an odd number of backslashes precedes it.
fn is_escaped(before: &[u8]) -> bool {
    let backslashes = before.iter().rev().take_while(|&&byte| byte == b'\\');
    backslashes.count() % 2 == 1
}

/// The pairs of an element, with their names in lower case. `None` if it is malformed, or if a name occurs twice: it is
/// undefined which of the two counts.
fn pairs(element: &str) -> Option<Vec<(String, String)>> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut rest = element.trim_ascii();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let name = name.to_ascii_lowercase();
        let twice = found.iter().any(|(known, _)| *known == name);
        if !is_token(&name) || twice || found.len() == MAX_PAIRS {
            return None;
        }
        let (value, after) = value(after)?;
        found.push((name, value));
        let after = after.trim_ascii_start();
        rest = match after.strip_prefix(';') {
            Some(next) => next.trim_ascii_start(),
            None if after.is_empty() => "",
            None => return None,
        };
    }
    Some(found)
}

/// The value at the beginning, and the rest. Addresses with a colon should be quoted, but unquoted ones are
/// accepted.
fn value(text: &str) -> Option<(String, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        return unquote(quoted);
    }
    let end = text.find([';', ' ', '\t']).unwrap_or(text.len());
    let (value, rest) = text.split_at(end);
    let plain = !value.is_empty() && !value.contains(['"', '\\', '=']);
    plain.then(|| (value.to_owned(), rest))
}

/// A quoted string after its opening quote (RFC 9110, section 5.6.4).
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}

fn is_token(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_part)
}

/// The address of a node: IPv4 or IPv6, with or without a port; IPv6 with a port is in brackets.
/// `unknown` and `_hidden` are none (RFC 7239, section 6).
fn address_of(node: &str) -> Option<IpAddr> {
    let address = if let Some(rest) = node.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        if !(port.is_empty() || port.strip_prefix(':').is_some_and(is_port)) {
            return None;
        }
        IpAddr::V6(address.parse::<Ipv6Addr>().ok()?)
    } else if let Ok(address) = node.parse::<IpAddr>() {
        address
    } else {
        let (address, port) = node.split_once(':')?;
        if !is_port(port) {
            return None;
        }
        IpAddr::V4(address.parse::<Ipv4Addr>().ok()?)
    };
    Some(address.to_canonical())
}

/// Digits, or an obfuscated port.
fn is_port(port: &str) -> bool {
    let is_hidden = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    match port.strip_prefix('_') {
        Some(name) => !name.is_empty() && name.bytes().all(is_hidden),
        None => port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok(),
    }
}
