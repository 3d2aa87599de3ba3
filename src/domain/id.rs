//! The ids of rows.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Makes an id type for one table, so that an id of another table does not compile. An id is unique, ordered by
/// time and no secret.
macro_rules! ids {
    ($($(#[$note:meta])* $name:ident;)*) => {
        $(
            $(#[$note])*
            #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
            #[serde(transparent)]
            pub struct $name(pub String);

            impl $name {
                /// An id from a browser. `None` if it has not the form of one: PostgreSQL cannot even compare a NUL.
                pub fn parse(text: String) -> Option<Self> {
                    text.bytes()
                        .all(|byte| byte.is_ascii_graphic())
                        .then_some(Self(text))
                }

                /// Enough to distinguish rows in a log. The end of the id, because it begins with the time.
                pub fn short(&self) -> &str {
                    let start = self.0.len().saturating_sub(8);
                    self.0.get(start..).unwrap_or(&self.0)
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(&self.0)
                }
            }
        )*
    };
}

ids! {
    /// Identifies an account.
    UserId;
    /// Identifies a session in lists and commands. It is public: it gives no access.
    SessionId;
    /// Identifies an access key. It is public: it gives no access without the secret.
    AccessKeyId;
}
