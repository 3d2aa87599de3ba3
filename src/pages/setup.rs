//! `/setup`: creates the first account, with the code that the server printed.

use crate::{
    api::setup::SetUp,
    components::{
        form::{ErrorSummary, PasswordField, SubmitButton, TextField},
        layout::{Door, Layout, Threshold},
        submission::FormState,
    },
    domain::{setup::SetupDraft, user::IdentityRefusal, views::SetupView},
    error::Refusal,
};
use leptos::{html, prelude::*};

#[component]
pub fn SetupPage(view: SetupView) -> impl IntoView {
    let password = NodeRef::new();
    let form = FormState::of::<SetUp>(view.refusal, fields_of, [password]);
    view! {
        <Layout title=form.title("Create the first account")>
            <Threshold>
                <Door />
                <div class="card">
                    <h1>"Create the first account"</h1>
                    <SetupForm form password draft=view.draft min_chars=view.min_chars />
                </div>
            </Threshold>
        </Layout>
    }
}

#[component]
fn SetupForm(
    form: FormState,
    password: NodeRef<html::Input>,
    draft: SetupDraft,
    min_chars: usize,
) -> impl IntoView {
    let hint = format!("At least {min_chars} characters. Try three or four unrelated words.");
    view! {
        <ErrorSummary form />
        <p class="quiet-text">"This account will be an administrator. The code proves that you run this server."</p>
        <form class="form" method="post" action=form.action novalidate on:submit=form.on_submit()>
            <TextField
                id="code"
                label="One-time code"
                value=String::new()
                autocomplete="one-time-code"
                required=true
                hint="The server printed it when it started. It is valid for an hour; capitals, spaces and hyphens do not matter."
                form
            />
            <Identity form draft />
            <PasswordField
                id="password"
                label="Password"
                autocomplete="new-password"
                hint
                min_chars
                node_ref=password
                form
            />
            <SubmitButton label="Create account" />
        </form>
    }
}

/// How the account is called.
#[component]
fn Identity(form: FormState, draft: SetupDraft) -> impl IntoView {
    view! {
        <TextField
            id="display_name"
            label="Full name (optional)"
            value=draft.display_name
            autocomplete="name"
            form
        />
        <TextField
            id="username"
            label="Username"
            value=draft.username
            autocomplete="username"
            required=true
            hint="You sign in with it. For example grace or grace.hopper."
            form
        />
        <TextField
            id="email"
            label="Email (optional)"
            value=draft.email
            autocomplete="email"
            inputmode="email"
            form
        />
    }
}

/// The fields that a refusal is about.
const fn fields_of(refusal: Refusal) -> &'static [&'static str] {
    match refusal {
        Refusal::Identity(IdentityRefusal::Email | IdentityRefusal::EmailUnseen) => &["email"],
        Refusal::Identity(IdentityRefusal::DisplayName) => &["display_name"],
        Refusal::Identity(_) => &["username"],
        Refusal::Password(_) => &["password"],
        _ => &["code"],
    }
}
