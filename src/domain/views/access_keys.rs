//! Access keys on pages.

use crate::{
    domain::{
        access_key::{AccessKeyDraft, AccessKeyText, KeyState, Scope},
        moment::{Moment, RelativeMoment},
    },
    error::Refusals,
};
use serde::{Deserialize, Serialize};

/// The page on which users see their access keys, and make and revoke them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKeysView {
    /// Live and suspended ones, the newest first.
    pub keys: Vec<AccessKeyView>,
    /// Revoked and expired ones.
    pub ended: Vec<AccessKeyView>,
    /// Those that the user's keys can have.
    pub scopes: Vec<Scope>,
    /// The first and the last day that may be chosen, in UTC.
    pub days: (String, String),
    /// The input for a new key: before a refusal, or the proposal.
    pub draft: AccessKeyDraft,
    pub refusal: Option<Refusals>,
    /// Shown once: it cannot be read again.
    pub made: Option<NewAccessKeyView>,
    pub notice: Option<AccessKeyNotice>,
}

/// A key in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKeyView {
    /// Public: it gives no access.
    pub id: String,
    pub name: String,
    pub scopes: Vec<Scope>,
    /// Empty if it can be used from everywhere.
    pub networks: Vec<String>,
    pub created_at: Moment,
    pub expires_at: Moment,
    pub last_use: Option<KeyUseView>,
    pub state: KeyState,
}

/// The last use of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyUseView {
    pub at: RelativeMoment,
    pub address: String,
    /// The program, as it names itself.
    pub program: String,
}

/// A key that was just made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAccessKeyView {
    pub name: String,
    pub text: AccessKeyText,
}

/// The outcome of an action on a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccessKeyNotice {
    Revoked,
    Confirmed,
    /// The input that was sent before the password was confirmed.
    NotMadeYet,
}
