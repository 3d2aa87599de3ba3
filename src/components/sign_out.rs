//! Signing out: a form, so that it works without the script and cannot be triggered by a link.

use crate::{
    api::auth::Logout,
    components::{form::FormFailure, submission::FormState},
    domain::views::SignOutProof,
};
use leptos::prelude::*;

#[component]
pub fn SignOutButton(class: &'static str) -> impl IntoView {
    let form = FormState::of::<Logout>(None, |_| &[], []);
    // Only the server knows it. Hydration keeps the rendered value.
    let proof = use_context::<SignOutProof>().map(|SignOutProof(proof)| proof);
    view! {
        <form method="post" action=form.action on:submit=form.on_submit()>
            <input type="hidden" name="proof" value=proof />
            <button class=class type="submit">"Sign out"</button>
            <FormFailure form />
        </form>
    }
}
