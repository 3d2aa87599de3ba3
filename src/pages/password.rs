//! `/account/password`: changes the password.

use crate::{
    api::password::ChangePassword,
    components::{
        access_keys::{KeepKeys, revoked},
        form::{ErrorSummary, PasswordField, SubmitButton},
        layout::Layout,
        submission::FormState,
    },
    domain::{
        session::EndedElsewhere,
        views::{PasswordNotice, PasswordView},
    },
    error::Refusal,
};
use leptos::{either::Either, html, prelude::*};

#[component]
pub fn PasswordPage(view: PasswordView) -> impl IntoView {
    let (current, new) = (NodeRef::new(), NodeRef::new());
    let form = FormState::of::<ChangePassword>(view.refusal, fields_of, [current, new]);
    let notice = view.notice.map(|notice| match notice {
        PasswordNotice::Changed { ended } => Either::Left(view! { <Changed ended /> }),
        PasswordNotice::StrangerIsOut => Either::Right(view! { <SignInDisowned /> }),
    });
    view! {
        <Layout title=form.title("Change your password")>
            <h1>"Change your password"</h1>
            <p class="quiet-text">"This signs out your other devices. This device stays signed in."</p>
            <div class="card">
                {notice}
                <ChangeForm form current new username=view.username min_chars=view.min_chars keys=view.keys />
            </div>
        </Layout>
    }
}

#[component]
fn Changed(ended: EndedElsewhere) -> impl IntoView {
    let others = match ended.sessions {
        0 => "You were not signed in on any other device.".to_owned(),
        1 => "1 other device was signed out.".to_owned(),
        ended => format!("{ended} other devices were signed out."),
    };
    let keys = revoked(ended.keys).map(|keys| format!(" {keys}"));
    view! {
        <div class="notice" role="status">
            <p>"Password changed. " {others} {keys}</p>
        </div>
    }
}

#[component]
fn SignInDisowned() -> impl IntoView {
    view! {
        <div class="notice notice-warning" role="status">
            <p>
                "That device was signed out. Whoever used it knows your password: choose a new one now, which signs out all other devices as well."
            </p>
        </div>
    }
}

#[component]
fn ChangeForm(
    form: FormState,
    current: NodeRef<html::Input>,
    new: NodeRef<html::Input>,
    username: String,
    min_chars: usize,
    keys: u64,
) -> impl IntoView {
    let hint = format!("At least {min_chars} characters. Try three or four unrelated words.");
    view! {
        <ErrorSummary form />
        <form class="form" method="post" action=form.action novalidate on:submit=form.on_submit()>
            // For password managers only, which read the user name from it. It has no name attribute, so it is not
            // submitted.
            <input type="text" id="username" value=username autocomplete="username" readonly hidden />
            <PasswordField
                id="current_password"
                label="Current password"
                autocomplete="current-password"
                node_ref=current
                form
            />
            <PasswordField
                id="new_password"
                label="New password"
                autocomplete="new-password"
                hint
                min_chars
                node_ref=new
                form
            />
            <KeepKeys keys />
            <SubmitButton label="Change password" />
        </form>
    }
}

/// The fields that a refusal is about.
const fn fields_of(refusal: Refusal) -> &'static [&'static str] {
    match refusal {
        Refusal::Password(_) => &["new_password"],
        _ => &["current_password"],
    }
}
