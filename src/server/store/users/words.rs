//! The table `user_words`: the words by which an account is found.

use super::{
    sign_ins,
    texts::{Names, names},
};
use crate::{
    domain::user::{UserId, search_key, words_of},
    server::db::{
        Db, Outcome::Commit, StoreError, Transaction, execute, fetch_all, fetch_optional_within,
        transact,
    },
};
use std::collections::BTreeSet;

/// The words that are kept of one account: an address of 254 bytes can have a hundred, and a list is read past all of
/// them.
const MAX_WORDS: usize = 48;

/// Accounts a step: each takes a few statements, and a step takes the database's one writer for a few milliseconds only.
pub const ACCOUNTS_A_STEP: u32 = 40;

impl Names {
    /// Every word by which the account is to be found. Those with which it signs in come first: no full name, however
    /// long, makes it unfindable by them.
    fn words(&self) -> BTreeSet<&str> {
        let display_name = self.display_name_key.as_deref().unwrap_or_default();
        let email = self.email_key.as_deref().unwrap_or_default();
        let whole = [&*self.username_key, email].into_iter();
        let names = [display_name, &self.username_key, email].into_iter();
        let words = whole
            .filter(|name| !name.is_empty())
            .chain(names.flat_map(words_of));
        let mut kept = BTreeSet::new();
        for word in words {
            if kept.len() == MAX_WORDS {
                break;
            }
            kept.insert(word);
        }
        kept
    }

    /// The words by which it is listed: before the server has split them, each name is one.
    fn listed_words(&self) -> BTreeSet<&str> {
        if self.has_words {
            return self.words();
        }
        let keys = [
            Some(&self.username_key),
            self.email_key.as_ref(),
            self.display_name_key.as_ref(),
        ];
        keys.into_iter().flatten().map(String::as_str).collect()
    }

    /// The first of its words that begins with `prefix`: the account is listed there, and nowhere else.
    pub fn first_word(&self, prefix: &str) -> Option<&str> {
        let mut words = self.listed_words().into_iter();
        words.find(|word| word.starts_with(prefix))
    }

    /// Whether it has a word with each of these beginnings.
    pub fn have_all(&self, beginnings: &[String]) -> bool {
        let words = self.words();
        let has = |beginning: &String| words.iter().any(|word| word.starts_with(&**beginning));
        beginnings.iter().all(has)
    }
}

/// The bytes that two words begin with in common.
fn common_bytes(one: &str, other: &str) -> usize {
    let pairs = one.bytes().zip(other.bytes());
    pairs.take_while(|(one, other)| one == other).count()
}

/// Each word of an account, with the bytes that it shares with the word before it.
fn with_repeats<'a>(words: &BTreeSet<&'a str>) -> Vec<(&'a str, i64)> {
    let mut before = "";
    let words = words.iter().map(|word| {
        let repeats = common_bytes(before, word);
        before = word;
        (*word, i64::try_from(repeats).unwrap_or(i64::MAX))
    });
    words.collect()
}

/// Writes the words of an account's present names, and completes an account of an older version. The names are read by
/// the statement that locks the account.
pub async fn write_within(transaction: &mut Transaction, id: &UserId) -> Result<(), StoreError> {
    const LOCK: &str = concat!(
        "UPDATE users SET words_of = ",
        names!(),
        " WHERE id = $1 RETURNING username_key, email_key, display_name_key, TRUE AS has_words"
    );
    const DELETE: &str = "DELETE FROM user_words WHERE user_id = $1";
    let names: Option<Names> = fetch_optional_within!(transaction, LOCK, &id.0);
    let Some(names) = names else { return Ok(()) };
    execute!(transaction, DELETE, &id.0);
    for words in with_repeats(&names.words()).chunks(WORDS_A_STATEMENT) {
        insert_within(transaction, id, words).await?;
    }
    sign_ins::complete_within(transaction, id).await
}

/// Most accounts have no more than these.
const WORDS_A_STATEMENT: usize = 8;

/// Inserts up to [`WORDS_A_STATEMENT`] words by one statement, with empty ones for the rest.
async fn insert_within(
    transaction: &mut Transaction,
    id: &UserId,
    words: &[(&str, i64)],
) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO user_words (word, user_id, repeats) SELECT column1, $1, column2 FROM (VALUES \
        ($2, $3), ($4, $5), ($6, $7), ($8, $9), ($10, $11), ($12, $13), ($14, $15), ($16, $17)) AS words \
        WHERE column1 <> ''";
    let (word, repeats) = (
        |at: usize| words.get(at).map_or("", |(word, _)| word),
        |at: usize| words.get(at).map_or(0, |(_, repeats)| *repeats),
    );
    execute!(
        transaction,
        SQL,
        &id.0,
        word(0),
        repeats(0),
        word(1),
        repeats(1),
        word(2),
        repeats(2),
        word(3),
        repeats(3),
        word(4),
        repeats(4),
        word(5),
        repeats(5),
        word(6),
        repeats(6),
        word(7),
        repeats(7)
    );
    Ok(())
}

/// Writes the words of up to `limit` accounts from before that table, or changed by a server of a version before it.
/// Such a server kept invisible characters in the folded display name. Returns how many. Of two servers that lock the
/// same accounts, in the order of their names, one waits for the other.
pub async fn fill_some_words(db: &Db, limit: u32) -> Result<u64, StoreError> {
    const FIND: &str = concat!(
        "SELECT id, display_name, display_name_key FROM users WHERE words_of IS DISTINCT FROM ",
        names!(),
        " ORDER BY username_key, id LIMIT $1"
    );
    let found: Vec<(String, String, Option<String>)> = fetch_all!(db, FIND, i64::from(limit));
    if found.is_empty() {
        return Ok(0);
    }
    transact!(db, transaction => {
        for (id, display_name, key) in &found {
            if key.as_ref().is_some_and(|key| *key != search_key(display_name)) {
                fold_within(transaction, id, display_name).await?;
            }
            write_within(transaction, &UserId(id.clone())).await?;
        }
        Ok(Commit(found.len() as u64))
    })
}

/// Folds up to `limit` display names of accounts from before that column. Returns how many.
pub async fn fold_some_display_names(db: &Db, limit: u32) -> Result<u64, StoreError> {
    const FIND: &str = "SELECT id, display_name FROM users WHERE display_name_key IS NULL LIMIT $1";
    let rows: Vec<(String, String)> = fetch_all!(db, FIND, i64::from(limit));
    let count = rows.len() as u64;
    if count == 0 {
        return Ok(0);
    }
    transact!(db, transaction => {
        for (id, display_name) in &rows {
            fold_within(transaction, id, display_name).await?;
        }
        Ok(Commit(count))
    })
}

/// It may have been changed since, with its key.
async fn fold_within(
    transaction: &mut Transaction,
    id: &str,
    display_name: &str,
) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE users SET display_name_key = $2 WHERE id = $1 AND display_name = $3";
    execute!(transaction, SQL, id, search_key(display_name), display_name);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(display_name: &str, email: Option<&str>, has_words: bool) -> Names {
        Names {
            username_key: "ada".to_owned(),
            email_key: email.map(str::to_owned),
            display_name_key: Some(display_name.to_owned()),
            has_words,
        }
    }

    /// Of several words with the beginning of a search, only the first repeats fewer bytes than it has.
    #[test]
    fn one_word_of_an_account_repeats_less_than_a_search() {
        let names = names("ada adele", Some("ada1@example.org"), true);
        let words = names.words();
        let rows = with_repeats(&words);
        assert_eq!(
            rows,
            [
                ("ada", 0),
                ("ada1@example.org", 3),
                ("adele", 2),
                ("example.org", 0),
                ("org", 0)
            ]
        );
        for beginning in ["a", "ad", "ada", "ada1", "ade", "e", "org"] {
            let found = rows.iter().filter(|(word, repeats)| {
                word.starts_with(beginning) && *repeats < beginning.len() as i64
            });
            let found: Vec<_> = found.map(|(word, _)| *word).collect();
            assert_eq!(found, [names.first_word(beginning).unwrap()], "{beginning}");
        }
    }

    #[test]
    fn before_they_are_split_names_are_found_by_their_beginning() {
        let names = names("augusta king", None, false);
        assert_eq!(names.first_word("a"), Some("ada"));
        assert_eq!(names.first_word("aug"), Some("augusta king"));
        assert_eq!(names.first_word("king"), None);
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(names.have_all(&words("augusta k")));
        assert!(!names.have_all(&words("augusta x")));
    }

    #[test]
    fn an_account_has_a_bounded_number_of_words() {
        let names = names("ada", Some(&format!("{}@x.org", "a.".repeat(100))), true);
        assert!(names.words().len() <= MAX_WORDS);
    }

    /// People choose their full name themselves.
    #[test]
    fn a_full_name_does_not_crowd_out_the_sign_in_names() {
        let many: Vec<_> = (0..100_u8).map(|number| format!("x{number}")).collect();
        let names = names(&many.join(" "), Some("ada@example.org"), true);
        assert_eq!(names.words().len(), MAX_WORDS);
        assert_eq!(names.first_word("ada"), Some("ada"));
        assert_eq!(names.first_word("ada@"), Some("ada@example.org"));
    }
}
