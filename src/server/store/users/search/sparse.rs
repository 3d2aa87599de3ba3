//! Searches of which one condition is met by few accounts: these are read, and the others are checked on them.

use super::{
    super::texts::{COUNT, COUNT_OF_WORD, OF_WORD, of_filter},
    Cursor, Direction, FoundRow, Read, all, listed,
};
use crate::{
    domain::user::{MAX_SEARCH_WORDS, User, UserSearch, end_of_prefix},
    server::db::{Db, StoreError, fetch_all, fetch_one},
};

/// The accounts that are read at most. A condition that more than these meet is met often enough to find a page of
/// them in the order of words: among a million, once in a thousand.
const MAX_ACCOUNTS: u32 = 1_000;
/// One more tells that there are too many.
const LIMIT: u32 = MAX_ACCOUNTS + 1;

/// All accounts that are found, in their order; `None` if every condition of the search is met by many.
pub async fn accounts(
    db: &Db,
    search: &UserSearch,
) -> Result<Option<Vec<(Cursor, User)>>, StoreError> {
    if search.words().len() == 1 && search.filter.is_none() {
        return Ok(None);
    }
    let rows = match rarest_word(db, search).await? {
        Some(word) => of_word(db, search, word).await?,
        None if are_few_in_state(db, search).await? => {
            all(db, search, "", LIMIT, Direction::Forwards).await?
        }
        None => return Ok(None),
    };
    if rows.len() > MAX_ACCOUNTS as usize {
        return Ok(None);
    }
    let rows = rows.into_iter().filter_map(|row| {
        // The others are found by their names (`unsplit.rs`).
        if !row.names.has_words {
            return None;
        }
        let first = row.names.first_word(search.first_word())?.to_owned();
        let is_found = row.names.have_all(search.words());
        is_found.then(|| listed(first, row.user))
    });
    let mut accounts: Vec<_> = rows.collect();
    accounts.sort_unstable_by(|(one, _), (other, _)| one.position().cmp(&other.position()));
    Ok(Some(accounts))
}

/// The word that the fewest accounts have, if they are few.
async fn rarest_word<'a>(db: &Db, search: &'a UserSearch) -> Result<Option<&'a str>, StoreError> {
    let mut rarest = None;
    for word in search.words() {
        let Some(end) = end_of_prefix(word) else {
            continue;
        };
        let limit = i64::from(LIMIT);
        let number: i64 = fetch_one!(scalar db, COUNT_OF_WORD, word, &end, bytes(word), limit);
        if number < limit && rarest.is_none_or(|(fewest, _)| number < fewest) {
            rarest = Some((number, word.as_str()));
        }
    }
    Ok(rarest.map(|(_, word)| word))
}

async fn of_word(db: &Db, search: &UserSearch, word: &str) -> Result<Vec<FoundRow>, StoreError> {
    let Some(end) = end_of_prefix(word) else {
        return Ok(Vec::new());
    };
    let text = of_filter(&OF_WORD, search.filter);
    let [one, two, three] = ranges_beside(search, word);
    Ok(fetch_all!(
        db,
        text,
        &one.0,
        &one.1,
        &two.0,
        &two.1,
        &three.0,
        &three.1,
        word,
        &end,
        bytes(word),
        i64::from(LIMIT)
    ))
}

/// Whether the search has a filter that few accounts pass. They are counted first: reading those that are too many would
/// cost more than the page.
async fn are_few_in_state(db: &Db, search: &UserSearch) -> Result<bool, StoreError> {
    if search.filter.is_none() {
        return Ok(false);
    }
    let text = of_filter(&COUNT, search.filter);
    let number: i64 = fetch_one!(scalar db, text, i64::from(LIMIT));
    Ok(number < i64::from(LIMIT))
}

/// Where the words begin and end that are searched for beside `word`; empty ones for the rest.
pub fn ranges_beside(search: &UserSearch, word: &str) -> [(String, String); MAX_SEARCH_WORDS - 1] {
    let others = search.words().iter().filter(|other| *other != word);
    let mut ranges = others.filter_map(|other| Some((other.clone(), end_of_prefix(other)?)));
    [(); MAX_SEARCH_WORDS - 1].map(|()| ranges.next().unwrap_or_default())
}

/// As in `user_words.repeats`.
pub fn bytes(word: &str) -> i64 {
    i64::try_from(word.len()).unwrap_or(i64::MAX)
}

/// The page of all that were found.
pub fn page(
    accounts: Vec<(Cursor, User)>,
    from: &Cursor,
    limit: u32,
    direction: Direction,
) -> Read {
    let accounts = accounts.into_iter();
    let found = match direction {
        Direction::Forwards => accounts
            .filter(|(cursor, _)| cursor.position() > from.position())
            .collect(),
        Direction::Backwards => accounts
            .rev()
            .filter(|(cursor, _)| cursor.position() < from.position())
            .collect(),
    };
    Read::of(found, limit)
}
