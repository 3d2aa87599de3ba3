//! The rules for new passwords.

use crate::{
    domain::{
        password::{Password, PasswordRefusal},
        user::{LookupKey, fold},
    },
    server::hashing::nfc,
};
use std::{collections::HashSet, sync::LazyLock};
use zeroize::Zeroizing;

/// Common passwords, one a line, lower case. Their source and licence are in `docs/common-passwords.md`.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// The rules for new passwords: length, not common, not personal (ASVS V6.2.1, V6.2.4, V6.2.11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordRules {
    /// In characters, never below [`crate::domain::password::LOWEST_MIN_CHARS`].
    pub min_chars: usize,
    /// The host of the public address, the name of the site and that of the product.
    pub site_names: Vec<String>,
}

impl PasswordRules {
    /// # Errors
    /// The first [`PasswordRefusal`] that applies.
    pub fn check(
        &self,
        password: &Password,
        username: &str,
        email: Option<&str>,
    ) -> Result<(), PasswordRefusal> {
        if password.is_too_long() {
            return Err(PasswordRefusal::TooLong);
        }
        if nfc(password).chars().count() < self.min_chars {
            return Err(PasswordRefusal::TooShort {
                min: self.min_chars,
            });
        }
        let folded = Zeroizing::new(fold(password.reveal()));
        let site_names = self.site_names.iter().map(String::as_str);
        let personal = site_names
            .chain([username])
            .chain(email)
            .any(|name| is_repeated(&folded, LookupKey::of(name).as_str()));
        if personal {
            return Err(PasswordRefusal::Personal);
        }
        if is_common(&folded) {
            Err(PasswordRefusal::Common)
        } else {
            Ok(())
        }
    }
}

/// A common password, once or repeated, the last time possibly truncated: `passwordpassword` and `1234567890123456` are
/// long and guessed early. One repeated letter is as common.
fn is_common(password: &str) -> bool {
    periods(password).any(|period| COMMON.contains(period) || period.chars().count() == 1)
}

fn is_repeated(password: &str, name: &str) -> bool {
    periods(password).any(|period| period == name)
}

/// The prefixes that yield the text by repetition; the text itself is one.
fn periods(text: &str) -> impl Iterator<Item = &str> {
    let bytes = text.as_bytes();
    (1..=text.len())
        .filter(|&length| text.is_char_boundary(length))
        .filter(move |&length| bytes[length..] == bytes[..bytes.len() - length])
        .map(move |length| &text[..length])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), PasswordRefusal> {
        let rules = PasswordRules {
            min_chars: 15,
            site_names: vec!["Vestibule".into(), "sign-in.example.org".into()],
        };
        rules.check(
            &Password::new(text.into()),
            "Augusta.Ada.King",
            Some("ada@analytical.example"),
        )
    }

    #[test]
    fn length_counts_characters_and_has_a_bound() {
        assert_eq!(
            check("14 characters!"),
            Err(PasswordRefusal::TooShort { min: 15 })
        );
        assert_eq!(check("15 characters!!"), Ok(()));
        let eight_letters_with_marks = "e\u{301}".repeat(7) + "x";
        assert_eq!(
            check(&eight_letters_with_marks),
            Err(PasswordRefusal::TooShort { min: 15 })
        );
        assert_eq!(check("🐎🔋📎🐴🌧🎷🪁🧵🥁🛶🧭🪴🫖🧲🪤"), Ok(()));
        assert_eq!(check(&"long ".repeat(205)), Err(PasswordRefusal::TooLong));
        assert_eq!(
            check(&"abcdefgh ijklmnop".repeat(60)),
            Ok(()),
            "1,020 bytes"
        );
    }

    #[test]
    fn there_are_no_composition_rules() {
        assert_eq!(check("quietlyhummingteapots"), Ok(()));
    }

    #[test]
    fn common_passwords_are_refused_in_any_case_and_repeated() {
        for common in [
            "1234567890123456",
            "PasswordPassword",
            "aaaaaaaaaaaaaaaaaaaa",
            "               ",
            "qwertyqwertyqwerty",
            "qwertyuiopasdfghjkl",
        ] {
            assert_eq!(check(common), Err(PasswordRefusal::Common), "{common}");
        }
    }

    #[test]
    fn names_are_refused() {
        for personal in [
            "augusta.ada.king",
            "ADA@analytical.example",
            "vestibulevestibule",
            "sign-in.example.org",
        ] {
            assert_eq!(
                check(personal),
                Err(PasswordRefusal::Personal),
                "{personal}"
            );
        }
    }
}
