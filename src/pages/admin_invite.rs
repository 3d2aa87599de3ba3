//! `/admin/users/invite`: a new account, and the link for its owner.

use crate::{
    api::admin::InviteUser,
    components::{
        administration::MadeLink,
        form::{ErrorSummary, SubmitButton, TextField},
        layout::Layout,
        submission::FormState,
        suggestion::suggest_username,
    },
    domain::{
        page::Page,
        user::IdentityRefusal,
        views::{InvitationDraft, InviteView},
    },
    error::{AccountRefusal, Refusal},
};
use leptos::prelude::*;

#[component]
pub fn InvitePage(view: InviteView) -> impl IntoView {
    let form = FormState::of::<InviteUser>(view.refusal, fields_of, []);
    let heading = if view.made.is_some() {
        "Invite another user"
    } else {
        "Invite a user"
    };
    let unsent = view.is_unsent.then(|| {
        view! {
            <div class="notice notice-warning" role="status">
                <p>"No link was created yet. Press “Create invitation link” again."</p>
            </div>
        }
    });
    view! {
        <Layout title=form.title("Invite a user") wide=true>
            {view.made.map(|link| view! { <MadeLink link /> })}
            <h1>{heading}</h1>
            <p class="quiet-text">
                "You get a link to send to the person, who chooses a password with it. It works once, within 72 hours."
            </p>
            <div class="card form-card">
                {unsent}
                <ErrorSummary form />
                <Invite form draft=view.draft />
                <p><a href=Page::Users.path()>"Back to all users"</a></p>
            </div>
        </Layout>
    }
}

#[component]
fn Invite(form: FormState, draft: InvitationDraft) -> impl IntoView {
    let username = NodeRef::new();
    view! {
        <form class="form" method="post" action=form.action novalidate on:submit=form.on_submit()>
            <TextField
                id="display_name"
                label="Full name (optional)"
                value=draft.display_name
                autocomplete="off"
                hint="For example Grace Hopper."
                form
                on:input=move |event| suggest_username(&event, username)
            />
            <TextField
                id="username"
                label="Username"
                value=draft.username
                autocomplete="off"
                required=true
                hint="Letters, digits, dots, hyphens and underscores only. For example grace or grace.hopper."
                node_ref=username
                form
            />
            <TextField
                id="email"
                label="Email (optional)"
                value=draft.email
                autocomplete="off"
                inputmode="email"
                hint="The person can sign in with it too."
                form
            />
            <div class="check">
                <input id="is_admin" name="is_admin" type="checkbox" value="on" checked=draft.is_admin />
                <label for="is_admin">"Administrator"</label>
            </div>
            <SubmitButton label="Create invitation link" />
        </form>
    }
}

/// The fields that a refusal is about.
pub const fn fields_of(refusal: Refusal) -> &'static [&'static str] {
    match refusal {
        Refusal::Identity(IdentityRefusal::Email | IdentityRefusal::EmailUnseen)
        | Refusal::Account(AccountRefusal::EmailTaken) => &["email"],
        Refusal::Identity(IdentityRefusal::DisplayName) => &["display_name"],
        _ => &["username"],
    }
}
