//! The ids of rows.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The end of an id, because it begins with the time.
pub fn short(id: &str) -> &str {
    id.get(id.len().saturating_sub(8)..).unwrap_or(id)
}

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

                /// Enough to distinguish rows in a log.
                pub fn short(&self) -> &str {
                    short(&self.0)
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
