//! `Authorization: Bearer` (RFC 6750): whether a request has it, and its credential.

use axum::http::{HeaderMap, header};

/// Whether the request has `Authorization: Bearer`, however malformed. Other schemes are not ours: `Basic` may be that
/// of a proxy in front, and browsers attach it by themselves, also to forged requests.
pub fn is_present(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    values.any(|value| {
        let value = value.as_bytes().trim_ascii_start();
        let scheme = value.split(|byte| !byte.is_ascii_alphanumeric()).next();
        scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer"))
    })
}

/// The credential of the one `Authorization` header: the scheme, spaces and no other blanks, the credential (RFC 6750,
/// 2.1).
pub fn credential(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return None;
    };
    let (scheme, credential) = split_at_space(value.as_bytes())?;
    scheme
        .eq_ignore_ascii_case(b"bearer")
        .then(|| without_leading_spaces(credential))
}

fn split_at_space(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = value.iter().position(|&byte| byte == b' ')?;
    Some((&value[..space], &value[space..]))
}

fn without_leading_spaces(value: &[u8]) -> &[u8] {
    let begin = value.iter().position(|&byte| byte != b' ');
    &value[begin.unwrap_or(value.len())..]
}
