//! The text of an access token, read and changed as an attacker or a library elsewhere would.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::Value;

/// A token in its parts (RFC 7519).
pub struct Token {
    pub header: Value,
    pub claims: Value,
    pub signature: Vec<u8>,
    /// Encoded, as they came: header and claims are signed in this spelling.
    parts: [String; 3],
}

impl Token {
    /// `None` if it is no signed JWT.
    pub fn parse(text: &str) -> Option<Self> {
        let (message, signature) = text.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let object = |part: &str| {
            let value: Value = serde_json::from_slice(&decode(part)?).ok()?;
            value.is_object().then_some(value)
        };
        Some(Self {
            header: object(header)?,
            claims: object(claims)?,
            signature: decode(signature)?,
            parts: [header, claims, signature].map(str::to_owned),
        })
    }

    /// Whether this key (RFC 7517) verifies it as ES256 (RFC 7518, 3.4).
    pub fn is_signed_by(&self, jwk: &Value) -> bool {
        let coordinate = |name: &str| jwk[name].as_str().and_then(decode);
        let (Some(x), Some(y)) = (coordinate("x"), coordinate("y")) else {
            return false;
        };
        let point = [&[4], x.as_slice(), &y].concat();
        let [header, claims, _] = &self.parts;
        let message = format!("{header}.{claims}");
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(message.as_bytes(), &self.signature)
            .is_ok()
    }

    /// The same token with other claims.
    pub fn with_claims(&self, claims: &Value) -> String {
        let [header, _, signature] = &self.parts;
        format!("{header}.{}.{signature}", encode(claims))
    }

    /// The same token with another header, and its own signature or none.
    pub fn with_header(&self, header: &Value, is_signed: bool) -> String {
        let [_, claims, signature] = &self.parts;
        let signature = if is_signed { signature } else { "" };
        format!("{}.{claims}.{signature}", encode(header))
    }

    /// The same token with another signature.
    pub fn with_signature(&self, signature: &[u8]) -> String {
        let [header, claims, _] = &self.parts;
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
        format!("{header}.{claims}.{signature}")
    }
}

fn encode(part: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(part.to_string())
}

fn decode(part: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(part).ok()
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use ring::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
    };
    use serde_json::json;

    /// A token with these contents, and the key that verifies it.
    pub fn signed(header: &Value, claims: &Value) -> (Token, Value) {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap();
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature = pair.sign(&random, message.as_bytes()).unwrap();
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature);
        let token = Token::parse(&format!("{message}.{signature}")).unwrap();
        let point = pair.public_key().as_ref()[1..].to_vec();
        let [x, y] = [&point[..32], &point[32..]].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part));
        (token, json!({"x": x, "y": y}))
    }

    #[test]
    fn a_signature_is_of_header_and_claims() {
        let header = json!({"alg": "ES256"});
        let (token, key) = signed(&header, &json!({"sub": "ada"}));
        assert!(token.is_signed_by(&key));
        let (_, other) = signed(&header, &json!({"sub": "ada"}));
        for forged in [
            token.with_claims(&json!({"sub": "root"})),
            token.with_header(&json!({"alg": "none"}), true),
            token.with_header(&header, false),
            token.with_signature(&[0; 64]),
        ] {
            let parsed = Token::parse(&forged).unwrap();
            assert!(!parsed.is_signed_by(&key), "{forged}");
        }
        assert_eq!(
            token.with_signature(&token.signature),
            token.parts.join(".")
        );
        assert!(!token.is_signed_by(&other));
        assert!(!token.is_signed_by(&json!({"x": key["x"]})));
    }

    #[test]
    fn other_texts_are_no_tokens() {
        for text in ["", "a.b", "a.b.c", "e30.e30", "W10.e30.AA", "e30.e30.A="] {
            assert!(Token::parse(text).is_none(), "{text}");
        }
        assert!(Token::parse("e30.e30.AA").is_some());
    }
}
