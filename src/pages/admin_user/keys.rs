//! The access keys of an account.

use crate::{
    api::admin::ChangeUserKey,
    components::{access_keys::AccessKeyFacts, form::ErrorSummary, submission::FormState},
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
        let (id, is_suspended) = (key.id.clone(), key.state == KeyState::Suspended);
        let changes = [is_suspended.then_some((KeyChange::Confirm, "Confirm")), Some((KeyChange::Revoke, "Revoke"))];
        let buttons = changes.into_iter().flatten().map(|(change, label)| {
            view! { <ChangeKey form user=user.id.clone() key=id.clone() change label name=key.name.clone() /> }
        });
        let buttons = buttons.collect::<Vec<_>>();
        view! {
            <li class="session-row">
                <AccessKeyFacts key />
                <div class="buttons">{buttons}</div>
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
fn ChangeKey(
    form: FormState,
    user: String,
    key: String,
    change: KeyChange,
    label: &'static str,
    name: String,
) -> impl IntoView {
    view! {
        <form method="post" action=form.action on:submit=form.on_submit()>
            <input type="hidden" name="id" value=user />
            <input type="hidden" name="key" value=key />
            <input type="hidden" name="change" value=change.as_str() />
            <button class="button button-quiet button-small" type="submit">
                {label} <span class="visually-hidden">" the key " <bdi>{name}</bdi></span>
            </button>
        </form>
    }
}
