//! `/signed-out`: says that it is over, and means it.

use crate::{
    components::layout::{Door, Page, Threshold},
    domain::views::SignedOutView,
};
use leptos::{either::Either, prelude::*};

#[component]
pub fn SignedOutPage(view: SignedOutView) -> impl IntoView {
    let whose = match view.display_name {
        Some(name) => Either::Left(view! { <b>{name}</b> "’s session on this browser" }),
        None => Either::Right("The session on this browser"),
    };
    view! {
        <Page title="You are signed out">
            <Threshold state="is-closed">
                <Door />
                <div class="card">
                    <h1>"You are signed out"</h1>
                    <p>{whose} " has ended for good: a copy of its cookie cannot be used either."</p>
                    <p class="quiet-text">"Other devices may still be signed in."</p>
                    <div class="actions">
                        <a class="button" href="/login">"Sign in again"</a>
                    </div>
                </div>
            </Threshold>
        </Page>
    }
}
