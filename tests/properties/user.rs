//! Names, addresses and the keys by which accounts are found, in all scripts.

use crate::{
    any_text,
    invariants::user::{check, check_identity, check_key, is_ignorable},
    pieces,
};
use proptest::{collection::vec, prelude::*};
use vestibule::domain::user::{Email, Username, fold};

/// Letters that change when they are composed, folded or decomposed, marks, and invisible
/// characters.
const PIECES: &[&str] = &[
    "a",
    "A",
    "z",
    "9",
    ".",
    "-",
    "_",
    "@",
    " ",
    "\t",
    "\0",
    "\u{ad}",
    "\u{200b}",
    "\u{202e}",
    "\u{3164}",
    "\u{ffa0}",
    "\u{115f}",
    "\u{34f}",
    "\u{fe0f}",
    "é",
    "e\u{301}",
    "\u{301}",
    "\u{345}",
    "\u{323}",
    "ß",
    "ẞ",
    "ſ",
    "ı",
    "İ",
    "ǆ",
    "ŉ",
    "ǰ",
    "ΐ",
    "ς",
    "Σ",
    "ᾳ",
    "ϓ",
    "Ａ",
    "＠",
    "．",
    "Å",
    "ﬃ",
    "²",
    "½",
    "⒈",
    "ﷺ",
    "ͺ",
    "हि",
    "ก็",
    "가",
    "\u{1100}",
    "\u{1161}",
    "𝔸",
    "Ꭰ",
    "ꭰ",
    "𐐀",
    "\u{1f130}",
    "example.org",
    "@example.org",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_048))]

    /// The grammar, one spelling for accepted names, and one key for all equivalent ones.
    #[test]
    fn accepted_names_keep_the_grammar_and_have_one_key(
        text in pieces(PIECES),
        letters in "\\w{1,20}",
        local in "[\\w.+]{1,20}",
        other in any_text(70),
    ) {
        check(&text);
        check(&letters);
        check(&format!("{local}@{letters}.example"));
        check(&format!("{text}@example.org"));
        check(&other);
    }

    /// Real names are accepted unchanged, up to 64 characters and no further.
    #[test]
    fn words_with_single_joints_are_names(
        words in vec("[a-z0-9é李]{1,8}", 1..12),
        joints in vec(prop::sample::select(&['.', '-', '_']), 11),
    ) {
        let joined = words.iter().zip(std::iter::once(None).chain(joints.iter().map(Some)));
        let name: String = joined.flat_map(|(word, joint)| joint.copied().into_iter().chain(word.chars())).collect();
        prop_assert_eq!(Username::parse(&name).is_ok(), name.chars().count() <= 64, "{}", name);
    }
}

/// Every character of the two planes with alphabets, one by one, and the invisible ones of the
/// last.
#[test]
fn no_character_is_a_surprise_in_a_name() {
    let mut accepted = 0;
    for c in ('\0'..='\u{1ffff}').chain('\u{e0000}'..='\u{e0fff}') {
        let name = format!("a{c}b");
        let address = format!("{name}@example.org");
        check_identity(&name);
        check_identity(&address);
        accepted += usize::from(Username::parse(&name).is_ok());
        if is_ignorable(c) || c.is_whitespace() || c.is_control() {
            assert!(Email::parse(&address).is_err(), "{c:?}");
        }
    }
    assert!(accepted > 50_000, "{accepted} letters, digits and marks");
}

/// Each letter has the key of its capital, except the dotless ı, whose capital is that of i.
#[test]
fn a_letter_and_its_capital_have_one_key() {
    let mut cased = 0;
    for c in '\0'..='\u{1ffff}' {
        let small: String = c.to_lowercase().collect();
        let large: String = c.to_uppercase().collect();
        if small != large && c != 'ı' {
            cased += 1;
            assert_eq!(fold(&small), fold(&large), "{c:?}");
            assert_eq!(fold(&c.to_string()), fold(&large), "{c:?}");
            check_key(&large);
        }
    }
    assert!(cased > 2_500, "{cased} letters with two cases");
}
