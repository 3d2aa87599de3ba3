//! Notices what other processes have changed, cheaply enough to be asked several times a second.

use super::{CONNECTION_WAIT, Connection, Db, Pool, StoreError, Transaction, sqlite::Counter};
use sqlx::{
    PgPool,
    postgres::{PgListener, PgPoolOptions},
};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How long a change may go unnoticed: together with the look that it causes well below the second
/// in which people expect to see it.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Where PostgreSQL's notices do not arrive (some poolers swallow them), it is looked this seldom:
/// after so many rests.
const NET_EVERY: u32 = 8;

/// What is told with a PostgreSQL notice that a session has ended.
pub const ENDED: &str = "vestibule_ended";

/// What may have happened in the meantime.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hint {
    Nothing,
    /// Something was written.
    Something,
    /// These were named in a notice on the channel [`ENDED`].
    Named(Vec<String>),
    /// Anything: this is the first answer, the line was broken, or the file is another one.
    Anything,
}

impl Hint {
    /// What to look at where this one could not be followed before `next` came.
    pub fn and(self, next: Self) -> Self {
        match (self, next) {
            (Self::Nothing, next) => next,
            // Rare, and looking at everything is right whatever was said.
            _ => Self::Anything,
        }
    }
}

/// Looks at one database for as long as somebody wants to know.
pub enum Changes {
    Sqlite(Counter),
    Postgres(Listener),
}

impl Db {
    pub fn changes(&self) -> Changes {
        match &self.pool {
            Pool::Sqlite(pool) => Changes::Sqlite(Counter::of(pool)),
            Pool::Postgres(pool) => Changes::Postgres(Listener::of(pool)),
        }
    }
}

impl Changes {
    /// Rests a little, or until there is a notice, and says what may have happened. A database that
    /// gives no answer says nothing, and afterwards that anything may have happened.
    pub async fn next(&mut self) -> Hint {
        match self {
            Self::Sqlite(counter) => {
                sleep(LOOK_EVERY).await;
                counter.look().await
            }
            Self::Postgres(listener) => listener.next().await,
        }
    }
}

impl Transaction {
    /// Lets other processes know once it is true, where the database can do so.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn notify(&mut self, channel: &str, what: &str) -> Result<(), StoreError> {
        if let Connection::Postgres(transaction) = &mut self.connection {
            let notify = sqlx::query("SELECT pg_notify($1, $2)");
            let notify = notify.bind(channel).bind(what);
            notify.execute(&mut **transaction).await?;
        }
        Ok(())
    }
}

/// A connection of its own on which PostgreSQL sends its notices.
pub struct Listener {
    pool: PgPool,
    line: Option<PgListener>,
    rests: u32,
}

impl Listener {
    fn of(pool: &PgPool) -> Self {
        Self {
            pool: pool.clone(),
            line: None,
            rests: 0,
        }
    }

    async fn next(&mut self) -> Hint {
        let Some(line) = &mut self.line else {
            return self.begin().await;
        };
        match timeout(LOOK_EVERY, line.try_recv()).await {
            Ok(Ok(Some(notice))) => {
                let names = notice.payload().split(',');
                Hint::Named(names.map(str::to_owned).collect())
            }
            Ok(Ok(None) | Err(_)) => {
                tracing::warn!("the database's notices stopped; they will be asked for again");
                self.line = None;
                Hint::Nothing
            }
            Err(_) => self.rest().await,
        }
    }

    async fn begin(&mut self) -> Hint {
        match timeout(CONNECTION_WAIT, listen(&self.pool)).await {
            Ok(Ok(line)) => {
                self.line = Some(line);
                Hint::Anything
            }
            Ok(Err(_)) | Err(_) => {
                sleep(LOOK_EVERY).await;
                Hint::Nothing
            }
        }
    }

    /// Nothing came. A line that fell silent for good, as after a firewall has forgotten it, looks the
    /// same, so now and then it has to answer.
    async fn rest(&mut self) -> Hint {
        self.rests += 1;
        if !self.rests.is_multiple_of(NET_EVERY) {
            return Hint::Nothing;
        }
        if let Some(line) = &mut self.line {
            let answer = sqlx::query("SELECT 1").execute(line);
            if !matches!(timeout(CONNECTION_WAIT, answer).await, Ok(Ok(_))) {
                self.line = None;
            }
        }
        Hint::Something
    }
}

/// Beside the pool, so that notices arrive also when all its connections are taken.
async fn listen(pool: &PgPool) -> Result<PgListener, sqlx::Error> {
    let options = (*pool.connect_options()).clone();
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(CONNECTION_WAIT)
        .connect_lazy_with(options);
    let mut line = PgListener::connect_with(&pool).await?;
    // A broken line is begun anew here, where it is known what was missed.
    line.eager_reconnect(false);
    line.listen(ENDED).await?;
    Ok(line)
}
