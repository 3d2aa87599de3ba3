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
    // After a refusal the summary takes the focus.
    let autofocus = view.refusal.is_none();
    let form = FormState::of::<ConfirmPassword>(view.refusal, |_| &["password"], [password]);
    let before = action_on(&view.next);
    view! {
        <Layout title=form.title("Confirm your password")>
            <h1>"Confirm your password"</h1>
            <p class="quiet-text">"For your security we ask again before you " {before} "."</p>
            <div class="card">
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
                        autofocus
                        node_ref=password
                        form
                    />
                    <SubmitButton label="Confirm" />
                </form>
                <p>
                    <a href=Page::Dashboard.path()>"Cancel"</a>
                </p>
            </div>
        </Layout>
    }
}

/// What the user was about to do on the page to which the confirmation leads.
fn action_on(next: &str) -> &'static str {
    let path = next.split('?').next().unwrap_or_default();
    let is = |page: Page| page.path() == path;
    if is(Page::Invite) {
        "invite people"
    } else if is(Page::Audit) {
        "read the audit log"
    } else if path.starts_with(Page::Users.path()) {
        "manage an account"
    } else if is(Page::Profile) {
        "change your profile"
    } else if is(Page::AccessKeys) {
        "change your access keys"
    } else {
        "continue"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_the_action() {
        for (next, action) in [
            ("/admin/users/invite?x=1", "invite people"),
            ("/admin/users/1", "manage an account"),
            ("/admin/activity?user=ada", "read the audit log"),
            ("/account/profile", "change your profile"),
            ("/account/keys", "change your access keys"),
            ("/dashboard", "continue"),
        ] {
            assert_eq!(action_on(next), action, "{next}");
        }
    }
}
