//! Searches that many accounts meet, read in the order of words.

use super::{
    super::texts::{
        BY_WORD, BY_WORD_BACKWARDS, ENDS, ENDS_BACKWARDS, IN_WINDOW, IN_WINDOW_BACKWARDS, of_filter,
    },
    Cursor, Direction, FoundRow, Read, end_of, listed,
    sparse::{bytes, ranges_beside},
    unsplit::by_name,
};
use crate::{
    domain::user::{User, UserId, UserSearch},
    server::db::{Db, StoreError, fetch_all, fetch_optional},
};

/// The words that are read for a page if there is a further condition, a few first. A page that is still short then
/// continues on the next one, so its cost is bounded. Looking for a second word costs more than looking at a state.
const WINDOWS: [u32; 2] = [1_000, 1_400];
const FILTERED_WINDOWS: [u32; 2] = [1_000, 2_000];

/// The maximum number of queries to fill a page. Only an account whose names are not split yet is read in vain.
const MAX_QUERIES: usize = 8;

pub async fn read(
    db: &Db,
    search: &UserSearch,
    from: Cursor,
    limit: u32,
    direction: Direction,
) -> Result<Read, StoreError> {
    if search.filter.is_some() || search.words().len() > 1 {
        read_windows(db, search, from, limit, direction).await
    } else {
        read_rows(db, search, from, limit, direction, true).await
    }
}

/// By one word alone, or by the names of the accounts whose names are not split: nearly every row is an account to show.
pub async fn read_rows(
    db: &Db,
    search: &UserSearch,
    mut from: Cursor,
    limit: u32,
    direction: Direction,
    is_split: bool,
) -> Result<Read, StoreError> {
    let mut found = Vec::new();
    let number = limit.saturating_add(1);
    for _ in 0..MAX_QUERIES {
        let rows = if is_split {
            by_word(db, search, &from, number, direction).await?
        } else {
            by_name(db, search, &from, number, direction).await?
        };
        let is_last = rows.len() < number as usize;
        from = add(&mut found, rows, search, from, is_split);
        if is_last || found.len() > limit as usize {
            return Ok(Read::of(found, limit));
        }
    }
    Ok(Read {
        found,
        rest: Some(from),
    })
}

async fn read_windows(
    db: &Db,
    search: &UserSearch,
    mut from: Cursor,
    limit: u32,
    direction: Direction,
) -> Result<Read, StoreError> {
    let mut found = Vec::new();
    let windows = match search.filter {
        Some(_) => FILTERED_WINDOWS,
        None => WINDOWS,
    };
    let number = limit.saturating_add(1);
    for words in windows {
        let rows = in_window(db, search, &from, words, number, direction).await?;
        let is_whole = rows.len() < number as usize;
        let start = from.clone();
        from = add(&mut found, rows, search, from, true);
        if found.len() > limit as usize {
            return Ok(Read::of(found, limit));
        }
        if is_whole {
            from = match end_of_window(db, search, &start, words, direction).await? {
                Some(end) => end,
                None => return Ok(Read { found, rest: None }),
            };
        }
    }
    Ok(Read {
        found,
        rest: Some(from),
    })
}

/// Adds the accounts that are to be shown at this place: those whose names are split, or the others. Returns the last
/// place.
fn add(
    found: &mut Vec<(Cursor, User)>,
    rows: Vec<FoundRow>,
    search: &UserSearch,
    mut from: Cursor,
    is_split: bool,
) -> Cursor {
    for row in rows {
        let is_found = row.names.has_words == is_split
            && row.names.first_word(search.first_word()) == Some(&row.found_by)
            && row.names.have_all(search.words());
        let (cursor, user) = listed(row.found_by, row.user);
        // Before its names are split, an account may have the same name twice.
        if is_found && from != cursor {
            found.push((cursor.clone(), user));
        }
        from = cursor;
    }
    from
}

/// The bound of a search by words in this direction.
pub fn bound(search: &UserSearch, direction: Direction) -> String {
    match direction {
        Direction::Forwards => end_of(search.first_word()).key,
        Direction::Backwards => search.first_word().to_owned(),
    }
}

/// The last of the next words; `None` if there are fewer.
async fn end_of_window(
    db: &Db,
    search: &UserSearch,
    Cursor { key, id }: &Cursor,
    words: u32,
    direction: Direction,
) -> Result<Option<Cursor>, StoreError> {
    let text = match direction {
        Direction::Forwards => ENDS,
        Direction::Backwards => ENDS_BACKWARDS,
    };
    let (bound, offset) = (bound(search, direction), i64::from(words) - 1);
    let row: Option<(String, String)> = fetch_optional!(db, text, key, &id.0, &bound, offset);
    Ok(row.map(|(key, id)| Cursor {
        key,
        id: UserId(id),
    }))
}

async fn by_word(
    db: &Db,
    search: &UserSearch,
    Cursor { key, id }: &Cursor,
    limit: u32,
    direction: Direction,
) -> Result<Vec<FoundRow>, StoreError> {
    let text = match direction {
        Direction::Forwards => BY_WORD,
        Direction::Backwards => BY_WORD_BACKWARDS,
    };
    let (bound, repeats) = (bound(search, direction), bytes(search.first_word()));
    let limit = i64::from(limit);
    Ok(fetch_all!(db, text, key, &id.0, &bound, repeats, limit))
}

async fn in_window(
    db: &Db,
    search: &UserSearch,
    Cursor { key, id }: &Cursor,
    words: u32,
    limit: u32,
    direction: Direction,
) -> Result<Vec<FoundRow>, StoreError> {
    let text = match direction {
        Direction::Forwards => of_filter(&IN_WINDOW, search.filter),
        Direction::Backwards => of_filter(&IN_WINDOW_BACKWARDS, search.filter),
    };
    let (bound, repeats) = (bound(search, direction), bytes(search.first_word()));
    let [one, two, three] = ranges_beside(search, search.first_word());
    Ok(fetch_all!(
        db,
        text,
        &one.0,
        &one.1,
        &two.0,
        &two.1,
        &three.0,
        &three.1,
        key,
        &id.0,
        &bound,
        repeats,
        i64::from(words),
        i64::from(limit)
    ))
}
