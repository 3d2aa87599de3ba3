//! What users change of their own account.

use serde::{Deserialize, Serialize};

/// A profile as submitted, before validation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileDraft {
    /// Empty: the user's name is shown.
    pub display_name: String,
    /// Empty: no address.
    pub email: String,
    pub description: String,
}
