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
    error::{AppError, Refusal},
};
use leptos::{either::Either, html, prelude::*};

#[component]
pub fn PasswordPage(view: PasswordView) -> impl IntoView {
    let (current, new) = (NodeRef::new(), NodeRef::new());
    let form = FormState::of::<ChangePassword>(view.refusal, [current, new]);
    let notice = view.notice.map(|notice| match notice {
        PasswordNotice::Changed { ended } => Either::Left(view! { <Changed ended /> }),
        PasswordNotice::StrangerIsOut => Either::Right(view! { <SignInDisowned /> }),
    });
    view! {
        <Layout title=form.title("Change your password")>
            <h1>"Change your password"</h1>
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
        0 => "You were not signed in anywhere else.".to_owned(),
        1 => "1 other session has ended.".to_owned(),
        ended => format!("{ended} other sessions have ended."),
    };
    let keys = revoked(ended.keys).map(|keys| format!(" {keys}"));
    view! {
        <div class="notice" role="status">
            <p>"Your password was changed. " {others} {keys}</p>
        </div>
    }
}

#[component]
fn SignInDisowned() -> impl IntoView {
    view! {
        <div class="notice notice-warning" role="status">
            <p>
                "That session has ended, and a copy of its cookie is of no use. Whoever it was knew your password: choose a new one now, which ends all other sessions as well."
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
    let FormState {
        refusal,
        busy,
        summary,
        ..
    } = form;
    let wrong = form.is_invalid(field_of, "current_password");
    let refused = form.is_invalid(field_of, "new_password");
    let hint = format!(
        "At least {min_chars} characters. Several words are easier to keep in mind than odd signs."
    );
    view! {
        <ErrorSummary refusal field=field_of node_ref=summary />
        <p class="quiet-text">"All your other sessions end with it. This browser stays signed in."</p>
        <form class="form" method="post" action=form.action on:submit=form.on_submit()>
            // For password managers only, which read the user name from it. It has no name attribute, so it is not
            // submitted.
            <input type="text" id="username" value=username autocomplete="username" readonly hidden />
            <PasswordField
                id="current_password"
                label="Current password"
                autocomplete="current-password"
                node_ref=current
                is_invalid=wrong
                busy
            />
            <PasswordField
                id="new_password"
                label="New password"
                autocomplete="new-password"
                hint
                min_chars
                node_ref=new
                is_invalid=refused
                busy
            />
            <KeepKeys keys />
            <SubmitButton label="Change password" busy />
        </form>
    }
}

/// The id of the field that a refusal is about.
fn field_of(refusal: AppError) -> &'static str {
    match refusal {
        AppError::Refused(Refusal::Password(_)) => "new_password",
        _ => "current_password",
    }
}
