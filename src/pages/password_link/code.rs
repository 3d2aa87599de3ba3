//! The first step: the code, for browsers without the script and for links that were mangled on their way.

use super::{Step, other_account::SignOutFirst};
use crate::{
    api::password_link::OpenPasswordLink,
    components::{
        form::{ErrorSummary, SubmitButton, TextField},
        submission::FormState,
    },
    domain::{page::Page, views::FrameView},
    error::Refusals,
};
use leptos::prelude::*;

#[component]
pub fn EnterCode(
    refusal: Option<Refusals>,
    is_cookie_lost: bool,
    /// The display name of somebody who is signed in: the link may be for another account.
    other: Option<String>,
) -> impl IntoView {
    let is_signed_out = !expect_context::<FrameView>().is_signed_in;
    let form = FormState::of::<OpenPasswordLink>(refusal, |_| &["secret"], []);
    view! {
        <Step title=form.title("Open your link")>
            <h1>"Open your link"</h1>
            <ErrorSummary form />
            {is_cookie_lost.then(|| view! { <CookieLost /> })}
            {other.map(|display_name| view! {
                <div class="notice">
                    <p>"You are signed in as " <b><bdi>{display_name}</bdi></b> ". If the link is for another account, sign out first."</p>
                    <SignOutFirst />
                </div>
            })}
            <form class="form" method="post" action=form.action on:submit=form.on_submit()>
                <TextField
                    id="secret"
                    label="Code"
                    value=String::new()
                    // Otherwise password managers take it for the user name.
                    autocomplete="one-time-code"
                    required=true
                    hint="Paste the whole link: the address of this page, or the text that you were sent."
                    form
                />
                <SubmitButton label="Continue" />
            </form>
            {is_signed_out.then(|| view! {
                <p class="quiet-text">
                    "Already have a password? " <a href=Page::Login.path()>"Sign in"</a> ". "
                    <a href=Page::Help.path()>"Can’t sign in?"</a>
                </p>
            })}
        </Step>
    }
}

#[component]
fn CookieLost() -> impl IntoView {
    view! {
        <div class="notice notice-warning" role="status">
            <h2>"Your browser did not keep the link"</h2>
            <p>
                "Allow cookies for this site, then open the link again. Some browsers keep them on https only. \
                After an hour the link has to be opened again, too."
            </p>
        </div>
    }
}
