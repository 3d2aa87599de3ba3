//! The public keys, for those who verify tokens elsewhere.

use super::keys::Key;
use serde::Serialize;

/// The public keys (RFC 7517, 5), as JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jwks {
    pub keys: Vec<Jwk>,
}

/// One public key (RFC 7517, 4; RFC 7518, 6.2.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Jwk {
    pub kty: &'static str,
    pub crv: &'static str,
    #[serde(rename = "use")]
    pub used_for: &'static str,
    pub alg: &'static str,
    pub kid: String,
    pub x: String,
    pub y: String,
}

impl From<&Key> for Jwk {
    fn from(key: &Key) -> Self {
        let [x, y] = key.public.coordinates();
        Self {
            kty: "EC",
            crv: "P-256",
            used_for: "sig",
            alg: "ES256",
            kid: key.id.clone(),
            x,
            y,
        }
    }
}
