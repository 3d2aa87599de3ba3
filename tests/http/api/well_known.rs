//! The public keys, and the metadata of the server.

use super::{call, json, token_of};
use crate::{
    app::TestApp,
    on_both_engines,
    support::{
        database::TestDatabase,
        http::{Answer, Browser, Request},
    },
};
use serde_json::{Value, json as value};
use vestibule::{
    domain::scope::Scope,
    server::{core::tokens::Tokens, public_url::PublicUrl},
};

const JWKS: &str = "/.well-known/jwks.json";
const METADATA: &str = "/.well-known/oauth-authorization-server";

/// A public document: the same for everybody, kept for a quarter of an hour.
#[track_caller]
fn public(answer: &Answer) -> Value {
    assert_eq!(answer.header("cache-control"), Some("public, max-age=900"));
    assert!(answer.header_all("set-cookie").is_empty());
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    json(answer)
}

on_both_engines! {
    async fn the_public_keys_verify_and_tell_nothing_else(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let jwks = public(&app.send(call("GET", JWKS)).await);
        let keys = jwks["keys"].as_array().unwrap();
        assert_eq!((jwks.as_object().unwrap().len(), keys.len()), (1, 1));
        let members: Vec<_> = keys[0].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"], "no d (RFC 7518, 6.2.2)");
        assert_eq!([&keys[0]["alg"], &keys[0]["crv"], &keys[0]["kty"], &keys[0]["use"]], ["ES256", "P-256", "EC", "sig"]);
        // The key that signs is among them.
        let token = token_of(&mut app.signed_in("ada").await).await;
        assert!(verifies(&token, &keys[0]), "another application verifies a token with it");
        let other = app.second_node().await;
        assert_eq!(public(&other.send(call("GET", JWKS)).await), jwks, "all servers publish the same");
        assert_eq!(app.signed_in("ada").await.send(call("GET", JWKS)).await.body, app.send(call("GET", JWKS)).await.body);
    }
}

/// As a library elsewhere does it: by the published key alone.
fn verifies(token: &str, jwk: &Value) -> bool {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url");
    let (message, signature) = token.rsplit_once('.').expect("three parts");
    let header: Value =
        serde_json::from_slice(&decode(message.split('.').next().expect("a header")))
            .expect("JSON");
    assert_eq!(
        header,
        value!({"alg": "ES256", "typ": "at+jwt", "kid": jwk["kid"]})
    );
    let [x, y] = ["x", "y"].map(|name| decode(jwk[name].as_str().expect("a coordinate")));
    let point = [&[4], x.as_slice(), &y].concat();
    let key =
        ring::signature::UnparsedPublicKey::new(&ring::signature::ECDSA_P256_SHA256_FIXED, point);
    key.verify(message.as_bytes(), &decode(signature)).is_ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_metadata_names_what_there_is() {
    let origin = "https://id.example.org";
    let app =
        TestApp::sqlite_with(|config| config.public_url = Some(PublicUrl::parse(origin).unwrap()))
            .await;
    let mut browser = Browser::at(app.address, origin);
    let metadata = public(&browser.send(call("GET", METADATA)).await);
    let scopes: Vec<_> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    assert_eq!(
        metadata,
        value!({
            "issuer": origin,
            "token_endpoint": "https://id.example.org/api/v1/token",
            "jwks_uri": "https://id.example.org/.well-known/jwks.json",
            "introspection_endpoint": "https://id.example.org/api/v1/introspect",
            "introspection_endpoint_auth_methods_supported": ["bearer"],
            "scopes_supported": scopes,
            "response_types_supported": [],
            "grant_types_supported": ["password"],
            "token_endpoint_auth_methods_supported": ["none"],
            "service_documentation": "https://id.example.org/api/docs",
        }),
        "no endpoint that does not exist: no revocation, no authorisation"
    );
    for (member, method, status) in [
        ("jwks_uri", "GET", 200),
        ("token_endpoint", "POST", 415),
        ("introspection_endpoint", "POST", 401),
        ("service_documentation", "GET", 303),
    ] {
        let path = metadata[member]
            .as_str()
            .unwrap()
            .strip_prefix(origin)
            .unwrap();
        let answer = browser.send(call(method, path)).await;
        assert_eq!(answer.status, status, "{member}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_read_only() {
    let app = TestApp::sqlite().await;
    for path in [JWKS, METADATA] {
        let answer = app.send(call("GET", path)).await;
        let head = app.send(call("HEAD", path)).await;
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(head.header("cache-control"), answer.header("cache-control"));
        assert_eq!(
            app.send(Request::form(path, &[])).await.status,
            405,
            "{path}"
        );
        assert_eq!(
            app.send(call("GET", &format!("{path}/x"))).await.status,
            404
        );
    }
}

/// Without a sealing key there is no key, and nobody else's is accepted.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_sealing_key_there_are_no_keys() {
    let database = TestDatabase::new(crate::support::database::Engine::Sqlite).await;
    let mut core = crate::support::core(&database).await;
    core.tokens = Tokens::none();
    let app = TestApp::start(database, core, |_| ()).await;
    assert_eq!(
        public(&app.send(call("GET", JWKS)).await),
        value!({"keys": []})
    );
    assert_eq!(app.send(call("GET", METADATA)).await.status, 200);
}
