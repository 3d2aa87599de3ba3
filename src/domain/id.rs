//! The names of rows.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Makes a type for the ids of one table, so that an id of another cannot stand in its place. An id is unique, ordered by
/// time and no secret.
macro_rules! ids {
    ($($(#[$note:meta])* $name:ident;)*) => {
        $(
            $(#[$note])*
            #[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
            #[serde(transparent)]
            pub struct $name(pub String);

            impl $name {
                /// An id as a browser gives it. `None` where none of ours looks like it: what PostgreSQL cannot even
                /// compare, a NUL, stops here.
                pub fn given(text: String) -> Option<Self> {
                    text.bytes()
                        .all(|byte| byte.is_ascii_graphic())
                        .then_some(Self(text))
                }

                /// Enough to tell rows apart in a log. The end of it: the beginning is the time.
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
    /// Names an account.
    UserId;
    /// Names a session in lists and commands. It is public: knowing it gives no access.
    SessionId;
}
