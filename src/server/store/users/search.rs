//! Accounts in pages, and by a prefix of a name, an e-mail address or a display name.
//!
//! A page begins where the previous one ended. Nothing is counted, and nothing is sorted without an index, so a page
//! costs the same among ten accounts and a million.

use super::{UserRow, user_columns};
use crate::{
    domain::user::{LookupKey, User, UserId, end_of_prefix, fold},
    server::db::{Db, Outcome::Commit, StoreError, execute, fetch_all, transact},
};

/// The end of a page, where the one after or before it continues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The key by which the last account was found.
    pub key: String,
    pub id: UserId,
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

/// The maximum number of queries to fill a page. It is short if some of the accounts were on an earlier page, by
/// another of their names. A page that is still short after this many continues on the next one, so its cost is
/// bounded.
const MAX_QUERIES: usize = 8;

/// All accounts after the name `$1`, by name.
pub const ALL: &str = concat!(
    "SELECT u.username_key AS found_by, u.username_key, u.email_key, u.display_name_key, ",
    user_columns!(),
    " FROM users u WHERE u.username_key > $1 ORDER BY u.username_key LIMIT $2"
);

/// Accounts with a key between `$1` and `$3`, after the account `$2` at `$1`. For each kind of key it selects as many
/// as the page has, in the order of its index, and of these the first.
pub const BY_PREFIX: &str = concat!(
    "SELECT m.found_by, u.username_key, u.email_key, u.display_name_key, ",
    user_columns!(),
    " FROM (SELECT * FROM (SELECT username_key AS found_by, id FROM users ",
    "WHERE username_key >= $1 AND username_key < $3 AND (username_key <> $1 OR id > $2) ",
    "ORDER BY username_key LIMIT $4) AS by_name ",
    "UNION SELECT * FROM (SELECT email_key AS found_by, id FROM users ",
    "WHERE email_key >= $1 AND email_key < $3 AND (email_key <> $1 OR id > $2) ",
    "ORDER BY email_key LIMIT $4) AS by_email ",
    "UNION SELECT * FROM (SELECT display_name_key AS found_by, id FROM users ",
    "WHERE (display_name_key, id) > ($1, $2) AND display_name_key < $3 ",
    "ORDER BY display_name_key, id LIMIT $4) AS by_display_name) AS m ",
    "JOIN users u ON u.id = m.id ORDER BY m.found_by, m.id LIMIT $4"
);

/// All accounts before the name `$1`, by name backwards.
pub const ALL_BACKWARDS: &str = concat!(
    "SELECT u.username_key AS found_by, u.username_key, u.email_key, u.display_name_key, ",
    user_columns!(),
    " FROM users u WHERE u.username_key < $1 ORDER BY u.username_key DESC LIMIT $2"
);

/// Accounts with a key between `$3` and `$1`, before the account `$2` at `$1`, backwards.
pub const BY_PREFIX_BACKWARDS: &str = concat!(
    "SELECT m.found_by, u.username_key, u.email_key, u.display_name_key, ",
    user_columns!(),
    " FROM (SELECT * FROM (SELECT username_key AS found_by, id FROM users ",
    "WHERE username_key <= $1 AND username_key >= $3 AND (username_key <> $1 OR id < $2) ",
    "ORDER BY username_key DESC LIMIT $4) AS by_name ",
    "UNION SELECT * FROM (SELECT email_key AS found_by, id FROM users ",
    "WHERE email_key <= $1 AND email_key >= $3 AND (email_key <> $1 OR id < $2) ",
    "ORDER BY email_key DESC LIMIT $4) AS by_email ",
    "UNION SELECT * FROM (SELECT display_name_key AS found_by, id FROM users ",
    "WHERE (display_name_key, id) < ($1, $2) AND display_name_key >= $3 ",
    "ORDER BY display_name_key DESC, id DESC LIMIT $4) AS by_display_name) AS m ",
    "JOIN users u ON u.id = m.id ORDER BY m.found_by DESC, m.id DESC LIMIT $4"
);

#[derive(sqlx::FromRow)]
struct FoundRow {
    found_by: String,
    username_key: String,
    email_key: Option<String>,
    display_name_key: Option<String>,
    #[sqlx(flatten)]
    user: UserRow,
}

impl FoundRow {
    /// Whether an earlier key of the account begins with the prefix as well: then the account is listed there. The list
    /// of all accounts has names alone.
    fn is_listed_earlier(&self, prefix: &str) -> bool {
        if prefix.is_empty() {
            return false;
        }
        let keys = [
            Some(&self.username_key),
            self.email_key.as_ref(),
            self.display_name_key.as_ref(),
        ];
        let mut keys = keys.into_iter().flatten();
        keys.any(|key| key.starts_with(prefix) && *key < self.found_by)
    }
}

/// Up to `limit` accounts after `after`: all, or those with a name, an e-mail address or a display
/// name that begins with `prefix`.
pub async fn page(
    db: &Db,
    prefix: &LookupKey,
    after: Option<&Cursor>,
    limit: u32,
) -> Result<Found, StoreError> {
    let prefix = prefix.as_str();
    // A cursor before the prefix belongs to another search.
    let after = after.filter(|cursor| *cursor.key >= *prefix);
    let start = after.cloned().unwrap_or_else(|| start_of(prefix));
    let read = read(db, prefix, start, limit, Direction::Forwards).await?;
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
    prefix: &LookupKey,
    before: &Cursor,
    limit: u32,
) -> Result<Found, StoreError> {
    let prefix = prefix.as_str();
    let mut read = read(db, prefix, before.clone(), limit, Direction::Backwards).await?;
    read.found.reverse();
    // Without any account, the page after this one is the first, or, if the reading stopped on the way there, the one
    // from which the caller came.
    let last = read.found.last().map(|(cursor, _)| cursor.clone());
    let next = last.unwrap_or_else(|| match &read.rest {
        None => start_of(prefix),
        Some(_) => start_of(&before.key),
    });
    Ok(Found {
        previous: read.rest,
        users: read.found.into_iter().map(|(_, user)| user).collect(),
        next: Some(next),
    })
}

/// The last `limit` accounts, in the same order.
pub async fn last_page(db: &Db, prefix: &LookupKey, limit: u32) -> Result<Found, StoreError> {
    // Behind all usernames, and behind every key that begins with the prefix.
    let end = end_of_prefix(prefix.as_str());
    let end = Cursor {
        key: end.unwrap_or_else(|| char::MAX.to_string()),
        id: UserId(String::new()),
    };
    let found = page_before(db, prefix, &end, limit).await?;
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

/// A cursor between the account at `cursor` and the next one. No key has a control character.
fn behind(cursor: &Cursor) -> Cursor {
    Cursor {
        key: format!("{}\u{1}", cursor.key),
        id: UserId(String::new()),
    }
}

#[derive(Clone, Copy)]
enum Direction {
    Forwards,
    Backwards,
}

/// The accounts that were read, in the order of reading, and where to continue if there are more.
struct Read {
    found: Vec<(Cursor, User)>,
    rest: Option<Cursor>,
}

async fn read(
    db: &Db,
    prefix: &str,
    mut cursor: Cursor,
    limit: u32,
    direction: Direction,
) -> Result<Read, StoreError> {
    let mut found: Vec<(Cursor, User)> = Vec::new();
    let page_size = usize::try_from(limit).unwrap_or(usize::MAX);
    for _ in 0..MAX_QUERIES {
        let rows = rows_from(db, prefix, &cursor, limit.saturating_add(1), direction).await?;
        let is_last = rows.len() <= page_size;
        for row in rows {
            let is_listed_earlier = row.is_listed_earlier(prefix);
            let user = User::from(row.user);
            cursor = Cursor {
                key: row.found_by,
                id: user.id.clone(),
            };
            if !is_listed_earlier {
                found.push((cursor.clone(), user));
            }
        }
        if is_last && found.len() <= page_size {
            return Ok(Read { found, rest: None });
        }
        if found.len() > page_size {
            found.truncate(page_size);
            let rest = found.last().map(|(cursor, _)| cursor.clone());
            return Ok(Read { found, rest });
        }
    }
    let rest = Some(cursor);
    Ok(Read { found, rest })
}

async fn rows_from(
    db: &Db,
    prefix: &str,
    Cursor { key, id }: &Cursor,
    limit: u32,
    direction: Direction,
) -> Result<Vec<FoundRow>, StoreError> {
    use Direction::{Backwards, Forwards};
    let limit = i64::from(limit);
    Ok(match (end_of_prefix(prefix), direction) {
        (Some(end), Forwards) => fetch_all!(db, BY_PREFIX, key, &id.0, &end, limit),
        (Some(_), Backwards) => fetch_all!(db, BY_PREFIX_BACKWARDS, key, &id.0, prefix, limit),
        (None, Forwards) => fetch_all!(db, ALL, key, limit),
        (None, Backwards) => fetch_all!(db, ALL_BACKWARDS, key, limit),
    })
}

/// Folds up to `limit` display names of accounts from before that column. Returns how many.
pub async fn fold_some_display_names(db: &Db, limit: u32) -> Result<u64, StoreError> {
    const FIND: &str = "SELECT id, display_name FROM users WHERE display_name_key IS NULL LIMIT $1";
    // It may have been changed since, with its key.
    const FOLD: &str = "UPDATE users SET display_name_key = $2 \
        WHERE id = $1 AND display_name = $3 AND display_name_key IS NULL";
    let rows: Vec<(String, String)> = fetch_all!(db, FIND, i64::from(limit));
    let count = rows.len() as u64;
    if count == 0 {
        return Ok(0);
    }
    transact!(db, transaction => {
        for (id, display_name) in &rows {
            execute!(transaction, FOLD, id, fold(display_name), display_name);
        }
        Ok(Commit(count))
    })
}
