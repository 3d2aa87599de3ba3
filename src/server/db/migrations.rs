//! The tables, brought up to date.

use super::{Db, OpenError, Pool, postgres};
use sqlx::{
    Connection, SqlitePool,
    migrate::{MigrateError, Migrator},
};
use std::sync::LazyLock;

/// What both databases share.
static SHARED: LazyLock<Migrator> = LazyLock::new(|| beside_newer(sqlx::migrate!("./migrations")));
/// The same, and what only PostgreSQL needs, in the order of their numbers. These are unique among all, so that a
/// database made by a newer version is known by them (ADR 2).
static FOR_POSTGRES: LazyLock<Migrator> = LazyLock::new(|| {
    let own = sqlx::migrate!("./migrations/postgres");
    let mut all: Vec<_> = SHARED.iter().chain(own.iter()).cloned().collect();
    all.sort_by_key(|one| one.version);
    beside_newer(Migrator::with_migrations(all))
});

/// sqlx would refuse every migration that it does not know; [`accept_newer`] decides.
fn beside_newer(mut migrator: Migrator) -> Migrator {
    migrator.set_ignore_missing(true);
    migrator
}

/// A migration that was applied.
#[derive(Debug, sqlx::FromRow)]
struct Applied {
    version: i64,
    description: String,
}

const APPLIED: &str = "SELECT version, description FROM _sqlx_migrations ORDER BY version";

/// # Errors
/// [`OpenError::Newer`] for a database from which a newer version has removed what this one reads, and
/// [`OpenError::Migrate`].
pub async fn run(db: &Db) -> Result<(), OpenError> {
    let (known, applied) = match &db.writer {
        Pool::Sqlite(pool) => {
            run_on_sqlite(pool).await?;
            (&SHARED, sqlx::query_as(APPLIED).fetch_all(pool).await?)
        }
        Pool::Postgres(link) => {
            // A connection of its own, which may take its time: the limit that a request has for a statement
            // would stop every start with a large table, or beside another server that brings it up to date.
            let mut connection = postgres::patient(link).await?;
            FOR_POSTGRES.run(&mut connection).await?;
            let applied = sqlx::query_as(APPLIED).fetch_all(&mut connection).await?;
            connection.close().await?;
            (&FOR_POSTGRES, applied)
        }
    };
    accept_newer(known, &applied)
}

/// Migrations only add, so a version may work beside those of a newer one: while servers are replaced one by one,
/// and after an update was taken back. One that removes something names in the file's last words, `needs_NNNN`, a
/// migration that every version knows which does without it (ADR 34).
fn accept_newer(known: &Migrator, applied: &[Applied]) -> Result<(), OpenError> {
    let newer = || {
        applied
            .iter()
            .filter(|one| !known.version_exists(one.version))
    };
    let is_missing = |needed| !known.version_exists(needed);
    if newer().any(|one| needs(&one.description).is_some_and(is_missing)) {
        return Err(OpenError::Newer);
    }
    let versions: Vec<_> = newer().map(|one| one.version).collect();
    if !versions.is_empty() {
        tracing::warn!(
            migrations = ?versions,
            "the database was brought up to date by a newer version, which has only added to it"
        );
    }
    Ok(())
}

/// What stands behind the last `needs` of a description, which sqlx makes of the file's name.
fn needs(description: &str) -> Option<i64> {
    let (_, number) = description.rsplit_once("needs ")?;
    number.trim().parse().ok()
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
mod tests;
