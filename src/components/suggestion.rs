//! A username, suggested from the full name.

use crate::domain::user::suggested_username;
use leptos::{ev::Event, html, prelude::*};

/// When the field for the full name has changed: fills in the one for the username, if it is empty.
pub fn suggest_username(changed: &Event, username: NodeRef<html::Input>) {
    let full_name = js_sys::JsString::from(event_target_value(changed)).normalize("NFKD");
    let suggested = suggested_username(&String::from(full_name));
    if let (Some(username), Some(suggested)) = (username.get_untracked(), suggested)
        && username.value().is_empty()
    {
        username.set_value(&suggested);
    }
}
