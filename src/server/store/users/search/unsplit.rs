//! Accounts whose names are not split into words: from before there were words, or changed by a server of an older
//! version. Each name counts as one word. An index of these accounts leads to each name.

use super::{
    super::texts::{BY_NAME, BY_NAME_BACKWARDS, of_filter},
    Cursor, Direction, FoundRow,
    windows::bound,
};
use crate::{
    domain::user::UserSearch,
    server::db::{Db, StoreError, fetch_all},
};

/// The next accounts by any of their names.
pub async fn by_name(
    db: &Db,
    search: &UserSearch,
    Cursor { key, id }: &Cursor,
    limit: u32,
    direction: Direction,
) -> Result<Vec<FoundRow>, StoreError> {
    let texts = match direction {
        Direction::Forwards => &BY_NAME,
        Direction::Backwards => &BY_NAME_BACKWARDS,
    };
    let bound = bound(search, direction);
    let mut rows: Vec<FoundRow> = Vec::new();
    for text in texts {
        let text = of_filter(text, search.filter);
        let of_name: Vec<FoundRow> = fetch_all!(db, text, key, &id.0, &bound, i64::from(limit));
        rows.extend(of_name);
    }
    rows.sort_by(|one, other| direction.order(one.position(), other.position()));
    rows.truncate(limit as usize);
    Ok(rows)
}
