//! Names and email addresses, and the keys by which accounts are found.

use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};
use vestibule::domain::user::{
    Email, IdentityRefusal, LookupKey, MAX_DISPLAY_NAME_CHARS, Username, fold, plain_text,
};

/// All invariants of one text, in every field.
pub fn check(input: &str) {
    check_key(input);
    check_identity(input);
    check_display_name(input);
}

/// The input of the sign-in: a name or an address.
pub fn check_identity(input: &str) {
    check_username(input);
    check_email(input);
}

/// Folding is a normalisation: folding again changes nothing, and all encodings of a text have the
/// same form.
pub fn check_key(input: &str) {
    let folded = fold(input);
    assert_eq!(fold(&folded), folded, "{input:?}");
    for same in encodings(input) {
        assert_eq!(fold(&same), folded, "{input:?} as {same:?}");
    }
    let key = LookupKey::of(input);
    // PostgreSQL accepts no NUL in a text.
    assert!(!key.as_str().contains('\0'), "{input:?}");
    assert_eq!(LookupKey::of(&format!("\t {input}\r\n")), key, "{input:?}");
}

fn check_username(input: &str) {
    let Ok(name) = Username::parse(input) else {
        return;
    };
    let text = name.as_str();
    assert!((1..=64).contains(&text.chars().count()), "{input:?}");
    let unfit = |c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && !".-_".contains(c);
    assert!(!text.contains(unfit), "{text:?} from {input:?}");
    assert_visible(text);
    let is_joint = |c: char| matches!(c, '.' | '-' | '_');
    let chars: Vec<char> = [vec!['.'], text.chars().collect(), vec!['.']].concat();
    for two in chars.windows(2) {
        assert!(
            !(is_joint(two[0]) && is_joint(two[1])),
            "{text:?} from {input:?}"
        );
    }
    assert_eq!(Username::parse(text), Ok(name.clone()), "{input:?}");
    check_spellings(input, text, &name.key());
}

fn check_email(input: &str) {
    let Ok(email) = Email::parse(input) else {
        return;
    };
    let text = email.as_str();
    assert!(text.len() <= 254, "{input:?}");
    let beside = |c: char| ",;:\"\\()<>[]".contains(c);
    assert!(!text.contains(beside), "{text:?} from {input:?}");
    assert_visible(text);
    let (local, domain) = text.split_once('@').expect("an @");
    assert!(
        !domain.contains('@') && (1..=64).contains(&local.len()),
        "{text:?}"
    );
    let labels: Vec<_> = domain.split('.').collect();
    assert!(labels.len() > 1 && !labels.contains(&""), "{text:?}");
    assert_eq!(Email::parse(text), Ok(email.clone()), "{input:?}");
    // A name and an address share one field: neither can be the other.
    assert_eq!(Username::parse(text), Err(refusal_of_name(text)));
    check_spellings(input, text, &email.key());
}

fn check_display_name(input: &str) {
    let parse = |text: &str| plain_text(text, MAX_DISPLAY_NAME_CHARS, IdentityRefusal::DisplayName);
    let Ok(text) = parse(input) else {
        return;
    };
    assert!(text.chars().count() <= MAX_DISPLAY_NAME_CHARS, "{input:?}");
    let turns = |c: char| c.is_control() || LINES_AND_OVERRIDES.contains(c);
    assert!(!text.contains(turns), "{input:?}");
    assert_eq!(parse(&text), Ok(text.clone()), "{input:?}");
}

/// The original input, in any case and encoding, finds the account.
fn check_spellings(input: &str, text: &str, key: &LookupKey) {
    assert_eq!(&LookupKey::of(input), key, "{input:?}");
    assert_eq!(&LookupKey::of(&text.to_ascii_uppercase()), key, "{input:?}");
    assert_eq!(&LookupKey::of(&text.to_ascii_lowercase()), key, "{input:?}");
    for same in encodings(text) {
        assert_eq!(&LookupKey::of(&same), key, "{input:?} as {same:?}");
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
