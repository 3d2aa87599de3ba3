//! The baselines: as little as possible around the same crates.

use crate::Failure;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use axum::{Router, extract::State, routing::get};
use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};
use std::{
    hint::black_box,
    net::SocketAddr,
    path::Path,
    thread,
    time::{Duration, Instant},
};
use tokio::net::TcpListener;

/// axum with one handler, which answers "ok".
pub async fn serve_handler(address: SocketAddr) -> Result<(), Failure> {
    let router = Router::new().route("/", get(async || "ok\n"));
    Ok(axum::serve(TcpListener::bind(address).await?, router).await?)
}

/// axum with one handler that reads one row by its key through sqlx, from Vestibule's own database
/// and with a pool of the same settings.
pub async fn serve_read(address: SocketAddr, database: &Path) -> Result<(), Failure> {
    let options = SqliteConnectOptions::new()
        .filename(database)
        .journal_mode(SqliteJournalMode::Wal);
    let pool = SqlitePoolOptions::new()
        .max_connections(8)
        .connect_with(options)
        .await?;
    let id: String = sqlx::query_scalar("SELECT id FROM sessions LIMIT 1")
        .fetch_one(&pool)
        .await?;
    let router = Router::new()
        .route("/", get(read))
        .with_state(Row { pool, id });
    Ok(axum::serve(TcpListener::bind(address).await?, router).await?)
}

#[derive(Clone)]
struct Row {
    pool: SqlitePool,
    id: String,
}

async fn read(State(row): State<Row>) -> String {
    let idle_ends_at: Result<i64, _> =
        sqlx::query_scalar("SELECT idle_ends_at FROM sessions WHERE id = $1")
            .bind(row.id)
            .fetch_one(&row.pool)
            .await;
    idle_ends_at.map_or_else(|error| error.to_string(), |at| at.to_string())
}

/// Argon2id verifications a second with Vestibule's parameters, on one thread for each processor,
/// each with reused memory.
pub fn argon2_per_second(duration: Duration) -> f64 {
    let threads = thread::available_parallelism().map_or(1, Into::into);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| hash_for(duration)))
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("hashing does not panic"))
            .sum()
    })
}

fn hash_for(duration: Duration) -> f64 {
    let params = Params::new(19 * 1024, 2, 1, Some(32)).expect("constant parameters are valid");
    let mut memory = vec![Block::default(); params.block_count()];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut tag = [0; 32];
    let started = Instant::now();
    let mut hashes = 0_u32;
    while started.elapsed() < duration {
        argon2
            .hash_password_into_with_memory(
                b"correct horse battery staple",
                b"sixteen bytes...",
                &mut tag,
                &mut memory,
            )
            .expect("constant parameters are valid");
        black_box(&tag);
        hashes += 1;
    }
    f64::from(hashes) / started.elapsed().as_secs_f64()
}
