//! `/account/profile`: the public data of a user.

use crate::{
    api::profile::UpdateProfile,
    components::{
        form::{ErrorSummary, SubmitButton, TextField},
        layout::Layout,
        submission::FormState,
    },
    domain::{
        profile::ProfileDraft,
        user::IdentityRefusal,
        views::{ProfileNotice, ProfileView},
    },
    error::{AccountRefusal, AppError, Refusal},
};
use leptos::prelude::*;

#[component]
pub fn ProfilePage(view: ProfileView) -> impl IntoView {
    let form = FormState::of::<UpdateProfile>(view.refusal, []);
    let notice = view.notice.map(|notice| view! { <Notice notice /> });
    view! {
        <Layout title=form.title("Your profile")>
            <h1>"Your profile"</h1>
            <div class="card">
                {notice}
                <p class="quiet-text">"You sign in as " <b><bdi>{view.username}</bdi></b> "."</p>
                <ProfileForm form draft=view.draft />
            </div>
        </Layout>
    }
}

#[component]
fn Notice(notice: ProfileNotice) -> impl IntoView {
    let words = match notice {
        ProfileNotice::Saved => "Saved.",
        ProfileNotice::NotSavedYet => "This is what you typed. It is not saved yet.",
        ProfileNotice::TypedTooMuch => {
            "What you typed was too long to come back whole. Look through the fields before you save."
        }
    };
    view! {
        <div class="notice" role="status">
            <p>{words}</p>
        </div>
    }
}

#[component]
fn ProfileForm(form: FormState, draft: ProfileDraft) -> impl IntoView {
    let FormState {
        refusal,
        busy,
        summary,
        ..
    } = form;
    view! {
        <ErrorSummary refusal field=field_of node_ref=summary />
        <form class="form" method="post" action=form.action on:submit=form.on_submit()>
            <TextField
                id="display_name"
                label="Display name"
                value=draft.display_name
                autocomplete="name"
                hint="How pages greet you. Left empty, it is the name with which you sign in."
                is_invalid=form.is_invalid(field_of, "display_name")
            />
            <TextField
                id="email"
                label="E-mail (optional)"
                value=draft.email
                autocomplete="email"
                inputmode="email"
                hint="You can type it in place of your name when you sign in."
                is_invalid=form.is_invalid(field_of, "email")
            />
            <TextField
                id="description"
                label="Description (optional)"
                value=draft.description
                autocomplete="off"
                is_invalid=form.is_invalid(field_of, "description")
            />
            <SubmitButton label="Save" busy />
        </form>
    }
}

/// The id of the field that a refusal is about.
fn field_of(refusal: AppError) -> &'static str {
    match refusal {
        AppError::Refused(Refusal::Account(AccountRefusal::EmailTaken))
        | AppError::Refused(Refusal::Identity(
            IdentityRefusal::Email | IdentityRefusal::EmailUnseen,
        )) => "email",
        AppError::Refused(Refusal::Identity(IdentityRefusal::Description)) => "description",
        _ => "display_name",
    }
}
