//! Statements that happen together or not at all.

use super::{Db, Pool, StoreError, postgres::Held};
use crate::server::ends::Ends;
use sqlx::Sqlite;

/// Statements that happen together or not at all; dropped without [`Transaction::commit`], they
/// never happened. Begin it with a write: SQLite's writers then queue, and none can fail half-way.
pub struct Transaction {
    pub connection: Connection,
    pub ends: Ends,
    after_commit: Vec<AfterCommit>,
}

pub enum Connection {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(Held),
}

type AfterCommit = Box<dyn FnOnce() + Send>;

impl Transaction {
    /// What is to be said once it is true.
    pub fn after_commit(&mut self, say: impl FnOnce() + Send + 'static) {
        self.after_commit.push(Box::new(say));
    }

    /// Returns when the changes are durable.
    ///
    /// # Errors
    /// [`StoreError`]: whether they happened is not known.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self.connection {
            Connection::Sqlite(transaction) => transaction.commit().await?,
            Connection::Postgres(transaction) => transaction.commit().await?,
        }
        self.after_commit.into_iter().for_each(|say| say());
        Ok(())
    }
}

/// Runs the same body within whichever transaction there is.
macro_rules! in_transaction {
    ($transaction:expr, $connection:ident => $body:expr) => {
        match &mut $transaction.connection {
            $crate::server::db::Connection::Sqlite(transaction) => {
                let $connection = &mut **transaction;
                $body
            }
            $crate::server::db::Connection::Postgres(transaction) => {
                let $connection = transaction.line();
                $body
            }
        }
    };
}
pub(crate) use in_transaction;

impl Db {
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn begin(&self) -> Result<Transaction, StoreError> {
        let connection = match &self.writer {
            Pool::Sqlite(pool) => Connection::Sqlite(pool.begin().await?),
            Pool::Postgres(pool) => Connection::Postgres(pool.begin().await?),
        };
        Ok(Transaction {
            connection,
            ends: self.ends.clone(),
            after_commit: Vec::new(),
        })
    }
}
