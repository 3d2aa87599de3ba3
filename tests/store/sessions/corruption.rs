//! Rows that the code never writes.

use super::{MANY, started};
use crate::{given, on_both_engines, support};
use vestibule::server::{
    core::sessions::resume,
    db::{Db, Pool, StoreError},
    store,
};

on_both_engines! {
    /// A corrupt row is an error that names it, never a guess; a doubtful session is not live.
    async fn a_corrupt_session_is_named_and_not_guessed_at(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        let corrupt = given::stored(&core, &token).await.session.id;
        for columns in [
            "ended_at = 5, end_reason = 'revived'",
            "ended_at = 5, end_reason = ''",
            "ended_at = 5, end_reason = NULL",
            "ended_at = NULL, end_reason = 'idle'",
        ] {
            without_checks(&core.db, &format!("UPDATE sessions SET {columns} WHERE id = '{corrupt}'")).await;
            let outcomes = [
                store::sessions::find(&core.db, &corrupt).await.err(),
                store::sessions::find_by_digest(&core.db, &token.digest()).await.err(),
                store::sessions::list(&core.db, None, None, MANY).await.err(),
                store::sessions::list(&core.db, Some(&ada.user.id), None, MANY).await.err(),
            ];
            for outcome in outcomes {
                assert!(
                    matches!(&outcome, Some(StoreError::Corrupt { table: "sessions", id }) if *id == corrupt.0),
                    "{columns}: {outcome:?}"
                );
            }
            let message = store::sessions::find(&core.db, &corrupt).await.unwrap_err().to_string();
            assert_eq!(message, format!("corrupt row {corrupt} in sessions"));
            assert!(resume(&core, &token).await.is_err());
        }
    }

    /// The database itself refuses rows that the code would call corrupt.
    async fn the_tables_refuse_half_an_end(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        started(&core, &ada).await;
        for columns in ["ended_at = 5", "end_reason = 'idle'"] {
            let sql = sqlx::AssertSqlSafe(format!("UPDATE sessions SET {columns}"));
            let refused = match &core.db.writer {
                Pool::Sqlite(pool) => sqlx::raw_sql(sql).execute(pool).await.err(),
                Pool::Postgres(link) => sqlx::raw_sql(sql).execute(&**link).await.err(),
            };
            let refused = refused.expect(columns);
            assert!(refused.as_database_error().unwrap().is_check_violation(), "{refused}");
        }
    }
}

/// Writes rows that the tables' CHECKs would refuse, as a broken disk or a manual change might.
pub async fn without_checks(db: &Db, sql: &str) {
    match &db.pool {
        Pool::Sqlite(_) => {
            let sql = format!(
                "PRAGMA ignore_check_constraints = ON; {sql}; PRAGMA ignore_check_constraints = OFF"
            );
            given::execute(db, &sql).await;
        }
        Pool::Postgres(_) => {
            let sql =
                format!("ALTER TABLE sessions DROP CONSTRAINT IF EXISTS new_sessions_check; {sql}");
            given::execute(db, &sql).await;
        }
    }
}
