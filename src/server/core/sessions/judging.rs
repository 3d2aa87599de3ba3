//! What the cookie of a request is good for, by the clock.

use super::present::in_the_present;
use crate::{
    domain::{
        actor::Actor,
        session::{CurrentUser, EndReason, Ended, SessionId},
    },
    server::{core::Core, store},
};

/// What is known about a request's cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resumed {
    Live(Box<CurrentUser>),
    /// The token was replaced by a confirmation whose answer may not have arrived: it opens pages, with the time of
    /// the confirmation before, and can be confirmed again and signed out.
    Superseded(Box<CurrentUser>),
    Ended(EndReason),
    Unknown,
}

/// Whether what the database has found lives by the clock, and its person may be signed in.
pub(super) async fn judged(core: &Core, found: Option<CurrentUser>) -> Resumed {
    let Some(found) = found else {
        return Resumed::Unknown;
    };
    let found = in_the_present(core, found).await;
    if let Some(ended) = found.session.end_by(core.clock.now()) {
        if found.session.ended.is_none() {
            write_down(core, &found.session.id, ended).await;
        }
        return Resumed::Ended(ended.reason);
    }
    if found.user.disabled {
        return Resumed::Ended(EndReason::UserDisabled);
    }
    Resumed::Live(Box::new(found))
}

/// A time-out that was seen once is written down, so that setting the clock back revives nothing.
/// The refusal stands whether or not the database can write.
pub async fn write_down(core: &Core, session: &SessionId, ended: Ended) {
    if let Err(error) = store::sessions::end(&core.db, session, ended, &Actor::server()).await {
        tracing::warn!(%error, %session, "a time-out could not be written down");
    }
}
