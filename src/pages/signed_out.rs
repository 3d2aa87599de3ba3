//! `/signed-out`: confirms the sign-out.

use crate::{
    components::{
        access_keys::revoked,
        layout::{Door, Threshold},
    },
    domain::{page::Page, views::SignedOutView},
};
use leptos::prelude::*;

#[component]
pub fn SignedOutPage(view: SignedOutView) -> impl IntoView {
    // Not inside a sentence: a name in a right-to-left script would break it.
    let account = view
        .display_name
        .map(|name| view! { <p>"Account: " <b><bdi>{name}</bdi></b></p> });
    let others = match view.ended.map(|ended| ended.sessions) {
        Some(0) => "You were not signed in on any other device.".to_owned(),
        Some(1) => "Your other device was signed out as well.".to_owned(),
        Some(ended) => format!("Your {ended} other devices were signed out as well."),
        None => "Other devices may still be signed in.".to_owned(),
    };
    let keys = view.ended.and_then(|ended| revoked(ended.keys));
    view! {
        <Threshold state="is-closed">
            <Door />
            <div class="card">
                <h1>"You are signed out"</h1>
                {account}
                <p class="quiet-text">{others} {keys.map(|keys| format!(" {keys}"))}</p>
                <div class="actions">
                    <a class="button" href=Page::Login.path()>"Sign in again"</a>
                </div>
            </div>
        </Threshold>
    }
}
