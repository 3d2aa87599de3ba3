//! The browser's description of itself.

use crate::{any_text, pieces};
use proptest::prelude::*;
use vestibule::domain::device::in_words;

const PIECES: &[&str] = &[
    "Mozilla/5.0 (",
    "X11; Linux x86_64",
    ") AppleWebKit/537.36",
    " Chrome/156.0.0.0",
    " Edg/1",
    "Firefox/",
    "iPhone",
    "Windows",
    "<script>",
    "\"",
    "\u{202e}",
    "\r\n",
    " on ",
    "\u{1b}[31m",
];

proptest! {
    /// The words are ours: a client's text only decides which of them appear.
    #[test]
    fn input_of_a_client_is_not_repeated(known in pieces(PIECES), other in any_text(200)) {
        for user_agent in [known, other] {
            let words = in_words(&user_agent);
            prop_assert!((1..=40).contains(&words.len()), "{}", words);
            prop_assert!(words.chars().all(|c| c.is_ascii_alphabetic() || c == ' '), "{}", words);
        }
    }
}
