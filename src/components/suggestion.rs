//! A username, suggested from the full name.

use crate::domain::user::suggested_username;
use leptos::{ev::Event, html, prelude::*};

/// While the full name is typed: writes the username that it suggests, as long as the field has the one before. So it is
/// there before somebody goes on to that field.
pub fn suggest_username(
    typed: &Event,
    username: NodeRef<html::Input>,
    suggested: StoredValue<String>,
) {
    let full_name = js_sys::JsString::from(event_target_value(typed)).normalize("NFKD");
    let suggestion = suggested_username(&String::from(full_name)).unwrap_or_default();
    if let Some(username) = username.get_untracked()
        && username.value() == suggested.get_value()
    {
        username.set_value(&suggestion);
        suggested.set_value(suggestion);
    }
}
