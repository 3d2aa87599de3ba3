//! The message for the next page, entered and forged.

use crate::{
    any_text,
    invariants::flash::{check_brought, check_typed},
    pieces,
};
use proptest::{collection::vec, prelude::*};

const PIECES: &[&str] = &[
    "{",
    "}",
    "\"",
    ":",
    ",",
    "null",
    "[",
    "]",
    "LoginRefused",
    "\"LoginRefused\":",
    "ProfileSaved",
    "\"ProfileSaved\"",
    "{\"SignedOut\":{\"display_name\":\"<b>\"}}",
    "\"refusal\":",
    "\"sign_in\"",
    r#"{"password":"common"}"#,
    "{\"PasswordChanged\":{\"ended\":{\"sessions\":",
    "18446744073709551615}}",
    "-1",
    "{\"LoginRefused\":{\"refusal\":null,\"username\":\"",
    "\\u0000",
    "\\ud800",
    "\"}}",
];

/// Texts of any length from letters that grow in JSON, in UTF-8 or not at all.
fn field_text() -> impl Strategy<Value = String> {
    let letters = prop::sample::select(&[
        'a', 'ж', '漢', '🗝', '"', '\\', '\u{1}', '\u{7f}', '\u{2028}',
    ]);
    let long = (letters.clone(), 0..5_000_usize)
        .prop_map(|(letter, times)| std::iter::repeat_n(letter, times).collect::<String>());
    prop_oneof![
        any_text(40),
        long,
        vec(letters, 0..1_200).prop_map(String::from_iter)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    /// Browsers drop a cookie that is too large, and with it the reason.
    #[test]
    fn input_fits_into_the_cookie_and_arrives(texts in prop::array::uniform3(field_text())) {
        check_typed(&texts);
    }

    #[test]
    fn a_forged_cookie_is_a_valid_message_or_none(
        text in pieces(PIECES),
        bytes in vec(any::<u8>(), 0..80),
    ) {
        check_brought(text.as_bytes());
        check_brought(&bytes);
    }
}
