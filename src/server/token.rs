//! Secrets that browsers bring and the server's own: made here and hashed here. A token is shown
//! once, to its cookie.

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
use sha2::{Digest, Sha256};
use std::fmt;
use zeroize::{ZeroizeOnDrop, Zeroizing};

const TOKEN_BYTES: usize = 32;
/// 32 bytes in base64url without padding.
pub const TOKEN_CHARS: usize = 43;

/// 256 random bits that stand for one signed-in browser (ASVS V7.2.3 asks for 128).
///
/// It has no `Serialize`, no `Clone` and a redacting `Debug`: it cannot be returned from a server
/// function, kept in two places or written to a log. The compiler keeps the promise that no
/// script ever sees it.
#[derive(ZeroizeOnDrop)]
pub struct SessionToken([u8; TOKEN_BYTES]);

impl SessionToken {
    /// # Panics
    /// Where the system has no source of randomness: without one nobody may sign in.
    pub fn random() -> Self {
        Self(random_bytes())
    }

    /// Reads a cookie value; `None` unless it is exactly what [`Self::cookie_value`] writes.
    pub fn parse(value: &[u8]) -> Option<Self> {
        parse(value).map(Self)
    }

    /// For the `Set-Cookie` header and for nothing else.
    pub fn cookie_value(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What the database keeps. SHA-256 without salt or stretching is enough for 256 random bits,
    /// and looking up a digest leaves no timing oracle on the token (CVE-2019-16782).
    pub fn digest(&self) -> TokenDigest {
        TokenDigest(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(self.0)))
    }
}

fn random_bytes() -> [u8; TOKEN_BYTES] {
    let mut bytes = [0; TOKEN_BYTES];
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

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(redacted)")
    }
}

/// SHA-256 of a token, in base64url: useless as a cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenDigest(String);

impl TokenDigest {
    /// As it stands in the database.
    pub const fn stored(digest: String) -> Self {
        Self(digest)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// 256 random bits by which a browser is known again after signing out. They let nobody in: they
/// only give a browser that signed in before a count of failures of its own.
#[derive(ZeroizeOnDrop)]
pub struct DeviceToken([u8; TOKEN_BYTES]);

impl DeviceToken {
    /// # Panics
    /// Where the system has no source of randomness.
    pub fn random() -> Self {
        Self(random_bytes())
    }

    /// Reads a cookie value; `None` unless it is exactly what [`Self::cookie_value`] writes.
    pub fn parse(value: &[u8]) -> Option<Self> {
        parse(value).map(Self)
    }

    /// For the `Set-Cookie` header and for nothing else.
    pub fn cookie_value(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    pub fn digest(&self) -> DeviceDigest {
        DeviceDigest(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(self.0)))
    }
}

impl fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceToken(redacted)")
    }
}

/// SHA-256 of a [`DeviceToken`], in base64url: useless as a cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceDigest(String);

impl DeviceDigest {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// 256 random bits that the server keeps for itself, to name things in a way that nobody else can
/// follow.
#[derive(Clone, ZeroizeOnDrop)]
pub struct ServerKey([u8; TOKEN_BYTES]);

impl ServerKey {
    /// # Panics
    /// Where the system has no source of randomness.
    pub fn random() -> Self {
        Self(random_bytes())
    }

    /// Reads what [`Self::to_text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        parse(text.as_bytes()).map(Self)
    }

    /// For the database, which is where the key is kept.
    pub fn to_text(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// HMAC-SHA-256 (RFC 2104) of `kind` and `name`, in base64url. No `kind` may be the beginning
    /// of another.
    pub fn digest(&self, kind: &'static str, name: &str) -> KeyedDigest {
        let digest = self.mac(kind, name).finalize().into_bytes();
        KeyedDigest(BASE64_URL_SAFE_NO_PAD.encode(digest))
    }

    /// Whether `text` is the digest of `kind` and `name`, as [`Self::digest`] writes it. It takes as long
    /// however much of it is right.
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

/// Stands for a name that must not be read off the database: who has no key cannot even try names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyedDigest(String);

impl KeyedDigest {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// 100 random bits that may make the first account (ASVS V6.4.1).
///
/// # Panics
/// Where the system has no source of randomness.
pub fn new_setup_code() -> SetupCode {
    let mut bytes = Zeroizing::new([0; CODE_SYMBOLS]);
    SysRng
        .try_fill_bytes(&mut *bytes)
        .expect("the system's random source answers");
    SetupCode::of_random(&bytes)
}

/// What the database keeps of a setup code. As with the token, so many random bits need no
/// stretching, and looking up a digest leaves no timing oracle.
pub fn setup_code_digest(code: &SetupCode) -> TokenDigest {
    TokenDigest(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(code.canonical().as_bytes())))
}

/// 150 random bits with which one person may set one password.
///
/// # Panics
/// Where the system has no source of randomness.
pub fn new_link_secret() -> LinkSecret {
    let mut bytes = Zeroizing::new([0; SECRET_SYMBOLS]);
    SysRng
        .try_fill_bytes(&mut *bytes)
        .expect("the system's random source answers");
    LinkSecret::of_random(&bytes)
}

/// What the database keeps of a link's secret, for the same reasons.
pub fn link_digest(secret: &LinkSecret) -> TokenDigest {
    TokenDigest(BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(secret.canonical().as_bytes())))
}

/// What no id comes before that is made at this time or later.
pub fn first_id_of(at: Timestamp) -> String {
    let time = format!("{:012x}", at.as_millis().max(0));
    let (high, low) = time.split_at(8);
    format!("{high}-{low}")
}

/// A name for a row of any table: ordered by time, unique, and no secret.
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
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_its_cookie() {
        let token = SessionToken::random();
        let read = SessionToken::parse(token.cookie_value().as_bytes()).expect("own spelling");
        assert_eq!(read.digest(), token.digest());
        assert_ne!(token.digest().as_str(), token.cookie_value());
    }

    #[test]
    fn every_other_spelling_is_no_token() {
        let value = SessionToken::random().cookie_value();
        let mut stray_bits = value.clone().into_bytes();
        // The last character carries 4 bits of the token and 2 bits that must be zero.
        stray_bits[TOKEN_CHARS - 1] += 1;
        let spellings: [&[u8]; 6] = [
            b"",
            &value.as_bytes()[1..],
            format!("{value}=").leak().as_bytes(),
            &stray_bits,
            &[0xFF; 43],
            &[b'+'; 43],
        ];
        for spelling in spellings {
            assert!(SessionToken::parse(spelling).is_none(), "{spelling:?}");
        }
    }

    #[test]
    fn debug_output_is_redacted() {
        let token = SessionToken::random();
        assert!(!format!("{token:?}").contains(&token.cookie_value()));
    }

    #[test]
    fn setup_codes_do_not_repeat_and_use_every_symbol() {
        let codes: std::collections::HashSet<_> = (0..1_000)
            .map(|_| new_setup_code().canonical().to_string())
            .collect();
        assert_eq!(codes.len(), 1_000);
        let symbols: std::collections::HashSet<_> =
            codes.iter().flat_map(|code| code.chars()).collect();
        assert_eq!(symbols.len(), 32);
    }

    #[test]
    fn a_setup_code_has_one_digest_however_it_is_typed() {
        let code = new_setup_code();
        let typed = SetupCode::new(code.reveal().to_lowercase().replace('-', " "));
        assert_eq!(setup_code_digest(&typed), setup_code_digest(&code));
        let other = SetupCode::new(format!("{}0", code.reveal()));
        assert_ne!(setup_code_digest(&other), setup_code_digest(&code));
    }

    #[test]
    fn link_secrets_do_not_repeat_and_have_one_digest_however_typed() {
        let secrets: std::collections::HashSet<_> = (0..1_000)
            .map(|_| new_link_secret().canonical().to_string())
            .collect();
        assert_eq!(secrets.len(), 1_000);
        assert!(secrets.iter().all(|secret| secret.len() == SECRET_SYMBOLS));
        let secret = new_link_secret();
        let typed = LinkSecret::new(secret.reveal().to_lowercase().replace('-', " "));
        assert_eq!(link_digest(&typed), link_digest(&secret));
    }

    #[test]
    fn a_keyed_digest_is_verified_and_nothing_else() {
        let key = ServerKey::random();
        let digest = key.digest("a:", "name").as_str().to_owned();
        assert!(key.verifies("a:", "name", &digest));
        assert!(!key.verifies("a:", "name2", &digest));
        assert!(!key.verifies("b:", "name", &digest));
        assert!(!ServerKey::random().verifies("a:", "name", &digest));
        for text in [
            "",
            "x",
            &digest[1..],
            &format!("{digest}="),
            &digest.to_lowercase(),
        ] {
            assert!(!key.verifies("a:", "name", text), "{text}");
        }
    }

    #[test]
    fn ids_are_ordered_by_the_time_of_their_making() {
        let now = uuid::Uuid::now_v7()
            .get_timestamp()
            .expect("a time")
            .to_unix();
        let now = Timestamp::from_millis(now.0 as i64 * 1_000);
        let id = new_id();
        assert!(first_id_of(now) <= id, "{id}");
        assert!(
            id < first_id_of(now.after(std::time::Duration::from_secs(60))),
            "{id}"
        );
    }

    #[test]
    fn ten_thousand_tokens_do_not_repeat_and_use_every_bit() {
        let tokens: Vec<_> = (0..10_000).map(|_| SessionToken::random()).collect();
        let distinct: std::collections::HashSet<_> = tokens.iter().map(|token| token.0).collect();
        assert_eq!(distinct.len(), tokens.len());
        for bit in 0..TOKEN_BYTES * 8 {
            let ones = tokens
                .iter()
                .filter(|token| token.0[bit / 8] >> (bit % 8) & 1 == 1)
                .count();
            // Six standard deviations of a fair coin: 5,000 ± 300.
            assert!(
                (4_700..=5_300).contains(&ones),
                "bit {bit} is one in {ones} of 10,000"
            );
        }
    }
}
