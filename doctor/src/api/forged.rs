//! Tokens and keys that were made up or changed.

use super::{
    call,
    keys::{Key, assemble},
    opening,
    token::Token,
};
use crate::{
    client::NoAnswer,
    examination::Examination,
    report::{Check, check, expect},
};
use serde_json::json;

const VERSION: &str = "Install an unchanged release, and let nothing in front of the server accept or replace credentials by itself";

const CLAIMS: Check = check(
    "forged_claims",
    "L6",
    "A token with changed claims is refused",
    VERSION,
);
const ALGORITHM: Check = check(
    "forged_algorithm",
    "L6",
    "A token that names no algorithm or another one, or a key of its own, is refused",
    VERSION,
);
const SIGNATURE: Check = check(
    "forged_signature",
    "L6",
    "A token with a changed, shortened or empty signature is refused",
    VERSION,
);
const CHECKSUM: Check = check(
    "forged_checksum",
    "C22",
    "A key with a wrong checksum is refused",
    VERSION,
);
const SECRET: Check = check(
    "forged_secret",
    "C22",
    "A key with another secret, or with the id of none, is refused",
    VERSION,
);

pub const CHECKS: &[&Check] = &[&CLAIMS, &ALGORITHM, &SIGNATURE, &CHECKSUM, &SECRET];

/// Of a token that opens something.
pub const OF_TOKEN: &[&Check] = &[&CLAIMS, &ALGORITHM, &SIGNATURE];

/// Of a key that opens something.
pub const OF_KEY: &[&Check] = &[&CHECKSUM, &SECRET];

pub async fn tokens(exam: &mut Examination, token: &Token) -> Result<(), NoAnswer> {
    let with_claim = |name: &str, value: serde_json::Value| {
        let mut claims = token.claims.clone();
        claims[name] = value;
        token.with_claims(&claims)
    };
    let claims = [
        with_claim("scope", json!("profile:read users:read users:write")),
        with_claim("exp", json!(4_000_000_000_u64)),
        with_claim("sid", json!("00000000-0000-7000-8000-000000000000")),
    ];
    refused(exam, &CLAIMS, &claims).await?;
    let with_header = |name: &str, value: serde_json::Value, is_signed: bool| {
        let mut header = token.header.clone();
        header[name] = value;
        token.with_header(&header, is_signed)
    };
    let algorithms = [
        with_header("alg", json!("none"), false),
        with_header("alg", json!("none"), true),
        with_header("alg", json!("HS256"), true),
        with_header("jwk", json!({"kty": "EC", "crv": "P-256"}), true),
    ];
    refused(exam, &ALGORITHM, &algorithms).await?;
    let mut changed = token.signature.clone();
    if let Some(byte) = changed.first_mut() {
        *byte ^= 1;
    }
    let half = &token.signature[..token.signature.len() / 2];
    // Some libraries took the numbers 0 and 0 for a signature of anything (CVE-2022-21449).
    let signatures = [&changed, half, &[0; 64], b""].map(|forged| token.with_signature(forged));
    refused(exam, &SIGNATURE, &signatures).await
}

pub async fn keys(exam: &mut Examination, key: &Key) -> Result<(), NoAnswer> {
    refused(exam, &CHECKSUM, &[with_another_end(&key.text)]).await?;
    let secret = with_another_end(&key.secret);
    let unknown = with_another_end(&key.id);
    let secrets = [assemble(&key.id, &secret), assemble(&unknown, &key.secret)];
    for forged in &secrets {
        exam.report.redact(forged);
    }
    refused(exam, &SECRET, &secrets).await
}

/// The same hexadecimal digits, but for the last one.
fn with_another_end(digits: &str) -> String {
    let (rest, last) = digits.split_at(digits.len().saturating_sub(1));
    let other = if last == "0" { "1" } else { "0" };
    format!("{rest}{other}")
}

async fn refused(
    exam: &mut Examination,
    check: &'static Check,
    credentials: &[String],
) -> Result<(), NoAnswer> {
    let mut verdict = Ok(());
    for credential in credentials {
        let answer = exam.client.send(opening(credential)).await?;
        let is_refused = answer.status == 401;
        verdict = verdict.and_then(|()| expect(is_refused, || call::describe(&answer)));
    }
    exam.record(check, verdict);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::with_another_end;

    #[test]
    fn one_digit_is_changed() {
        assert_eq!(with_another_end("a0"), "a1");
        assert_eq!(with_another_end("af"), "a0");
    }
}
