//! A username made of a full name.

use super::identity::MAX_NAME_CHARS;

/// `grace.hopper` of `Grace Brewster Hopper`: the first and the last word. `None` if a letter has no counterpart that
/// every keyboard has. `decomposed` is the full name in Unicode NFKD, in which accents stand behind their letters.
pub fn suggested_username(decomposed: &str) -> Option<String> {
    // O'Brien is obrien, and Anne-Marie is annemarie.
    let is_left_out = |c: &char| matches!(c, '\u{300}'..='\u{36f}' | '.' | ',' | '-' | '\'' | '’');
    let letters: String = decomposed.chars().filter(|c| !is_left_out(c)).collect();
    let letters = letters.to_ascii_lowercase();
    if !letters
        .bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_alphanumeric())
    {
        return None;
    }
    let mut words = letters.split(' ').filter(|word| !word.is_empty());
    let first = words.next()?;
    let username = match words.next_back() {
        Some(last) => format!("{first}.{last}"),
        None => first.to_owned(),
    };
    (username.len() <= MAX_NAME_CHARS).then_some(username)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::user::Username;

    #[test]
    fn the_first_and_the_last_word_make_a_username() {
        for (full_name, expected) in [
            ("Grace Brewster Hopper", Some("grace.hopper")),
            ("  Ada  ", Some("ada")),
            ("Zoe\u{308} Mu\u{308}ller", Some("zoe.muller")),
            ("Anne-Marie O’Brien Jr.", Some("annemarie.jr")),
            ("Søren Kierkegaard", None),
            (&["a".repeat(40), "b".repeat(40)].join(" "), None),
            ("山田 太郎", None),
            ("ada@example.org", None),
            (" - ", None),
            ("", None),
        ] {
            let suggested = suggested_username(full_name);
            assert_eq!(suggested.as_deref(), expected, "{full_name}");
            assert!(suggested.is_none_or(|name| Username::parse(&name).is_ok()));
        }
    }
}
