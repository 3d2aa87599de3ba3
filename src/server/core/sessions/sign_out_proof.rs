//! The value in the forms that sign out, by which a request shows that it comes from one of our pages
//! (ADR 38).
//!
//! It is for browsers behind a filter that takes `Origin` and fetch metadata away: they could sign in and
//! never out again. No other site can read our pages, so none can send it.

use crate::{domain::session::SessionId, server::core::Core};

/// Of no other digest under this key.
const KIND: &str = "sign out:";

/// The value for the pages of one session. It opens nothing: it is good for ending this session, together
/// with its cookie.
pub fn of(core: &Core, session: &SessionId) -> String {
    let digest = core.throttle.key.digest(KIND, &session.0);
    digest.as_str().to_owned()
}

/// Whether `text` is the value for this session.
pub fn holds(core: &Core, session: &SessionId, text: &str) -> bool {
    core.throttle.key.verifies(KIND, &session.0, text)
}
