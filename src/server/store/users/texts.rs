//! The statements of the search for accounts. Each has one text for each filter, because only a condition without a
//! parameter leads to the index of that filter.

use super::user_columns;
use crate::domain::user::UserFilter;

/// The folded names of an account.
#[derive(sqlx::FromRow)]
pub struct Names {
    pub username_key: String,
    pub email_key: Option<String>,
    pub display_name_key: Option<String>,
    /// Its words were made of these names.
    pub has_words: bool,
}

/// The names of an account in one text, as in the indexes `users_without_words…`.
macro_rules! names {
    () => {
        "(username_key || ' ' || COALESCE(email_key, '') || ' ' || COALESCE(display_name_key, ''))"
    };
}
pub(super) use names;

/// The columns of an account that was found.
macro_rules! found_columns {
    () => {
        concat!(
            ", u.username_key, u.email_key, u.display_name_key, words_of IS NOT DISTINCT FROM ",
            names!(),
            " AS has_words, ",
            user_columns!()
        )
    };
}

/// One text without a filter, and one for each, in the order of [`UserFilter::ALL`].
macro_rules! of_each_filter {
    ($text:ident $(, $part:literal)*) => {
        [
            $text!("" $(, $part)*),
            $text!(" AND u.is_admin" $(, $part)*),
            $text!(" AND u.disabled_at IS NOT NULL" $(, $part)*),
            $text!(" AND u.password_hash = '' AND u.disabled_at IS NULL" $(, $part)*),
            $text!(" AND NOT u.has_signed_in" $(, $part)*),
        ]
    };
}

/// The text of a filter.
pub const fn of_filter(texts: &[&'static str; 5], filter: Option<UserFilter>) -> &'static str {
    match filter {
        None => texts[0],
        Some(UserFilter::Administrators) => texts[1],
        Some(UserFilter::Disabled) => texts[2],
        Some(UserFilter::Invited) => texts[3],
        Some(UserFilter::NeverSignedIn) => texts[4],
    }
}

macro_rules! all {
    ($filter:literal, $range:literal, $order:literal) => {
        concat!(
            "SELECT u.username_key AS found_by",
            found_columns!(),
            " FROM users u WHERE ",
            $range,
            $filter,
            $order
        )
    };
}

/// Accounts after the name `$1`, by name.
pub const ALL: [&str; 5] = of_each_filter!(
    all,
    "u.username_key > $1",
    " ORDER BY u.username_key LIMIT $2"
);

/// Accounts before the name `$1`, by name backwards.
pub const ALL_BACKWARDS: [&str; 5] = of_each_filter!(
    all,
    "u.username_key < $1",
    " ORDER BY u.username_key DESC LIMIT $2"
);

macro_rules! by_name {
    ($filter:literal, $name:literal, $after:literal, $until:literal, $order:literal) => {
        concat!(
            "SELECT ",
            $name,
            " AS found_by",
            found_columns!(),
            " FROM users u WHERE words_of IS DISTINCT FROM ",
            names!(),
            " AND (",
            $name,
            $after,
            $name,
            $until,
            $filter,
            " ORDER BY ",
            $name,
            $order
        )
    };
}

macro_rules! forwards {
    ($name:literal) => {
        of_each_filter!(
            by_name,
            $name,
            ", u.id) > ($1, $2) AND ",
            " < $3",
            ", u.id LIMIT $4"
        )
    };
}

macro_rules! backwards {
    ($name:literal) => {
        of_each_filter!(
            by_name,
            $name,
            ", u.id) < ($1, $2) AND ",
            " >= $3",
            " DESC, u.id DESC LIMIT $4"
        )
    };
}

/// Accounts whose names are not split, by each name: after the name `$1` and the account `$2`, before the name `$3`.
pub const BY_NAME: [[&str; 5]; 3] = [
    forwards!("u.username_key"),
    forwards!("u.email_key"),
    forwards!("u.display_name_key"),
];

/// The same backwards, from the name `$3` on.
pub const BY_NAME_BACKWARDS: [[&str; 5]; 3] = [
    backwards!("u.username_key"),
    backwards!("u.email_key"),
    backwards!("u.display_name_key"),
];

/// Whether the account `u` has a word from `$from` on and before `$to`; an empty `$from` asks nothing. SQL answers this,
/// because handing over an account costs ten times as much as finding it. For an EXISTS, PostgreSQL might read such words
/// of all accounts.
macro_rules! and_a_word {
    ($from:literal, $to:literal) => {
        concat!(
            " AND (",
            $from,
            " = '' OR (SELECT o.word FROM user_words o WHERE o.user_id = u.id AND o.word >= ",
            $from,
            " ORDER BY o.word LIMIT 1) < ",
            $to,
            ")"
        )
    };
}

/// SQLite keeps the order of a CROSS JOIN: the words lead, whatever it knows of the tables.
macro_rules! by_word {
    ($filter:literal, $words:literal, $range:literal, $order:literal) => {
        concat!(
            "SELECT w.word AS found_by",
            found_columns!(),
            " FROM ",
            $words,
            " w CROSS JOIN users u WHERE u.id = w.user_id",
            $range,
            $filter,
            $order
        )
    };
}

/// Accounts with the further words from `$1` on and before `$2`, from `$3` on and before `$4`, and from `$5` on and
/// before `$6`.
macro_rules! by_words {
    ($filter:literal, $words:literal, $range:literal, $order:literal) => {
        concat!(
            by_word!($filter, $words, $range, ""),
            and_a_word!("$1", "$2"),
            and_a_word!("$3", "$4"),
            and_a_word!("$5", "$6"),
            $order
        )
    };
}

/// Accounts by their words after `$1` and `$2` and before the word `$3`, without words that repeat `$4` bytes or more.
pub const BY_WORD: &str = by_word!(
    "",
    "user_words",
    " AND (w.word, w.user_id) > ($1, $2) AND w.word < $3 AND w.repeats < $4",
    " ORDER BY w.word, w.user_id LIMIT $5"
);

/// The same backwards, from the word `$3` on.
pub const BY_WORD_BACKWARDS: &str = by_word!(
    "",
    "user_words",
    " AND (w.word, w.user_id) < ($1, $2) AND w.word >= $3 AND w.repeats < $4",
    " ORDER BY w.word DESC, w.user_id DESC LIMIT $5"
);

/// `$12` accounts with the further words by the next `$11` words after `$7` and `$8` and before the word `$9`, without
/// words that repeat `$10` bytes or more. They are counted and not bounded by a last one: PostgreSQL would read on behind
/// it to the end of an equal word.
pub const IN_WINDOW: [&str; 5] = of_each_filter!(
    by_words,
    "(SELECT word, user_id, repeats FROM user_words WHERE (word, user_id) > ($7, $8) AND word < $9 \
     ORDER BY word, user_id LIMIT $11)",
    " AND w.repeats < $10",
    " ORDER BY w.word, w.user_id LIMIT $12"
);

/// The same backwards, from the word `$9` on.
pub const IN_WINDOW_BACKWARDS: [&str; 5] = of_each_filter!(
    by_words,
    "(SELECT word, user_id, repeats FROM user_words WHERE (word, user_id) < ($7, $8) AND word >= $9 \
     ORDER BY word DESC, user_id DESC LIMIT $11)",
    " AND w.repeats < $10",
    " ORDER BY w.word DESC, w.user_id DESC LIMIT $12"
);

/// The account `$4` words after `$1` and `$2`, before the word `$3`.
pub const ENDS: &str = "SELECT word, user_id FROM user_words WHERE (word, user_id) > ($1, $2) AND word < $3 \
    ORDER BY word, user_id LIMIT 1 OFFSET $4";

/// The account `$4` words before `$1` and `$2`, from the word `$3` on.
pub const ENDS_BACKWARDS: &str = "SELECT word, user_id FROM user_words WHERE (word, user_id) < ($1, $2) \
    AND word >= $3 ORDER BY word DESC, user_id DESC LIMIT 1 OFFSET $4";

/// Accounts with the further words and one from `$7` on and before `$8`, each once, for a search for `$9` bytes.
pub const OF_WORD: [&str; 5] = of_each_filter!(
    by_words,
    "user_words",
    " AND w.word >= $7 AND w.word < $8 AND w.repeats < $9",
    " LIMIT $10"
);

/// Counts them up to `$4`, whatever the filter and the further words.
pub const COUNT_OF_WORD: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM user_words \
    WHERE word >= $1 AND word < $2 AND repeats < $3 LIMIT $4) AS counted";

macro_rules! count {
    ($filter:literal) => {
        concat!(
            "SELECT COUNT(*) FROM (SELECT u.username_key FROM users u WHERE TRUE",
            $filter,
            " ORDER BY u.username_key LIMIT $1) AS counted"
        )
    };
}

/// Counts accounts up to `$1`. Their order leads to the index: PostgreSQL would else look for them among all.
pub const COUNT: [&str; 5] = of_each_filter!(count);

/// Whether an account has no words of its present names. The order leads to their index: PostgreSQL takes nearly all
/// accounts for such, and would look for the first among all.
pub const ANY_WITHOUT: &str = concat!(
    "SELECT 1 FROM users WHERE words_of IS DISTINCT FROM ",
    names!(),
    " ORDER BY username_key, id LIMIT 1"
);
