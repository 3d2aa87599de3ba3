//! Signing out: a form, so that it works without the script and never by a link.

use super::submission::FormState;
use crate::api::auth::Logout;
use leptos::prelude::*;

#[component]
pub fn SignOutButton(class: &'static str) -> impl IntoView {
    let form = FormState::of::<Logout>(None, []);
    let label = move || match form.refusal.get() {
        Some(_) => "Sign out: please try again",
        None => "Sign out",
    };
    view! {
        <form method="post" action=form.action on:submit=form.on_submit()>
            <button class=class type="submit">{label}</button>
        </form>
    }
}
