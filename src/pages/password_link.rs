//! `/password-link`: sets a password with a link from an administrator.

use crate::{
    api::password_link::UsePasswordLink,
    components::{
        form::{ErrorSummary, PasswordField, SubmitButton, TextField},
        layout::{Door, Layout, Threshold},
        submission::FormState,
    },
    domain::{page::Page, views::PasswordLinkView},
    error::Refusal,
};
use leptos::{ev, html, prelude::*, wasm_bindgen::JsValue};

#[component]
pub fn PasswordLinkPage(view: PasswordLinkView) -> impl IntoView {
    let (secret, password) = (NodeRef::new(), NodeRef::new());
    let form = FormState::of::<UsePasswordLink>(view.refusal, fields_of, [password]);
    follow_address(secret, form);
    let min_chars = view.min_chars;
    let hint = format!("At least {min_chars} characters.");
    view! {
        <Layout title=form.title("Set your password")>
            <Threshold>
                <Door />
                <div class="card">
                    <h1>"Set your password"</h1>
                    <p class="quiet-text">
                        "With the link that an administrator gave you, once. Everybody who is signed in to your account will have to sign in again."
                    </p>
                    <ErrorSummary form />
                    <form class="form" method="post" action=form.action on:submit=form.on_submit()>
                        // For password managers only, which read the user name from it, once the code has
                        // identified the account. It has no name attribute, so it is not submitted.
                        {view.username.map(|username| view! {
                            <input type="text" id="username" value=username autocomplete="username" readonly hidden />
                        })}
                        <TextField
                            id="secret"
                            label="Code of the link"
                            value=String::new()
                            // Otherwise password managers take it for the user name.
                            autocomplete="one-time-code"
                            required=true
                            hint="What stands behind # in the link, or the whole link."
                            form
                            node_ref=secret
                        />
                        <PasswordField
                            id="new_password"
                            label="New password"
                            autocomplete="new-password"
                            hint
                            min_chars
                            node_ref=password
                            form
                        />
                        <SubmitButton label="Set the password" />
                    </form>
                </div>
            </Threshold>
        </Layout>
    }
}

/// If a second link is opened in the tab of the first, only the part of the address after `#` changes: no page is
/// loaded.
fn follow_address(field: NodeRef<html::Input>, form: FormState) {
    Effect::new(move || {
        take_from_address(field);
    });
    let listener = window_event_listener(ev::hashchange, move |_| {
        if take_from_address(field) {
            // It was about the previous link.
            form.problem.set(None);
        }
    });
    on_cleanup(move || listener.remove());
}

/// Moves the secret from the address into the field. So it stays in no history, and is not visible in the
/// address bar.
///
/// Returns whether there was one.
fn take_from_address(field: NodeRef<html::Input>) -> bool {
    let Some(field) = field.get() else {
        return false;
    };
    let hash = window().location().hash().unwrap_or_default();
    let Some(secret) = hash.strip_prefix('#').filter(|secret| !secret.is_empty()) else {
        return false;
    };
    field.set_value(secret);
    // If the browser refuses, the address stays: that harms less than no password.
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(Page::PasswordLink.path()));
    }
    true
}

/// The fields that a refusal is about.
const fn fields_of(refusal: Refusal) -> &'static [&'static str] {
    match refusal {
        Refusal::Password(_) => &["new_password"],
        _ => &["secret"],
    }
}
