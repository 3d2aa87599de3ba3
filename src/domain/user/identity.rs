//! Usernames and email addresses, and the keys by which accounts are looked up.

use crate::domain::characters::{is_invisible, is_letter_or_digit, is_mark};
use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;
use serde::{Deserialize, Serialize};

pub const MAX_NAME_CHARS: usize = 64;
/// RFC 5321 section 4.5.3.1.3: 256 octets for a path, less the angle brackets.
const MAX_EMAIL_BYTES: usize = 254;
pub const MAX_DISPLAY_NAME_CHARS: usize = 128;
pub const MAX_DESCRIPTION_CHARS: usize = 1024;

/// The form in which a name or an email address is unique and looked up: NFKC, case-folded, without
/// invisible characters (Unicode's NFKC_Casefold).
///
/// One key for all spellings means one account, one counter of failures and one answer for `Ada`, `ADA` and full-width
/// `Ａｄａ`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LookupKey(String);

impl LookupKey {
    /// The key of any input of the sign-in field. Surrounding white space comes from typing errors and password
    /// managers, invisible characters from copied text: no name and no address has one. No grammar is checked: an
    /// impossible name is not found. NUL becomes the replacement character, because PostgreSQL accepts none in a
    /// text; leaving it out would make `a\0da` another spelling of `ada`.
    pub fn of(input: &str) -> Self {
        let visible = input.chars().filter(|c| !is_invisible(*c));
        let visible: String = visible
            .map(|c| if c == '\0' { '\u{fffd}' } else { c })
            .collect();
        Self(fold(visible.trim()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The form in which a full name is searched for: that of the search, so that it is found as it is written. It may have
/// invisible characters, which join or part letters in many scripts.
pub fn search_key(display_name: &str) -> String {
    LookupKey::of(display_name).0
}

/// NFKC, case-folded, and NFKC again, because folding may leave that form.
pub fn fold(text: &str) -> String {
    let nfkc = ComposingNormalizer::new_nfkc();
    let folded = CaseMapper::new()
        .fold_string(nfkc.normalize(text).as_ref())
        .into_owned();
    nfkc.normalize(&folded).into_owned()
}

/// The first text after all that begin with `prefix`, in the order of code points, which is that of
/// UTF-8's bytes; `None` if there is none.
pub fn end_of_prefix(prefix: &str) -> Option<String> {
    let mut end = prefix.to_owned();
    while let Some(last) = end.pop() {
        // The surrogates lie between the two; they are no characters.
        let next = if last == '\u{D7FF}' {
            Some('\u{E000}')
        } else {
            char::from_u32(u32::from(last) + 1)
        };
        if let Some(next) = next {
            end.push(next);
            return Some(end);
        }
    }
    None
}

/// Why a name or an address is not accepted for an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum IdentityRefusal {
    #[error("Enter a username of at most {MAX_NAME_CHARS} characters.")]
    NameLength,
    #[error(
        "A username has letters and digits, with single dots, hyphens or underscores between them. For example grace.hopper."
    )]
    NameGrammar,
    /// An invisible character, which may come with copied text.
    #[error("The username has an invisible character, as copied text may have. Type it by hand.")]
    NameUnseen,
    #[error("Enter an email address, for example name@example.com.")]
    Email,
    #[error(
        "The email address has an invisible character, as copied text may have. Type it by hand."
    )]
    EmailUnseen,
    #[error(
        "A full name has at most {MAX_DISPLAY_NAME_CHARS} characters and no control characters."
    )]
    DisplayName,
    #[error(
        "A description has at most {MAX_DESCRIPTION_CHARS} characters and no control characters."
    )]
    Description,
}

/// The name with which a user signs in.
///
/// Grammar, after NFKC: 1 to 64 characters; words of letters and digits of any script, with a single `.`, `-` or `_`
/// between words. Marks belong to the letters before them. It has no `@`, so it is never an email address and the two
/// can share one field. It has no space, no control character and nothing invisible, so it is one word in a log line,
/// a command and a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// # Errors
    /// [`IdentityRefusal::NameUnseen`], [`IdentityRefusal::NameLength`] or
    /// [`IdentityRefusal::NameGrammar`].
    pub fn parse(input: &str) -> Result<Self, IdentityRefusal> {
        let name = ComposingNormalizer::new_nfkc()
            .normalize(input.trim())
            .into_owned();
        if name.contains(is_invisible) {
            return Err(IdentityRefusal::NameUnseen);
        }
        if !(1..=MAX_NAME_CHARS).contains(&name.chars().count()) {
            return Err(IdentityRefusal::NameLength);
        }
        let is_valid = name.split(['.', '-', '_']).all(|word| {
            word.starts_with(is_letter_or_digit) && word.chars().all(is_letter_digit_or_mark)
        });
        is_valid
            .then_some(Self(name))
            .ok_or(IdentityRefusal::NameGrammar)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn key(&self) -> LookupKey {
        LookupKey::of(&self.0)
    }
}

/// A mark belongs to the letter before it in many scripts (Devanagari, Thai, …).
fn is_letter_digit_or_mark(c: char) -> bool {
    is_letter_or_digit(c) || is_mark(c)
}

/// Invisible characters that change the direction of the text around them: a user's name must not rewrite
/// the sentence on a page ("Trojan Source", CVE-2021-42574).
fn is_layout_control(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// An email address, by a grammar that allows exactly one address: one `@`, no white space, comma, quote or
/// control character (CVE-2022-35924: `a@evil,b@good`), and nothing invisible. Letters and marks of any script
/// are allowed (RFC 6531): their meaning is up to the receiving server.
///
/// It is kept in NFKC, like a name, because it is looked up in that form. The address that is compared and the
/// address that receives mail must be the same (CVE-2019-19844).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// # Errors
    /// [`IdentityRefusal::EmailUnseen`] or [`IdentityRefusal::Email`].
    pub fn parse(input: &str) -> Result<Self, IdentityRefusal> {
        let address = ComposingNormalizer::new_nfkc()
            .normalize(input.trim())
            .into_owned();
        if address.contains(is_invisible) {
            return Err(IdentityRefusal::EmailUnseen);
        }
        let (local, domain) = address.split_once('@').ok_or(IdentityRefusal::Email)?;
        let local_ok = !local.is_empty()
            && local.len() <= 64
            && local.split('.').all(begins_with_no_mark)
            && local
                .chars()
                .all(|c| is_letter_digit_or_mark(c) || ".!#$%&'*+/=?^_`{|}~-".contains(c));
        let domain_ok = domain.contains('.')
            && domain.split('.').all(|label| {
                begins_with_no_mark(label)
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && label
                        .chars()
                        .all(|c| is_letter_digit_or_mark(c) || c == '-')
            });
        let ok = local_ok && domain_ok && address.len() <= MAX_EMAIL_BYTES;
        ok.then_some(Self(address)).ok_or(IdentityRefusal::Email)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn key(&self) -> LookupKey {
        LookupKey::of(&self.0)
    }
}

/// Whether a part of an address does not begin with a mark, which would change the `@` or the dot before it.
fn begins_with_no_mark(part: &str) -> bool {
    !part.is_empty() && !part.starts_with(is_mark)
}

/// Text that pages show unchanged: trimmed, bounded, without control characters.
///
/// # Errors
/// `refusal` if the text is longer than `max_chars` or has a control character.
pub fn plain_text<R>(input: &str, max_chars: usize, refusal: R) -> Result<String, R> {
    let text = ComposingNormalizer::new_nfc()
        .normalize(input.trim())
        .into_owned();
    let ok = text.chars().count() <= max_chars && !text.chars().any(is_layout_control);
    ok.then_some(text).ok_or(refusal)
}

#[cfg(test)]
mod tests;
