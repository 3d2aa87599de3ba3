//! Tokens and other secrets of browsers and of the server: created here and hashed here. A token is sent once, in its
//! cookie.

pub mod key;

use crate::domain::{
    moment::Timestamp,
    password_link::{LinkSecret, SECRET_SYMBOLS},
    session::SessionId,
    setup::{CODE_SYMBOLS, SetupCode},
    user::UserId,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use rand::{TryRng, rngs::SysRng};
use sha2::{Digest as _, Sha256};
use std::{fmt, marker::PhantomData};
use zeroize::{ZeroizeOnDrop, Zeroizing};

const TOKEN_BYTES: usize = 32;
/// 32 bytes in base64url without padding.
pub const TOKEN_CHARS: usize = 43;

/// What a secret is for. The type keeps a secret, and its digest, from being used as one of another kind.
pub trait Kind {
    const NAME: &'static str;
}

macro_rules! kinds {
    ($($(#[$note:meta])* $kind:ident $name:literal;)*) => {
        $(
            $(#[$note])*
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub enum $kind {}

            impl Kind for $kind {
                const NAME: &'static str = $name;
            }
        )*
    };
}

kinds! {
    /// One signed-in browser.
    OfSession "SessionToken";
    /// A browser that stays known after signing out. It gives no access: it only gives a browser that signed in before
    /// a counter of failures of its own.
    OfDevice "DeviceToken";
    /// The code for the first account.
    OfSetup "SetupCode";
    /// The right of one user to set a password once.
    OfLink "LinkSecret";
    /// A personal key of programs.
    OfKey "AccessKey";
}

pub type SessionToken = Secret<OfSession>;
pub type TokenDigest = Digest<OfSession>;
pub type DeviceToken = Secret<OfDevice>;
pub type DeviceDigest = Digest<OfDevice>;
pub type SetupCodeDigest = Digest<OfSetup>;
pub type LinkDigest = Digest<OfLink>;

/// 256 random bits in a cookie (ASVS V7.2.3 requires 128).
///
/// It has no `Serialize`, no `Clone` and a redacting `Debug`: it cannot be returned from a server
/// function, kept in two places or written to a log. So the compiler guarantees that no script
/// ever sees it.
#[derive(ZeroizeOnDrop)]
pub struct Secret<K: Kind>([u8; TOKEN_BYTES], #[zeroize(skip)] PhantomData<K>);

impl<K: Kind> Secret<K> {
    /// # Panics
    /// If the system has no source of randomness: without one nobody may sign in.
    pub fn random() -> Self {
        Self(random_array(), PhantomData)
    }

    /// Parses a cookie value; `None` unless it is exactly what [`Self::cookie_value`] writes.
    pub fn parse(value: &[u8]) -> Option<Self> {
        parse(value).map(|bytes| Self(bytes, PhantomData))
    }

    /// For the `Set-Cookie` header only.
    pub fn cookie_value(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// The digest for the database.
    pub fn digest(&self) -> Digest<K> {
        Digest::of(&self.0)
    }
}

/// Random bytes, for keys and nonces.
///
/// # Panics
/// If the system has no source of randomness.
pub fn random_array<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SysRng
        .try_fill_bytes(&mut bytes)
        .expect("the system's random source answers");
    bytes
}

fn parse(value: &[u8]) -> Option<[u8; TOKEN_BYTES]> {
    let mut bytes = [0; TOKEN_BYTES];
    (value.len() == TOKEN_CHARS).then_some(())?;
    // The decoder refuses padding, foreign characters and stray trailing bits, so that one
    // token has one spelling.
    let written = BASE64_URL_SAFE_NO_PAD
        .decode_slice(value, &mut bytes)
        .ok()?;
    (written == TOKEN_BYTES).then_some(bytes)
}

impl<K: Kind> fmt::Debug for Secret<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(redacted)", K::NAME)
    }
}

/// SHA-256 of a secret, in base64url: useless as a cookie. Without salt or stretching it is enough for 100 random
/// bits and more, and looking up a digest leaves no timing oracle on the secret (CVE-2019-16782).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest<K>(String, PhantomData<K>);

impl<K> Digest<K> {
    fn of(secret: &[u8]) -> Self {
        Self::stored(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(secret)))
    }

    /// A digest from the database.
    pub const fn stored(digest: String) -> Self {
        Self(digest, PhantomData)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// 256 random bits that only the server knows. It derives names that others cannot compute.
#[derive(Clone, ZeroizeOnDrop)]
pub struct ServerKey([u8; TOKEN_BYTES]);

impl ServerKey {
    /// # Panics
    /// If the system has no source of randomness.
    pub fn random() -> Self {
        Self(random_array())
    }

    /// A key that is kept elsewhere.
    pub const fn of_bytes(bytes: [u8; TOKEN_BYTES]) -> Self {
        Self(bytes)
    }

    /// Parses the output of [`Self::to_text`].
    pub fn parse(text: &str) -> Option<Self> {
        parse(text.as_bytes()).map(Self)
    }

    /// For the database, which stores the key.
    pub fn to_text(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// HMAC-SHA-256 (RFC 2104) of `kind` and `name`, in base64url. No `kind` may be the beginning
    /// of another.
    pub fn digest(&self, kind: &'static str, name: &str) -> KeyedDigest {
        let digest = self.mac(kind, name).finalize().into_bytes();
        KeyedDigest(BASE64_URL_SAFE_NO_PAD.encode(digest))
    }

    /// Whether `text` is the digest of `kind` and `name`, as [`Self::digest`] writes it. The comparison takes constant
    /// time.
    pub fn verifies(&self, kind: &'static str, name: &str, text: &str) -> bool {
        let digest = parse(text.as_bytes());
        digest.is_some_and(|digest| self.mac(kind, name).verify_slice(&digest).is_ok())
    }

    /// # Panics
    /// Never: HMAC takes keys of any length.
    fn mac(&self, kind: &'static str, name: &str) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("a key of any length is valid");
        mac.update(kind.as_bytes());
        mac.update(name.as_bytes());
        mac
    }
}

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerKey(redacted)")
    }
}

/// Replaces a name that must not be readable in the database: without the key, names cannot even be guessed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyedDigest(String);

impl KeyedDigest {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// 100 random bits for the creation of the first account (ASVS V6.4.1).
///
/// # Panics
/// If the system has no source of randomness.
pub fn new_setup_code() -> SetupCode {
    let mut bytes = Zeroizing::new([0; CODE_SYMBOLS]);
    SysRng
        .try_fill_bytes(&mut *bytes)
        .expect("the system's random source answers");
    SetupCode::of_random(&bytes)
}

/// The digest of a setup code for the database.
pub fn setup_code_digest(code: &SetupCode) -> SetupCodeDigest {
    Digest::of(code.canonical().as_bytes())
}

/// 150 random bits with which one user may set one password.
///
/// # Panics
/// If the system has no source of randomness.
pub fn new_link_secret() -> LinkSecret {
    let mut bytes = Zeroizing::new([0; SECRET_SYMBOLS]);
    SysRng
        .try_fill_bytes(&mut *bytes)
        .expect("the system's random source answers");
    LinkSecret::of_random(&bytes)
}

/// The digest of a link's secret for the database.
pub fn link_digest(secret: &LinkSecret) -> LinkDigest {
    Digest::of(secret.canonical().as_bytes())
}

/// A lower bound of all ids that are made at this time or later.
pub fn first_id_of(at: Timestamp) -> String {
    let time = format!("{:012x}", at.as_millis().max(0));
    let (high, low) = time.split_at(8);
    format!("{high}-{low}")
}

/// An id for a row of any table: ordered by time, unique, and no secret.
pub fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

pub fn new_session_id() -> SessionId {
    SessionId(new_id())
}

pub fn new_user_id() -> UserId {
    UserId(new_id())
}

#[cfg(test)]
mod tests;
