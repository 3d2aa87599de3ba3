//! Forged access tokens, through HTTP. The whole set is in `core/tokens/format/tests`; here each is one of a live
//! session, so that nothing else refuses it.

use super::{assert_invalid, bearer, call, json, token_of};
use crate::{app::TestApp, support::http::Request};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json as value};
use std::{fs, path::Path, time::Duration};

const ME: &str = "/api/v1/me";

fn encode(part: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(part)
}

fn decode(part: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(part).expect("base64url")
}

/// A good token, and what an attacker can make from it and from the public keys.
struct Forger {
    token: String,
    header: Value,
    payload: Value,
    own: EcdsaKeyPair,
    /// The server's public key, as it is published.
    jwk: Value,
}

impl Forger {
    async fn new(app: &TestApp, token: String) -> Self {
        let parts: Vec<_> = token.split('.').collect();
        let [header, payload] =
            [parts[0], parts[1]].map(|part| serde_json::from_slice(&decode(part)).expect("JSON"));
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random);
        let pkcs8 = pkcs8.expect("a key");
        let own =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random);
        let published = json(&app.send(call("GET", "/.well-known/jwks.json")).await);
        Self {
            header,
            payload,
            own: own.expect("a key"),
            jwk: published["keys"][0].clone(),
            token,
        }
    }

    /// Signed by the attacker.
    fn signed(&self, header: &Value, payload: &Value) -> String {
        let message = format!(
            "{}.{}",
            encode(header.to_string()),
            encode(payload.to_string())
        );
        let signature = self.own.sign(&SystemRandom::new(), message.as_bytes());
        format!("{message}.{}", encode(signature.expect("a signature")))
    }

    /// The attacker's public key.
    fn own_jwk(&self) -> Value {
        let point = self.own.public_key().as_ref();
        value!({"kty": "EC", "crv": "P-256", "x": encode(&point[1..33]), "y": encode(&point[33..])})
    }

    fn with_header(&self, more: Value) -> String {
        self.signed(&changed(&self.header, more), &self.payload)
    }

    /// With HMAC, under the public key as the secret (CVE-2015-9235).
    fn with_public_key_as_secret(&self) -> Vec<String> {
        let header = changed(&self.header, value!({"alg": "HS256"}));
        let message = format!(
            "{}.{}",
            encode(header.to_string()),
            encode(self.payload.to_string())
        );
        let [x, y] = ["x", "y"].map(|name| decode(self.jwk[name].as_str().expect("a coordinate")));
        let point = [&[4], x.as_slice(), &y].concat();
        let secrets = [point, self.jwk.to_string().into_bytes(), x];
        let sign = |secret: &Vec<u8>| {
            let tag = hmac::sign(
                &hmac::Key::new(hmac::HMAC_SHA256, secret),
                message.as_bytes(),
            );
            let twice = [tag.as_ref(), tag.as_ref()].concat();
            [
                format!("{message}.{}", encode(tag)),
                format!("{message}.{}", encode(twice)),
            ]
        };
        secrets.iter().flat_map(sign).collect()
    }

    fn all(&self) -> Vec<(&'static str, String)> {
        let (message, signature) = self.token.rsplit_once('.').expect("three parts");
        let (header, payload) = message.split_once('.').expect("three parts");
        let with_alg = |alg: &str| {
            let header = changed(&self.header, value!({"alg": alg}));
            format!("{}.{payload}", encode(header.to_string()))
        };
        let promoted = changed(&self.payload, value!({"scope": "users:read users:write"}));
        let promoted = encode(promoted.to_string());
        let mut all = vec![
            ("none", format!("{}.", with_alg("none"))),
            (
                "none with a signature",
                format!("{}.{signature}", with_alg("none")),
            ),
            ("None", format!("{}.", with_alg("None"))),
            (
                "RS256",
                format!("{}.{}", with_alg("RS256"), encode([7; 256])),
            ),
            (
                "ES384",
                format!("{}.{}", with_alg("ES384"), encode([7; 96])),
            ),
            ("no signature", format!("{message}.")),
            (
                "a signature of zeros (CVE-2022-21449)",
                format!("{message}.{}", encode([0; 64])),
            ),
            (
                "our key's name, signed by another",
                self.signed(&self.header, &self.payload),
            ),
            (
                "an unknown kid",
                self.with_header(value!({"kid": "0".repeat(32)})),
            ),
            (
                "a kid that is a path",
                self.with_header(value!({"kid": "../../dev/null"})),
            ),
            (
                "a kid with SQL",
                self.with_header(value!({"kid": "' OR 1=1 --"})),
            ),
            (
                "jku",
                self.with_header(value!({"jku": "https://mallory.example/jwks.json"})),
            ),
            (
                "x5u",
                self.with_header(value!({"x5u": "https://mallory.example/key.pem"})),
            ),
            ("x5c", self.with_header(value!({"x5c": ["MIIB"]}))),
            ("jwk", self.with_header(value!({"jwk": self.own_jwk()}))),
            ("crit", self.with_header(value!({"crit": ["exp"]}))),
            ("another type", self.with_header(value!({"typ": "JWT"}))),
            ("more scopes", format!("{header}.{promoted}.{signature}")),
            ("truncated", self.token[..self.token.len() - 1].to_owned()),
            ("two parts", message.to_owned()),
            ("padding", format!("{}=", self.token)),
            (
                "two padded parts",
                format!("{header}=.{payload}=.{signature}=="),
            ),
            ("two dots more", format!("{}..", self.token)),
            ("two dots before", format!("..{}", self.token)),
            (
                "two dots between",
                format!("{header}...{payload}.{signature}"),
            ),
            (
                "encrypted",
                format!("{header}.{payload}.{signature}.{payload}.{signature}"),
            ),
            (
                "in a token",
                format!("{header}.{}.{signature}", encode(&self.token)),
            ),
            ("in quotes", format!("\"{}\"", self.token)),
            (
                "a long one",
                format!("{header}.{}.{signature}", "A".repeat(20_000)),
            ),
            ("nothing but dots", "..".to_owned()),
        ];
        let by_secret = self.with_public_key_as_secret().into_iter();
        all.extend(by_secret.map(|forged| ("HS256", forged)));
        all
    }
}

fn changed(object: &Value, more: Value) -> Value {
    let mut object = object.clone();
    let members = object.as_object_mut().expect("an object");
    members.extend(more.as_object().expect("an object").clone());
    object
}

/// What the tests of this program have logged so far, at every level.
fn log() -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("captured");
    fs::read_to_string(folder.join("http.log")).expect("the log of the tests")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_token_is_refused() {
    let app = TestApp::with_an_administrator(|_| ()).await;
    let mut root = app.signed_in("root").await;
    let token = token_of(&mut root).await;
    let forger = Forger::new(&app, token.clone()).await;
    let own = forger.signed(&forger.header, &forger.payload);
    assert_eq!(
        own.len(),
        token.len(),
        "a forgery differs in its signature alone"
    );
    let before = app.rows().await;
    for (why, forged) in forger.all() {
        assert_ne!(forged, token, "{why}");
        for (method, path) in [
            ("GET", ME),
            ("GET", "/api/v1/users"),
            ("POST", "/api/v1/logout"),
        ] {
            let answer = app.send(bearer(call(method, path), &forged)).await;
            assert_eq!(answer.status, 401, "{why}");
            assert_invalid(&answer);
            let problem = answer.text();
            assert!(
                !problem.contains("signature") && !problem.contains("kid"),
                "{problem}"
            );
        }
    }
    assert_eq!(app.rows().await, before);
    assert_eq!(app.send(bearer(call("GET", ME), &token)).await.status, 200);
    let log = log();
    assert!(log.contains("/api/v1/logout"), "it is the log of this test");
    for (why, secret) in forger.all().into_iter().chain([("the good one", token)]) {
        // Its last part: the others are in several of them.
        let part = secret.rsplit('.').next().unwrap_or_default();
        if part.len() > 20 {
            assert!(!log.contains(&part[..20]), "{why} is in the log");
        }
    }
}

/// It is refused before the header is read as a whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_a_megabyte_is_refused() {
    let app = TestApp::sqlite().await;
    let token = token_of(&mut app.signed_in("ada").await).await;
    let (header, rest) = token.split_once('.').unwrap();
    let huge = format!("{header}.{}.{rest}", "A".repeat(1_000_000));
    let host = format!("localhost:{}", app.address.port());
    let request = bearer(Request::get(ME), &huge).header("host", &host);
    let mut connection = crate::support::http::Connection::open(app.address).await;
    connection.send(&request.to_bytes()).await;
    if let Some(answer) = connection.answer().await {
        assert_eq!(answer.status, 431);
    }
    assert_eq!(
        app.send(bearer(call("GET", ME), &token)).await.status,
        200,
        "the server goes on"
    );
}

/// To the millisecond, without any leeway.
#[tokio::test(flavor = "multi_thread")]
async fn an_expired_or_early_token_is_refused() {
    let app = TestApp::sqlite().await;
    let mut ada = app.signed_in("ada").await;
    let at = |app: &TestApp, seconds| app.set_clock(Duration::from_secs(seconds));
    let token = token_of(&mut ada).await;
    app.set_clock(Duration::from_millis(299_999));
    assert_eq!(app.send(bearer(call("GET", ME), &token)).await.status, 200);
    at(&app, 300);
    assert_invalid(&app.send(bearer(call("GET", ME), &token)).await);
    at(&app, 400);
    let later = token_of(&mut ada).await;
    assert_eq!(app.send(bearer(call("GET", ME), &later)).await.status, 200);
    at(&app, 100);
    assert_invalid(&app.send(bearer(call("GET", ME), &later)).await);
}

/// The keys of one server are nothing to another.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_server_is_refused() {
    let (app, other) = (TestApp::sqlite().await, TestApp::sqlite().await);
    let token = token_of(&mut other.signed_in("ada").await).await;
    assert_invalid(&app.send(bearer(call("GET", ME), &token)).await);
    // The same keys under another address.
    let node = app.second_node().await;
    let mut ada = app.signed_in("ada").await;
    let token = token_of(&mut ada).await;
    assert_invalid(&node.send(bearer(call("GET", ME), &token)).await);
    assert_eq!(app.send(bearer(call("GET", ME), &token)).await.status, 200);
}
