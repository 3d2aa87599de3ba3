//! Access tokens: short-lived JWTs for programs and pages of other origins. Each belongs to one session.
//!
//! A signature shows who was signed in when the token was issued. Whether the session is still live, only the database
//! knows: the caller looks it up, at each request.

mod format;
mod jwks;
pub mod keys;
mod renewal;
pub mod signing;

use crate::{
    domain::{moment::Timestamp, session::SessionId, user::UserId},
    error::{AppError, Failure},
    server::{core::Core, db::StoreError, sealing::SealingKey, token},
};
pub use format::InvalidToken;
pub use jwks::{Jwk, Jwks};
use keys::KeySet;
pub use renewal::renew;
use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};
use tokio::sync::MutexGuard;

/// A token cannot be called back where the session is not looked up. So it is short, and five minutes cost a client
/// twelve requests an hour.
pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);
/// Below, most requests of a client would be for tokens.
pub const MIN_LIFETIME: Duration = Duration::from_secs(60);
pub const MAX_LIFETIME: Duration = Duration::from_secs(3_600);

/// `Cache-Control: max-age` of the JWKS: a key that was removed is not trusted for longer.
pub const JWKS_MAX_AGE: Duration = Duration::from_secs(900);

/// Issues and verifies access tokens. Clones share the keys.
#[derive(Clone)]
pub struct Tokens(Arc<Shared>);

struct Shared {
    lifetime: Duration,
    /// Without one no token is issued, and none is valid.
    sealing_key: Option<SealingKey>,
    current: RwLock<renewal::Current>,
    /// One reads the keys at a time.
    turn: tokio::sync::Mutex<()>,
    reported: Mutex<BTreeSet<String>>,
}

/// The `iss` and `aud` of the tokens of this server. Nothing else is accepted from a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    issuer: String,
    audience: String,
}

impl Issuer {
    /// `origin` is that of the public address, in the form of the `Origin` header.
    pub fn new(origin: &str) -> Self {
        Self {
            issuer: origin.to_owned(),
            audience: format!("{origin}/api/v1"),
        }
    }

    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    pub fn audience(&self) -> &str {
        &self.audience
    }
}

/// For whom a token is issued.
#[derive(Clone, Copy, Debug)]
pub struct Grant<'a> {
    pub user: &'a UserId,
    pub session: &'a SessionId,
    /// Words with spaces between them (RFC 6749, 3.3).
    pub scope: &'a str,
    /// When the person of the session was last authenticated. The token ends with the next time.
    pub authenticated_at: Timestamp,
    /// The end of the session if it is not used. The token lives no longer.
    pub session_ends_at: Timestamp,
}

/// What a valid token asserts. It does not assert that the session is still live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// `sub`.
    pub user: UserId,
    /// `sid`.
    pub session: SessionId,
    /// Words with spaces between them.
    pub scope: String,
    /// `jti`.
    pub id: String,
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
    /// When the person of the session had last been authenticated.
    pub authenticated_at: Timestamp,
}

/// A token that was issued. It is sent once, in an answer.
pub struct AccessToken {
    text: String,
    pub claims: Claims,
}

impl AccessToken {
    /// For the answer only: it gives access.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// `expires_in` of the answer.
    pub fn lifetime(&self) -> Duration {
        self.claims.expires_at.since(self.claims.issued_at)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(redacted)")
    }
}

/// Why no token was issued.
#[derive(Debug, thiserror::Error)]
pub enum NotIssued {
    #[error("no sealing key is configured, so no access tokens are issued")]
    NoSealingKey,
    #[error(transparent)]
    Failed(#[from] StoreError),
}

/// Why a token was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum NotVerified {
    /// 401, `invalid_token`.
    #[error(transparent)]
    Invalid(#[from] InvalidToken),
    /// 503: its key is unknown, and the last attempt to read the keys has failed.
    #[error("the signing keys could not be read")]
    Unavailable,
    #[error(transparent)]
    Failed(#[from] StoreError),
}

impl From<NotIssued> for AppError {
    fn from(error: NotIssued) -> Self {
        match error {
            NotIssued::NoSealingKey => Failure::Unavailable.into(),
            NotIssued::Failed(error) => error.into(),
        }
    }
}

impl From<NotVerified> for AppError {
    fn from(error: NotVerified) -> Self {
        match error {
            NotVerified::Invalid(_) => Failure::NotSignedIn.into(),
            NotVerified::Unavailable => Failure::Unavailable.into(),
            NotVerified::Failed(error) => error.into(),
        }
    }
}

/// Issues a token for a session that the caller has just found live.
///
/// # Errors
/// [`NotIssued`].
pub async fn issue(
    core: &Core,
    issuer: &Issuer,
    grant: Grant<'_>,
) -> Result<AccessToken, NotIssued> {
    if !core.tokens.are_issued() {
        return Err(NotIssued::NoSealingKey);
    }
    let keys = renewal::fresh(core).await?;
    let now = core.clock.now();
    let key = keys.signer(now).ok_or(NotIssued::NoSealingKey)?;
    // Whole seconds, as in the token.
    let issued_at = Timestamp::from_millis(now.as_millis() / 1_000 * 1_000);
    let ends_at = Timestamp::from_millis(grant.session_ends_at.as_millis() / 1_000 * 1_000);
    let claims = Claims {
        user: grant.user.clone(),
        session: grant.session.clone(),
        scope: grant.scope.to_owned(),
        id: token::new_id(),
        issued_at,
        expires_at: issued_at.after(core.tokens.lifetime()).min(ends_at),
        authenticated_at: grant.authenticated_at,
    };
    Ok(AccessToken {
        text: format::write(key, issuer, &claims),
        claims,
    })
}

/// Checks everything that the token itself shows. The caller then looks up the session.
///
/// # Errors
/// [`NotVerified`].
pub async fn verify(core: &Core, issuer: &Issuer, text: &str) -> Result<Claims, NotVerified> {
    let verify = |keys: Arc<KeySet>| {
        format::verify(
            &keys,
            issuer,
            core.tokens.lifetime(),
            text,
            core.clock.now(),
        )
    };
    let outcome = verify(renewal::known(core).await?);
    if outcome != Err(InvalidToken::UnknownKey) {
        return Ok(outcome?);
    }
    Ok(verify(renewal::after_unknown(core).await?)?)
}

/// The public keys of all tokens that are valid, and of those that will be signed next. From memory: anybody may ask for
/// them, and a job reads them every minute.
///
/// # Errors
/// [`StoreError`] if they were never read.
pub async fn jwks(core: &Core) -> Result<Jwks, StoreError> {
    let keys = renewal::known(core).await?;
    let keys = keys.published(core.clock.now()).map(Jwk::from).collect();
    Ok(Jwks { keys })
}

impl Tokens {
    /// Each token lives for `lifetime`.
    pub fn new(lifetime: Duration, sealing_key: Option<SealingKey>) -> Self {
        Self(Arc::new(Shared {
            lifetime,
            sealing_key,
            current: RwLock::default(),
            turn: tokio::sync::Mutex::default(),
            reported: Mutex::default(),
        }))
    }

    /// For processes that issue and accept none, such as commands.
    pub fn none() -> Self {
        Self::new(DEFAULT_LIFETIME, None)
    }

    /// Whether there is a sealing key.
    pub fn are_issued(&self) -> bool {
        self.0.sealing_key.is_some()
    }

    pub fn lifetime(&self) -> Duration {
        self.0.lifetime
    }

    fn sealing_key(&self) -> Option<&SealingKey> {
        self.0.sealing_key.as_ref()
    }

    async fn turn(&self) -> MutexGuard<'_, ()> {
        self.0.turn.lock().await
    }

    fn current_if(&self, holds: impl Fn(&renewal::Current) -> bool) -> Option<Arc<KeySet>> {
        let current = self.0.current.read();
        let current = current.unwrap_or_else(PoisonError::into_inner);
        holds(&current).then(|| current.keys())
    }

    fn update(&self, change: impl FnOnce(&mut renewal::Current)) {
        let current = self.0.current.write();
        change(&mut current.unwrap_or_else(PoisonError::into_inner));
    }

    fn is_first_report(&self, name: &str) -> bool {
        let reported = self.0.reported.lock();
        let mut reported = reported.unwrap_or_else(PoisonError::into_inner);
        reported.insert(name.to_owned())
    }
}
