//! One statement with its values in the order of `$1`, `$2`, …: on the pool for reads, or within a transaction.
//!
//! Macros, because the two databases have connections of two types, and a value binds to either.

/// Executes a statement within a transaction. Returns the number of rows changed.
macro_rules! execute {
    ($transaction:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::server::db::in_transaction!($transaction, connection => sqlx::query($sql)
            $(.bind($value))*
            .execute(connection)
            .await?
            .rows_affected())
    };
}

/// Makes a pair of macros that read rows by one of sqlx's functions: from the pool, and within a transaction. Each row
/// becomes the inferred type, or with `scalar` its only column does.
macro_rules! fetching {
    ($(#[$note:meta])* $from_pool:ident, $within:ident, $fetch:ident, $dollar:tt) => {
        $(#[$note])*
        macro_rules! $from_pool {
            (scalar $dollar db:expr, $dollar sql:expr $dollar(, $dollar value:expr)* $dollar(,)?) => {
                $crate::server::db::on_pool!($dollar db, pool => sqlx::query_scalar($dollar sql)
                    $dollar(.bind($dollar value))*
                    .$fetch(pool)
                    .await?)
            };
            ($dollar db:expr, $dollar sql:expr $dollar(, $dollar value:expr)* $dollar(,)?) => {
                $crate::server::db::on_pool!($dollar db, pool => sqlx::query_as($dollar sql)
                    $dollar(.bind($dollar value))*
                    .$fetch(pool)
                    .await?)
            };
        }
        $(#[$note])*
        macro_rules! $within {
            (scalar $dollar transaction:expr, $dollar sql:expr $dollar(, $dollar value:expr)* $dollar(,)?) => {
                $crate::server::db::in_transaction!($dollar transaction, connection => sqlx::query_scalar($dollar sql)
                    $dollar(.bind($dollar value))*
                    .$fetch(connection)
                    .await?)
            };
            ($dollar transaction:expr, $dollar sql:expr $dollar(, $dollar value:expr)* $dollar(,)?) => {
                $crate::server::db::in_transaction!($dollar transaction, connection => sqlx::query_as($dollar sql)
                    $dollar(.bind($dollar value))*
                    .$fetch(connection)
                    .await?)
            };
        }
        pub(crate) use $from_pool;
        pub(crate) use $within;
    };
}

fetching!(
    /// All rows.
    fetch_all, fetch_all_within, fetch_all, $
);
fetching!(
    /// The first row, if there is one.
    fetch_optional, fetch_optional_within, fetch_optional, $
);
fetching!(
    /// The only row.
    fetch_one, fetch_one_within, fetch_one, $
);

/// Whether a statement finds a row.
macro_rules! exists {
    ($db:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::server::db::on_pool!($db, pool => sqlx::query($sql)
            $(.bind($value))*
            .fetch_optional(pool)
            .await?
            .is_some())
    };
}

/// The same within a transaction.
macro_rules! exists_within {
    ($transaction:expr, $sql:expr $(, $value:expr)* $(,)?) => {
        $crate::server::db::in_transaction!($transaction, connection => sqlx::query($sql)
            $(.bind($value))*
            .fetch_optional(connection)
            .await?
            .is_some())
    };
}

pub(crate) use execute;
pub(crate) use exists;
pub(crate) use exists_within;
