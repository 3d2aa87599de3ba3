//! The search for accounts: by words and by state.

use super::LookupKey;
use crate::domain::characters::{is_letter_or_digit, is_mark};
use serde::{Deserialize, Serialize};

/// The words of a search that count. Each further one costs a look-up, and four tell anyone from the others.
pub const MAX_SEARCH_WORDS: usize = 4;

/// The state by which a list of accounts is filtered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserFilter {
    Administrators,
    Disabled,
    /// Without a password yet.
    Invited,
    NeverSignedIn,
}

impl UserFilter {
    pub const ALL: [Self; 4] = [
        Self::Administrators,
        Self::Disabled,
        Self::Invited,
        Self::NeverSignedIn,
    ];

    /// The word in addresses and commands.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Administrators => "administrators",
            Self::Disabled => "disabled",
            Self::Invited => "invited",
            Self::NeverSignedIn => "never_signed_in",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == word)
    }

    pub const fn title(self) -> &'static str {
        match self {
            Self::Administrators => "Administrators",
            Self::Disabled => "Disabled",
            Self::Invited => "Invited",
            Self::NeverSignedIn => "Never signed in",
        }
    }
}

/// A search: accounts that have a word with each of these beginnings, and are in this state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserSearch {
    words: Vec<String>,
    pub filter: Option<UserFilter>,
}

impl UserSearch {
    /// The search for an input. Words beyond [`MAX_SEARCH_WORDS`] do not count.
    pub fn of(input: &str, filter: Option<UserFilter>) -> Self {
        let key = LookupKey::of(input);
        let words = key.as_str().split_whitespace().take(MAX_SEARCH_WORDS);
        Self {
            words: words.map(str::to_owned).collect(),
            filter,
        }
    }

    /// The words, folded like the names.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The first word, in whose order accounts are found; empty if none is searched for.
    pub fn first_word(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }
}

/// The words of a folded name. One begins at the beginning, after white space, and at a letter after any sign: `hopper`,
/// `example.org` and `org` are words of `g.hopper@example.org`. It ends at white space.
pub fn words_of(key: &str) -> impl Iterator<Item = &str> {
    key.split_whitespace().flat_map(|token| {
        let mut before = None;
        token.char_indices().filter_map(move |(at, c)| {
            let begins = before.is_none_or(|before| c.is_alphabetic() && is_sign(before));
            before = Some(c);
            begins.then(|| &token[at..])
        })
    })
}

fn is_sign(c: char) -> bool {
    !is_letter_or_digit(c) && !is_mark(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_begins_after_white_space_and_at_a_letter_after_a_sign() {
        for (key, expected) in [
            ("", vec![]),
            ("ada", vec!["ada"]),
            ("augusta ada  king", vec!["augusta", "ada", "king"]),
            (
                "g.hopper+work_1-x@example.org",
                vec![
                    "g.hopper+work_1-x@example.org",
                    "hopper+work_1-x@example.org",
                    "work_1-x@example.org",
                    "x@example.org",
                    "example.org",
                    "org",
                ],
            ),
            (
                "anne-marie o'neil",
                vec!["anne-marie", "marie", "o'neil", "neil"],
            ),
            ("agent 47", vec!["agent", "47"]),
            ("agent.47", vec!["agent.47"]),
            ("(ada)", vec!["(ada)", "ada)"]),
            // A mark belongs to its letter.
            ("हिन्दी", vec!["हिन्दी"]),
            ("🐎 李雷", vec!["🐎", "李雷"]),
        ] {
            assert_eq!(words_of(key).collect::<Vec<_>>(), expected, "{key}");
        }
    }

    #[test]
    fn a_search_has_a_few_folded_words() {
        let search = UserSearch::of("  ＡDA\u{3000}Love\u{ad}lace ", None);
        assert_eq!(search.words(), ["ada", "lovelace"]);
        assert_eq!(search.first_word(), "ada");
        assert_eq!(UserSearch::of(" \u{ad} ", None), UserSearch::default());
        let many = UserSearch::of("a b c d e f", Some(UserFilter::Invited));
        assert_eq!(many.words(), ["a", "b", "c", "d"]);
    }

    #[test]
    fn filters_round_trip_through_their_words() {
        for filter in UserFilter::ALL {
            assert_eq!(UserFilter::parse(filter.as_str()), Some(filter));
        }
        assert_eq!(UserFilter::parse("Disabled"), None);
    }
}
