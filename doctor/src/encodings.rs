//! Digests and encodings.

use base64::{Engine, prelude::BASE64_STANDARD, prelude::BASE64_URL_SAFE_NO_PAD};
use md5::Md5;
use sha2::{Digest, Sha256};

/// The value of the header `Repr-Digest` for a body (RFC 9530).
pub fn digest_field(body: &[u8]) -> String {
    format!("sha-256=:{}:", BASE64_STANDARD.encode(Sha256::digest(body)))
}

/// The digest that tools/build and cargo-leptos write into file names.
pub fn name_digest(content: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Md5::digest(content))
}

pub fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// The bytes of a token, if it is base64.
pub fn decode_token(token: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(token).ok()
}

pub fn hexadecimal(bytes: &[u8]) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    digits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_have_their_standard_encoding() {
        // Appendix D of RFC 9530.
        let body = b"{\"hello\": \"world\"}\n";
        let expected = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:";
        assert_eq!(digest_field(body), expected);
        assert_eq!(name_digest(b""), "1B2M2Y8AsgTpgAmY7PhCfg");
        assert_eq!(hexadecimal(b"\x00\xff"), "00ff");
    }
}
