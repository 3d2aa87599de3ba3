//! The proof of an identity, checked again by the statements that rely on it.

use super::users;
use crate::{
    domain::{
        access_key::AccessKey,
        actor::Actor,
        audit::{Event, RecordedMethod},
        moment::Timestamp,
        password_link::LinkPurpose,
        user::UserId,
    },
    server::{
        db::{StoreError, Transaction, execute},
        token::LinkDigest,
    },
};

/// What a user has proved. A sign-in takes time: the account may be disabled, or get another password, between the
/// proof and the start of the session. So each kind has a statement that locks the account in the transaction of the
/// change, if the proof is still valid.
pub enum Evidence {
    Password {
        /// The hash against which the password was verified.
        verified: String,
        /// The hash to store: the same, one with current parameters, or that of a new password.
        kept: String,
    },
    AccessKey(AccessKey),
    /// The link of an account without a password. To rely on it is to use it up: the password is set and the session
    /// starts in one transaction, so that no failure can come between the two.
    Invitation {
        link: LinkDigest,
        /// That of the new password.
        password_hash: String,
    },
}

impl Evidence {
    /// The access key, if it was one.
    pub const fn key(&self) -> Option<&AccessKey> {
        match self {
            Self::Password { .. } | Self::Invitation { .. } => None,
            Self::AccessKey(key) => Some(key),
        }
    }

    /// What it was, if it was neither a password nor an access key.
    pub(super) const fn method(&self) -> Option<RecordedMethod> {
        match self {
            Self::Password { .. } | Self::AccessKey(_) => None,
            Self::Invitation { .. } => Some(RecordedMethod::Invitation),
        }
    }

    /// The entry of the audit log for a session that starts with it.
    pub(super) const fn signed_in(&self) -> Event {
        match self.method() {
            None => Event::SignedIn,
            Some(method) => Event::SignedInBy(method),
        }
    }

    /// Writes the account, which serialises it with concurrent changes of the account. `false` if the evidence is no
    /// longer valid, or the account is disabled.
    pub(super) async fn lock_account_within(
        &self,
        transaction: &mut Transaction,
        user: &UserId,
        at: Timestamp,
        actor: &Actor,
    ) -> Result<bool, StoreError> {
        const KEY: &str = "UPDATE access_keys SET suspended_at = NULL \
            WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL AND suspended_at IS NULL";
        const PASSWORD: &str = "UPDATE users SET password_hash = $3 \
            WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL";
        match self {
            Self::Password { verified, kept } => {
                Ok(execute!(transaction, PASSWORD, &user.0, verified, kept) == 1)
            }
            // Two statements: while one waits for the account, its subquery would miss a concurrent revocation. The key
            // is written, because a suspension locks keys, not accounts.
            Self::AccessKey(key) => Ok(users::lock_enabled_within(transaction, user).await?
                && execute!(transaction, KEY, &key.id.0, &user.0) == 1),
            Self::Invitation {
                link,
                password_hash,
            } => {
                let redemption = users::Redemption {
                    link,
                    purpose: LinkPurpose::Invitation,
                    password_hash,
                    at,
                };
                let redeemed = users::redeem_within(transaction, &redemption, actor).await?;
                Ok(redeemed.is_some_and(|(owner, _)| owner == *user))
            }
        }
    }
}
