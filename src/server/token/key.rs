//! The text of an access key: `vst_<id>_<secret>_<checksum>`, in lower-case hexadecimal digits.
//!
//! Secret scanners recognise it by `vst_[0-9a-f]{32}_[0-9a-f]{64}_[0-9a-f]{8}`, and tell it from other texts of that
//! form by the checksum: the first 8 digits of the SHA-256 of everything before the last `_`.

use super::{Digest, Kind, OfKey, Secret, TOKEN_BYTES};
use crate::domain::access_key::{AccessKeyId, AccessKeyText};
use sha2::{Digest as _, Sha256};
use std::{fmt, marker::PhantomData};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// No access token begins so: a token begins with `eyJ`.
pub const KEY_PREFIX: &str = "vst_";
const ID_CHARS: usize = 32;
const CHECKSUM_CHARS: usize = 8;
/// The length of every key: 4 + 32 + 1 + 64 + 1 + 8.
pub const KEY_CHARS: usize = KEY_PREFIX.len() + ID_CHARS + 1 + 2 * TOKEN_BYTES + 1 + CHECKSUM_CHARS;

pub type KeyDigest = Digest<OfKey>;

/// A well-formed key of a request, which may or may not exist.
pub struct PresentedKey {
    pub id: AccessKeyId,
    secret: Secret<OfKey>,
}

impl PresentedKey {
    /// A new key, with an id of its own.
    ///
    /// # Panics
    /// If the system has no source of randomness.
    pub fn random() -> Self {
        Self {
            id: AccessKeyId(uuid::Uuid::now_v7().simple().to_string()),
            secret: Secret::random(),
        }
    }

    /// Parses exactly what [`Self::text`] writes; `None` for anything else, a wrong checksum included. A mistyped key
    /// costs no query.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (rest, checksum) = (text.len() == KEY_CHARS)
            .then(|| text.rsplit_once('_'))
            .flatten()?;
        let (id, secret) = rest.strip_prefix(KEY_PREFIX)?.split_once('_')?;
        let is_id = id.len() == ID_CHARS && id.bytes().all(is_digit);
        let secret = Secret(from_hex(secret)?, PhantomData);
        (is_id && checksum == checksum_of(rest)).then(|| Self {
            id: AccessKeyId(id.to_owned()),
            secret,
        })
    }

    /// The key in one piece, for the person who has just created it.
    pub fn text(&self) -> AccessKeyText {
        let secret = Zeroizing::new(hex(&self.secret.0));
        let rest = Zeroizing::new(format!("{KEY_PREFIX}{}_{}", self.id, *secret));
        AccessKeyText::new(format!("{}_{}", *rest, checksum_of(&rest)))
    }

    /// The digest for the database.
    pub fn digest(&self) -> KeyDigest {
        self.secret.digest()
    }

    /// Whether this is the key with the stored digest. The comparison takes constant time; without a stored digest it
    /// takes as long, and fails.
    pub fn verifies(&self, stored: Option<&KeyDigest>) -> bool {
        let digest = self.digest();
        let is_equal = |stored: &KeyDigest| digest.0.as_bytes().ct_eq(stored.0.as_bytes()).into();
        let other = Digest::of(b"");
        is_equal(stored.unwrap_or(&other)) && stored.is_some()
    }
}

impl fmt::Debug for PresentedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", OfKey::NAME, self.id)
    }
}

fn checksum_of(text: &str) -> String {
    hex(&Sha256::digest(text)[..CHECKSUM_CHARS / 2])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'a'..=b'f')
}

fn from_hex(text: &str) -> Option<[u8; TOKEN_BYTES]> {
    let is_hex = text.len() == 2 * TOKEN_BYTES && text.bytes().all(is_digit);
    let mut bytes = [0; TOKEN_BYTES];
    for (byte, digits) in bytes
        .iter_mut()
        .zip(is_hex.then_some(text)?.as_bytes().chunks(2))
    {
        let digits = std::str::from_utf8(digits).ok()?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_parses_from_its_text_and_verifies() {
        let key = PresentedKey::random();
        let text = key.text();
        assert_eq!(text.reveal().len(), KEY_CHARS);
        let parsed = PresentedKey::parse(text.reveal().as_bytes()).unwrap();
        assert_eq!(parsed.id, key.id);
        assert!(parsed.verifies(Some(&key.digest())));
        assert!(!parsed.verifies(Some(&PresentedKey::random().digest())));
        assert!(!parsed.verifies(None));
        let nothing = Digest::of(b"");
        assert!(!parsed.verifies(Some(&nothing)));
    }

    #[test]
    fn only_the_exact_text_is_a_key() {
        let text = PresentedKey::random().text();
        let text = text.reveal();
        let changed = |position: usize| {
            let mut bytes = text.as_bytes().to_vec();
            bytes[position] = if bytes[position] == b'0' { b'1' } else { b'0' };
            bytes
        };
        for position in 0..text.len() {
            assert!(
                PresentedKey::parse(&changed(position)).is_none(),
                "{position}"
            );
        }
        let others = [
            String::new(),
            text.to_uppercase(),
            format!(" {text}"),
            format!("{text}\n"),
            text[..text.len() - 1].to_owned(),
            text.replace('_', "-"),
            "é".repeat(KEY_CHARS / 2),
        ];
        for other in others {
            assert!(PresentedKey::parse(other.as_bytes()).is_none(), "{other}");
        }
    }

    #[test]
    fn debug_output_has_no_secret() {
        let key = PresentedKey::random();
        let secret = hex(&key.secret.0);
        assert!(!format!("{key:?}").contains(&secret));
    }
}
