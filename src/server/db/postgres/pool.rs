//! A pool of connections, directly or through a pooler, and what statements run on.

use super::{BEGIN_TO_WRITE, Invalidation};
use crate::server::db::errors::is_stale_plan;
use futures_util::{TryFutureExt, TryStreamExt, future::BoxFuture, stream::BoxStream};
use sqlx::{
    Connection as _, Describe, Either, Error, Execute, Executor, PgConnection, PgPool, Postgres,
    SqlStr, Transaction,
    error::BoxDynError,
    pool::PoolConnection,
    postgres::{PgArguments, PgConnectOptions, PgQueryResult, PgRow, PgStatement, PgTypeInfo},
};
use std::{fmt, ops::Deref, sync::Arc};

/// How transactions begin behind a pooler, which may assign each of them another server connection. Session settings
/// are lost there, or leak to another client.
#[derive(Clone, Copy, Debug)]
pub struct Begin {
    pub to_read: &'static str,
    pub to_write: &'static str,
}

/// A pool of connections to one PostgreSQL server.
#[derive(Clone)]
pub struct PostgresPool {
    pool: PgPool,
    /// If a pooler shares connections between transactions.
    pooled: Option<Begin>,
    /// To the server itself, for what needs a session.
    direct: Arc<PgConnectOptions>,
    invalidation: Invalidation,
}

/// A connection, or behind a pooler a transaction, which holds one server connection until its end.
#[derive(Debug)]
pub struct PooledConnection {
    inner: Inner,
    is_pooled: bool,
    invalidation: Invalidation,
}

#[derive(Debug)]
enum Inner {
    Connection(PoolConnection<Postgres>),
    Transaction(Transaction<'static, Postgres>),
}

/// What a statement runs on.
#[derive(Debug)]
pub struct StatementExecutor<'c> {
    connection: &'c mut PgConnection,
    is_pooled: bool,
    invalidation: &'c Invalidation,
}

impl PostgresPool {
    pub(super) fn new(
        pool: PgPool,
        pooled: Option<Begin>,
        direct: PgConnectOptions,
        invalidation: Invalidation,
    ) -> Self {
        Self {
            pool,
            pooled,
            direct: Arc::new(direct),
            invalidation,
        }
    }

    /// To the server itself, bypassing a pooler.
    pub fn direct(&self) -> &PgConnectOptions {
        &self.direct
    }

    /// For one statement that reads.
    pub async fn reader(&self) -> Result<PooledConnection, Error> {
        match self.pooled {
            None => Ok(self.wrap(Inner::Connection(self.pool.acquire().await?))),
            Some(begin) => self.transaction(begin.to_read).await,
        }
    }

    /// For several statements that happen together or not at all; see [`PooledConnection::commit`].
    pub async fn begin(&self) -> Result<PooledConnection, Error> {
        let begin = self.pooled.map_or(BEGIN_TO_WRITE, |begin| begin.to_write);
        self.transaction(begin).await
    }

    async fn transaction(&self, begin: &'static str) -> Result<PooledConnection, Error> {
        match self.pool.begin_with(begin).await {
            Ok(transaction) => Ok(self.wrap(Inner::Transaction(transaction))),
            Err(error) => {
                self.invalidation.after_error(&error);
                Err(error)
            }
        }
    }

    fn wrap(&self, inner: Inner) -> PooledConnection {
        PooledConnection {
            inner,
            is_pooled: self.pooled.is_some(),
            invalidation: self.invalidation.clone(),
        }
    }
}

/// Without the addresses, which may hold a password.
impl fmt::Debug for PostgresPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresPool").finish_non_exhaustive()
    }
}

impl Deref for PostgresPool {
    type Target = PgPool;

    fn deref(&self) -> &PgPool {
        &self.pool
    }
}

impl PooledConnection {
    pub fn executor(&mut self) -> StatementExecutor<'_> {
        StatementExecutor {
            connection: match &mut self.inner {
                Inner::Connection(connection) => connection,
                Inner::Transaction(transaction) => transaction,
            },
            is_pooled: self.is_pooled,
            invalidation: &self.invalidation,
        }
    }

    /// Whether a statement that reads is to be run again: once, if a column has changed since the connection
    /// prepared it. Its other plans may be as old, so they are dropped as well. Behind a pooler nothing is prepared.
    ///
    /// # Errors
    /// The given error, if a retry is of no use.
    pub async fn prepare_retry(&mut self, error: Error, attempts: u32) -> Result<(), Error> {
        match &mut self.inner {
            Inner::Connection(connection) if attempts == 1 && is_stale_plan(&error) => {
                connection.clear_cached_statements().await
            }
            Inner::Connection(_) | Inner::Transaction(_) => Err(error),
        }
    }

    /// Drops the prepared statements of the connection.
    pub async fn clear_plans(&mut self) -> Result<(), Error> {
        match &mut self.inner {
            Inner::Connection(connection) => connection.clear_cached_statements().await,
            Inner::Transaction(transaction) => transaction.clear_cached_statements().await,
        }
    }

    /// Undoes everything, and returns when its locks are released.
    pub async fn roll_back(self) -> Result<(), Error> {
        match self.inner {
            Inner::Connection(_) => Ok(()),
            Inner::Transaction(transaction) => transaction.rollback().await,
        }
    }

    /// A transaction that is dropped without this is rolled back.
    pub async fn commit(self) -> Result<(), Error> {
        match self.inner {
            Inner::Connection(_) => Ok(()),
            Inner::Transaction(transaction) => transaction.commit().await,
        }
    }
}

/// A statement without a name. Behind a pooler names would collide: each client numbers its own from one, and another
/// client gets the server connection after the transaction.
struct Unnamed<E>(E);

impl<'q, E: Execute<'q, Postgres>> Execute<'q, Postgres> for Unnamed<E> {
    fn sql(self) -> SqlStr {
        self.0.sql()
    }

    fn statement(&self) -> Option<&PgStatement> {
        self.0.statement()
    }

    fn take_arguments(&mut self) -> Result<Option<PgArguments>, BoxDynError> {
        self.0.take_arguments()
    }

    fn persistent(&self) -> bool {
        false
    }
}

impl<'c> Executor<'c> for StatementExecutor<'c> {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let invalidation = self.invalidation;
        let answers = if self.is_pooled {
            self.connection.fetch_many(Unnamed(query))
        } else {
            self.connection.fetch_many(query)
        };
        Box::pin(answers.inspect_err(|error| invalidation.after_error(error)))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let invalidation = self.invalidation;
        let answer = if self.is_pooled {
            self.connection.fetch_optional(Unnamed(query))
        } else {
            self.connection.fetch_optional(query)
        };
        Box::pin(answer.inspect_err(|error| invalidation.after_error(error)))
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'c: 'e,
    {
        self.connection.prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'c: 'e,
    {
        self.connection.describe(sql)
    }
}
