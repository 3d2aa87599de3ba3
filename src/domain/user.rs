//! Accounts.

mod identity;
mod search;
mod suggestion;

pub use crate::domain::id::UserId;
pub use identity::{
    Email, IdentityRefusal, LookupKey, MAX_DESCRIPTION_CHARS, MAX_DISPLAY_NAME_CHARS,
    MAX_NAME_CHARS, Username, end_of_prefix, fold, plain_text, search_key,
};
pub use search::{MAX_SEARCH_WORDS, UserFilter, UserSearch, words_of};
pub use suggestion::suggested_username;

use super::moment::Timestamp;
use serde::{Deserialize, Serialize};

/// An account in use cases. The password hash is not part of it, so it cannot leak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub username: String,
    pub email: Option<String>,
    pub display_name: String,
    pub description: String,
    pub is_admin: bool,
    pub disabled: bool,
    /// An invited user has none until the link is used, and cannot sign in.
    pub has_password: bool,
    pub created_at: Timestamp,
    /// `None` if it never signed in, or not since that is recorded.
    pub last_sign_in_at: Option<Timestamp>,
}

impl User {
    /// Whether this account can administer in its current state. The last one that can is kept.
    pub const fn administers(&self) -> bool {
        self.is_admin && !self.disabled && self.has_password
    }
}

/// An action of an administrator on an account, by one button.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountChange {
    Disable,
    Enable,
    Promote,
    Demote,
    EndSessions,
    /// An invitation or a reset, depending on the account.
    MakeLink,
}

impl AccountChange {
    /// The word in forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Promote => "promote",
            Self::Demote => "demote",
            Self::EndSessions => "end_sessions",
            Self::MakeLink => "make_link",
        }
    }
}
