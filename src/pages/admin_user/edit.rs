//! The form for the names of an account.

use crate::{
    api::admin::EditUser,
    components::{
        form::{ErrorSummary, SubmitButton, TextField},
        submission::FormState,
    },
    domain::views::{EditView, UserView},
    pages::admin_invite::fields_of,
};
use leptos::prelude::*;

#[component]
pub fn Edit(user: UserView, edit: EditView, form: FormState) -> impl IntoView {
    let stored_email = user.email.unwrap_or_default();
    let draft = edit.draft;
    let username = draft.username.unwrap_or_else(|| user.username.clone());
    let display_name = draft
        .display_name
        .unwrap_or_else(|| user.display_name.clone());
    let email = draft.email.unwrap_or_else(|| stored_email.clone());
    let unsaved = edit.is_unsaved.then(|| {
        view! {
            <div class="notice notice-warning" role="status">
                <p>"Nothing was saved yet. Press “Save” again."</p>
            </div>
        }
    });
    view! {
        <section class="card" aria-labelledby="edit">
            <h2 id="edit">"Edit"</h2>
            {unsaved}
            <ErrorSummary form />
            <form class="form" method="post" action=form.action novalidate on:submit=form.on_submit()>
                <input type="hidden" name="id" value=user.id />
                // What is shown. A field that is left as it is is not written: its owner may have changed it since.
                <input type="hidden" name="shown_username" value=user.username />
                <input type="hidden" name="shown_display_name" value=user.display_name />
                <input type="hidden" name="shown_email" value=stored_email />
                <TextField
                    id="display_name"
                    label="Full name"
                    value=display_name
                    autocomplete="off"
                    form
                />
                <TextField
                    id="username"
                    label="Username"
                    value=username
                    autocomplete="off"
                    required=true
                    hint="The person signs in with the new username from now on. The old one stays reserved to this account: other applications may know the person by it."
                    form
                />
                <Reserved names=edit.given_up />
                <TextField
                    id="email"
                    label="Email (optional)"
                    value=email
                    autocomplete="off"
                    inputmode="email"
                    form
                />
                <SubmitButton label="Save" />
            </form>
        </section>
    }
}

/// The form on the page.
pub fn form_of(edit: &EditView) -> FormState {
    FormState::of::<EditUser>(edit.refusal, fields_of, [])
}

#[component]
fn Reserved(names: Vec<String>) -> impl IntoView {
    let has_names = !names.is_empty();
    let names = names.into_iter().enumerate().map(|(at, name)| {
        let comma = if at == 0 { "" } else { ", " };
        view! { {comma} <bdi>{name}</bdi> }
    });
    let names = names.collect::<Vec<_>>();
    has_names.then(|| {
        view! { <p class="field-hint">"Earlier usernames, reserved to this account: " {names} "."</p> }
    })
}
