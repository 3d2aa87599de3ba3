//! How a person was recognised, as the statements that rely on it check it again.

use crate::{
    domain::user::UserId,
    server::db::{StoreError, Transaction, execute},
};

/// What a person has proved. A sign-in takes time: the account may be disabled, or get another password, after the
/// proof and before the session starts. So each kind has a statement that holds the account in the transaction of the
/// change, while the proof is still good.
#[derive(Debug)]
pub enum Evidence {
    Password {
        /// The hash against which the password was verified.
        verified: String,
        /// The hash to keep from now on: the same, one with newer parameters, or of a new password.
        kept: String,
    },
}

impl Evidence {
    /// Writes the account, so that a change to it at the same moment comes wholly before or wholly after. `false` if
    /// the evidence is no longer good, or the account is disabled.
    pub(super) async fn hold_within(
        &self,
        transaction: &mut Transaction,
        user: &UserId,
    ) -> Result<bool, StoreError> {
        const PASSWORD: &str = "UPDATE users SET password_hash = $3 \
            WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL";
        let held = match self {
            Self::Password { verified, kept } => {
                execute!(transaction, PASSWORD, &user.0, verified, kept)
            }
        };
        Ok(held == 1)
    }
}
