//! Keeps the signing keys of access tokens up to date: those that other nodes have made, and the next one when it is time.

use crate::server::core::{Core, tokens};
use std::time::Duration;

/// A key is published for a day before it signs, so nothing depends on this period.
const EVERY: Duration = Duration::from_secs(60);

/// Renews the keys until the server stops. Without a sealing key there are none.
pub async fn run(core: Core) {
    while core.tokens.are_issued() {
        if let Err(error) = tokens::renew(&core).await {
            tracing::warn!(%error, "the signing keys of access tokens will be read again later");
        }
        tokio::time::sleep(EVERY).await;
    }
}
