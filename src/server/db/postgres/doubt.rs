//! Connections that are thrown away unasked, because others of their age were of no use.

use sqlx::Error;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long one doubt is enough: where the database stays as it is, connections are not made anew for each request.
const REST: Duration = Duration::from_secs(1);

/// PostgreSQL refuses to write: this server is a standby, or was told to only read.
const READ_ONLY: &str = "25006";

/// The moment before which connections were made that are not to be trusted, in one pool.
#[derive(Clone, Debug, Default)]
pub struct Doubt(Arc<Mutex<Option<Instant>>>);

impl Doubt {
    /// From now on no connection is used that there was before.
    pub fn raise(&self) {
        let mut raised = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if raised.is_none_or(|raised| raised.elapsed() >= REST) {
            *raised = Some(Instant::now());
        }
    }

    /// Raises it where the error says that the connection leads to a server that takes no writes: after a
    /// fail-over another connection leads to one that does.
    pub fn hear(&self, error: &Error) {
        let code = error.as_database_error().and_then(|answer| answer.code());
        if code.as_deref() == Some(READ_ONLY) {
            tracing::warn!(
                "PostgreSQL takes no writes on this connection; all connections are replaced"
            );
            self.raise();
        }
    }

    /// Whether it falls on a connection of this age.
    pub fn falls_on(&self, age: Duration) -> bool {
        let raised = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        raised.is_some_and(|raised| age >= raised.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_falls_on_what_was_there_before() {
        let doubt = Doubt::default();
        let long_ago = Duration::from_secs(3_600);
        assert!(!doubt.falls_on(long_ago));
        doubt.raise();
        assert!(doubt.falls_on(long_ago));
        assert!(!doubt.falls_on(Duration::ZERO));
        // Raised again at once it spares what was made since.
        let raised = *doubt.0.lock().unwrap();
        doubt.raise();
        assert_eq!(*doubt.0.lock().unwrap(), raised);
    }
}
