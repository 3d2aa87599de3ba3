//! A username, suggested from the full name.

use crate::domain::user::suggested_username;
use leptos::{ev::Event, html, prelude::*};

/// Holds the last suggestion, on the field for the username.
const SUGGESTED: &str = "data-suggested";

/// While the full name is typed: writes the username that it suggests, as long as the field has the one before. So it is
/// there before somebody goes on to that field.
pub fn suggest_username(typed: &Event, username: NodeRef<html::Input>) {
    let Some(username) = username.get_untracked() else {
        return;
    };
    let full_name = js_sys::JsString::from(event_target_value(typed)).normalize("NFKD");
    let suggestion = suggested_username(&String::from(full_name)).unwrap_or_default();
    if username.value() == username.get_attribute(SUGGESTED).unwrap_or_default() {
        username.set_value(&suggestion);
        // The attribute has a valid name.
        let _ = username.set_attribute(SUGGESTED, &suggestion);
    }
}
