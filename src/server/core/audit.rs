//! The audit log: reading it, following it, and counting refusals in it.
//!
//! An entry is written by the store, in the transaction of the event: a sign-in by [`store::sessions::start`], a
//! refused one by [`store::throttle::decide`], an administrative change by its function in [`store::users`]. Refusals
//! without a check are only counted: [`count_refusal`].

mod batches;
mod following;
mod refusals;
mod row;

pub use crate::server::store::audit::{Cursor, Filter};
pub use batches::{Batches, OwnedFilter};
pub use following::{Following, POLL_EVERY};
pub use refusals::{Tallies, count_refusal, flush_periodically};
pub use row::AuditRow;

use super::Core;
use crate::{
    domain::audit::Record,
    server::{db::StoreError, store},
};

/// Up to `limit` entries before `before`, the newest first.
pub async fn page(
    core: &Core,
    filter: &Filter<'_>,
    before: Option<&Cursor>,
    limit: u32,
) -> Result<Vec<Record>, StoreError> {
    store::audit::list(&core.db, filter, before, limit).await
}

/// Up to `limit` entries that are directly newer than `after`, the newest first.
pub async fn newer_page(
    core: &Core,
    filter: &Filter<'_>,
    after: &Cursor,
    limit: u32,
) -> Result<Vec<Record>, StoreError> {
    store::audit::list_newer(&core.db, filter, after, limit).await
}
