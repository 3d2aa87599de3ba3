//! The connections to a PostgreSQL server.

mod invalidation;
mod pool;
mod settings;

use super::{CONNECTION_WAIT, OpenError, PostgresUrl};
use invalidation::Invalidation;
use pool::Begin;
pub use pool::{PooledConnection, PostgresPool};
use settings::ServerSettings;
use sqlx::{
    ConnectOptions, Connection as _, Error, PgConnection, PgPool,
    pool::PoolConnectionMetadata,
    postgres::{PgConnectOptions, PgPoolOptions},
    raw_sql,
};
use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::timeout;

const READERS: u32 = 20;
/// With the readers and the connection for notices, three servers fit into PostgreSQL's default `max_connections`
/// of 100.
pub const WRITERS: u32 = 10;

/// The beginning of each transaction. The lock timeout is slightly shorter than the commit deadline, so that the
/// outcome is known. It also covers the one lock that all commits with a notice take, held by a commit that waits for a
/// standby.
pub const BEGIN_TO_WRITE: &str =
    "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '4s'";

/// A connection has to answer a ping within this time before use, or it is replaced. A firewall may have dropped it,
/// and TCP would retry for a quarter of an hour.
const PING_TIMEOUT: Duration = Duration::from_secs(1);

/// Unused connections are closed before a firewall or a NAT gateway drops them (Azure 4 minutes, AWS 350 s). The
/// pool checks them at the same interval, so one may reach twice this age.
const IDLE_TIMEOUT: Duration = Duration::from_secs(100);

/// The settings of each session, overriding the defaults of the database and the role. A commit is durable before it
/// is confirmed, and the isolation level is the one that the statements require. The server's keepalive probes stop
/// firewalls from dropping a connection, and end backends whose client is gone, with their locks.
const SETTINGS: &str = "SET synchronous_commit = on; SET statement_timeout = '10s'; SET lock_timeout = 0; \
    SET default_transaction_isolation = 'read committed'; \
    SET tcp_keepalives_idle = 60; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 6";

/// The same for one transaction, behind a pooler that preserves no session settings. A standby refuses READ WRITE, so
/// it cannot pass the check behind a pooler.
const BEGIN: Begin = Begin {
    to_read: "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL statement_timeout = '10s'; \
        SET LOCAL lock_timeout = 0",
    to_write: "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = on; \
        SET LOCAL statement_timeout = '10s'; SET LOCAL lock_timeout = '4s'",
};

/// The connections to one server.
pub struct Pools {
    pub readers: PostgresPool,
    pub writers: PostgresPool,
}

/// The last settings that were read from the server, shared by all connections.
#[derive(Clone, Debug, Default)]
struct LastSettings(Arc<Mutex<Option<ServerSettings>>>);

/// The pools of the server at `url`, after a check that it can keep the promises.
///
/// # Errors
/// [`OpenError`], each with its remedy.
pub async fn open(url: &PostgresUrl) -> Result<Pools, OpenError> {
    Ok(connect(url).await?.0)
}

/// Warnings about the server at `url` for the operator, each with its remedy.
///
/// # Errors
/// [`OpenError`], if a server would not start.
pub async fn warnings(url: &PostgresUrl) -> Result<Vec<String>, OpenError> {
    let (pools, settings) = connect(url).await?;
    pools.readers.close().await;
    pools.writers.close().await;
    Ok(settings.warnings())
}

async fn connect(url: &PostgresUrl) -> Result<(Pools, ServerSettings), OpenError> {
    let direct = url.direct()?.map(base_options);
    let pooled = direct.as_ref().map(|_| BEGIN);
    let options = base_options(url.options()?);
    let last = LastSettings::default();
    let pool_of = |connections| {
        let invalidation = Invalidation::default();
        let pool = pool(connections, options.clone(), pooled, &last, &invalidation);
        let direct = direct.clone().unwrap_or_else(|| options.clone());
        PostgresPool::new(pool, pooled, direct, invalidation)
    };
    let (readers, writers) = (pool_of(READERS), pool_of(WRITERS));
    drop(readers.acquire().await?);
    let settings = last.get().ok_or(Error::PoolTimedOut)?;
    settings.check()?;
    match &direct {
        None => refuse_pooler(&readers).await?,
        Some(direct) => check_same_database(direct, &settings).await?,
    }
    Ok((Pools { readers, writers }, settings))
}

/// A session for slow work, such as a migration, without the limits of a request.
pub async fn connect_without_timeout(pool: &PostgresPool) -> Result<PgConnection, Error> {
    let mut connection = PgConnection::connect_with(pool.direct()).await?;
    raw_sql(SETTINGS).execute(&mut connection).await?;
    raw_sql("SET statement_timeout = 0")
        .execute(&mut connection)
        .await?;
    Ok(connection)
}

/// Without the startup parameters that PgBouncer refuses by default.
fn base_options(options: PgConnectOptions) -> PgConnectOptions {
    options
        .application_name("vestibule")
        .extra_float_digits(None)
        .disable_statement_logging()
}

fn pool(
    connections: u32,
    options: PgConnectOptions,
    pooled: Option<Begin>,
    last: &LastSettings,
    invalidation: &Invalidation,
) -> PgPool {
    let (last, invalidation) = (last.clone(), invalidation.clone());
    PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(CONNECTION_WAIT)
        .idle_timeout(IDLE_TIMEOUT)
        .after_connect(move |connection, _| {
            let last = last.clone();
            Box::pin(async move { configure(connection, pooled, &last).await })
        })
        // sqlx's test has no timeout; ours has.
        .test_before_acquire(false)
        .before_acquire(move |connection, metadata| {
            let invalidation = invalidation.clone();
            Box::pin(async move { is_usable(connection, &metadata, &invalidation).await })
        })
        .after_release(|connection, _| Box::pin(is_reusable(connection)))
        .connect_lazy_with(options)
}

/// Awaits one statement. The server would have cancelled it before this deadline: it is for a server that is
/// unreachable without an error, where `statement_timeout` is of no help.
///
/// # Errors
/// Those of the statement; [`Error::Io`] after the deadline.
pub async fn with_deadline<T>(
    statement: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    const DEADLINE: Duration = Duration::from_secs(12);
    timeout(DEADLINE, statement)
        .await
        .unwrap_or_else(|_| Err(Error::Io(io::ErrorKind::TimedOut.into())))
}

/// Whether any backend of the server has long been working at a commit of this program, on this or another node.
///
/// # Errors
/// If the server does not answer: then it is not known.
pub async fn is_committing(readers: &PostgresPool) -> Result<bool, Error> {
    // With `track_activities` off the state of the backends is hidden.
    const SQL: &str = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() \
        AND usename = current_user AND (state = 'disabled' OR (state = 'active' AND query LIKE 'COMMIT%' \
        AND query_start < now() - interval '3 seconds')))";
    let mut connection = readers.reader().await?;
    let query = sqlx::query_scalar(SQL).persistent(false);
    with_deadline(query.fetch_one(connection.executor())).await
}

/// Applies the settings to a new connection, and reads them back.
async fn configure(
    connection: &mut PgConnection,
    pooled: Option<Begin>,
    last: &LastSettings,
) -> Result<(), Error> {
    if pooled.is_none() {
        raw_sql(SETTINGS).execute(&mut *connection).await?;
    }
    let begin = pooled.map(|begin| begin.to_write);
    let settings = ServerSettings::read(connection, begin).await?;
    let is_standby = settings.is_standby;
    let is_first = last.replace(settings);
    // A standby may lag behind an end, so nothing is read there. At the start it is refused with the remedy.
    if is_standby && !is_first {
        return Err(Error::Configuration(OpenError::ReadOnly.into()));
    }
    Ok(())
}

impl LastSettings {
    fn get(&self) -> Option<ServerSettings> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Logs each new warning. Returns whether these are the first settings.
    fn replace(&self, settings: ServerSettings) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = last
            .as_ref()
            .map(ServerSettings::warnings)
            .unwrap_or_default();
        for warning in settings.warnings() {
            if !before.contains(&warning) {
                tracing::warn!("{warning}");
            }
        }
        last.replace(settings).is_none()
    }
}

/// Whether a connection may be used. If one does not answer, the unused ones are replaced without a test: otherwise the
/// next requests would wait for each of them in turn.
async fn is_usable(
    connection: &mut PgConnection,
    metadata: &PoolConnectionMetadata,
    invalidation: &Invalidation,
) -> Result<bool, Error> {
    if invalidation.covers(metadata) {
        return Ok(false);
    }
    match timeout(PING_TIMEOUT, connection.ping()).await {
        Ok(answer) => answer.map(|()| true),
        Err(_) => {
            tracing::warn!(
                "a connection to PostgreSQL does not answer; idle connections are replaced"
            );
            invalidation.after_silence();
            Err(Error::PoolTimedOut)
        }
    }
}

/// Whether a connection that a request has returned may serve another one.
///
/// It may be waiting for an answer that never comes, after the network or the machine behind it has failed silently.
/// The pool would lose it for as long as TCP retries.
async fn is_reusable(connection: &mut PgConnection) -> Result<bool, Error> {
    // When this is answered, a pending rollback is complete.
    let answered = timeout(CONNECTION_WAIT, connection.ping()).await;
    answered.unwrap_or(Err(Error::PoolTimedOut))?;
    Ok(!connection.is_in_transaction())
}

/// If two of our connections have the same backend process, a pooler in front of the server shares it between
/// transactions. Session settings are then lost silently.
async fn refuse_pooler(pool: &PgPool) -> Result<(), OpenError> {
    let mut one = pool.acquire().await?;
    let first = process(&mut one).await?;
    let mut other = pool.begin().await?;
    let second = process(&mut other).await?;
    other.rollback().await?;
    if first == second {
        return Err(OpenError::Pooler);
    }
    Ok(())
}

async fn process(connection: &mut PgConnection) -> Result<String, Error> {
    use sqlx::Row as _;
    let row = raw_sql("SELECT pg_backend_pid()::text AS process")
        .fetch_one(connection)
        .await?;
    row.try_get("process")
}

/// Whether both addresses lead to one database. Otherwise migrations would change another one, and notices never
/// arrive.
async fn check_same_database(
    direct: &PgConnectOptions,
    pooled: &ServerSettings,
) -> Result<(), OpenError> {
    let opened = timeout(CONNECTION_WAIT, PgConnection::connect_with(direct)).await;
    let mut connection = opened.unwrap_or(Err(Error::PoolTimedOut))?;
    let settings = ServerSettings::read(&mut connection, None).await?;
    connection.close().await?;
    if pooled.identity == settings.identity {
        Ok(())
    } else {
        Err(OpenError::OtherDatabase)
    }
}
