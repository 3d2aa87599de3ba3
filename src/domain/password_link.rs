//! Links to set a password: an invitation for a new account, a reset for an existing one.

use crate::domain::base32;
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// 30 symbols of 5 bits are 150 bits; a secret that lives for days has at least 128 (ASVS V6.6.3).
pub const SECRET_SYMBOLS: usize = 30;

/// The purpose of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPurpose {
    /// The account has no password yet.
    Invitation,
    /// The account has one, which is valid until the link is used.
    Reset,
}

impl LinkPurpose {
    pub const ALL: [Self; 2] = [Self::Invitation, Self::Reset];

    /// The word in the database and for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Reset => "reset",
        }
    }

    /// The purpose for an account without or with a password.
    pub const fn of(has_password: bool) -> Self {
        if has_password {
            Self::Reset
        } else {
            Self::Invitation
        }
    }
}

/// The secret of a link, as shown once or entered: never printed by accident, wiped from memory.
///
/// It can be serialised because `#[server]` requires that of every argument, and because it is shown once to the
/// administrator who created it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct LinkSecret(String);

impl LinkSecret {
    pub fn new(input: String) -> Self {
        Self(input)
    }

    /// The secret of random bytes, five bits of each.
    pub fn of_random(bytes: &[u8; SECRET_SYMBOLS]) -> Self {
        Self(base32::of_random(bytes))
    }

    /// Whether no secret was entered.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Only for the administrator who has just created it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// One spelling for all forms of the input; see [`base32::canonical`]. If the input is the whole link, the
    /// secret is its end.
    pub fn canonical(&self) -> Zeroizing<String> {
        // Some mail programs write `#` as `%23`.
        let parts = ["#", "%23"].map(|mark| self.0.rsplit_once(mark));
        let link = parts.into_iter().flatten().next();
        let secret = link.map_or(&*self.0, |(_, secret)| secret);
        base32::canonical(secret)
    }
}

/// The argument struct of a server function derives `Debug`: this keeps the secret out of its output.
impl fmt::Debug for LinkSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkSecret(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_six_groups_of_five() {
        let secret = LinkSecret::of_random(&[31; SECRET_SYMBOLS]);
        assert_eq!(secret.reveal(), ["ZZZZZ"; 6].join("-"));
    }

    #[test]
    fn a_code_or_a_whole_link_is_parsed_tolerantly() {
        let canonical = |input: &str| LinkSecret::new(input.to_owned()).canonical().to_string();
        for input in [
            "01ab-c",
            " OIAB C ",
            "https://sign-in.example.org/password-link#01AB-C",
            "#01AB-C",
            "<https://sign-in.example.org/password-link%2301AB-C>.",
        ] {
            assert_eq!(canonical(input), "01ABC", "{input}");
        }
        assert_ne!(canonical("01AB-C#"), "01ABC");
    }

    #[test]
    fn debug_output_is_redacted() {
        let printed = format!("{:?}", LinkSecret::new("01ABC".into()));
        assert!(!printed.contains("01ABC"));
    }
}
