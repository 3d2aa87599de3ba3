//! Statements that happen together or not at all, and how long their commit is waited for.

use super::{
    Db, Pool, StoreError, Writes, errors,
    postgres::{self, Held},
};
use crate::server::watchers::Watchers;
use sqlx::Sqlite;
use std::{
    pin::{Pin, pin},
    time::Duration,
};
use tokio::{sync::oneshot, time::timeout};
use tracing::Instrument;

/// A commit that takes longer is answered as *not known*. No limit of PostgreSQL's reaches a commit that waits for a
/// standby. Below `http.request_timeout`, also behind a wait for a connection and one for a lock.
const COMMIT_DEADLINE: Duration = Duration::from_secs(5);

/// A transaction that met another one is carried out again at most this often.
const MOST_RETRIES: u32 = 3;

/// Statements that happen together or not at all; dropped without [`Transaction::commit`], they
/// never happened. Begin it with a write: SQLite's writers then queue, and none can fail half-way.
pub struct Transaction {
    pub connection: Connection,
    pub watchers: Watchers,
    writes: Writes,
    readers: Pool,
    after_commit: Vec<AfterCommit>,
}

pub enum Connection {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(Held),
}

type AfterCommit = Box<dyn FnOnce() + Send>;

/// How a transaction is to end, and what it returns.
#[derive(Clone, Copy, Debug)]
pub enum Outcome<T> {
    Commit(T),
    /// Everything stays as it was.
    RollBack(T),
}

impl Connection {
    async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(transaction) => Ok(transaction.commit().await?),
            Self::Postgres(held) => held.commit().await.map_err(errors::of_postgres_commit),
        }
    }
}

impl Transaction {
    /// What is to be said once it is true.
    pub fn after_commit(&mut self, say: impl FnOnce() + Send + 'static) {
        self.after_commit.push(Box::new(say));
    }

    /// Its commit is written to the disk of the server and waits for no standby, which may never confirm it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn wait_for_no_standby(&mut self) -> Result<(), StoreError> {
        if let Connection::Postgres(held) = &mut self.connection {
            let here_alone = sqlx::raw_sql("SET LOCAL synchronous_commit = local");
            here_alone.execute(held.timed()).await?;
        }
        Ok(())
    }

    /// Drops the statements that its connection has prepared.
    async fn forget_plans(&mut self) -> Result<(), StoreError> {
        if let Connection::Postgres(held) = &mut self.connection {
            held.forget_plans().await?;
        }
        Ok(())
    }

    /// Leaves everything as it was, and returns when no lock of it is left.
    async fn roll_back(self) -> Result<(), StoreError> {
        match self.connection {
            Connection::Sqlite(transaction) => Ok(transaction.rollback().await?),
            Connection::Postgres(held) => Ok(held.roll_back().await?),
        }
    }

    /// Returns when the changes are durable.
    ///
    /// A commit is never cancelled: PostgreSQL would then report one as done that no standby has. It runs in a task
    /// of its own and keeps its connection until the server answers, so the pool's size bounds how many are left
    /// behind. What is to be said is said when it has become true, also after the deadline.
    ///
    /// # Errors
    /// [`StoreError::NotKnown`] after the deadline, or where the connection broke.
    pub async fn commit(self) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        drop(tokio::spawn(self.carry_out(answer).in_current_span()));
        // The task ends without an answer where it panics or the runtime stops.
        answered.await.unwrap_or(Err(StoreError::NotKnown))
    }

    async fn carry_out(self, answer: oneshot::Sender<Result<(), StoreError>>) {
        let (writes, after_commit) = (self.writes, self.after_commit);
        let mut commit = pin!(self.connection.commit());
        if let Ok(outcome) = timeout(COMMIT_DEADLINE, commit.as_mut()).await {
            finish(&outcome, after_commit, &writes);
            // Where nobody waits any more it is done all the same.
            let _ = answer.send(outcome);
            return;
        }
        let left_behind = writes.leave_behind();
        let _ = answer.send(Err(StoreError::NotKnown));
        let outcome = answer_or_loss(commit, &self.readers).await;
        drop(left_behind);
        finish(&outcome, after_commit, &writes);
        match outcome {
            Ok(()) => tracing::warn!("a change that was answered as not known has happened"),
            Err(error) => tracing::warn!(%error, "a change was answered as not known"),
        }
    }
}

/// Waits for the answer to a commit that was left behind, for hours if need be. The connection on which it would come
/// may have died without a word: then no process of the server works at such a commit any more.
async fn answer_or_loss(
    mut commit: Pin<&mut impl Future<Output = Result<(), StoreError>>>,
    readers: &Pool,
) -> Result<(), StoreError> {
    const ASKED_EVERY: Duration = Duration::from_secs(5);
    loop {
        if let Ok(outcome) = timeout(ASKED_EVERY, commit.as_mut()).await {
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
        after_commit.into_iter().for_each(|say| say());
    }
}

/// Runs one statement within whichever transaction there is.
macro_rules! in_transaction {
    ($transaction:expr, $connection:ident => $body:expr) => {
        match &mut $transaction.connection {
            $crate::server::db::Connection::Sqlite(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
            $crate::server::db::Connection::Postgres(transaction) => {
                let statement = async {
                    let $connection = transaction.timed();
                    Ok($body)
                };
                $crate::server::db::in_time(statement).await?
            }
        }
    };
}
pub(crate) use in_transaction;

/// Carries the body out as one transaction, which ends as the [`Outcome`] says that it returns. Where another
/// transaction got in its way it is rolled back and carried out again, so the body does nothing that cannot be undone:
/// what is to be said goes to [`Transaction::after_commit`]. A macro, because a closure that borrows could not be
/// awaited by what is sent between threads.
macro_rules! transact {
    ($db:expr, $transaction:ident => $body:block) => {{
        let mut attempts = $crate::server::db::Attempts::at($db);
        loop {
            let mut begun = attempts.begin().await?;
            let outcome = async {
                let $transaction = &mut begun;
                $body
            }
            .await;
            if let Some(ended) = attempts.end(begun, outcome).await {
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
    /// Connections whose plans were too old. Each has plans of its own.
    stale: u32,
    /// A connection took no writes. After a fail-over the next one leads to a server that does.
    was_read_only: bool,
}

impl<'a> Attempts<'a> {
    pub const fn at(db: &'a Db) -> Self {
        Self {
            db,
            conflicts: 0,
            stale: 0,
            was_read_only: false,
        }
    }

    /// # Errors
    /// [`StoreError::Unavailable`]; [`StoreError::NoPlaceToWrite`] at once where commits that were left behind hold
    /// all places.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        self.db
            .begin()
            .await
            .inspect_err(|error| self.db.writes.note(error))
    }

    /// How it ended; `None` where it is to be carried out again.
    pub async fn end<T>(
        &mut self,
        mut transaction: Transaction,
        outcome: Result<Outcome<T>, StoreError>,
    ) -> Option<Result<T, StoreError>> {
        let ended = match outcome {
            Ok(Outcome::Commit(value)) => transaction.commit().await.map(|()| value),
            // Others wait for its rows until it is over, which dropping it only promises.
            Ok(Outcome::RollBack(value)) => transaction.roll_back().await.map(|()| value),
            Err(error) if error.is_stale_plan() => {
                let forgotten = transaction.forget_plans().await;
                Err(forgotten.err().unwrap_or(error))
            }
            Err(error) => Err(error),
        };
        let Err(error) = &ended else {
            return Some(ended);
        };
        if error.is_conflict() && self.conflicts < MOST_RETRIES {
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
        self.db.writes.note(error);
        Some(ended)
    }
}

impl Db {
    /// For [`transact!`], which carries out again what met another transaction.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; at once where commits that were left behind hold all places.
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        if self.writes.are_full() {
            return Err(StoreError::NoPlaceToWrite);
        }
        let connection = match &self.writer {
            Pool::Sqlite(pool) => Connection::Sqlite(pool.begin().await?),
            Pool::Postgres(link) => Connection::Postgres(link.begin().await?),
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
