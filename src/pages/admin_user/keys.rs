//! The access keys of an account.

use crate::{
    api::admin::ChangeUserKey,
    components::{
        access_keys::{AccessKeyFacts, AskToRevoke},
        form::ErrorSummary,
        submission::FormState,
    },
    domain::{
        access_key::{KeyChange, KeyState},
        views::{AccessKeyView, UserView},
    },
};
use leptos::prelude::*;

#[component]
pub fn Keys(user: UserView, keys: Vec<AccessKeyView>) -> impl IntoView {
    let form = FormState::of::<ChangeUserKey>(None, |_| &["keys"], []);
    let has_keys = !keys.is_empty();
    let rows = keys.into_iter().map(|key| {
        let (id, name) = (key.id.clone(), key.name.clone());
        let confirm = (key.state == KeyState::Suspended).then(|| {
            view! { <ConfirmKey form user=user.id.clone() key=id.clone() name=name.clone() /> }
        });
        let user = user.id.clone();
        view! {
            <li class="session-row">
                <AccessKeyFacts key />
                {confirm}
                <AskToRevoke form name>
                    <Which user key=id change=KeyChange::Revoke />
                </AskToRevoke>
            </li>
        }
    });
    let rows = rows.collect::<Vec<_>>();
    has_keys.then(|| {
        view! {
            <section class="card room-wide sessions-of" aria-labelledby="keys">
                <h2 id="keys" tabindex="-1">"Access keys"</h2>
                <ErrorSummary form />
                <ul>{rows}</ul>
            </section>
        }
    })
}

#[component]
fn Which(user: String, key: String, change: KeyChange) -> impl IntoView {
    view! {
        <input type="hidden" name="id" value=user />
        <input type="hidden" name="key" value=key />
        <input type="hidden" name="change" value=change.as_str() />
    }
}

#[component]
fn ConfirmKey(form: FormState, user: String, key: String, name: String) -> impl IntoView {
    view! {
        <form method="post" action=form.action on:submit=form.on_submit()>
            <Which user key change=KeyChange::Confirm />
            <button class="button button-quiet button-small" type="submit">
                "Confirm" <span class="visually-hidden">" the key " <bdi>{name}</bdi></span>
            </button>
        </form>
    }
}
