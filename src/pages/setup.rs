//! `/setup`: creates the first account, with the code that the server printed.

use crate::{
    api::setup::SetUp,
    components::{
        form::{ErrorSummary, PasswordField, SubmitButton, TextField},
        layout::{Door, Layout, Threshold},
        submission::FormState,
    },
    domain::{setup::SetupDraft, user::IdentityRefusal, views::SetupView},
    error::{AppError, Refusal},
};
use leptos::{html, prelude::*};

#[component]
pub fn SetupPage(view: SetupView) -> impl IntoView {
    let password = NodeRef::new();
    let form = FormState::of::<SetUp>(view.refusal, [password]);
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
    let FormState {
        refusal,
        busy,
        summary,
        ..
    } = form;
    let hint = format!("Try three or four unrelated words. At least {min_chars} characters.");
    view! {
        <ErrorSummary refusal field=field_of node_ref=summary />
        <p class="quiet-text">"This account will be an administrator. The code proves that you run this server."</p>
        <form class="form" method="post" action=form.action on:submit=form.on_submit()>
            <TextField
                id="code"
                label="One-time code"
                value=String::new()
                autocomplete="one-time-code"
                required=true
                hint="The server printed it when it started. It is valid for an hour; capitals, spaces and hyphens do not matter."
                is_invalid=form.is_invalid(field_of, "code")
            />
            <Identity form draft />
            <PasswordField
                id="password"
                label="Password"
                autocomplete="new-password"
                hint
                min_chars
                node_ref=password
                is_invalid=form.is_invalid(field_of, "password")
                busy
            />
            <SubmitButton label="Create account" busy />
        </form>
    }
}

/// How the account is called.
#[component]
fn Identity(form: FormState, draft: SetupDraft) -> impl IntoView {
    view! {
        <TextField
            id="display_name"
            label="Full name"
            value=draft.display_name
            autocomplete="name"
            required=true
            is_invalid=form.is_invalid(field_of, "display_name")
        />
        <TextField
            id="username"
            label="Username"
            value=draft.username
            autocomplete="username"
            required=true
            hint="You sign in with it. For example grace or grace.hopper."
            is_invalid=form.is_invalid(field_of, "username")
        />
        <TextField
            id="email"
            label="Email (optional)"
            value=draft.email
            autocomplete="email"
            inputmode="email"
            is_invalid=form.is_invalid(field_of, "email")
        />
    }
}

/// The id of the field that a refusal is about.
fn field_of(refusal: AppError) -> &'static str {
    match refusal {
        AppError::Refused(Refusal::Identity(
            IdentityRefusal::Email | IdentityRefusal::EmailUnseen,
        )) => "email",
        AppError::Refused(Refusal::Identity(IdentityRefusal::DisplayName)) => "display_name",
        AppError::Refused(Refusal::Identity(_)) => "username",
        AppError::Refused(Refusal::Password(_)) => "password",
        _ => "code",
    }
}
