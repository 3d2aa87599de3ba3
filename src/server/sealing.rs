//! Sealing: secrets that are stored in the database, and that the database alone does not reveal.

mod file;

use crate::server::token::{ServerKey, random_array};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
pub use file::{SealingKeyError, create_if_missing, permission_warning, read};
use std::fmt;
use zeroize::{ZeroizeOnDrop, Zeroizing};

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// Begins every sealed text. Another method gets another prefix, so that both can be read.
const VERSION: &str = "v1.";

/// The form of a sealing key, for messages. They never repeat the text, which may be one with a typing error.
pub const FORM: &str = "64 hexadecimal digits, as `openssl rand -hex 32` prints them";

/// 256 random bits, which are kept outside of the database.
#[derive(Clone, PartialEq, Eq, ZeroizeOnDrop)]
pub struct SealingKey([u8; KEY_BYTES]);

impl SealingKey {
    /// # Panics
    /// If the system has no source of randomness.
    pub fn random() -> Self {
        Self(random_array())
    }

    /// Parses 64 hexadecimal digits. `None` for everything else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        (digits.len() == 2 * KEY_BYTES).then_some(())?;
        let mut key = Self([0; KEY_BYTES]);
        for (byte, pair) in key.0.iter_mut().zip(digits.chunks_exact(2)) {
            let [high, low] = [pair[0], pair[1]].map(|digit| char::from(digit).to_digit(16));
            *byte = u8::try_from(high? << 4 | low?).ok()?;
        }
        Some(key)
    }

    /// For the file; [`Self::parse`] reads it.
    fn to_text(&self) -> Zeroizing<String> {
        let digits = self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let digits = digits.filter_map(|digit| char::from_digit(u32::from(digit), 16));
        Zeroizing::new(digits.collect())
    }

    /// Distinguishes this key from others, and reveals nothing of it.
    pub fn name(&self) -> String {
        let name = ServerKey::of_bytes(self.0).digest("sealing key:", "name");
        name.as_str().to_owned()
    }

    /// Seals a secret (XChaCha20-Poly1305). `label` names what it is and where it is stored: only with the same label
    /// is it opened, so a row cannot be put in the place of another one. The nonce is random, and with 192 bits never
    /// repeats.
    ///
    /// # Panics
    /// If the system has no source of randomness.
    pub fn seal(&self, label: &str, secret: &[u8]) -> String {
        let nonce: [u8; NONCE_BYTES] = random_array();
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload(label, secret));
        let sealed = sealed.expect("a secret is shorter than 256 GiB");
        let text = BASE64_URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat());
        format!("{VERSION}{text}")
    }

    /// Opens what [`Self::seal`] has sealed. `None` if it was sealed with another key or another label, or was changed.
    pub fn open(&self, label: &str, text: &str) -> Option<Zeroizing<Vec<u8>>> {
        let bytes = BASE64_URL_SAFE_NO_PAD
            .decode(text.strip_prefix(VERSION)?)
            .ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let opened = self
            .cipher()
            .decrypt(&XNonce::from(*nonce), payload(label, sealed));
        opened.ok().map(Zeroizing::new)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }
}

fn payload<'a>(label: &'a str, msg: &'a [u8]) -> Payload<'a, 'a> {
    Payload {
        msg,
        aad: label.as_bytes(),
    }
}

impl fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealingKey(redacted)")
    }
}

#[cfg(test)]
mod tests;
