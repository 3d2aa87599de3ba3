//! Claims of another type, another server or another time.

use super::*;

const CLAIMS: [&str; 9] = [
    "iss",
    "aud",
    "sub",
    "sid",
    "scope",
    "jti",
    "iat",
    "exp",
    "auth_time_ms",
];

/// CVE-2026-25537: a claim of another type must not count as absent.
#[test]
fn every_claim_is_required_and_has_its_type() {
    let server = Server::new();
    let header = server.header().to_string();
    for name in CLAIMS {
        let mut payload = server.payload();
        let value = payload.as_object_mut().unwrap().remove(name).unwrap();
        let missing = payload.to_string();
        assert_eq!(
            server.verify(&server.signed(&header, &missing)),
            Err(InvalidToken::Claims),
            "no {name}"
        );
        let repeated = format!("{},\"{name}\":{value}}}", missing.trim_end_matches('}'));
        assert!(
            server.verify(&server.signed(&header, &repeated)).is_ok(),
            "{name} once"
        );
        let repeated = format!("{},\"{name}\":{value}}}", repeated.trim_end_matches('}'));
        assert_eq!(
            server.verify(&server.signed(&header, &repeated)),
            Err(InvalidToken::Claims),
            "{name} twice"
        );
        let mut wrong = vec![
            Value::Null,
            json!(true),
            json!([value]),
            json!({"a": value}),
            json!([]),
            json!(1.5),
        ];
        wrong.push(if value.is_string() {
            json!(IAT)
        } else {
            json!(value.to_string())
        });
        if value.is_number() {
            wrong.extend([
                json!(-1),
                json!(1e300),
                json!(IAT as f64),
                json!(""),
                json!("0"),
            ]);
        }
        for value in wrong {
            let text = server.with_payload(json!({ name: value }));
            assert_eq!(
                server.verify(&text),
                Err(InvalidToken::Claims),
                "{name}: {value}"
            );
        }
    }
}

#[test]
fn the_payload_is_one_object_of_ids_and_texts() {
    let server = Server::new();
    let header = server.header().to_string();
    let payload = server.payload();
    let in_order = CLAIMS.map(|name| payload[name].clone());
    for payload in [
        json!(in_order).to_string(),
        format!("[{payload}]"),
        format!(" {payload}"),
        format!("{payload}{payload}"),
        format!("{payload},"),
        "{}".to_owned(),
        "null".to_owned(),
        String::new(),
    ] {
        assert_eq!(
            server.verify(&server.signed(&header, &payload)),
            Err(InvalidToken::Claims),
            "{payload}"
        );
    }
    for (name, value) in [
        ("sub", ""),
        ("sid", ""),
        ("jti", ""),
        ("sub", "a b"),
        ("sid", "s1\u{0}"),
        ("sid", "é"),
    ] {
        let text = server.with_payload(json!({ name: value }));
        assert_eq!(
            server.verify(&text),
            Err(InvalidToken::Claims),
            "{name}: {value:?}"
        );
    }
    // Of a newer version.
    assert!(
        server
            .verify(&server.with_payload(json!({"acr": {"a": [1]}})))
            .is_ok()
    );
    assert_eq!(
        server
            .verify(&server.with_payload(json!({"scope": ""})))
            .unwrap()
            .scope,
        ""
    );
}

#[test]
fn tokens_of_other_servers_are_refused() {
    let server = Server::new();
    for (change, expected) in [
        (
            json!({"iss": "https://mallory.example"}),
            InvalidToken::Issuer,
        ),
        (
            json!({"iss": "https://id.example.org/"}),
            InvalidToken::Issuer,
        ),
        (
            json!({"iss": "http://id.example.org"}),
            InvalidToken::Issuer,
        ),
        (
            json!({"iss": "https://ID.example.org"}),
            InvalidToken::Issuer,
        ),
        (json!({"iss": ""}), InvalidToken::Issuer),
        (
            json!({"aud": "https://mallory.example/api/v1"}),
            InvalidToken::Audience,
        ),
        (
            json!({"aud": "https://id.example.org"}),
            InvalidToken::Audience,
        ),
        (
            json!({"aud": "https://id.example.org/api/v1/"}),
            InvalidToken::Audience,
        ),
        (
            json!({"aud": "https://id.example.org/api/v11"}),
            InvalidToken::Audience,
        ),
        (
            json!({"aud": ["https://id.example.org/api/v1"]}),
            InvalidToken::Claims,
        ),
    ] {
        assert_eq!(
            server.verify(&server.with_payload(change.clone())),
            Err(expected),
            "{change}"
        );
    }
}

#[test]
fn a_token_expires_to_the_millisecond() {
    let server = Server::new();
    let good = server.good();
    let end = NOW.after(LIFETIME);
    assert!(
        server
            .verify_at(&good, end.before(Duration::from_millis(1)))
            .is_ok()
    );
    for late in [0, 1, 999, 1_000, 86_400_000] {
        let now = end.after(Duration::from_millis(late));
        assert_eq!(
            server.verify_at(&good, now),
            Err(InvalidToken::Expired),
            "{late} ms"
        );
    }
    assert!(
        server.verify_at(&good, NOW.before(TOLERANCE)).is_ok(),
        "the clock of another node"
    );
    for early in [5_001, 6_000, 86_400_000] {
        let now = NOW.before(Duration::from_millis(early));
        assert_eq!(
            server.verify_at(&good, now),
            Err(InvalidToken::NotYet),
            "{early} ms"
        );
    }
}

#[test]
fn a_token_lives_no_longer_than_tokens_do() {
    let server = Server::new();
    let with =
        |iat: u64, exp: u64| server.verify(&server.with_payload(json!({"iat": iat, "exp": exp})));
    assert!(with(IAT, IAT + 1).is_ok());
    assert!(with(IAT - 299, IAT + 1).is_ok());
    for (iat, exp) in [
        (IAT, IAT + 301),
        (0, IAT + 300),
        (IAT, u64::MAX),
        (0, u64::MAX),
        (IAT + 1, IAT),
        (u64::MAX, 0),
    ] {
        assert_eq!(with(iat, exp), Err(InvalidToken::Lifetime), "{iat} {exp}");
    }
    assert_eq!(with(u64::MAX - 1, u64::MAX), Err(InvalidToken::NotYet));
    assert_eq!(with(IAT, IAT), Err(InvalidToken::Expired));
    assert_eq!(with(0, 0), Err(InvalidToken::Expired));
}
