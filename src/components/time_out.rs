//! What stands over a page when its session is about to end, and after it has timed out (WCAG 2.2.1).
//!
//! Both dialogues are closed until `src/browser/time_out.rs` opens them. Without the script nobody sees
//! them: the next request leads to the sign-in page, which says why, and from there back.

use leptos::prelude::*;

/// What the script finds the parts by.
pub mod id {
    pub const WARNING: &str = "time-out-warning";
    pub const WARNING_WORDS: &str = "time-out-words";
    pub const WARNING_SAID: &str = "time-out-said";
    pub const WARNING_PROBLEM: &str = "time-out-problem";
    pub const STAY: &str = "time-out-stay";
    pub const AGAIN: &str = "sign-in-again";
    pub const AGAIN_REASON: &str = "sign-in-again-reason";
    pub const AGAIN_PROBLEM: &str = "sign-in-again-problem";
    pub const AGAIN_FORM: &str = "sign-in-again-form";
    pub const AGAIN_NAME: &str = "sign-in-again-name";
    pub const AGAIN_PASSWORD: &str = "sign-in-again-password";
}

/// Every attribute is a literal, and not a constant of the same value: what the macro knows whole is one
/// text in the program, and not a tree that is built for every page and walked through in the browser.
#[component]
pub fn TimeOutDialogues() -> impl IntoView {
    view! {
        <Warning />
        <SignInAgain />
    }
}

#[component]
fn Warning() -> impl IntoView {
    view! {
        <dialog
            class="dialogue"
            id="time-out-warning"
            aria-labelledby="time-out-heading"
            aria-describedby="time-out-words"
        >
            <h2 id="time-out-heading">"Are you still there?"</h2>
            <p id="time-out-words"></p>
            <p class="visually-hidden" role="status" id="time-out-said"></p>
            <p class="field-error" role="alert" id="time-out-problem"></p>
            <div class="actions">
                <form method="post" action="/api/stay_signed_in" id="time-out-stay">
                    <button class="button" type="submit" autofocus>"Stay signed in"</button>
                </form>
                <form method="post" action="/api/logout">
                    <button class="button button-quiet" type="submit">"Sign out"</button>
                </form>
            </div>
        </dialog>
    }
}

#[component]
fn SignInAgain() -> impl IntoView {
    view! {
        <dialog
            class="dialogue"
            id="sign-in-again"
            aria-labelledby="again-heading"
            aria-describedby="sign-in-again-reason"
        >
            <h2 id="again-heading">"Sign in to go on"</h2>
            <p id="sign-in-again-reason"></p>
            <p class="field-error" role="alert" id="sign-in-again-problem"></p>
            <form class="form" method="post" action="/api/login" id="sign-in-again-form">
                <div class="field">
                    <label for="sign-in-again-name">"Your name"</label>
                    <p class="field-hint" id="again-name-hint">"Or your e-mail address, as when you signed in."</p>
                    <input
                        class="input"
                        id="sign-in-again-name"
                        name="username"
                        type="text"
                        autocomplete="username"
                        autocapitalize="none"
                        spellcheck="false"
                        aria-describedby="again-name-hint"
                        required
                        autofocus
                    />
                </div>
                <div class="field">
                    <label for="sign-in-again-password">"Your password"</label>
                    <input
                        class="input"
                        id="sign-in-again-password"
                        name="password"
                        type="password"
                        autocomplete="current-password"
                        autocapitalize="off"
                        spellcheck="false"
                        required
                    />
                </div>
                <button class="button button-wide" type="submit">"Sign in"</button>
            </form>
            <p>
                <a href="/login">"Leave this page"</a>
            </p>
        </dialog>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{
        auth::{Login, Logout},
        sessions::StaySignedIn,
    };
    use leptos::{reactive::owner::Owner, server_fn::ServerFn};

    #[test]
    fn the_script_finds_its_parts_and_the_forms_lead_to_server_functions() {
        let html = Owner::new().with(|| view! { <TimeOutDialogues /> }.to_html());
        for id in [
            id::WARNING,
            id::WARNING_WORDS,
            id::WARNING_SAID,
            id::WARNING_PROBLEM,
            id::STAY,
            id::AGAIN,
            id::AGAIN_REASON,
            id::AGAIN_PROBLEM,
            id::AGAIN_FORM,
            id::AGAIN_NAME,
            id::AGAIN_PASSWORD,
        ] {
            assert_eq!(html.matches(&format!(" id=\"{id}\"")).count(), 1, "{id}");
        }
        for (path, id) in [
            (StaySignedIn::PATH, id::STAY),
            (Login::PATH, id::AGAIN_FORM),
        ] {
            assert!(
                html.contains(&format!(" action=\"{path}\" id=\"{id}\"")),
                "{path}"
            );
        }
        assert!(html.contains(&format!(" action=\"{}\"><button", Logout::PATH)));
        for attribute in ["for", "aria-labelledby", "aria-describedby"] {
            let before = format!(" {attribute}=\"");
            let named = html.split(&before).skip(1);
            for id in named.filter_map(|rest| rest.split('"').next()) {
                let drawn = html.matches(&format!(" id=\"{id}\"")).count();
                assert_eq!(drawn, 1, "{attribute}={id}");
            }
        }
    }
}
