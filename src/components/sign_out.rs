//! Signing out: a form, so that it works without the script and never by a link.

use crate::api::auth::Logout;
use leptos::{form::ActionForm, prelude::*};

#[component]
pub fn SignOutButton(class: &'static str) -> impl IntoView {
    let logout = ServerAction::<Logout>::new();
    let label = move || match logout.value().get() {
        Some(Err(_)) => "Sign out: please try again",
        _ => "Sign out",
    };
    view! {
        <ActionForm action=logout>
            <button class=class type="submit">{label}</button>
        </ActionForm>
    }
}
