//! ES256 (RFC 7518, 3.4): ECDSA on P-256 with SHA-256. One raw signature, and one raw verification.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
        UnparsedPublicKey,
    },
};
use zeroize::Zeroizing;

/// Two numbers of 32 bytes: the form of JWS, not that of X.509.
pub const SIGNATURE_BYTES: usize = 64;
/// One byte for the form, and two coordinates of 32 bytes.
const POINT_BYTES: usize = 65;
const COORDINATE_BYTES: usize = 32;
/// The form of a point with both coordinates (SEC 1, 2.3.3).
const UNCOMPRESSED: u8 = 4;

pub type Signature = [u8; SIGNATURE_BYTES];

const RANDOM: &str = "the system's random source answers";

/// A private key. It cannot be printed, copied or written out again.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    /// ring accepts no other source of randomness than its own, which is the system's.
    random: SystemRandom,
}

impl SigningKey {
    /// A new key as PKCS #8 (RFC 5958), to be sealed.
    ///
    /// # Panics
    /// If the system has no source of randomness.
    pub fn generate() -> Zeroizing<Vec<u8>> {
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        Zeroizing::new(document.expect(RANDOM).as_ref().to_vec())
    }

    /// `None` unless it is what [`Self::generate`] makes. Its two parts have to belong together.
    pub fn parse(pkcs8: &[u8]) -> Option<Self> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random);
        Some(Self {
            pair: pair.ok()?,
            random,
        })
    }

    /// # Panics
    /// Never: a public key of P-256 has 65 bytes.
    pub fn public(&self) -> PublicKey {
        let point = self.pair.public_key().as_ref();
        PublicKey(point.try_into().expect("an uncompressed point"))
    }

    /// # Panics
    /// If the system has no source of randomness.
    pub fn sign(&self, message: &[u8]) -> Signature {
        let signature = self.pair.sign(&self.random, message).expect(RANDOM);
        let signature = signature.as_ref().try_into();
        signature.expect("a signature of fixed length")
    }
}

/// A public key: an uncompressed point of P-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; POINT_BYTES]);

impl PublicKey {
    /// Whether it is the signature of `message`. Points and numbers outside of the curve are refused, zero among them
    /// (CVE-2022-21449).
    pub fn verifies(&self, message: &[u8], signature: &Signature) -> bool {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.0);
        key.verify(message, signature).is_ok()
    }

    /// For the database: the point in base64url.
    pub fn to_text(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The coordinates, in base64url (RFC 7518, 6.2.1).
    pub fn coordinates(&self) -> [String; 2] {
        debug_assert_eq!(self.0[0], UNCOMPRESSED);
        let (x, y) = self.0[1..].split_at(COORDINATE_BYTES);
        [x, y].map(|coordinate| BASE64_URL_SAFE_NO_PAD.encode(coordinate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        BASE64_URL_SAFE_NO_PAD
            .decode(text)
            .unwrap()
            .try_into()
            .unwrap()
    }

    /// RFC 7515, A.3: what others sign is what is verified here.
    #[test]
    fn the_example_of_the_standard_is_verified() {
        let x: [u8; 32] = bytes("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU");
        let y: [u8; 32] = bytes("x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0");
        let point = [&[UNCOMPRESSED], x.as_slice(), &y].concat();
        let key = PublicKey(point.try_into().unwrap());
        let message = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
            cGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = bytes(
            "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
        );
        assert!(key.verifies(message.as_bytes(), &signature));
        assert!(!key.verifies(&message.as_bytes()[1..], &signature));
    }

    #[test]
    fn a_signature_is_of_its_key_and_its_message() {
        let key = SigningKey::parse(&SigningKey::generate()).unwrap();
        let other = SigningKey::parse(&SigningKey::generate()).unwrap();
        let signature = key.sign(b"message");
        assert!(key.public().verifies(b"message", &signature));
        assert!(!key.public().verifies(b"massage", &signature));
        assert!(!other.public().verifies(b"message", &signature));
        assert_ne!(key.sign(b"message"), signature, "each has a random part");
    }

    #[test]
    fn numbers_outside_of_the_curve_are_no_signature() {
        let key = SigningKey::parse(&SigningKey::generate()).unwrap();
        let signature = key.sign(b"message");
        let mut forged = vec![[0; 64], [0xff; 64], [1; 64]];
        for zeroed in [0..32, 32..64] {
            let mut half = signature;
            half[zeroed].fill(0);
            forged.push(half);
        }
        // The order of the group, in the place of both numbers.
        let order: [u8; 32] = [
            0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
            0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63,
            0x25, 0x51,
        ];
        forged.push([order, order].concat().try_into().unwrap());
        for forged in forged {
            assert!(!key.public().verifies(b"message", &forged), "{forged:?}");
        }
    }

    #[test]
    fn a_damaged_private_key_is_refused() {
        let pkcs8 = SigningKey::generate();
        for at in 0..pkcs8.len() {
            let mut damaged = pkcs8.clone();
            damaged[at] ^= 1;
            assert!(SigningKey::parse(&damaged).is_none(), "byte {at}");
        }
        assert!(SigningKey::parse(&[]).is_none());
    }
}
