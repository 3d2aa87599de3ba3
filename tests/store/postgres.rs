//! The settings of each connection to PostgreSQL, and the refusals at the start.

use crate::{
    given,
    support::{
        self,
        database::{Engine, TestDatabase},
    },
};
use sqlx::{Connection as _, PgConnection};
use std::time::Duration;
use vestibule::server::db::{self, Connection, IfMissing, OpenError, Pool, PostgresPool};

/// Changes a default of the database itself, for new sessions.
async fn alter(database: &TestDatabase, change: &str) {
    let sql = format!(
        "SET default_transaction_read_only = off; \
         DO $$ BEGIN EXECUTE format('ALTER DATABASE %I {change}', current_database()); END $$"
    );
    let mut connection = PgConnection::connect(&database.address).await.unwrap();
    let sql = sqlx::raw_sql(sqlx::AssertSqlSafe(sql));
    sql.execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

fn writer(db: &db::Db) -> &PostgresPool {
    match &db.writer {
        Pool::Postgres(pool) => pool,
        Pool::Sqlite(_) => panic!("PostgreSQL"),
    }
}

/// With any defaults that the administrator has chosen for other applications: commits are durable
/// before they are answered, statements time out, and no request fails by an unexpected isolation.
#[tokio::test]
async fn settings_hold_for_any_defaults_of_the_database() {
    let database = TestDatabase::new(Engine::Postgres).await;
    for change in [
        "SET synchronous_commit = off",
        "SET statement_timeout = 0",
        "SET lock_timeout = 1",
        "SET default_transaction_isolation = serializable",
        "SET tcp_keepalives_idle = 7200",
    ] {
        alter(&database, change).await;
    }
    let core = support::core(&database).await;
    let mut connections = Vec::new();
    for _ in 0..4 {
        connections.push(writer(&core.db).acquire().await.unwrap());
    }
    for connection in &mut connections {
        for (setting, expected) in [
            ("SHOW synchronous_commit", "on"),
            ("SHOW statement_timeout", "10s"),
            ("SHOW lock_timeout", "0"),
            ("SHOW transaction_isolation", "read committed"),
            ("SHOW tcp_keepalives_idle", "60"),
        ] {
            let value: String = sqlx::query_scalar(setting)
                .fetch_one(&mut **connection)
                .await
                .unwrap();
            assert_eq!(value, expected, "{setting}");
        }
    }
    drop(connections);
    let mut transaction = core.db.begin().await.unwrap();
    let Connection::Postgres(held) = &mut transaction.connection else {
        panic!("PostgreSQL")
    };
    let isolation: String = sqlx::query_scalar("SHOW transaction_isolation")
        .fetch_one(held.executor())
        .await
        .unwrap();
    assert_eq!(isolation, "read committed");
}

/// A name outside of it would be answered with 503 for ever.
#[tokio::test]
async fn a_database_that_cannot_hold_every_character_is_refused() {
    for encoding in ["LATIN1", "SQL_ASCII"] {
        let database = TestDatabase::in_encoding(encoding).await;
        let opened = db::open(&database.url(), IfMissing::Create).await;
        let refused = opened.expect_err("a refusal");
        assert!(
            matches!(&refused, OpenError::Encoding(found) if found == encoding),
            "{refused:?}"
        );
        assert!(refused.to_string().contains("ENCODING 'UTF8'"), "{refused}");
    }
}

#[tokio::test]
async fn a_database_that_takes_no_writes_is_refused() {
    let database = TestDatabase::new(Engine::Postgres).await;
    support::core(&database).await.db.close().await;
    alter(&database, "SET default_transaction_read_only = on").await;
    let opened = db::open(&database.url(), IfMissing::Create).await;
    let refused = opened.expect_err("a refusal");
    assert!(matches!(refused, OpenError::ReadOnly), "{refused:?}");
    assert!(refused.to_string().contains("primary"), "{refused}");
}

/// A migration of a large table is not limited in time, and neither is waiting for another server
/// that migrates.
#[tokio::test]
async fn postgres_may_take_longer_for_a_migration_than_for_a_request() {
    const LONGER_THAN_A_STATEMENT_MAY: Duration = Duration::from_secs(11);
    let database = TestDatabase::new(Engine::Postgres).await;
    let core = support::core(&database).await;
    given::execute(&core.db, "DELETE FROM _sqlx_migrations WHERE version = 8").await;
    let busy = given::Writer::begin(&core.db, "BEGIN", "LOCK TABLE sessions").await;
    let released = async {
        tokio::time::sleep(LONGER_THAN_A_STATEMENT_MAY).await;
        busy.commit().await;
    };
    let url = database.url();
    let (opened, ()) = tokio::join!(db::open(&url, IfMissing::Refuse), released);
    assert!(opened.is_ok());
}
