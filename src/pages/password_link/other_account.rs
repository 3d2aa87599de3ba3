//! Somebody else is signed in in this browser: they sign out before anything is typed.

use super::Step;
use crate::{
    api::auth::Logout,
    components::{form::FormFailure, submission::FormState},
    domain::{
        page::Page,
        views::{OpenedLinkView, SignOutProof},
    },
};
use leptos::prelude::*;

#[component]
pub fn SignedInAsAnother(
    link: OpenedLinkView,
    /// The display name of the user who is signed in.
    other: String,
) -> impl IntoView {
    view! {
        <Step title="Another account">
            <h1>"This link is for another account"</h1>
            <p>"It is for " <b><bdi>{link.display_name}</bdi></b> "."</p>
            <p>"You are signed in as " <b><bdi>{other}</bdi></b> ". Sign out first to use it."</p>
            <SignOutFirst />
            <p><a href=Page::Dashboard.path()>"Stay signed in"</a></p>
        </Step>
    }
}

/// Signs out and comes back. The link that was opened is kept.
#[component]
pub fn SignOutFirst() -> impl IntoView {
    let form = FormState::of::<Logout>(None, |_| &[], []);
    // As in `SignOutButton`.
    let proof = use_context::<SignOutProof>().map(|SignOutProof(proof)| proof);
    view! {
        <form method="post" action=form.action on:submit=form.on_submit()>
            <input type="hidden" name="proof" value=proof />
            <input type="hidden" name="next" value=Page::PasswordLink.path() />
            <button class="button" type="submit">"Sign out and continue"</button>
            <FormFailure form />
        </form>
    }
}
