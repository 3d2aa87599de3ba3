//! The value in the sign-out forms, by which a request proves that it comes from one of our pages (ADR 38).
//!
//! It is for browsers behind a filter that removes `Origin` and fetch metadata: their users could sign in, but never
//! out. No other site can read our pages, so none can send it.

use crate::{domain::session::SessionId, server::core::Core};

/// Separates this digest from all others under the same key.
const KIND: &str = "sign out:";

/// The value for the pages of one session. It gives no access: together with the session's cookie it ends this session.
pub fn of(core: &Core, session: &SessionId) -> String {
    let digest = core.throttle.key.digest(KIND, &session.0);
    digest.as_str().to_owned()
}

/// Whether `text` is the value for this session.
pub fn holds(core: &Core, session: &SessionId, text: &str) -> bool {
    core.throttle.key.verifies(KIND, &session.0, text)
}
