//! The first start: the one-time code, and the first account.

use crate::domain::base32;
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::{ZeroizeOnDrop, Zeroizing};

/// 20 symbols of 5 bits are 100 bits, which cannot be guessed in the code's lifetime of an hour.
pub const CODE_SYMBOLS: usize = 20;

/// A setup code as shown or entered: never printed by accident, wiped from memory.
///
/// It can be serialised because `#[server]` requires that of every argument; nothing sends it on.
#[derive(Clone, Default, Serialize, Deserialize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct SetupCode(String);

impl SetupCode {
    pub fn new(input: String) -> Self {
        Self(input)
    }

    /// The code of random bytes, five bits of each.
    pub fn of_random(bytes: &[u8; CODE_SYMBOLS]) -> Self {
        Self(base32::of_random(bytes))
    }

    /// Only for the terminal of the operator who starts the server.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// One spelling for all forms of the input; see [`base32::canonical`].
    pub fn canonical(&self) -> Zeroizing<String> {
        base32::canonical(&self.0)
    }
}

/// The argument struct of a server function derives `Debug`: this keeps the code out of its output.
impl fmt::Debug for SetupCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetupCode(redacted)")
    }
}

/// The first account as submitted, without its secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupDraft {
    pub username: String,
    /// Empty: no address.
    pub email: String,
    /// Empty: the name is shown.
    pub display_name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_four_groups_of_five() {
        let bytes: [u8; CODE_SYMBOLS] = std::array::from_fn(|index| index as u8 * 13);
        let code = SetupCode::of_random(&bytes);
        assert_eq!(code.reveal().len(), 23);
        let groups: Vec<_> = code.reveal().split('-').collect();
        assert_eq!(groups.len(), 4);
        assert!(groups.iter().all(|group| group.len() == 5));
        assert_eq!(
            SetupCode::of_random(&[0xFF; CODE_SYMBOLS]).reveal(),
            "ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ"
        );
    }

    #[test]
    fn case_spaces_hyphens_and_lookalikes_do_not_matter() {
        let canonical = |input: &str| SetupCode::new(input.to_owned()).canonical().to_string();
        for input in [
            "01AB-C",
            " 01 abc ",
            "o1abc",
            "OIab-C",
            "0labc",
            "-0-1-A-B-C-\t\u{a0}",
            "“01AB-C”.",
            "(01AB-C),",
            "<01AB‐C>",
            "\u{feff}01\u{200b}AB\u{ad}C\u{2060}",
        ] {
            assert_eq!(canonical(input), "01ABC", "{input}");
        }
        for other in ["01ABCD", "01ABU", "01ABÇ", "", "1ABC"] {
            assert_ne!(canonical(other), "01ABC", "{other}");
        }
    }

    #[test]
    fn debug_output_is_redacted() {
        assert!(!format!("{:?}", SetupCode::new("01ABC".into())).contains("01ABC"));
    }
}
