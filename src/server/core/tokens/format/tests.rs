mod claims;
mod header;
mod text;

use super::*;
use crate::server::sealing::SealingKey;
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp::from_millis(1_790_000_000_000);
const IAT: u64 = 1_790_000_000;
const LIFETIME: Duration = Duration::from_secs(300);

/// A server, and somebody who can sign with its key whatever they want: a signature alone makes no token.
struct Server {
    keys: KeySet,
    issuer: Issuer,
}

impl Server {
    fn new() -> Self {
        let sealing_key = SealingKey::random();
        let first = KeySet::default().next_key(&sealing_key, NOW).unwrap();
        Self {
            keys: KeySet::open(&[first], &sealing_key).0,
            issuer: Issuer::new("https://id.example.org"),
        }
    }

    fn key(&self) -> &Key {
        self.keys.signer(NOW).unwrap()
    }

    fn header(&self) -> Value {
        json!({"alg": "ES256", "typ": "at+jwt", "kid": self.key().id})
    }

    fn payload(&self) -> Value {
        json!({
            "iss": "https://id.example.org", "aud": "https://id.example.org/api/v1", "sub": "u1", "sid": "s1",
            "scope": "profile:read sessions:read", "jti": "t1", "iat": IAT, "exp": IAT + 300,
            "auth_time_ms": IAT * 1_000 + 7,
        })
    }

    fn signed(&self, header: &str, payload: &str) -> String {
        let message = format!("{}.{}", base64(header), base64(payload));
        self.sign(&message)
    }

    fn sign(&self, message: &str) -> String {
        let signature = self.key().signing.sign(message.as_bytes());
        format!("{message}.{}", base64(signature))
    }

    fn with_header(&self, change: Value) -> String {
        let header = changed(self.header(), change);
        self.signed(&header.to_string(), &self.payload().to_string())
    }

    fn with_payload(&self, change: Value) -> String {
        let payload = changed(self.payload(), change);
        self.signed(&self.header().to_string(), &payload.to_string())
    }

    fn verify_at(&self, text: &str, now: Timestamp) -> Result<Claims, InvalidToken> {
        verify(&self.keys, &self.issuer, LIFETIME, text, now)
    }

    fn verify(&self, text: &str) -> Result<Claims, InvalidToken> {
        self.verify_at(text, NOW)
    }

    fn good(&self) -> String {
        let good = self.with_payload(json!({}));
        self.verify(&good).expect("a valid token");
        good
    }
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn changed(mut object: Value, change: Value) -> Value {
    let members = change.as_object().unwrap().clone();
    object.as_object_mut().unwrap().extend(members);
    object
}

fn claims() -> Claims {
    Claims {
        user: UserId("u1".to_owned()),
        session: SessionId("s1".to_owned()),
        scope: "profile:read sessions:read".to_owned(),
        id: "t1".to_owned(),
        issued_at: NOW,
        expires_at: NOW.after(LIFETIME),
        authenticated_at: Timestamp::from_millis(1_790_000_000_007),
    }
}

#[test]
fn a_token_comes_back_as_it_was_written() {
    let server = Server::new();
    let text = write(server.key(), &server.issuer, &claims());
    assert_eq!(server.verify(&text), Ok(claims()));
    assert_eq!(server.verify(&server.good()), Ok(claims()));
    let parts: Vec<_> = text
        .split('.')
        .map(|part| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap())
        .collect();
    let json = |part: &[u8]| serde_json::from_slice::<Value>(part).unwrap();
    assert_eq!(json(&parts[0]), server.header());
    assert_eq!(json(&parts[1]), server.payload());
    assert_eq!(parts[2].len(), 64);
}
