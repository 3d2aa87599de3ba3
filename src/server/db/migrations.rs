//! The tables, brought up to date.

use super::{Db, Pool};
use sqlx::{
    Connection, PgConnection, PgPool, SqlitePool,
    migrate::{MigrateError, Migrator},
};
use std::sync::LazyLock;

/// What both databases share.
static SHARED: Migrator = sqlx::migrate!("./migrations");
/// The same, and what only PostgreSQL needs, in the order of their numbers. These are unique among all, so that a
/// database made by a newer version is known by them (ADR 2).
static FOR_POSTGRES: LazyLock<Migrator> = LazyLock::new(|| {
    let own = sqlx::migrate!("./migrations/postgres");
    let mut all: Vec<_> = SHARED.iter().chain(own.iter()).cloned().collect();
    all.sort_by_key(|one| one.version);
    Migrator::with_migrations(all)
});

/// # Errors
/// [`MigrateError`], also for a database that a newer version has made.
pub async fn run(db: &Db) -> Result<(), MigrateError> {
    match &db.writer {
        Pool::Sqlite(pool) => run_on_sqlite(pool).await,
        Pool::Postgres(pool) => run_on_postgres(pool).await,
    }
}

/// On a connection of its own, which may take its time: the limit that a request has for a statement would stop
/// whoever has a large table, or comes while another server brings it up to date, at every start.
async fn run_on_postgres(pool: &PgPool) -> Result<(), MigrateError> {
    let options = (*pool.connect_options()).clone();
    let patient = options.options([("statement_timeout", "0")]);
    let mut connection = PgConnection::connect_with(&patient).await?;
    FOR_POSTGRES.run(&mut connection).await?;
    Ok(connection.close().await?)
}

/// Programs may meet at an empty SQLite database, which knows no lock for migrations: whoever comes
/// second at a migration finds its tables made when it looks again. That happens at most once for each.
async fn run_on_sqlite(pool: &SqlitePool) -> Result<(), MigrateError> {
    let mut outcome = SHARED.run(pool).await;
    for _ in SHARED.iter() {
        let Err(MigrateError::Execute(_) | MigrateError::ExecuteMigration(..)) = outcome else {
            break;
        };
        outcome = SHARED.run(pool).await;
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_migrations_have_one_number() {
        let versions: HashSet<_> = FOR_POSTGRES.iter().map(|one| one.version).collect();
        assert_eq!(versions.len(), FOR_POSTGRES.iter().count());
        assert!(FOR_POSTGRES.iter().count() > SHARED.iter().count());
        assert!(FOR_POSTGRES.iter().is_sorted_by_key(|one| one.version));
    }
}
