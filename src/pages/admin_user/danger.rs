//! What cannot be undone, or locks a person out.

use super::{Action, Ask};
use crate::{
    api::admin::DeleteUser,
    components::{
        form::{ErrorSummary, TextField},
        submission::FormState,
    },
    domain::{
        user::AccountChange,
        views::{UserState, UserView},
    },
    error::Refusals,
};
use leptos::prelude::*;

#[component]
pub fn DangerZone(user: UserView, refusal: Option<Refusals>, form: FormState) -> impl IntoView {
    let disable = (user.state != UserState::Disabled).then(|| {
        let action = Action::named(&user, AccountChange::Disable, ["Disable ", ""]).dangerous();
        let question = " is signed out on all devices and cannot sign in until you enable the account again. \
            Access keys and password links are void for good.";
        view! { <Ask label="Disable account" question action form /> }
    });
    view! {
        <section class="card room-wide danger-zone" aria-labelledby="danger">
            <h2 id="danger">"Danger zone"</h2>
            {disable}
            <Delete user refusal />
        </section>
    }
}

#[component]
fn Delete(user: UserView, refusal: Option<Refusals>) -> impl IntoView {
    let form = FormState::of::<DeleteUser>(refusal, |_| &["name"], []);
    view! {
        <h3>"Delete account"</h3>
        <p class="quiet-text">
            "Deleting signs out all devices and cannot be undone. The audit log keeps the username."
        </p>
        <ErrorSummary form />
        <form class="form form-narrow" method="post" action=form.action on:submit=form.on_submit()>
            <input type="hidden" name="id" value=user.id />
            <p>"To delete the account, type its username: " <strong><bdi>{user.username}</bdi></strong></p>
            <TextField
                id="name"
                label="Username of the account"
                value=String::new()
                autocomplete="off"
                required=true
                form
            />
            <div>
                <button class="button button-danger" type="submit">
                    <span>"Delete " <bdi>{user.display_name}</bdi></span>
                </button>
            </div>
        </form>
    }
}
