//! The setup code, copied by hand.

use crate::any_text;
use proptest::{collection::vec, prelude::*};
use vestibule::domain::setup::{CODE_SYMBOLS, SetupCode};

/// Other ways to write a symbol down.
fn respelt(symbol: char, way: u8) -> String {
    let symbol = match (symbol, way % 4) {
        ('0', 1) => 'O',
        ('0', 2) => 'o',
        ('1', 1) => 'I',
        ('1', 2) => 'l',
        (symbol, 3) => symbol.to_ascii_lowercase(),
        (symbol, _) => symbol,
    };
    let beside = ["", "-", " ", "\u{a0}", "--", "\r\n"];
    format!("{symbol}{}", beside[usize::from(way / 4) % beside.len()])
}

fn canonical(input: &str) -> String {
    SetupCode::new(input.to_owned()).canonical().to_string()
}

proptest! {
    /// Every spelling is the displayed code, and no other code.
    #[test]
    fn a_code_is_itself_in_every_spelling(
        bytes in any::<[u8; CODE_SYMBOLS]>(),
        ways in vec(any::<u8>(), 23),
        other in any::<[u8; CODE_SYMBOLS]>(),
    ) {
        let code = SetupCode::of_random(&bytes);
        let input = code.reveal().chars().zip(ways).map(|(symbol, way)| respelt(symbol, way));
        let shown = canonical(code.reveal());
        prop_assert_eq!(shown.len(), CODE_SYMBOLS);
        prop_assert_eq!(&canonical(&input.collect::<String>()), &shown);
        let same = bytes.map(|byte| byte % 32) == other.map(|byte| byte % 32);
        prop_assert_eq!(canonical(SetupCode::of_random(&other).reveal()) == shown, same);
    }

    #[test]
    fn the_one_spelling_is_its_own(input in any_text(40)) {
        let once = canonical(&input);
        prop_assert_eq!(canonical(&once), once);
    }
}
