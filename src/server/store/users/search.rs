//! Accounts in pages: all, in a state, or by words.
//!
//! A page begins where the previous one ended. Nothing is counted, and nothing is sorted without an index but a few
//! accounts, so a page costs the same among ten accounts and a million. The list has the order of the names; a search
//! that of the words that begin with its first word. Accounts whose names are not split into words, from a server of an
//! older version, are found by the beginning of each name, in the same order.

mod sparse;
mod unsplit;
mod windows;

use super::{
    UserRow,
    texts::{self, Names},
};
use crate::{
    domain::user::{User, UserId, UserSearch, end_of_prefix},
    server::db::{Db, StoreError, exists, fetch_all},
};
use std::{cmp::Ordering, collections::HashSet};

/// The end of a page, where the one after or before it continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The key by which the last account was found.
    pub key: String,
    pub id: UserId,
}

impl Cursor {
    /// In the order of the list.
    fn position(&self) -> (&str, &str) {
        (&self.key, &self.id.0)
    }
}

/// A page of accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub users: Vec<User>,
    /// Set if there are more after the last one,
    pub next: Option<Cursor>,
    /// or before the first one.
    pub previous: Option<Cursor>,
}

#[derive(sqlx::FromRow)]
struct FoundRow {
    found_by: String,
    #[sqlx(flatten)]
    names: Names,
    #[sqlx(flatten)]
    user: UserRow,
}

impl FoundRow {
    /// In the order of the list.
    fn position(&self) -> (&str, &str) {
        (&self.found_by, &self.user.user_id)
    }
}

/// Up to `limit` accounts after `after`.
pub async fn page(
    db: &Db,
    search: &UserSearch,
    after: Option<&Cursor>,
    limit: u32,
) -> Result<Found, StoreError> {
    let first_word = search.first_word();
    // A cursor before the first word belongs to another search.
    let after = after.filter(|cursor| *cursor.key >= *first_word);
    let start = after.cloned().unwrap_or_else(|| start_of(first_word));
    let read = read(db, search, start, limit, Direction::Forwards).await?;
    let previous = match (after, read.found.first()) {
        (None, _) => None,
        (Some(_), Some((first, _))) => Some(first.clone()),
        (Some(after), None) => Some(behind(after)),
    };
    Ok(Found {
        next: read.rest,
        users: read.found.into_iter().map(|(_, user)| user).collect(),
        previous,
    })
}

/// The last `limit` accounts before `before`, in the same order.
pub async fn page_before(
    db: &Db,
    search: &UserSearch,
    before: &Cursor,
    limit: u32,
) -> Result<Found, StoreError> {
    let mut read = read(db, search, before.clone(), limit, Direction::Backwards).await?;
    read.found.reverse();
    // Without any account, the page after this one is the first, or, if the reading stopped on the way there, the one
    // from which the caller came.
    let last = read.found.last().map(|(cursor, _)| cursor.clone());
    let next = last.unwrap_or_else(|| match &read.rest {
        None => start_of(search.first_word()),
        Some(_) => start_of(&before.key),
    });
    Ok(Found {
        previous: read.rest,
        users: read.found.into_iter().map(|(_, user)| user).collect(),
        next: Some(next),
    })
}

/// The last `limit` accounts, in the same order.
pub async fn last_page(db: &Db, search: &UserSearch, limit: u32) -> Result<Found, StoreError> {
    let found = page_before(db, search, &end_of(search.first_word()), limit).await?;
    Ok(Found {
        next: None,
        ..found
    })
}

/// A cursor before the first account with this key. Every id follows the empty one.
fn start_of(key: &str) -> Cursor {
    Cursor {
        key: key.to_owned(),
        id: UserId(String::new()),
    }
}

/// A cursor behind every account with a key that begins with `prefix`.
fn end_of(prefix: &str) -> Cursor {
    start_of(&end_of_prefix(prefix).unwrap_or_else(|| char::MAX.to_string()))
}

/// A cursor between the account at `cursor` and the next one. No key has a control character.
fn behind(cursor: &Cursor) -> Cursor {
    start_of(&format!("{}\u{1}", cursor.key))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Forwards,
    Backwards,
}

impl Direction {
    /// The order of reading.
    fn order(self, one: (&str, &str), other: (&str, &str)) -> Ordering {
        match self {
            Self::Forwards => one.cmp(&other),
            Self::Backwards => other.cmp(&one),
        }
    }
}

/// The accounts that were read, in the order of reading, and where to continue if there are more.
#[derive(Default)]
struct Read {
    found: Vec<(Cursor, User)>,
    rest: Option<Cursor>,
}

impl Read {
    /// Of accounts in the order of reading, with at least one more than a page if there are more.
    fn of(mut found: Vec<(Cursor, User)>, limit: u32) -> Self {
        let page_size = usize::try_from(limit).unwrap_or(usize::MAX);
        if found.len() <= page_size {
            return Self { found, rest: None };
        }
        found.truncate(page_size);
        let rest = found.last().map(|(cursor, _)| cursor.clone());
        Self { found, rest }
    }

    /// The accounts of both, up to where the first of them stopped.
    fn merged(self, other: Self, limit: u32, direction: Direction) -> Self {
        let order =
            |one: &Cursor, other: &Cursor| direction.order(one.position(), other.position());
        let rests = self.rest.into_iter().chain(other.rest);
        let rest = rests.min_by(order);
        let mut found: Vec<_> = self.found.into_iter().chain(other.found).collect();
        if let Some(rest) = &rest {
            found.retain(|(cursor, _)| order(cursor, rest).is_le());
        }
        found.sort_by(|(one, _), (other, _)| order(one, other));
        // Its names may have been split between the two queries.
        let mut ids = HashSet::new();
        found.retain(|(cursor, _)| ids.insert(cursor.id.clone()));
        if found.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
            return Self::of(found, limit);
        }
        Self { found, rest }
    }
}

async fn read(
    db: &Db,
    search: &UserSearch,
    cursor: Cursor,
    limit: u32,
    direction: Direction,
) -> Result<Read, StoreError> {
    if search.words().is_empty() {
        let rows = all(db, search, &cursor.key, limit.saturating_add(1), direction).await?;
        let found = rows.into_iter().map(|row| listed(row.found_by, row.user));
        return Ok(Read::of(found.collect(), limit));
    }
    // Read first: an account that is split meanwhile is found by its words.
    let unsplit = if exists!(db, texts::ANY_WITHOUT) {
        windows::read_rows(db, search, cursor.clone(), limit, direction, false).await?
    } else {
        Read::default()
    };
    let split = match sparse::accounts(db, search).await? {
        Some(accounts) => sparse::page(accounts, &cursor, limit, direction),
        None => windows::read(db, search, cursor, limit, direction).await?,
    };
    Ok(split.merged(unsplit, limit, direction))
}

fn listed(found_by: String, user: UserRow) -> (Cursor, User) {
    let user = User::from(user);
    let cursor = Cursor {
        key: found_by,
        id: user.id.clone(),
    };
    (cursor, user)
}

/// Accounts by name, without regard to words.
async fn all(
    db: &Db,
    search: &UserSearch,
    from: &str,
    limit: u32,
    direction: Direction,
) -> Result<Vec<FoundRow>, StoreError> {
    let text = match direction {
        Direction::Forwards => texts::of_filter(&texts::ALL, search.filter),
        Direction::Backwards => texts::of_filter(&texts::ALL_BACKWARDS, search.filter),
    };
    Ok(fetch_all!(db, text, from, i64::from(limit)))
}
