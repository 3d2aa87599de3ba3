//! The text of an access token: a JWT (RFC 7519) of the profile of RFC 9068, in the one spelling that is written here.

use super::{
    Claims, Issuer, MAX_LIFETIME,
    keys::{Key, KeySet},
};
use crate::{
    domain::{moment::Timestamp, session::SessionId, user::UserId},
    server::clock::TOLERANCE,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The only algorithm. The header is compared with it and never selects one (RFC 8725, 3.1; CVE-2015-9235).
const ALGORITHM: &str = "ES256";
/// Keeps other JWTs from being used as access tokens (RFC 8725, 3.11; RFC 9068, 2.1).
const TYPE: &str = "at+jwt";

/// A token has about 700 bytes. A longer text is refused before any work.
const MAX_BYTES: usize = 4_096;

/// Why a text is no access token that is valid now. For the log: a client learns only that the token is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    #[error("it is longer than a token")]
    TooLong,
    #[error("it does not consist of three parts in base64url")]
    Malformed,
    /// Another algorithm or type, or a member that is not expected: `crit`, `jku`, `jwk`, `x5u`, `x5c`, …
    #[error("its header is not that of an access token")]
    Header,
    #[error("its key is unknown")]
    UnknownKey,
    #[error("its signature is wrong")]
    Signature,
    /// One is missing, occurs twice, or has another type (CVE-2026-25537).
    #[error("its claims are not those of an access token")]
    Claims,
    #[error("it was issued by another server")]
    Issuer,
    #[error("it is meant for another server")]
    Audience,
    #[error("it was issued in the future")]
    NotYet,
    #[error("it lives longer than tokens do")]
    Lifetime,
    #[error("it has expired")]
    Expired,
}

/// Exactly these members. With a borrowed text, escapes are refused too.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    alg: &'a str,
    typ: &'a str,
    kid: &'a str,
}

/// All are required. Unknown claims are ignored (RFC 7519, 4), so that a newer version can add one.
#[derive(Serialize, Deserialize)]
struct Payload<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    sid: &'a str,
    scope: &'a str,
    jti: &'a str,
    iat: u64,
    exp: u64,
    /// A claim of our own (RFC 7519, 4.3): `auth_time` has whole seconds, and this is compared exactly.
    auth_time_ms: u64,
}

/// The text of a token, signed.
pub fn write(key: &Key, issuer: &Issuer, claims: &Claims) -> String {
    let header = Header {
        alg: ALGORITHM,
        typ: TYPE,
        kid: &key.id,
    };
    let payload = Payload {
        iss: &issuer.issuer,
        aud: &issuer.audience,
        sub: &claims.user.0,
        sid: &claims.session.0,
        scope: &claims.scope,
        jti: &claims.id,
        iat: seconds(claims.issued_at),
        exp: seconds(claims.expires_at),
        auth_time_ms: u64::try_from(claims.authenticated_at.as_millis()).unwrap_or(0),
    };
    let message = format!("{}.{}", encode(&header), encode(&payload));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(key.signing.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// # Panics
/// Never: texts and numbers are JSON.
fn encode(part: &impl Serialize) -> String {
    let json = serde_json::to_vec(part).expect("texts and numbers");
    BASE64_URL_SAFE_NO_PAD.encode(json)
}

/// Checks the text of a token, and returns its claims. Nothing of it is used before the signature is verified, except
/// the name of the key.
///
/// # Errors
/// [`InvalidToken`].
pub fn verify(
    keys: &KeySet,
    issuer: &Issuer,
    lifetime: Duration,
    text: &str,
    now: Timestamp,
) -> Result<Claims, InvalidToken> {
    if text.len() > MAX_BYTES {
        return Err(InvalidToken::TooLong);
    }
    let (message, signature) = text.rsplit_once('.').ok_or(InvalidToken::Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(InvalidToken::Malformed)?;
    // A further dot is in the payload, and no character of base64url.
    let (header, payload) = (decode(header)?, decode(payload)?);
    let signature = decode(signature)?.try_into();
    let signature = signature.map_err(|_| InvalidToken::Malformed)?;
    let header: Header<'_> = object(&header).ok_or(InvalidToken::Header)?;
    if header.alg != ALGORITHM || header.typ != TYPE {
        return Err(InvalidToken::Header);
    }
    let key = keys.find(header.kid, now).ok_or(InvalidToken::UnknownKey)?;
    if !key.public.verifies(message.as_bytes(), &signature) {
        return Err(InvalidToken::Signature);
    }
    let payload: Payload<'_> = object(&payload).ok_or(InvalidToken::Claims)?;
    check(&payload, issuer, lifetime, now)
}

/// The decoder refuses padding, white space, foreign characters and stray bits at the end.
fn decode(part: &str) -> Result<Vec<u8>, InvalidToken> {
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(part);
    decoded.map_err(|_| InvalidToken::Malformed)
}

/// serde would also take an array of the members' values for the object.
fn object<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Option<T> {
    json.starts_with(b"{").then_some(())?;
    serde_json::from_slice(json).ok()
}

fn check(
    payload: &Payload<'_>,
    issuer: &Issuer,
    lifetime: Duration,
    now: Timestamp,
) -> Result<Claims, InvalidToken> {
    if payload.iss != issuer.issuer {
        return Err(InvalidToken::Issuer);
    }
    if payload.aud != issuer.audience {
        return Err(InvalidToken::Audience);
    }
    let lives = payload.exp.checked_sub(payload.iat);
    if lives.is_none_or(|seconds| seconds > lifetime.min(MAX_LIFETIME).as_secs()) {
        return Err(InvalidToken::Lifetime);
    }
    let (issued_at, expires_at) = (instant(payload.iat), instant(payload.exp));
    // Nodes follow one clock to within a fraction of a second: the token of one is used at another at once.
    if issued_at > now.after(TOLERANCE) {
        return Err(InvalidToken::NotYet);
    }
    if expires_at <= now {
        return Err(InvalidToken::Expired);
    }
    let id = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let user = id(payload.sub).and_then(UserId::parse);
    let session = id(payload.sid).and_then(SessionId::parse);
    Ok(Claims {
        user: user.ok_or(InvalidToken::Claims)?,
        session: session.ok_or(InvalidToken::Claims)?,
        scope: payload.scope.to_owned(),
        id: id(payload.jti).ok_or(InvalidToken::Claims)?,
        issued_at,
        expires_at,
        authenticated_at: i64::try_from(payload.auth_time_ms)
            .map(Timestamp::from_millis)
            .map_err(|_| InvalidToken::Claims)?,
    })
}

/// Whole seconds since 1970, rounded down: a token never lives longer than it was meant to.
fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_millis() / 1_000).unwrap_or(0)
}

fn instant(seconds: u64) -> Timestamp {
    let millis = i64::try_from(seconds.saturating_mul(1_000));
    Timestamp::from_millis(millis.unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
