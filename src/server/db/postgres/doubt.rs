//! Connections that are replaced without a test, because others have failed.

use crate::server::db::errors::is_read_only;
use sqlx::{Error, pool::PoolConnectionMetadata};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long one doubt lasts: if the database stays in that state, connections are not replaced for each request.
const REST: Duration = Duration::from_secs(1);

/// What has made the connections of one pool doubtful.
#[derive(Clone, Debug, Default)]
pub struct Doubt(Arc<Mutex<Raised>>);

#[derive(Clone, Copy, Debug, Default)]
struct Raised {
    silent: Option<Instant>,
    read_only: Option<Instant>,
}

impl Doubt {
    /// A connection did not answer. Those unused since may be dead as well.
    pub fn of_silence(&self) {
        self.raise(|raised| &mut raised.silent);
    }

    /// The server refused writes: after a fail-over a new connection leads to one that accepts them.
    pub fn of_refusal(&self, error: &Error) {
        if is_read_only(error) {
            tracing::warn!("PostgreSQL takes no writes on this connection; all are replaced");
            self.raise(|raised| &mut raised.read_only);
        }
    }

    fn raise(&self, which: impl Fn(&mut Raised) -> &mut Option<Instant>) {
        let mut raised = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let which = which(&mut raised);
        if which.is_none_or(|raised| raised.elapsed() >= REST) {
            *which = Some(Instant::now());
        }
    }

    /// Whether the doubt applies to this connection.
    pub fn falls_on(&self, connection: &PoolConnectionMetadata) -> bool {
        let raised = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_before = |age: Duration, raised: Option<Instant>| {
            raised.is_some_and(|raised| age >= raised.elapsed())
        };
        is_before(connection.idle_for, raised.silent) || is_before(connection.age, raised.read_only)
    }
}
