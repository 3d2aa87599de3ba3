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
    error::{AccountRefusal, Refusal},
};
use leptos::prelude::*;

#[component]
pub fn ProfilePage(view: ProfileView) -> impl IntoView {
    let form = FormState::of::<UpdateProfile>(view.refusal, fields_of, []);
    let notice = view.notice.map(|notice| view! { <Notice notice /> });
    view! {
        <Layout title=form.title("Your profile")>
            <h1>"Your profile"</h1>
            <p class="quiet-text">"You sign in as " <b><bdi>{view.username}</bdi></b> "."</p>
            <div class="card">
                {notice}
                <ProfileForm form draft=view.draft />
            </div>
        </Layout>
    }
}

#[component]
fn Notice(notice: ProfileNotice) -> impl IntoView {
    let words = match notice {
        ProfileNotice::Saved => "Saved.",
        ProfileNotice::NotSavedYet => "Not saved yet. Check your input, then press “Save”.",
        ProfileNotice::TypedTooMuch => {
            "Your input was too long, and part of it is missing. Check the fields before you save."
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
    view! {
        <ErrorSummary form />
        <form class="form" method="post" action=form.action novalidate on:submit=form.on_submit()>
            <TextField
                id="display_name"
                label="Full name (optional)"
                value=draft.display_name
                autocomplete="name"
                hint="Shown on pages and to administrators. If empty, your username is shown."
                form
            />
            <TextField
                id="email"
                label="Email (optional)"
                value=draft.email
                autocomplete="email"
                inputmode="email"
                hint="You can sign in with it instead of your username."
                form
            />
            <TextField
                id="description"
                label="Description (optional)"
                value=draft.description
                autocomplete="off"
                hint="Shown on your overview and to administrators."
                form
            />
            <SubmitButton label="Save" />
        </form>
    }
}

/// The fields that a refusal is about.
const fn fields_of(refusal: Refusal) -> &'static [&'static str] {
    match refusal {
        Refusal::Account(AccountRefusal::EmailTaken)
        | Refusal::Identity(IdentityRefusal::Email | IdentityRefusal::EmailUnseen) => &["email"],
        Refusal::Identity(IdentityRefusal::Description) => &["description"],
        _ => &["display_name"],
    }
}
