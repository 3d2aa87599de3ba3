//! The input of a plain form that could not be accepted yet, because the password had to be confirmed first.
//!
//! It is kept in a cookie of its own for the page of the form, and never sent automatically: the user checks it and
//! sends it again.

use super::{
    flash::{self, set_value, value_of},
    session, truncated,
};
use crate::domain::{
    access_key::AccessKeyDraft,
    profile::ProfileDraft,
    views::{EditDraft, InvitationDraft},
};
use axum::{
    http::{HeaderMap, HeaderValue},
    response::Response,
};
use serde::{Deserialize, Serialize};
use std::time::Duration;

const DRAFT_COOKIE: &str = "__Host-Http-draft";

/// The time in which a person can find a password.
const LIFETIME: Duration = Duration::from_secs(600);

/// The `Set-Cookie` that keeps a profile.
pub fn keep_profile(draft: &ProfileDraft) -> HeaderValue {
    set_value(DRAFT_COOKIE, &truncated::profile(draft), LIFETIME)
}

/// The profile that was kept.
pub fn profile(headers: &HeaderMap) -> Option<ProfileDraft> {
    value_of(headers, DRAFT_COOKIE)
}

/// The `Set-Cookie` that keeps an invitation.
pub fn keep_invitation(draft: &InvitationDraft) -> HeaderValue {
    set_value(DRAFT_COOKIE, &truncated::invitation(draft), LIFETIME)
}

/// The invitation that was kept.
pub fn invitation(headers: &HeaderMap) -> Option<InvitationDraft> {
    value_of(headers, DRAFT_COOKIE)
}

/// The names of an account, with the account: the page of another one must not show them.
#[derive(Serialize, Deserialize)]
struct KeptNames {
    id: String,
    names: EditDraft,
}

/// The `Set-Cookie` that keeps the names of an account.
pub fn keep_names(id: &str, draft: &EditDraft) -> HeaderValue {
    let kept = KeptNames {
        id: id.to_owned(),
        names: truncated::names(draft),
    };
    set_value(DRAFT_COOKIE, &kept, LIFETIME)
}

/// The names of this account that were kept.
pub fn names(headers: &HeaderMap, id: &str) -> Option<EditDraft> {
    let kept: KeptNames = value_of(headers, DRAFT_COOKIE)?;
    (kept.id == id).then_some(kept.names)
}

/// The `Set-Cookie` that keeps the input for an access key.
pub fn keep_access_key(draft: &AccessKeyDraft) -> HeaderValue {
    set_value(DRAFT_COOKIE, &truncated::access_key(draft), LIFETIME)
}

/// The input for an access key that was kept.
pub fn access_key(headers: &HeaderMap) -> Option<AccessKeyDraft> {
    value_of(headers, DRAFT_COOKIE)
}

/// Deletes it from the browser after it was shown.
pub fn forget_shown(request: &HeaderMap, response: &mut Response) {
    flash::forget(DRAFT_COOKIE, request, response);
}

/// The `Set-Cookie` that deletes it, if the browser has it: the input was accepted.
pub fn clear(request: &HeaderMap) -> Option<HeaderValue> {
    session::single(request, DRAFT_COOKIE).map(|_| session::clear(DRAFT_COOKIE))
}
