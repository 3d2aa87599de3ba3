//! Queries by many ids: few statements, each of bounded size.

/// Ids a statement. SQLite allows 32,766 values, PostgreSQL 65,535; beyond some hundreds there is no gain.
pub const IDS_PER_STATEMENT: usize = 500;

/// The rows whose ids are among `$ids`, by a statement that ends in the column, and `$rest` after the ids.
macro_rules! fetch_among {
    ($db:expr, $sql:expr, $ids:expr, $fetch:ident) => {
        fetch_among!($db, $sql, $ids, $fetch, "")
    };
    ($db:expr, $sql:expr, $ids:expr, $fetch:ident, $rest:literal) => {
        $crate::server::db::on_pool!($db, pool => {
            let mut query = sqlx::QueryBuilder::new($sql);
            query.push(" IN (");
            let mut values = query.separated(", ");
            for id in $ids {
                values.push_bind(id.0.as_str());
            }
            query.push(")").push($rest);
            // Each number of values is a statement of its own: too many to cache.
            query.$fetch().persistent(false).fetch_all(pool).await?
        })
    };
}
pub(super) use fetch_among;
