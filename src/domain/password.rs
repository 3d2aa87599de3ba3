//! Passwords as entered, and the rules for new ones.

use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::ZeroizeOnDrop;

/// Longer passwords are refused before any look-up, so that no client can make the server hash megabytes. ASVS V6.2.9
/// asks for at least 64 characters; 1,024 bytes are enough for any script.
pub const MAX_BYTES: usize = 1024;

/// NIST SP 800-63B-4: at least 15 characters if the password is the only factor.
pub const DEFAULT_MIN_CHARS: usize = 15;

/// ASVS V6.2.1: never below 8.
pub const LOWEST_MIN_CHARS: usize = 8;

/// A password as entered: never printed, wiped from memory when it is dropped.
///
/// It can be serialised because `#[server]` requires that of every argument; nothing sends it on.
#[derive(Clone, Default, Serialize, Deserialize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    pub fn new(input: String) -> Self {
        Self(input)
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub fn is_too_long(&self) -> bool {
        self.0.len() > MAX_BYTES
    }
}

/// The argument struct of a server function derives `Debug`: this keeps the password out of its output.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(redacted)")
    }
}

/// Why a new password is refused. There are no composition rules (ASVS V6.2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum PasswordRefusal {
    #[error("The password must have at least {min} characters.")]
    TooShort { min: usize },
    #[error("The password must have at most {MAX_BYTES} bytes.")]
    TooLong,
    #[error("This password is too common. Choose another.")]
    Common,
    #[error("The password must not be the username, the email address or the site's name.")]
    Personal,
    /// Somebody who was told that others know the password must not keep it by mistake.
    #[error("This is your current password. Choose another.")]
    Unchanged,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_is_redacted() {
        let printed = format!("{:?}", Password::new("open sesame, please".into()));
        assert!(!printed.contains("sesame"));
    }
}
