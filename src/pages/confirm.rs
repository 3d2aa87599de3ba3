//! `/account/confirm`: asks for the password again before a sensitive action.

use crate::{
    api::confirmation::ConfirmPassword,
    components::{
        form::{ErrorSummary, PasswordField, SubmitButton},
        layout::Layout,
        submission::FormState,
    },
    domain::{page::Page, views::ConfirmView},
};
use leptos::prelude::*;

#[component]
pub fn ConfirmPage(view: ConfirmView) -> impl IntoView {
    let password = NodeRef::new();
    let form = FormState::of::<ConfirmPassword>(view.refusal, |_| &["password"], [password]);
    view! {
        <Layout title=form.title("Is it you?")>
            <h1>"Is it you?"</h1>
            <div class="card">
                <p>
                    "What comes next concerns how people sign in here. You typed your password a while ago, so please type it again."
                </p>
                <ErrorSummary form />
                <form class="form" method="post" action=form.action on:submit=form.on_submit()>
                    // For password managers only, which read the user name from it. It has no name attribute,
                    // so it is not submitted.
                    <input type="text" id="username" value=view.username autocomplete="username" readonly hidden />
                    <input type="hidden" name="next" value=view.next />
                    <PasswordField
                        id="password"
                        label="Password"
                        autocomplete="current-password"
                        node_ref=password
                        form
                    />
                    <SubmitButton label="Go on" />
                </form>
                <p>
                    <a href=Page::Dashboard.path()>"Rather not"</a>
                </p>
            </div>
        </Layout>
    }
}
