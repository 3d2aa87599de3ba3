//! Forged headers, and keys that are not ours.

use super::*;

#[test]
fn no_other_algorithm_is_accepted() {
    let server = Server::new();
    for alg in [
        "none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "RS256", "PS256", "ES384",
        "ES512", "ES256K", "EdDSA", "es256", "ES256 ", "ES256\0",
    ] {
        let forged = server.with_header(json!({ "alg": alg }));
        assert_eq!(server.verify(&forged), Err(InvalidToken::Header), "{alg:?}");
    }
    let good = server.good();
    let (message, _) = good.rsplit_once('.').unwrap();
    assert_eq!(
        server.verify(&format!("{message}.")),
        Err(InvalidToken::Malformed),
        "no signature"
    );
}

/// CVE-2015-9235: the public key is no secret.
#[test]
fn the_public_key_is_no_hmac_key() {
    let server = Server::new();
    let header = changed(server.header(), json!({"alg": "HS256"})).to_string();
    let message = format!(
        "{}.{}",
        base64(header),
        base64(server.payload().to_string())
    );
    let [x, y] = server.key().public.coordinates();
    let point = BASE64_URL_SAFE_NO_PAD
        .decode(server.key().public.to_text())
        .unwrap();
    for secret in [
        point,
        x.clone().into_bytes(),
        format!("{x}{y}").into_bytes(),
    ] {
        let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret);
        let tag = ring::hmac::sign(&secret, message.as_bytes());
        let forged = format!("{message}.{}", base64(tag));
        assert_eq!(
            server.verify(&forged),
            Err(InvalidToken::Malformed),
            "32 bytes are no signature"
        );
        let doubled = [tag.as_ref(), tag.as_ref()].concat();
        let forged = format!("{message}.{}", base64(doubled));
        assert_eq!(server.verify(&forged), Err(InvalidToken::Header));
    }
}

#[test]
fn the_header_has_three_members_and_no_other() {
    let server = Server::new();
    let mallory = Server::new();
    let [x, y] = mallory.key().public.coordinates();
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y});
    for more in [
        json!({"jku": "https://mallory.example/jwks.json"}),
        json!({"x5u": "https://mallory.example/key.pem"}),
        json!({"jwk": jwk}),
        json!({"x5c": ["MIIB"]}),
        json!({"x5t": "AAAA"}),
        json!({"crit": ["exp"]}),
        json!({"crit": []}),
        json!({"b64": false, "crit": ["b64"]}),
        json!({"cty": "JWT"}),
        json!({"zip": "DEF"}),
        json!({"enc": "A128GCM"}),
        json!({"nonce": "1"}),
        json!({"typ": "JWT"}),
        json!({"typ": "at+JWT"}),
        json!({"typ": "application/at+jwt"}),
        json!({"typ": null}),
        json!({"alg": null}),
        json!({"alg": ["ES256"]}),
        json!({"kid": null}),
        json!({"kid": 1}),
        json!({"kid": {"a": 1}}),
    ] {
        let forged = server.with_header(more.clone());
        assert_eq!(server.verify(&forged), Err(InvalidToken::Header), "{more}");
    }
    for name in ["alg", "typ", "kid"] {
        let mut header = server.header();
        header.as_object_mut().unwrap().remove(name);
        let forged = server.signed(&header.to_string(), &server.payload().to_string());
        assert_eq!(
            server.verify(&forged),
            Err(InvalidToken::Header),
            "without {name}"
        );
    }
}

#[test]
fn the_header_is_one_object_without_repetition() {
    let server = Server::new();
    let (id, payload) = (&server.key().id, server.payload().to_string());
    for header in [
        format!(r#"{{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"{id}"}}"#),
        format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"{id}","alg":"ES256"}}"#),
        format!(r#"{{"alg":"ES256","typ":"at+jwt","kid":"x","kid":"{id}"}}"#),
        format!(r#"["ES256","at+jwt","{id}"]"#),
        format!(r#"{{"\u0061lg":"ES\u0032\u0035\u0036","typ":"at+jwt","kid":"{id}"}}"#),
        format!(r#"{} {{}}"#, server.header()),
        format!(" {}", server.header()),
        format!("\u{feff}{}", server.header()),
        "{".to_owned(),
        String::new(),
        "null".to_owned(),
        format!("{}1", "[".repeat(500)),
    ] {
        let forged = server.signed(&header, &payload);
        assert_eq!(
            server.verify(&forged),
            Err(InvalidToken::Header),
            "{header}"
        );
    }
}

#[test]
fn an_unknown_key_signs_nothing() {
    let (server, mallory) = (Server::new(), Server::new());
    let foreign = mallory.good();
    assert_eq!(server.verify(&foreign), Err(InvalidToken::UnknownKey));
    for kid in [
        "",
        "../../dev/null",
        "' OR 1=1 --",
        "\u{0}",
        &"k".repeat(2_000),
    ] {
        let forged = server.with_header(json!({ "kid": kid }));
        // A NUL is escaped in JSON.
        let expected = if kid == "\0" {
            InvalidToken::Header
        } else {
            InvalidToken::UnknownKey
        };
        assert_eq!(server.verify(&forged), Err(expected), "{kid:?}");
    }
    let header = server.header().to_string();
    let forged = mallory.signed(&header, &server.payload().to_string());
    assert_eq!(
        server.verify(&forged),
        Err(InvalidToken::Signature),
        "under the name of our key"
    );
}
