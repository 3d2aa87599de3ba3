//! Whether the session of a request is valid, by the clock.

use super::future_times::without_future_times;
use crate::{
    domain::{
        actor::Actor,
        session::{CurrentUser, EndReason, Ended, SessionId},
    },
    server::{core::Core, store},
};

/// The state of a request's cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resumed {
    Live(Box<CurrentUser>),
    /// The token was replaced by a confirmation whose answer may not have arrived. It opens pages, with the time of the
    /// previous confirmation, and can be confirmed again and signed out.
    Superseded(Box<CurrentUser>),
    Ended(EndReason),
    Unknown,
}

/// Whether the session that was found is live by the clock, and its user enabled.
pub(super) async fn evaluate(core: &Core, found: Option<CurrentUser>) -> Resumed {
    let Some(found) = found else {
        return Resumed::Unknown;
    };
    let found = without_future_times(core, found).await;
    if let Some(ended) = found.session.end_by(core.clock.now()) {
        if found.session.ended.is_none() {
            record_time_out(core, &found.session.id, ended).await;
        }
        return Resumed::Ended(ended.reason);
    }
    if found.user.disabled {
        return Resumed::Ended(EndReason::UserDisabled);
    }
    Resumed::Live(Box::new(found))
}

/// Records a timeout once it is detected, so that setting the clock back does not revive the session. The request is
/// refused even if the database cannot write.
pub async fn record_time_out(core: &Core, session: &SessionId, ended: Ended) {
    if let Err(error) = store::sessions::end(&core.db, session, ended, &Actor::server()).await {
        tracing::warn!(%error, %session, "a time-out could not be written");
    }
}
