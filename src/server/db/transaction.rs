//! Statements that happen together or not at all, and the deadline of their commit.

use super::{
    Db, Pool, StoreError, Writes, errors,
    postgres::{self, PooledConnection},
};
use crate::server::watchers::Watchers;
use sqlx::Sqlite;
use std::{
    pin::{Pin, pin},
    time::Duration,
};
use tokio::{sync::oneshot, time::timeout};
use tracing::Instrument;

/// A commit that takes longer is reported as *not known*. No timeout of PostgreSQL applies to a commit that waits for a
/// standby. Below `http.request_timeout`, even after a wait for a connection and one for a lock.
const COMMIT_DEADLINE: Duration = Duration::from_secs(5);

/// The maximum number of retries after a conflict with another transaction.
const MAX_RETRIES: u32 = 3;

/// Statements that happen together or not at all; dropped without [`Transaction::commit`], they are undone. Begin it
/// with a write: SQLite's writers then queue, and none can fail half-way.
pub struct Transaction {
    pub connection: Connection,
    pub watchers: Watchers,
    writes: Writes,
    readers: Pool,
    after_commit: Vec<AfterCommit>,
}

pub enum Connection {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(PooledConnection),
}

type AfterCommit = Box<dyn FnOnce() + Send>;

/// How a transaction is to end, and what it returns.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<T> {
    Commit(T),
    /// Undoes every change.
    RollBack(T),
}

impl Connection {
    async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => Ok(transaction.commit().await?),
            Self::Postgres(connection) => connection
                .commit()
                .await
                .map_err(errors::of_postgres_commit),
        }
    }
}

impl Transaction {
    /// Runs an action after the commit, such as a notice or a log line that must be true.
    pub fn after_commit(&mut self, action: impl FnOnce() + Send + 'static) {
        self.after_commit.push(Box::new(action));
    }

    /// Makes the commit wait for the server's own disk only, and not for a standby, which may never confirm it.
    pub async fn skip_standby(&mut self) -> Result<(), StoreError> {
        if let Connection::Postgres(connection) = &mut self.connection {
            let setting = sqlx::raw_sql("SET LOCAL synchronous_commit = local");
            setting.execute(connection.executor()).await?;
        }
        Ok(())
    }

    /// Drops the prepared statements of its connection.
    async fn clear_plans(&mut self) -> Result<(), StoreError> {
        if let Connection::Postgres(connection) = &mut self.connection {
            connection.clear_plans().await?;
        }
        Ok(())
    }

    /// Undoes everything, and returns when its locks are released.
    async fn roll_back(self) -> Result<(), StoreError> {
        match self.connection {
            Connection::Sqlite(transaction) => Ok(transaction.rollback().await?),
            Connection::Postgres(connection) => Ok(connection.roll_back().await?),
        }
    }

    /// Returns when the changes are durable.
    ///
    /// A commit is never cancelled: PostgreSQL would then report one as done that no standby has. It runs in a task
    /// of its own and keeps its connection until the server answers. So the size of the pool bounds the number of
    /// pending commits. The actions of [`Self::after_commit`] run once it is durable, even after the deadline.
    ///
    /// # Errors
    /// [`StoreError::NotKnown`] after the deadline, or if the connection broke.
    pub async fn commit(self) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        drop(tokio::spawn(self.run_commit(answer).in_current_span()));
        // The task ends without an answer if it panics or the runtime stops.
        answered.await.unwrap_or(Err(StoreError::NotKnown))
    }

    async fn run_commit(self, answer: oneshot::Sender<Result<(), StoreError>>) {
        let (writes, after_commit) = (self.writes, self.after_commit);
        let mut commit = pin!(self.connection.commit());
        if let Ok(outcome) = timeout(COMMIT_DEADLINE, commit.as_mut()).await {
            finish(&outcome, after_commit, &writes);
            // It fails if the caller has gone; the commit is done all the same.
            let _ = answer.send(outcome);
            return;
        }
        let pending = writes.track_pending();
        let _ = answer.send(Err(StoreError::NotKnown));
        let outcome = outcome_of_pending(commit, &self.readers).await;
        drop(pending);
        finish(&outcome, after_commit, &writes);
        match outcome {
            Ok(()) => {
                tracing::warn!("a change whose outcome was reported as unknown has been committed")
            }
            Err(error) => tracing::warn!(%error, "the outcome of a change was reported as unknown"),
        }
    }
}

/// Waits for the answer to a pending commit, for hours if need be. Its connection may have died silently: then no
/// backend of the server works at such a commit any more.
async fn outcome_of_pending(
    mut commit: Pin<&mut impl Future<Output = Result<(), StoreError>>>,
    readers: &Pool,
) -> Result<(), StoreError> {
    const POLL_EVERY: Duration = Duration::from_secs(5);
    loop {
        if let Ok(outcome) = timeout(POLL_EVERY, commit.as_mut()).await {
            return outcome;
        }
        if let Pool::Postgres(readers) = readers
            && let Ok(false) = postgres::is_committing(readers).await
        {
            return Err(StoreError::NotKnown);
        }
    }
}

fn finish(outcome: &Result<(), StoreError>, after_commit: Vec<AfterCommit>, writes: &Writes) {
    if outcome.is_ok() {
        writes.succeeded();
        after_commit.into_iter().for_each(|action| action());
    }
}

/// Runs one statement within a transaction of either database.
macro_rules! in_transaction {
    ($transaction:expr, $connection:ident => $body:expr) => {
        match &mut $transaction.connection {
            $crate::server::db::Connection::Sqlite(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
            $crate::server::db::Connection::Postgres(transaction) => {
                let statement = async {
                    let $connection = transaction.executor();
                    Ok($body)
                };
                $crate::server::db::with_deadline(statement).await?
            }
        }
    };
}
pub(crate) use in_transaction;

/// Runs the body as one transaction, which ends with the [`Outcome`] that it returns. After a conflict with another
/// transaction it is rolled back and run again, so the body has no side effects: those go to
/// [`Transaction::after_commit`]. It is a macro, because a closure that borrows yields no `Send` future.
macro_rules! transact {
    ($db:expr, $transaction:ident => $body:block) => {{
        let mut attempts = $crate::server::db::Attempts::new($db);
        loop {
            let mut attempt = attempts.begin().await?;
            let outcome = async {
                let $transaction = &mut attempt;
                $body
            }
            .await;
            if let Some(ended) = attempts.end(attempt, outcome).await {
                break ended;
            }
        }
    }};
}
pub(crate) use transact;

/// The attempts at one transaction.
pub struct Attempts<'a> {
    db: &'a Db,
    conflicts: u32,
    /// The number of connections with outdated plans. Each has plans of its own.
    stale: u32,
    /// Whether a connection refused a write. After a fail-over the next one leads to a server that accepts it.
    was_read_only: bool,
}

impl<'a> Attempts<'a> {
    pub const fn new(db: &'a Db) -> Self {
        Self {
            db,
            conflicts: 0,
            stale: 0,
            was_read_only: false,
        }
    }

    /// # Errors
    /// [`StoreError::NoFreeWriter`] at once if pending commits hold all connections.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        self.db
            .begin()
            .await
            .inspect_err(|error| self.db.writes.record(error))
    }

    /// The result of an attempt; `None` if it is to be retried.
    pub async fn end<T>(
        &mut self,
        mut transaction: Transaction,
        outcome: Result<Outcome<T>, StoreError>,
    ) -> Option<Result<T, StoreError>> {
        let ended = match outcome {
            Ok(Outcome::Commit(value)) => transaction.commit().await.map(|()| value),
            // Others wait for its locks until the rollback is complete. Dropping it would only schedule one.
            Ok(Outcome::RollBack(value)) => transaction.roll_back().await.map(|()| value),
            Err(error) if error.is_stale_plan() => {
                let forgotten = transaction.clear_plans().await;
                Err(forgotten.err().unwrap_or(error))
            }
            Err(error) => Err(error),
        };
        let Err(error) = &ended else {
            return Some(ended);
        };
        if error.is_conflict() && self.conflicts < MAX_RETRIES {
            self.conflicts += 1;
            return None;
        }
        if error.is_stale_plan() && self.stale <= postgres::WRITERS {
            self.stale += 1;
            return None;
        }
        // Such connections are replaced by now.
        if error.is_read_only() && !self.was_read_only {
            self.was_read_only = true;
            return None;
        }
        self.db.writes.record(error);
        Some(ended)
    }
}

impl Db {
    /// For [`transact!`], which retries after a conflict. Fails at once if pending commits hold all connections.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        if self.writes.are_exhausted() {
            return Err(StoreError::NoFreeWriter);
        }
        let connection = match &self.writer {
            Pool::Sqlite(pool) => Connection::Sqlite(pool.begin().await?),
            Pool::Postgres(pool) => Connection::Postgres(pool.begin().await?),
        };
        Ok(Transaction {
            connection,
            watchers: self.watchers.clone(),
            writes: self.writes.clone(),
            readers: self.pool.clone(),
            after_commit: Vec::new(),
        })
    }
}
