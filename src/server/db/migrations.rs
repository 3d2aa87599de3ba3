//! Migrations of the tables.

use super::{Db, OpenError, Pool, postgres};
use sqlx::{
    Connection, SqlitePool,
    migrate::{MigrateError, Migrator},
};
use std::sync::LazyLock;

/// The migrations for both databases.
static SHARED: LazyLock<Migrator> = LazyLock::new(|| allow_newer(sqlx::migrate!("./migrations")));
/// With those that only PostgreSQL needs, in the order of their numbers. The numbers are unique among all, so that a
/// database made by a newer version is recognised by them (ADR 2).
static FOR_POSTGRES: LazyLock<Migrator> = LazyLock::new(|| {
    let own = sqlx::migrate!("./migrations/postgres");
    let mut all: Vec<_> = SHARED.iter().chain(own.iter()).cloned().collect();
    all.sort_by_key(|one| one.version);
    allow_newer(Migrator::with_migrations(all))
});

/// sqlx would refuse every migration that it does not know; [`accept_newer`] decides.
fn allow_newer(mut migrator: Migrator) -> Migrator {
    migrator.set_ignore_missing(true);
    migrator
}

/// An applied migration.
#[derive(Debug, sqlx::FromRow)]
struct Applied {
    version: i64,
    description: String,
}

const APPLIED: &str = "SELECT version, description FROM _sqlx_migrations ORDER BY version";

/// # Errors
/// [`OpenError::Newer`] if a newer version has removed something that this one reads; [`OpenError::Migrate`].
pub async fn run(db: &Db) -> Result<(), OpenError> {
    let (known, applied) = match &db.writer {
        Pool::Sqlite(pool) => {
            run_on_sqlite(pool).await?;
            (&SHARED, sqlx::query_as(APPLIED).fetch_all(pool).await?)
        }
        Pool::Postgres(pool) => {
            // A connection without the statement timeout of requests. That would stop every start with a large table,
            // or while another server is migrating.
            let mut connection = postgres::connect_without_timeout(pool).await?;
            FOR_POSTGRES.run(&mut connection).await?;
            let applied = sqlx::query_as(APPLIED).fetch_all(&mut connection).await?;
            connection.close().await?;
            (&FOR_POSTGRES, applied)
        }
    };
    accept_newer(known, &applied)
}

/// Migrations only add, so a version works on the tables of a newer one: during a rolling update, and after an update
/// was reverted. The file name of a migration that removes something ends in `needs_NNNN`. Every version that knows
/// migration NNNN works without the removed part (ADR 34).
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
            "the database was migrated by a newer version, which has only added to it"
        );
    }
    Ok(())
}

/// The number after the last `needs` of a description, which sqlx makes from the file's name.
fn needs(description: &str) -> Option<i64> {
    let (_, number) = description.rsplit_once("needs ")?;
    number.trim().parse().ok()
}

/// Two programs may start on an empty SQLite database, which has no lock for migrations. The second to run one finds
/// its tables at a retry. That happens at most once for each migration.
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
