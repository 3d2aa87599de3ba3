//! What a person typed into a plain form and could not send yet, because the password was wanted first.
//!
//! It waits in a cookie of its own for the page that it was typed on, and is never sent from there by
//! itself: the person looks through it and sends it again.

use super::{
    flash::{self, fitting_invitation, fitting_profile, set_value, value_of},
    session,
};
use crate::domain::{profile::ProfileDraft, views::InvitationDraft};
use axum::{
    http::{HeaderMap, HeaderValue},
    response::Response,
};
use std::time::Duration;

const DRAFT_COOKIE: &str = "__Host-Http-draft";

/// As long as a person may look for a password.
const LIFE: Duration = Duration::from_secs(600);

/// The `Set-Cookie` that keeps a profile.
pub fn keep_profile(draft: &ProfileDraft) -> HeaderValue {
    set_value(DRAFT_COOKIE, &fitting_profile(draft), LIFE)
}

/// The profile that waits.
pub fn profile(headers: &HeaderMap) -> Option<ProfileDraft> {
    value_of(headers, DRAFT_COOKIE)
}

/// The `Set-Cookie` that keeps an invitation.
pub fn keep_invitation(draft: &InvitationDraft) -> HeaderValue {
    set_value(DRAFT_COOKIE, &fitting_invitation(draft), LIFE)
}

/// The invitation that waits.
pub fn invitation(headers: &HeaderMap) -> Option<InvitationDraft> {
    value_of(headers, DRAFT_COOKIE)
}

/// Takes it away from the browser once it was shown.
pub fn forget_shown(request: &HeaderMap, response: &mut Response) {
    flash::forget(DRAFT_COOKIE, request, response);
}

/// The `Set-Cookie` that takes it away where a browser has brought it: what was typed has been sent.
pub fn clear(request: &HeaderMap) -> Option<HeaderValue> {
    session::single(request, DRAFT_COOKIE).map(|_| session::clear(DRAFT_COOKIE))
}
