//! What people change of their own account.

use serde::{Deserialize, Serialize};

/// A profile as it is typed, before any rule is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileDraft {
    /// Empty: the name with which the person signs in is shown.
    pub display_name: String,
    /// Empty: there is none.
    pub email: String,
    pub description: String,
}
