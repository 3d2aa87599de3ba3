//! `/login/key`: signs in with an access key alone. The page exists only if the server permits it.

use crate::{
    api::auth::LoginWithKey,
    components::{
        form::{ErrorSummary, PasswordField, SubmitButton},
        layout::{Door, Layout, Threshold},
        submission::FormState,
    },
    domain::{page::Page, views::LoginKeyView},
    error::{AppError, Refusal},
};
use leptos::prelude::*;

#[component]
pub fn LoginKeyPage(view: LoginKeyView) -> impl IntoView {
    let key = NodeRef::new();
    let form = FormState::of::<LoginWithKey>(view.refusal, [key]);
    let FormState {
        refusal,
        busy,
        summary,
        ..
    } = form;
    let is_invalid =
        Signal::derive(move || refusal.get() == Some(AppError::Refused(Refusal::AccessKeyLogin)));
    view! {
        <Layout title=form.title("Sign in with an access key")>
            <Threshold>
                <Door />
                <div class="card">
                    <h1>"Sign in with an access key"</h1>
                    <p class="quiet-text">
                        "The session can do what the key permits, and ends with the key. It cannot change the account."
                    </p>
                    <ErrorSummary refusal field=|_| "key" node_ref=summary />
                    <form class="form" method="post" action=form.action on:submit=form.on_submit()>
                        <input type="hidden" name="next" value=view.next />
                        <PasswordField id="key" label="Access key" autocomplete="off" node_ref=key is_invalid busy />
                        <SubmitButton label="Sign in" busy />
                    </form>
                    <p><a href=Page::Login.path()>"Sign in with a password"</a></p>
                </div>
            </Threshold>
        </Layout>
    }
}
