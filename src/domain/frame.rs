//! What surrounds a page. Only the server knows it: hydration keeps what it has rendered.

use super::{page::Page, site::Site, theme::Theme, views::FrameView};

/// The frame of one answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    pub site: Site,
    pub files: BrandFiles,
    pub theme: Theme,
    pub person: Option<Person>,
    /// The page in it, unless it is a failure.
    pub page: Option<Page>,
    /// The path to return to when the theme was chosen; `None` if loading it again would lose something.
    pub here: Option<String>,
}

/// The addresses of the owner's files, with digests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrandFiles {
    pub logo: Option<BrandLogo>,
    /// The style sheet with the owner's accent.
    pub accent: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrandLogo {
    pub address: String,
    pub content_type: &'static str,
}

/// The signed-in person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub display_name: String,
    /// The e-mail address, or the username.
    pub identifier: String,
    /// The pages of the navigation that their session may open.
    pub pages: Vec<Page>,
}

impl Person {
    /// One or two letters in place of a picture; empty for a name without any.
    pub fn initials(&self) -> String {
        let mut words = self.display_name.split_whitespace();
        let first = words.next().and_then(initial);
        let last = words.next_back().and_then(initial);
        first.into_iter().chain(last).collect()
    }
}

fn initial(word: &str) -> Option<char> {
    let letter = word
        .chars()
        .next()
        .filter(|letter| letter.is_alphabetic())?;
    // One letter may become several.
    let mut capital = letter.to_uppercase();
    match (capital.next(), capital.next()) {
        (Some(capital), None) => Some(capital),
        _ => Some(letter),
    }
}

impl Frame {
    /// The part that pages use in the browser too.
    pub fn view(&self) -> FrameView {
        FrameView {
            site: self.site.name.clone(),
            is_signed_in: self.person.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_those_of_the_first_and_the_last_word() {
        for (name, initials) in [
            ("Ada Lovelace", "AL"),
            ("ada", "A"),
            ("Charles Jean de la Vallée Poussin", "CP"),
            ("مريم ميرزاخاني", "مم"),
            ("李雷 🐎🔋📎", "李"),
            ("🐎", ""),
            ("ßarah", "ß"),
            ("  ", ""),
        ] {
            let person = Person {
                display_name: name.to_owned(),
                identifier: String::new(),
                pages: Vec::new(),
            };
            assert_eq!(person.initials(), initials, "{name}");
        }
    }
}
