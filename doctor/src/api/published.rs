//! What applications elsewhere verify tokens by: the metadata of the server, its public keys, and the claims.

use super::{call, token::Token};
use crate::{
    client::{Answer, NoAnswer},
    examination::Examination,
    report::{Check, Verdict, check, expect},
    target::Target,
};
use serde_json::Value;
use std::collections::BTreeSet;

const PASS_ON: &str = "Let the proxy pass /.well-known/ on to the server as it came, but for what issues its certificate (acme-challenge)";
const PUBLIC_URL: &str = "Set public_url to the address that people type, and let the proxy pass /.well-known/ on to the server as it came";
const VERSION: &str = "Install an unchanged release, and let every server of this name use the one database and sealing key";

const ADDRESSES: Check = check(
    "metadata",
    "L12",
    "The metadata names this address as the issuer, and endpoints and keys of this site (RFC 8414)",
    PUBLIC_URL,
);
const PUBLIC: Check = check(
    "jwks_public",
    "L12",
    "The published keys are public: P-256 for ES256, each with an id of its own (RFC 7517)",
    PASS_ON,
);
const BRIEFLY: Check = check(
    "jwks_kept_briefly",
    "L4",
    "The published keys may be kept for a day at most: a new key is published a day before it signs",
    PASS_ON,
);
const CLAIMS: Check = check(
    "token_claims",
    "L2",
    "A token is of the profile at+jwt, issued by this address for its API, and lives for an hour at most",
    PUBLIC_URL,
);
const VERIFIES: Check = check(
    "jwks_verifies",
    "L12",
    "The published key that a token names verifies it",
    VERSION,
);

pub const OF_SERVER: &[&Check] = &[&ADDRESSES, &PUBLIC, &BRIEFLY];

/// Of a token that opens something.
pub const OF_TOKEN: &[&Check] = &[&CLAIMS, &VERIFIES];

pub const JWKS: &str = "/.well-known/jwks.json";
pub const METADATA: &str = "/.well-known/oauth-authorization-server";

/// A day: new keys are published for so long before they sign.
const MAX_AGE_SECONDS: u64 = 86_400;

/// An hour: the server issues no token that lives longer.
const MAX_LIFETIME_SECONDS: u64 = 3_600;

/// Checks both documents, and returns the keys.
pub async fn documents(exam: &mut Examination) -> Result<Vec<Value>, NoAnswer> {
    let metadata = exam.client.send(call::get(METADATA)).await?;
    let verdict = names_this_site(&metadata, &exam.client.target);
    exam.record(&ADDRESSES, verdict);
    let jwks = exam.client.send(call::get(JWKS)).await?;
    let body = call::json(&jwks);
    let keys = body["keys"].as_array().cloned().unwrap_or_default();
    let is_document = jwks.status == 200 && body["keys"].is_array();
    let verdict = expect(is_document, || jwks.describe()).and_then(|()| are_public(&keys));
    exam.record(&PUBLIC, verdict);
    exam.record(&BRIEFLY, is_kept_briefly(&jwks));
    Ok(keys)
}

fn names_this_site(answer: &Answer, target: &Target) -> Verdict {
    let metadata = call::json(answer);
    expect(answer.status == 200 && metadata.is_object(), || {
        answer.describe()
    })?;
    let issuer = call::text(&metadata, "issuer");
    expect(issuer == target.origin(), || {
        format!(
            "the issuer is “{issuer}” where the address is {}",
            target.origin()
        )
    })?;
    let jwks = call::text(&metadata, "jwks_uri");
    expect(jwks == format!("{issuer}{JWKS}"), || {
        format!("the jwks_uri is “{jwks}”")
    })?;
    let members = metadata.as_object().into_iter().flatten();
    let mut endpoints = members.filter(|(name, _)| name.ends_with("_endpoint"));
    let foreign = endpoints.find(|(_, value)| {
        let address = value.as_str().unwrap_or_default();
        !address.starts_with(&format!("{issuer}/"))
    });
    foreign.map_or(Ok(()), |(name, value)| Err(format!("{name} is {value}")))
}

/// Only the members of a public key: `d` is the private one (RFC 7518, 6.2.2).
fn are_public(keys: &[Value]) -> Verdict {
    const MEMBERS: [&str; 7] = ["alg", "crv", "kid", "kty", "use", "x", "y"];
    let mut ids = BTreeSet::new();
    for key in keys {
        let members = key.as_object().into_iter().flatten();
        let mut others = members
            .map(|(name, _)| name)
            .filter(|name| !MEMBERS.contains(&name.as_str()));
        if let Some(other) = others.next() {
            // Without its value, which may be secret.
            return Err(format!("a key has the member “{other}”"));
        }
        for (member, value) in [
            ("kty", "EC"),
            ("crv", "P-256"),
            ("alg", "ES256"),
            ("use", "sig"),
        ] {
            let own = call::text(key, member);
            expect(own == value, || format!("the {member} of a key is “{own}”"))?;
        }
        let id = call::text(key, "kid");
        expect(!id.is_empty() && ids.insert(id), || {
            format!("the kid “{id}” is empty or comes twice")
        })?;
    }
    Ok(())
}

fn is_kept_briefly(answer: &Answer) -> Verdict {
    let policy = answer.all("cache-control").join(", ");
    let words: Vec<_> = policy.split(',').map(str::trim).collect();
    let ages = words.iter().filter_map(|word| {
        let (name, age) = word.split_once('=')?;
        let is_age = matches!(name, "max-age" | "s-maxage");
        is_age.then(|| age.parse().unwrap_or(u64::MAX))
    });
    let ages: Vec<u64> = ages.collect();
    let is_brief = !ages.is_empty() && ages.iter().all(|age| *age <= MAX_AGE_SECONDS);
    let is_not_kept = words
        .iter()
        .any(|word| matches!(*word, "no-store" | "no-cache"));
    expect(
        (is_brief || is_not_kept) && !words.contains(&"immutable"),
        || format!("{}, with the Cache-Control “{policy}”", answer.describe()),
    )
}

/// Returns the token in its parts, with which it can be forged.
pub fn of_token(exam: &mut Examination, text: &str, keys: &[Value]) -> Option<Token> {
    let Some(token) = Token::parse(text) else {
        let why = "the token is no signed JWT";
        exam.record(&CLAIMS, Err(why.to_owned()));
        exam.report.skip(&VERIFIES, why);
        exam.report.skip_rest(super::forged::OF_TOKEN, why);
        return None;
    };
    let verdict = claims_fit(&token, &exam.client.target.origin());
    exam.record(&CLAIMS, verdict);
    let id = call::text(&token.header, "kid");
    let named = keys.iter().find(|key| call::text(key, "kid") == id);
    let verifies = named.is_some_and(|key| token.is_signed_by(key));
    let seen = if named.is_some() {
        "its signature is not by the key"
    } else {
        "it is not published"
    };
    exam.record(
        &VERIFIES,
        expect(verifies, || {
            format!("the token names the key “{id}”: {seen}")
        }),
    );
    Some(token)
}

/// RFC 9068, 2. There are no registered clients, so there is no `client_id`.
fn claims_fit(token: &Token, issuer: &str) -> Verdict {
    let (header, claims) = (&token.header, &token.claims);
    let audience = format!("{issuer}/api/v1");
    for (object, name, expected) in [
        (header, "typ", "at+jwt"),
        (header, "alg", "ES256"),
        (claims, "iss", issuer),
        (claims, "aud", &audience),
    ] {
        let own = &object[name];
        expect(own == expected, || {
            format!("{name} is {own} where it should be {expected}")
        })?;
    }
    for name in ["sub", "sid", "jti"] {
        let is_empty = call::text(claims, name).is_empty();
        expect(!is_empty, || format!("there is no {name}"))?;
    }
    let seconds = |name: &str| claims[name].as_u64();
    let lives = seconds("exp").zip(seconds("iat"));
    let lives = lives.and_then(|(end, start)| end.checked_sub(start));
    expect(
        lives.is_some_and(|lives| (1..=MAX_LIFETIME_SECONDS).contains(&lives)),
        || format!("it is from {} to {}", claims["iat"], claims["exp"]),
    )
}

#[cfg(test)]
mod tests;
