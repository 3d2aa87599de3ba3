//! `/account/profile`: the public data of a user.

use crate::{
    api::profile::UpdateProfile,
    components::{
        account::AccountNav,
        form::{ErrorSummary, SubmitButton, TextField},
        layout::{Door, Layout, Threshold},
        submission::FormState,
    },
    domain::{
        page::Page,
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
        <Layout title=form.title("Your profile") signed_in=view.display_name>
            <AccountNav here=Page::Profile />
            <Threshold>
                <Door />
                <div class="card">
                    <h1>"Your profile"</h1>
                    {notice}
                    <p class="quiet-text">"You sign in as " <b><bdi>{view.username}</bdi></b> "."</p>
                    <ProfileForm form draft=view.draft />
                </div>
            </Threshold>
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
    view! {
        <ErrorSummary form />
        <form class="form" method="post" action=form.action on:submit=form.on_submit()>
            <TextField
                id="display_name"
                label="Display name"
                value=draft.display_name
                autocomplete="name"
                hint="How pages greet you. Left empty, it is the name with which you sign in."
                form
            />
            <TextField
                id="email"
                label="E-mail (optional)"
                value=draft.email
                autocomplete="email"
                inputmode="email"
                hint="You can type it in place of your name when you sign in."
                form
            />
            <TextField
                id="description"
                label="Description (optional)"
                value=draft.description
                autocomplete="off"
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
