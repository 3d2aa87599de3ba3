//! Each judgement, with one thing wrong at a time.

use super::{super::token::tests::signed, *};
use serde_json::json;

const ISSUER: &str = "https://id.example.org";

fn answer(body: &Value, cache_control: &str) -> Answer {
    Answer {
        status: 200,
        headers: vec![("cache-control".to_owned(), cache_control.to_owned())],
        body: body.to_string(),
        ..Answer::default()
    }
}

/// The same object with another member.
fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut changed = object.clone();
    changed[name] = value;
    changed
}

#[test]
fn metadata_of_another_site_is_found() {
    let target = Target::example(ISSUER);
    let of = |issuer: &str| {
        json!({
            "issuer": issuer,
            "jwks_uri": format!("{issuer}{JWKS}"),
            "token_endpoint": format!("{issuer}/api/v1/token"),
            "scopes_supported": ["profile:read"],
        })
    };
    let sound = of(ISSUER);
    let judged = |metadata: &Value| names_this_site(&answer(metadata, ""), &target);
    assert_eq!(judged(&sound), Ok(()));
    for issuer in [
        "http://id.example.org",
        "https://id.example.org/",
        "https://inner:3000",
    ] {
        assert!(judged(&of(issuer)).is_err(), "{issuer}");
    }
    for (name, value) in [
        ("jwks_uri", "https://evil.example/.well-known/jwks.json"),
        (
            "token_endpoint",
            "https://id.example.org.evil.example/token",
        ),
        ("introspection_endpoint", "http://inner:3000/introspect"),
    ] {
        assert!(judged(&with(&sound, name, json!(value))).is_err(), "{name}");
    }
    assert!(judged(&json!("text")).is_err());
}

#[test]
fn keys_that_are_not_public_and_narrow_are_found() {
    let key = json!({
        "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "1", "x": "x", "y": "y",
    });
    let second = with(&key, "kid", json!("2"));
    assert_eq!(are_public(&[]), Ok(()));
    assert_eq!(are_public(&[key.clone(), second]), Ok(()));
    assert!(
        are_public(&[key.clone(), key.clone()]).is_err(),
        "one id twice"
    );
    for (name, value) in [
        ("d", "private"),
        ("x5u", "https://evil.example"),
        ("kty", "oct"),
        ("crv", "P-384"),
        ("alg", "HS256"),
        ("use", "enc"),
        ("kid", ""),
    ] {
        let seen = are_public(&[with(&key, name, json!(value))]).unwrap_err();
        assert!(!seen.contains("private"), "{seen}");
    }
}

#[test]
fn keys_that_are_kept_for_long_are_found() {
    let judged = |policy: &str| is_kept_briefly(&answer(&Value::Null, policy));
    for policy in [
        "public, max-age=900",
        "no-store",
        "max-age=86400",
        "no-cache",
    ] {
        assert_eq!(judged(policy), Ok(()), "{policy}");
    }
    for policy in [
        "",
        "public",
        "max-age=86401",
        "max-age=900, immutable",
        "max-age=900, s-maxage=604800",
        "max-age=x",
    ] {
        assert!(judged(policy).is_err(), "{policy}");
    }
}

#[test]
fn each_claim_is_judged() {
    let header = json!({"typ": "at+jwt", "alg": "ES256", "kid": "1"});
    let claims = json!({
        "iss": ISSUER, "aud": "https://id.example.org/api/v1", "sub": "1", "sid": "2", "jti": "3",
        "iat": 1_790_000_000, "exp": 1_790_000_300,
    });
    let judged = |header: &Value, claims: &Value| claims_fit(&signed(header, claims).0, ISSUER);
    assert_eq!(judged(&header, &claims), Ok(()));
    for (name, value) in [("typ", json!("JWT")), ("alg", json!("HS256"))] {
        assert!(
            judged(&with(&header, name, value), &claims).is_err(),
            "{name}"
        );
    }
    for (name, value) in [
        ("iss", json!("https://other.example")),
        ("aud", json!(["https://id.example.org/api/v1"])),
        ("sub", json!("")),
        ("sid", json!(2)),
        ("jti", Value::Null),
        ("exp", json!(1_790_003_601)),
        ("exp", json!(1_790_000_000)),
        ("exp", json!("1790000300")),
        ("iat", json!(1_790_000_301)),
    ] {
        assert!(
            judged(&header, &with(&claims, name, value)).is_err(),
            "{name}"
        );
    }
}
