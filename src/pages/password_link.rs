//! `/password-link`: a password, for whoever has the link that an administrator made.

use crate::{
    api::password_link::UsePasswordLink,
    components::{
        form::{ErrorSummary, PasswordField, SubmitButton, TextField},
        layout::{Door, Page, Threshold},
        submission::FormState,
    },
    domain::{password_link::PAGE, views::PasswordLinkView},
    error::AppError,
};
use leptos::{html, prelude::*, wasm_bindgen::JsValue};

#[component]
pub fn PasswordLinkPage(view: PasswordLinkView) -> impl IntoView {
    let (secret, password) = (NodeRef::new(), NodeRef::new());
    let form = FormState::of::<UsePasswordLink>(view.refusal, [password]);
    Effect::new(move || take_from_address(secret));
    let FormState {
        refusal,
        busy,
        summary,
        ..
    } = form;
    let hint = format!("At least {} characters.", view.min_chars);
    view! {
        <Page title=form.title("Set your password")>
            <Threshold>
                <Door />
                <div class="card">
                    <h1>"Set your password"</h1>
                    <p class="quiet-text">
                        "With the link that an administrator gave you, once. Everybody who is signed in to your account will have to sign in again."
                    </p>
                    <ErrorSummary refusal field=field_of node_ref=summary />
                    <form class="form" method="post" action=form.action on:submit=form.on_submit()>
                        <TextField
                            id="secret"
                            label="Code of the link"
                            value=String::new()
                            autocomplete="off"
                            required=true
                            hint="What stands behind # in the link, or the whole link."
                            is_invalid=form.is_invalid(field_of, "secret")
                            node_ref=secret
                        />
                        <PasswordField
                            id="new_password"
                            label="New password"
                            autocomplete="new-password"
                            hint
                            node_ref=password
                            is_invalid=form.is_invalid(field_of, "new_password")
                            busy
                        />
                        <SubmitButton label="Set the password" busy />
                    </form>
                </div>
            </Threshold>
        </Page>
    }
}

/// Puts the secret where it is sent from, and takes it out of the address: it stays in no history, and
/// nobody reads it over a shoulder.
fn take_from_address(field: NodeRef<html::Input>) {
    let Some(field) = field.get() else { return };
    let hash = window().location().hash().unwrap_or_default();
    let Some(secret) = hash.strip_prefix('#').filter(|secret| !secret.is_empty()) else {
        return;
    };
    field.set_value(secret);
    // Where the browser refuses, the address stays as it is, which harms less than no password.
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(PAGE));
    }
}

/// The id of the field that a refusal is about.
fn field_of(refusal: AppError) -> &'static str {
    match refusal {
        AppError::PasswordRefused(_) => "new_password",
        _ => "secret",
    }
}
