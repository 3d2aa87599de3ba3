//! A username made of a full name.

/// `grace.hopper` of `Grace Brewster Hopper`: the first and the last word. `None` if a letter has no counterpart that
/// every keyboard has. `decomposed` is the full name in Unicode NFKD, in which accents stand behind their letters.
pub fn suggested_username(decomposed: &str) -> Option<String> {
    let is_accent = |c: char| ('\u{300}'..='\u{36f}').contains(&c);
    let mut words = Vec::new();
    for word in decomposed.split_whitespace() {
        let letters: String = word.chars().filter(|c| !is_accent(*c)).collect();
        // O'Brien is obrien, and Anne-Marie is annemarie.
        let letters = letters.replace(['.', ',', '-', '\'', '’'], "");
        if !letters.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        if !letters.is_empty() {
            words.push(letters.to_ascii_lowercase());
        }
    }
    let (first, last) = (words.first()?, words.last()?);
    Some(if words.len() == 1 {
        first.clone()
    } else {
        format!("{first}.{last}")
    })
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
