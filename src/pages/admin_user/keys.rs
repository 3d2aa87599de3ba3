//! The access keys of an account.

use crate::{
    api::admin::ChangeUserKey,
    components::{
        access_keys::{AccessKeyFacts, AskToRevoke, ConfirmKey},
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
        let fields = |change: KeyChange| {
            let change = change.as_str().to_owned();
            vec![
                ("id", user.id.clone()),
                ("key", id.clone()),
                ("change", change),
            ]
        };
        let confirm = (key.state == KeyState::Suspended).then(|| {
            view! { <ConfirmKey form fields=fields(KeyChange::Confirm) name=name.clone() /> }
        });
        view! {
            <li class="session-row">
                <AccessKeyFacts key />
                {confirm}
                <AskToRevoke form fields=fields(KeyChange::Revoke) name />
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
