//! `/signed-out`: confirms the sign-out.

use crate::{
    components::{
        access_keys::revoked,
        layout::{Door, Layout, Threshold},
    },
    domain::{page::Page, views::SignedOutView},
};
use leptos::{either::Either, prelude::*};

#[component]
pub fn SignedOutPage(view: SignedOutView) -> impl IntoView {
    let whose = match view.display_name {
        Some(name) => Either::Left(view! { <b><bdi>{name}</bdi></b> "’s session on this browser" }),
        None => Either::Right("The session on this browser"),
    };
    let others = match view.ended.map(|ended| ended.sessions) {
        Some(0) => "You were not signed in anywhere else.".to_owned(),
        Some(1) => "Your other session has ended as well.".to_owned(),
        Some(ended) => format!("Your {ended} other sessions have ended as well."),
        None => "Other devices may still be signed in.".to_owned(),
    };
    let keys = view.ended.and_then(|ended| revoked(ended.keys));
    view! {
        <Layout title="You are signed out">
            <Threshold state="is-closed">
                <Door />
                <div class="card">
                    <h1>"You are signed out"</h1>
                    <p>{whose} " has ended for good: a copy of its cookie cannot be used either."</p>
                    <p class="quiet-text">{others} {keys.map(|keys| format!(" {keys}"))}</p>
                    <div class="actions">
                        <a class="button" href=Page::Login.path()>"Sign in again"</a>
                    </div>
                </div>
            </Threshold>
        </Layout>
    }
}
