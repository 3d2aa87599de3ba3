//! Signing out: a form, so that it works without the script and cannot be triggered by a link.

use crate::{api::auth::Logout, components::submission::FormState, domain::views::SignOutProof};
use leptos::prelude::*;

#[component]
pub fn SignOutButton(class: &'static str) -> impl IntoView {
    let form = FormState::of::<Logout>(None, []);
    let label = move || match form.refusal.get() {
        Some(_) => "Sign out: please try again",
        None => "Sign out",
    };
    // Only the server knows it. Hydration keeps the rendered value.
    let proof = use_context::<SignOutProof>().map(|SignOutProof(proof)| proof);
    view! {
        <form method="post" action=form.action on:submit=form.on_submit()>
            <input type="hidden" name="proof" value=proof />
            <button class=class type="submit">{label}</button>
        </form>
    }
}
