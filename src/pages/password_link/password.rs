//! The second step: a password, for an owner who is known by the code.

use super::Step;
use crate::{
    api::password_link::UsePasswordLink,
    components::{
        form::{ErrorSummary, PasswordField, SubmitButton},
        submission::FormState,
    },
    domain::{password_link::LinkPurpose, views::OpenedLinkView},
    error::Refusals,
};
use leptos::{either::Either, prelude::*};

#[component]
pub fn ChoosePassword(
    link: OpenedLinkView,
    min_chars: usize,
    refusal: Option<Refusals>,
) -> impl IntoView {
    let password = NodeRef::new();
    let autofocus = refusal.is_none();
    let form = FormState::of::<UsePasswordLink>(refusal, |_| &["new_password"], [password]);
    let hint = format!("At least {min_chars} characters. Try three or four unrelated words.");
    let (title, button) = match link.purpose {
        LinkPurpose::Invitation => ("Choose a password", "Save and sign in"),
        LinkPurpose::Reset => ("Choose a new password", "Save password"),
    };
    let username = link.username.clone();
    let proof = link.proof.clone();
    view! {
        <Step title=form.title(title)>
            <Greeting link />
            <ErrorSummary form />
            <form class="form" method="post" action=form.action novalidate on:submit=form.on_submit()>
                <input type="hidden" name="proof" value=proof />
                // For password managers only, which read the user name from it. It has no name attribute, so it is not
                // submitted.
                <input type="text" id="username" value=username autocomplete="username" readonly hidden />
                <PasswordField
                    id="new_password"
                    label="New password"
                    autocomplete="new-password"
                    hint
                    min_chars
                    autofocus
                    node_ref=password
                    form
                />
                <SubmitButton label=button />
            </form>
        </Step>
    }
}

/// For whom the link is, and how they sign in from now on.
#[component]
fn Greeting(link: OpenedLinkView) -> impl IntoView {
    let OpenedLinkView {
        purpose,
        display_name,
        username,
        email,
        ..
    } = link;
    let or_email = email.map(|email| view! { " or " <bdi>{email}</bdi> });
    match purpose {
        LinkPurpose::Invitation => Either::Left(view! {
            <h1>"Welcome, " <bdi>{display_name}</bdi></h1>
            <p>"Choose a password. You will sign in as " <b><bdi>{username}</bdi></b> {or_email} "."</p>
        }),
        LinkPurpose::Reset => Either::Right(view! {
            <h1>"Choose a new password"</h1>
            <p>"Account: " <b><bdi>{display_name}</bdi></b></p>
            <p>"You sign in as " <b><bdi>{username}</bdi></b> {or_email} "."</p>
            <p class="quiet-text">"A new password signs out all devices and revokes your access keys."</p>
        }),
    }
}
