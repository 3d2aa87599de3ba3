//! A copy of the synthetic accounts on PostgreSQL.

use crate::{Failure, program::Fixture, progress, seed};
use sqlx::{
    AssertSqlSafe, ConnectOptions, PgConnection, SqliteConnection, postgres::PgConnectOptions,
};
use std::{env, str::FromStr};

/// Rows that are read and sent together.
const ROWS: i64 = 50_000;

/// The columns that synthetic accounts have.
const COLUMNS: [&str; 15] = [
    "id",
    "username",
    "username_key",
    "email",
    "email_key",
    "display_name",
    "description",
    "is_admin",
    "password_hash",
    "created_at",
    "display_name_key",
    "words_of",
    "last_sign_in_at",
    "has_signed_in",
    "disabled_at",
];

#[expect(clippy::disallowed_methods, reason = "it names the server to measure")]
fn server() -> Option<String> {
    env::var("TEST_POSTGRES_URL").ok()
}

/// A fixture on the server of `TEST_POSTGRES_URL`, with the synthetic accounts of another one; `None` without a server.
pub async fn with_users_of(sqlite: &Fixture) -> Result<Option<Fixture>, Failure> {
    let Some(server) = server() else {
        progress("PostgreSQL is left out: tools/with-postgres would start one");
        return Ok(None);
    };
    let server = PgConnectOptions::from_str(&server)?;
    let name = format!("vestibule_bench_{}", std::process::id());
    let mut connection = server.connect().await?;
    // The server of tools/with-postgres goes with its databases.
    execute(&mut connection, format!("CREATE DATABASE {name}")).await?;
    let database = server.database(&name);
    let url = database.to_url_lossy().to_string();
    let fixture = Fixture::on_postgres("postgres", url)?;
    progress("the list of accounts: copying them to PostgreSQL");
    fill(
        &mut database.connect().await?,
        &mut seed::open(sqlite).await?,
    )
    .await?;
    Ok(Some(fixture))
}

async fn execute(connection: &mut PgConnection, sql: String) -> Result<(), Failure> {
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(connection)
        .await?;
    Ok(())
}

async fn fill(postgres: &mut PgConnection, sqlite: &mut SqliteConnection) -> Result<(), Failure> {
    // Without the check of each foreign key: the rows were checked where they come from.
    execute(
        postgres,
        "SET session_replication_role = replica".to_owned(),
    )
    .await?;
    let (columns, accounts) = (COLUMNS.join(", "), "description = 'synthetic'");
    let values = COLUMNS.map(|column| format!("COALESCE({column}, '\\N')"));
    copy(postgres, sqlite, "users", &columns, &values, accounts).await?;
    let values = ["word", "user_id", "repeats"].map(str::to_owned);
    let of_accounts = format!("EXISTS (SELECT 1 FROM users WHERE id = user_id AND {accounts})");
    let columns = values.join(", ");
    copy(
        postgres,
        sqlite,
        "user_words",
        &columns,
        &values,
        &of_accounts,
    )
    .await?;
    execute(postgres, "VACUUM ANALYZE".to_owned()).await
}

/// Copies rows in the order in which they were written.
async fn copy(
    postgres: &mut PgConnection,
    sqlite: &mut SqliteConnection,
    table: &str,
    columns: &str,
    values: &[String],
    condition: &str,
) -> Result<(), Failure> {
    let line = values.join(" || char(9) || ");
    let read = format!(
        "SELECT rowid, {line} || char(10) FROM {table} WHERE rowid > $1 AND {condition} ORDER BY rowid LIMIT {ROWS}"
    );
    let into = format!("COPY {table} ({columns}) FROM STDIN");
    let mut into = postgres.copy_in_raw(&into).await?;
    let mut last = 0;
    loop {
        let rows: Vec<(i64, String)> = sqlx::query_as(AssertSqlSafe(read.clone()))
            .bind(last)
            .fetch_all(&mut *sqlite)
            .await?;
        let Some((row, _)) = rows.last() else { break };
        last = *row;
        let lines: String = rows.into_iter().map(|(_, line)| line).collect();
        into.send(lines.as_bytes()).await?;
    }
    into.finish().await?;
    Ok(())
}
