//! Signing out: a form, so that it works without the script and never by a link.

use super::form::submit_to;
use crate::api::auth::Logout;
use leptos::{prelude::*, server_fn::ServerFn};

#[component]
pub fn SignOutButton(class: &'static str) -> impl IntoView {
    let logout = ServerAction::<Logout>::new();
    let label = move || match logout.value().get() {
        Some(Err(_)) => "Sign out: please try again",
        _ => "Sign out",
    };
    view! {
        <form method="post" action=Logout::url() on:submit=submit_to(logout)>
            <button class=class type="submit">{label}</button>
        </form>
    }
}
