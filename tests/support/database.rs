//! Temporary databases on both engines.

use sqlx::{Connection, Executor, PgConnection};
use std::{path::PathBuf, thread};
use vestibule::server::db::{DatabaseUrl, Db, Pool};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// An empty database of its own, removed at the end.
pub struct TestDatabase {
    pub engine: Engine,
    /// As in the configuration.
    pub address: String,
    folder: PathBuf,
}

impl TestDatabase {
    pub async fn new(engine: Engine) -> Self {
        Self::with_options(engine, "").await
    }

    /// On PostgreSQL, with a collation of a language and not of bytes, as most servers have it.
    pub async fn in_the_order_of_a_language() -> Self {
        let options = "TEMPLATE template0 LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'en'";
        Self::with_options(Engine::Postgres, options).await
    }

    /// On PostgreSQL, with texts in another encoding than UTF8.
    pub async fn in_encoding(encoding: &str) -> Self {
        let options = format!("TEMPLATE template0 LOCALE 'C' ENCODING '{encoding}'");
        Self::with_options(Engine::Postgres, &options).await
    }

    async fn with_options(engine: Engine, options: &str) -> Self {
        let name = format!("vestibule_test_{}", uuid::Uuid::new_v4().simple());
        let folder = std::env::temp_dir().join(&name);
        let address = match engine {
            Engine::Sqlite => format!("sqlite:{}", folder.join("test.db").display()),
            Engine::Postgres => {
                create_postgres_database(&name, options).await;
                let server = postgres_server();
                let (server, query) = server.split_once('?').unwrap_or((&server, ""));
                let (server, _) = server.rsplit_once('/').expect("an address with a database");
                format!("{server}/{name}?{query}")
                    .trim_end_matches('?')
                    .to_owned()
            }
        };
        Self {
            engine,
            address,
            folder,
        }
    }

    pub fn url(&self) -> DatabaseUrl {
        DatabaseUrl::parse(&self.address, &self.folder).expect("an address of a database")
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        match self.engine {
            // Left-over files in the temporary folder are harmless.
            Engine::Sqlite => drop(std::fs::remove_dir_all(&self.folder)),
            Engine::Postgres => {
                let name = self
                    .address
                    .rsplit('/')
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                let name = name.split('?').next().unwrap_or_default().to_owned();
                // In a thread of its own: this may run inside another runtime.
                let dropped = thread::spawn(move || {
                    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
                    runtime.block_on(async {
                        let mut server = PgConnection::connect(&postgres_server()).await?;
                        let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                        server.execute(sqlx::AssertSqlSafe(sql)).await
                    })
                });
                drop(dropped.join());
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "it names the server for the tests"
)]
fn postgres_server() -> String {
    std::env::var("TEST_POSTGRES_URL").expect(
        "the PostgreSQL tests need a server: run `tools/with-postgres cargo test --features ssr`, \
         or set TEST_POSTGRES_URL to postgres://USER@HOST/DATABASE",
    )
}

async fn create_postgres_database(name: &str, options: &str) {
    let mut server = PgConnection::connect(&postgres_server())
        .await
        .expect("TEST_POSTGRES_URL answers");
    server
        .execute(sqlx::AssertSqlSafe(format!(
            "CREATE DATABASE {name} {options}"
        )))
        .await
        .expect("a database of our own");
}

/// The first column of every row, which has to be text; also of `RETURNING`.
pub async fn texts(db: &Db, sql: &str) -> Vec<String> {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    match &db.writer {
        Pool::Sqlite(pool) => sqlx::query_scalar(sql)
            .fetch_all(pool)
            .await
            .expect("texts"),
        Pool::Postgres(link) => sqlx::query_scalar(sql)
            .fetch_all(&**link)
            .await
            .expect("texts"),
    }
}

/// Every row of every table, as text.
pub async fn everything_written(db: &Db) -> String {
    everything_written_but(db, &[]).await
}

/// The same, without some tables.
pub async fn everything_written_but(db: &Db, left_out: &[&str]) -> String {
    let tables = match &db.pool {
        Pool::Sqlite(_) => "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1",
        Pool::Postgres(_) => {
            "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
        }
    };
    let mut written = String::new();
    for table in texts(db, tables).await {
        if left_out.contains(&table.as_str()) {
            continue;
        }
        let sql = match &db.pool {
            Pool::Sqlite(_) => {
                let columns = format!("SELECT name FROM pragma_table_info('{table}')");
                let columns = texts(db, &columns).await;
                let row = columns.iter().map(|column| {
                    format!(
                        "CASE typeof({column}) WHEN 'null' THEN '' WHEN 'blob' THEN hex({column}) \
                         ELSE CAST({column} AS TEXT) END"
                    )
                });
                let row = row.collect::<Vec<_>>().join(" || ' ' || ");
                format!("SELECT {row} FROM {table}")
            }
            Pool::Postgres(_) => format!("SELECT t::text FROM {table} t"),
        };
        let mut rows = texts(db, &sql).await;
        rows.sort_unstable();
        written += &rows.join("\n");
        written.push('\n');
    }
    written
}

/// Expands each test to two: one on SQLite, one on PostgreSQL.
#[macro_export]
macro_rules! on_both_engines {
    ($($(#[$attribute:meta])* async fn $name:ident($database:ident: TestDatabase) $body:block)*) => {
        $(
            $(#[$attribute])*
            mod $name {
                #[allow(unused_imports)]
                use super::*;
                use $crate::support::database::{Engine, TestDatabase};

                async fn run($database: TestDatabase) $body

                #[tokio::test(flavor = "multi_thread")]
                async fn sqlite() {
                    run(TestDatabase::new(Engine::Sqlite).await).await;
                }

                #[tokio::test(flavor = "multi_thread")]
                async fn postgres() {
                    run(TestDatabase::new(Engine::Postgres).await).await;
                }
            }
        )*
    };
}
