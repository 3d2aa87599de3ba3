//! `/login/key`: signs in with an access key alone. The page exists only if the server permits it.

use crate::{
    api::auth::LoginWithKey,
    components::{
        form::{ErrorSummary, PasswordField, SubmitButton},
        layout::{Door, Layout, Threshold},
        submission::FormState,
    },
    domain::{page::Page, views::LoginKeyView},
};
use leptos::prelude::*;

#[component]
pub fn LoginKeyPage(view: LoginKeyView) -> impl IntoView {
    let key = NodeRef::new();
    let form = FormState::of::<LoginWithKey>(view.refusal, |_| &["key"], [key]);
    view! {
        <Layout title=form.title("Sign in with an access key")>
            <Threshold>
                <Door />
                <div class="card">
                    <h1>"Sign in with an access key"</h1>
                    <p class="quiet-text">
                        "The session can do what the key permits, and ends with the key. It cannot change the account."
                    </p>
                    <ErrorSummary form />
                    <form class="form" method="post" action=form.action on:submit=form.on_submit()>
                        <input type="hidden" name="next" value=view.next />
                        <PasswordField id="key" label="Access key" autocomplete="off" node_ref=key form />
                        <SubmitButton label="Sign in" />
                    </form>
                    <p><a href=Page::Login.path()>"Sign in with a password"</a></p>
                </div>
            </Threshold>
        </Layout>
    }
}
