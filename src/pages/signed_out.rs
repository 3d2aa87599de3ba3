//! `/signed-out`: says that it is over, and means it.

use super::handed_over;
use crate::{
    components::layout::{Door, Page, Threshold},
    domain::views::SignedOutView,
};
use leptos::prelude::*;

#[component]
pub fn SignedOutPage() -> impl IntoView {
    let whose = match handed_over::<SignedOutView>().display_name {
        Some(name) => view! { <b>{name}</b> "’s session on this browser" }.into_any(),
        None => "The session on this browser".into_any(),
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
                        <a class="button" href="/login" rel="external">"Sign in again"</a>
                    </div>
                </div>
            </Threshold>
        </Page>
    }
}
