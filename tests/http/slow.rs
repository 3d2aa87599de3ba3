//! Slow requests, and the status of each cause.

use crate::{
    app::TestApp,
    on_both_engines,
    support::{database::Engine, http::Answer},
};
use sqlx::Connection;
use std::time::Duration;

/// Another program that blocks writes, and on PostgreSQL reads, until it is dropped.
enum Holder {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl Holder {
    async fn of(address: &str, engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let mut connection = sqlx::SqliteConnection::connect(address).await.unwrap();
                let begin = sqlx::raw_sql("BEGIN EXCLUSIVE");
                begin.execute(&mut connection).await.unwrap();
                Self::Sqlite(connection)
            }
            Engine::Postgres => {
                let mut connection = sqlx::PgConnection::connect(address).await.unwrap();
                let lock = "BEGIN; LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE";
                sqlx::raw_sql(lock).execute(&mut connection).await.unwrap();
                Self::Postgres(connection)
            }
        }
    }

    async fn release(self) {
        match self {
            Self::Sqlite(connection) => connection.close().await.unwrap(),
            Self::Postgres(connection) => connection.close().await.unwrap(),
        }
    }
}

/// Not 408: the request arrived in time.
#[track_caller]
fn assert_our_fault(answer: &Answer, words: &str) {
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert_eq!(answer.header("retry-after"), Some("5"));
    assert!(answer.text().contains(words), "{}", answer.text());
    assert!(answer.header_all("set-cookie").is_empty(), "{answer:?}");
}

on_both_engines! {
    /// The configured time of a request is shorter than that of the database.
    async fn a_request_that_the_database_keeps_waiting_is_our_fault(database: TestDatabase) {
        let (address, engine) = (database.address.clone(), database.engine);
        let limit = |config: &mut vestibule::server::config::Config| {
            config.http.request_timeout = Duration::from_secs(3);
        };
        let app = TestApp::with(database, limit).await;
        let mut browser = app.signed_in("ada").await;
        let holder = Holder::of(&address, engine).await;
        let words = "The service is not available right now.";
        assert_our_fault(&browser.post_logout().await, words);
        assert_our_fault(&browser.fetch_logout().await, r#"{"failed":"unavailable"}"#);
        if engine == Engine::Postgres {
            assert_our_fault(&browser.get("/dashboard").await, words);
        }
        holder.release().await;
        // The request arrived in time, so it is still completed.
        let mut was_signed_out = false;
        for _ in 0..200 {
            was_signed_out = browser.get("/dashboard").await.status == 303;
            if was_signed_out {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(was_signed_out, "abandoned after its time");
        assert_eq!(browser.post_logout().await.status, 303);
    }
}
