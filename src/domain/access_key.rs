//! Access keys: personal secrets with which programs act for their owner.

pub use crate::domain::id::AccessKeyId;
pub use crate::domain::scope::{Scope, Scopes, UnknownScope};

use crate::domain::{
    moment::Timestamp,
    user::{User, UserId},
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use zeroize::ZeroizeOnDrop;

/// Enough to tell the keys of one person apart.
pub const MAX_KEY_NAME_CHARS: usize = 64;

/// More networks than an office has; the list is compared at every request.
pub const MAX_NETWORKS: usize = 16;

/// Why a key was revoked. Once it has a reason, nothing revives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokeReason {
    /// Its owner revoked it.
    ByOwner,
    ByAdmin,
    /// The account got a new password.
    PasswordChanged,
    /// Its owner signed out everywhere.
    SignedOutEverywhere,
    UserDisabled,
}

impl RevokeReason {
    pub const ALL: [Self; 5] = [
        Self::ByOwner,
        Self::ByAdmin,
        Self::PasswordChanged,
        Self::SignedOutEverywhere,
        Self::UserDisabled,
    ];

    /// The word in the database and for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ByOwner => "by_owner",
            Self::ByAdmin => "by_admin",
            Self::PasswordChanged => "password_changed",
            Self::SignedOutEverywhere => "signed_out_everywhere",
            Self::UserDisabled => "user_disabled",
        }
    }
}

/// A stored word that names no [`RevokeReason`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown reason for a revocation")]
pub struct UnknownRevokeReason;

impl FromStr for RevokeReason {
    type Err = UnknownRevokeReason;

    fn from_str(word: &str) -> Result<Self, UnknownRevokeReason> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.as_str() == word)
            .ok_or(UnknownRevokeReason)
    }
}

/// A key of an account. Its secret is not part of it: the database has only a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    pub id: AccessKeyId,
    pub user_id: UserId,
    /// Given by its owner.
    pub name: String,
    pub scopes: Scopes,
    /// The networks from which it can be used, as `192.0.2.0/24`; from everywhere if there are none.
    pub networks: Vec<String>,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    pub last_use: Option<KeyUse>,
    /// The database was restored from a backup: the key may have been revoked since then.
    pub suspended_at: Option<Timestamp>,
    pub revoked: Option<Revoked>,
}

/// The last use of a key. It is recorded at most once a minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    pub at: Timestamp,
    pub address: String,
    pub user_agent: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked {
    pub at: Timestamp,
    pub reason: RevokeReason,
}

/// The caller of a request with a valid key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyHolder {
    pub user: User,
    pub key: AccessKey,
}

impl KeyHolder {
    /// What the key may do: its scopes, as far as the role of its owner permits now.
    pub fn scopes(&self) -> Scopes {
        self.key.scopes.of_role(self.user.administers())
    }
}

/// What a key is good for at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    Live,
    /// Until its owner or an administrator confirms it.
    Suspended,
    Expired,
    Revoked(RevokeReason),
}

impl AccessKey {
    pub fn state(&self, now: Timestamp) -> KeyState {
        match self.revoked {
            Some(revoked) => KeyState::Revoked(revoked.reason),
            None if now >= self.expires_at => KeyState::Expired,
            None if self.suspended_at.is_some() => KeyState::Suspended,
            None => KeyState::Live,
        }
    }
}

/// An action of an administrator on a key of an account, by one button.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyChange {
    Revoke,
    /// If it is suspended.
    Confirm,
}

impl KeyChange {
    /// The word in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revoke => "revoke",
            Self::Confirm => "confirm",
        }
    }
}

/// The text of a new key, `vst_<id>_<secret>_<checksum>`: shown once, never printed by accident, wiped from memory.
///
/// It can be serialised, because it is shown once to the person who created it, and entered in a form.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct AccessKeyText(String);

impl AccessKeyText {
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Only for the person who has just created it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccessKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessKeyText(redacted)")
    }
}

/// The input of the form for a new key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKeyDraft {
    pub name: String,
    /// The last day on which the key is valid, in UTC, as `2026-12-31`.
    pub last_day: String,
    /// The words of the ticked scopes.
    pub scopes: Vec<String>,
    /// Addresses and networks, with spaces, commas or line breaks between them; empty for everywhere.
    pub networks: String,
}

/// Why a key is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum AccessKeyRefusal {
    #[error("Enter a name of at most {MAX_KEY_NAME_CHARS} characters.")]
    Name,
    #[error("Choose a last day between tomorrow and {max_days} days from today.")]
    LastDay { max_days: u32 },
    #[error("Choose at least one permission.")]
    NoScope,
    #[error("One of the permissions does not exist, or needs the role of an administrator.")]
    Scope,
    #[error(
        "A network is an address or a range, such as 192.0.2.7 or 192.0.2.0/24. List at most {MAX_NETWORKS}."
    )]
    Networks,
    #[error("You have {max} keys, which is the limit. Revoke one first.")]
    TooMany { max: u32 },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_revoke_reason_parses_from_its_word() {
        for reason in RevokeReason::ALL {
            assert_eq!(reason.as_str().parse::<RevokeReason>().unwrap(), reason);
        }
    }

    #[test]
    fn debug_output_is_redacted() {
        let printed = format!("{:?}", AccessKeyText::new("vst_1".into()));
        assert!(!printed.contains("vst_1"));
    }
}
