//! Detects changes by other processes, cheaply enough to poll several times a second.

use super::{
    CONNECTION_WAIT, Connection, Db, Pool, PostgresPool, StoreError, Transaction,
    sqlite::ChangeCounter,
};
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use std::time::Duration;
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{sleep, timeout},
};

/// How long a change may go unnoticed. With the query that it causes it stays well below one second, within which
/// users expect to see it.
const POLL_EVERY: Duration = Duration::from_millis(250);

/// Fallback, in polls without a notice: after this many the database is queried, because some poolers drop NOTIFY.
/// Users expect an open page to react within a second.
const IDLE_POLLS: u32 = 2;

/// A silent listening connection is pinged at this interval. One that a firewall has dropped cannot be distinguished
/// from one without notices.
const PING_EVERY: Duration = Duration::from_secs(2);

/// The capacity of the queue of notices. Further ones wait in the connection.
const QUEUE_CAPACITY: usize = 64;

/// The PostgreSQL channel for ended sessions.
pub const ENDED: &str = "vestibule_ended";

/// Precedes the id of a user in a notice on that channel: the sign-ins to review have changed. All other names are ids
/// of sessions. A server of an older version knows no session of such a name.
pub const PERSON: &str = "person:";

/// What may have changed since the last poll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    Unchanged,
    /// Something was written.
    Changed,
    /// These were named in a notice on the channel [`ENDED`].
    Named(Vec<String>),
    /// Anything may have changed: this is the first poll, the connection was broken, or the file was replaced.
    Unknown,
}

impl Hint {
    /// Merges this hint, which is not followed yet, with the `next` one.
    pub fn merge(self, next: Self) -> Self {
        match (self, next) {
            (Self::Unchanged, next) => next,
            // Rare, and checking everything is correct for any two hints.
            _ => Self::Unknown,
        }
    }
}

/// Detects changes of one database.
pub enum Changes {
    Sqlite(ChangeCounter),
    Postgres(Listener),
}

impl Db {
    pub fn changes(&self) -> Changes {
        match &self.pool {
            Pool::Sqlite(pool) => Changes::Sqlite(ChangeCounter::of(pool)),
            Pool::Postgres(pool) => Changes::Postgres(Listener::of(pool)),
        }
    }
}

impl Changes {
    /// Waits for the next poll or notice, and returns what may have changed. If the database does not answer it returns
    /// no change, and afterwards [`Hint::Unknown`].
    pub async fn next(&mut self) -> Hint {
        match self {
            Self::Sqlite(counter) => {
                sleep(POLL_EVERY).await;
                counter.poll().await
            }
            Self::Postgres(listener) => listener.next().await,
        }
    }
}

impl Transaction {
    /// Notifies other processes, after the change has happened, if the database supports that.
    pub async fn notify(&mut self, channel: &str, what: &str) -> Result<(), StoreError> {
        if let Connection::Postgres(transaction) = &mut self.connection {
            let notify = sqlx::query("SELECT pg_notify($1, $2)");
            let notify = notify.bind(channel).bind(what);
            notify.execute(transaction.executor()).await?;
        }
        Ok(())
    }
}

/// PostgreSQL's notices, received by a task of its own: polling continues even if its connection fails.
pub struct Listener {
    hints: mpsc::Receiver<Hint>,
    listening: JoinHandle<()>,
    /// Whether the result of the first attempt to listen is known.
    has_begun: bool,
    polls: u32,
}

impl Listener {
    fn of(pool: &PostgresPool) -> Self {
        let (sender, hints) = mpsc::channel(QUEUE_CAPACITY);
        Self {
            hints,
            listening: tokio::spawn(listen(pool.direct().clone(), sender)),
            has_begun: false,
            polls: 0,
        }
    }

    async fn next(&mut self) -> Hint {
        match timeout(POLL_EVERY, self.hints.recv()).await {
            Ok(Some(hint)) => {
                self.has_begun = true;
                // Notices arrive: what was not named did not happen.
                self.polls = 0;
                hint
            }
            Ok(None) => {
                sleep(POLL_EVERY).await;
                self.poll()
            }
            Err(_) => self.poll(),
        }
    }

    fn poll(&mut self) -> Hint {
        if !self.has_begun {
            return Hint::Unchanged;
        }
        self.polls += 1;
        if self.polls.is_multiple_of(IDLE_POLLS) {
            Hint::Changed
        } else {
            Hint::Unchanged
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// Listens until it is aborted. After each interruption anything may have changed.
async fn listen(options: PgConnectOptions, sender: mpsc::Sender<Hint>) {
    loop {
        match timeout(CONNECTION_WAIT, connect(&options)).await {
            Ok(Ok(mut connection)) => {
                if sender.send(Hint::Unknown).await.is_err() {
                    return;
                }
                forward(&mut connection, &sender).await;
                tracing::warn!(
                    "notifications from the database stopped; they will be requested again"
                );
            }
            // Until then the database is polled.
            Ok(Err(_)) | Err(_) => {
                if sender.send(Hint::Changed).await.is_err() {
                    return;
                }
            }
        }
        sleep(POLL_EVERY).await;
    }
}

/// Forwards notices while the connection answers.
async fn forward(connection: &mut PgListener, sender: &mpsc::Sender<Hint>) {
    loop {
        match timeout(PING_EVERY, connection.try_recv()).await {
            Ok(Ok(Some(notice))) => {
                let names = notice.payload().split(',').map(str::to_owned);
                if sender.send(Hint::Named(names.collect())).await.is_err() {
                    return;
                }
            }
            Ok(Ok(None) | Err(_)) => return,
            Err(_) => {
                let answer = sqlx::query("SELECT 1").execute(&mut *connection);
                if !matches!(timeout(PING_EVERY, answer).await, Ok(Ok(_))) {
                    return;
                }
            }
        }
    }
}

/// Outside of the pool, so that notices arrive even if all its connections are in use. It bypasses a pooler, which
/// does not dedicate a session to us.
async fn connect(options: &PgConnectOptions) -> Result<PgListener, sqlx::Error> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(CONNECTION_WAIT)
        .connect_lazy_with(options.clone());
    let mut connection = PgListener::connect_with(&pool).await?;
    // A broken connection is replaced here, because notices were missed.
    connection.eager_reconnect(false);
    connection.listen(ENDED).await?;
    Ok(connection)
}
