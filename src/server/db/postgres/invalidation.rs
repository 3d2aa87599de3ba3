//! Connections that are replaced without a test, because others have failed.

use crate::server::db::errors::is_read_only;
use sqlx::{Error, pool::PoolConnectionMetadata};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The shortest time between two invalidations: if the database stays in that state, connections are not replaced for
/// each request.
const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// When the connections of one pool were last invalidated: by a silent one, and by a refused write.
#[derive(Clone, Debug, Default)]
pub struct Invalidation(Arc<Mutex<Marks>>);

#[derive(Clone, Copy, Debug, Default)]
struct Marks {
    silent: Option<Instant>,
    read_only: Option<Instant>,
}

impl Invalidation {
    /// A connection did not answer. Those unused since may be dead as well.
    pub fn after_silence(&self) {
        self.mark(|marks| &mut marks.silent);
    }

    /// The server refused writes: after a fail-over a new connection leads to one that accepts them.
    pub fn after_error(&self, error: &Error) {
        if is_read_only(error) {
            tracing::warn!(
                "PostgreSQL refuses writes on this connection; all connections are replaced"
            );
            self.mark(|marks| &mut marks.read_only);
        }
    }

    fn mark(&self, which: impl Fn(&mut Marks) -> &mut Option<Instant>) {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let which = which(&mut marks);
        if which.is_none_or(|marked| marked.elapsed() >= MIN_INTERVAL) {
            *which = Some(Instant::now());
        }
    }

    /// Whether this connection has to be replaced.
    pub fn covers(&self, connection: &PoolConnectionMetadata) -> bool {
        let marks = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_before = |age: Duration, marked: Option<Instant>| {
            marked.is_some_and(|marked| age >= marked.elapsed())
        };
        is_before(connection.idle_for, marks.silent) || is_before(connection.age, marks.read_only)
    }
}
