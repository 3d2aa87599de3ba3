//! The proof of an identity, checked again by the statements that rely on it.

use crate::{
    domain::user::UserId,
    server::db::{StoreError, Transaction, execute},
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
}

impl Evidence {
    /// Writes the account, which serialises it with concurrent changes of the account. `false` if the evidence is no
    /// longer valid, or the account is disabled.
    pub(super) async fn lock_account_within(
        &self,
        transaction: &mut Transaction,
        user: &UserId,
    ) -> Result<bool, StoreError> {
        const PASSWORD: &str = "UPDATE users SET password_hash = $3 \
            WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL";
        let locked = match self {
            Self::Password { verified, kept } => {
                execute!(transaction, PASSWORD, &user.0, verified, kept)
            }
        };
        Ok(locked == 1)
    }
}
