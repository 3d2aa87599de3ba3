//! Names and e-mail addresses, and the keys by which accounts are found.

use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};
use vestibule::domain::user::{
    Email, IdentityRefusal, LookupKey, MAX_DISPLAY_NAME_CHARS, Username, fold, plain_text,
};

/// All invariants of one text, in every field.
pub fn check(typed: &str) {
    check_key(typed);
    check_identity(typed);
    check_display_name(typed);
}

/// The input of the sign-in: a name or an address.
pub fn check_identity(typed: &str) {
    check_username(typed);
    check_email(typed);
}

/// Folding is a normalisation: folding again changes nothing, and all encodings of a text have the
/// same form.
pub fn check_key(typed: &str) {
    let folded = fold(typed);
    assert_eq!(fold(&folded), folded, "{typed:?}");
    for same in encodings(typed) {
        assert_eq!(fold(&same), folded, "{typed:?} as {same:?}");
    }
    let key = LookupKey::of(typed);
    // PostgreSQL accepts no NUL in a text.
    assert!(!key.as_str().contains('\0'), "{typed:?}");
    assert_eq!(LookupKey::of(&format!("\t {typed}\r\n")), key, "{typed:?}");
}

fn check_username(typed: &str) {
    let Ok(name) = Username::parse(typed) else {
        return;
    };
    let text = name.as_str();
    assert!((1..=64).contains(&text.chars().count()), "{typed:?}");
    let unfit = |c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && !".-_".contains(c);
    assert!(!text.contains(unfit), "{text:?} from {typed:?}");
    assert_visible(text);
    let is_joint = |c: char| matches!(c, '.' | '-' | '_');
    let chars: Vec<char> = [vec!['.'], text.chars().collect(), vec!['.']].concat();
    for two in chars.windows(2) {
        assert!(
            !(is_joint(two[0]) && is_joint(two[1])),
            "{text:?} from {typed:?}"
        );
    }
    assert_eq!(Username::parse(text), Ok(name.clone()), "{typed:?}");
    check_spellings(typed, text, &name.key());
}

fn check_email(typed: &str) {
    let Ok(email) = Email::parse(typed) else {
        return;
    };
    let text = email.as_str();
    assert!(text.len() <= 254, "{typed:?}");
    let beside = |c: char| ",;:\"\\()<>[]".contains(c);
    assert!(!text.contains(beside), "{text:?} from {typed:?}");
    assert_visible(text);
    let (local, domain) = text.split_once('@').expect("an @");
    assert!(
        !domain.contains('@') && (1..=64).contains(&local.len()),
        "{text:?}"
    );
    let labels: Vec<_> = domain.split('.').collect();
    assert!(labels.len() > 1 && !labels.contains(&""), "{text:?}");
    assert_eq!(Email::parse(text), Ok(email.clone()), "{typed:?}");
    // A name and an address share one field: neither can be the other.
    assert_eq!(Username::parse(text), Err(refusal_of_name(text)));
    check_spellings(typed, text, &email.key());
}

fn check_display_name(typed: &str) {
    let parse = |text: &str| plain_text(text, MAX_DISPLAY_NAME_CHARS, IdentityRefusal::DisplayName);
    let Ok(text) = parse(typed) else {
        return;
    };
    assert!(text.chars().count() <= MAX_DISPLAY_NAME_CHARS, "{typed:?}");
    let turns = |c: char| c.is_control() || LINES_AND_OVERRIDES.contains(c);
    assert!(!text.contains(turns), "{typed:?}");
    assert_eq!(parse(&text), Ok(text.clone()), "{typed:?}");
}

/// The original input, in any case and encoding, finds the account.
fn check_spellings(typed: &str, text: &str, key: &LookupKey) {
    assert_eq!(&LookupKey::of(typed), key, "{typed:?}");
    assert_eq!(&LookupKey::of(&text.to_ascii_uppercase()), key, "{typed:?}");
    assert_eq!(&LookupKey::of(&text.to_ascii_lowercase()), key, "{typed:?}");
    for same in encodings(text) {
        assert_eq!(&LookupKey::of(&same), key, "{typed:?} as {same:?}");
    }
}

fn refusal_of_name(text: &str) -> IdentityRefusal {
    let name = ComposingNormalizer::new_nfkc().normalize(text).into_owned();
    if name.chars().count() > 64 {
        IdentityRefusal::NameLength
    } else {
        IdentityRefusal::NameGrammar
    }
}

/// The same text as other keyboards and systems send it.
fn encodings(text: &str) -> [String; 4] {
    [
        ComposingNormalizer::new_nfc().normalize(text).into_owned(),
        DecomposingNormalizer::new_nfd()
            .normalize(text)
            .into_owned(),
        ComposingNormalizer::new_nfkc().normalize(text).into_owned(),
        DecomposingNormalizer::new_nfkd()
            .normalize(text)
            .into_owned(),
    ]
}

/// Line and paragraph separators, and characters that change the direction of the text.
const LINES_AND_OVERRIDES: &str =
    "\u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}";

/// One word, whose characters are all visible.
fn assert_visible(text: &str) {
    let unseen = |c: char| c.is_control() || c.is_whitespace() || is_ignorable(c);
    assert!(!text.contains(unseen), "{text:?}");
}

/// Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt): characters without a glyph.
pub fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}
