//! The dialogues for a session that is about to end, and for one that has timed out (WCAG 2.2.1).
//!
//! Both are closed until `public/time-out.js` opens them. Without the script they are never shown: the next
//! request leads to the sign-in page, which gives the reason, and from there back.

use crate::domain::{page::Page, views::SignOutProof};
use leptos::prelude::*;

/// Every attribute is a literal, not a constant of the same value. The macro turns a tree of literals into one
/// string; otherwise it is built for every page and walked at hydration.
#[component]
pub fn TimeOutDialogues() -> impl IntoView {
    // As in `SignOutButton`. It is outside of its form: inside, the dialogue would no longer be a literal.
    let proof = use_context::<SignOutProof>().map(|SignOutProof(proof)| proof);
    view! {
        <Warning />
        <input type="hidden" name="proof" form="time-out-leave" value=proof />
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
                <form method="post" action="/api/logout" id="time-out-leave">
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
            <p
                id="sign-in-again-reason"
                data-idle="Your session ended because it was not used for a while."
                data-expired="Your session ended because it had reached its longest life."
            ></p>
            <p
                class="field-error"
                role="alert"
                id="sign-in-again-problem"
                data-refused="The name or the password is not right, or there were too many attempts. If you are sure, wait a minute and try again."
                data-throttled="There were too many attempts. Please try again in a minute."
                data-failed="The service is not available right now. Please try again in a moment."
            ></p>
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
                <a href=Page::Login.path()>"Leave this page"</a>
            </p>
        </dialog>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::{
            auth::{Login, Logout},
            sessions::StaySignedIn,
        },
        domain::session::EndReason,
        error::{Failure, Refusal},
    };
    use leptos::{reactive::owner::Owner, server_fn::ServerFn};

    const SCRIPT: &str = include_str!("../../public/time-out.js");

    fn html() -> String {
        Owner::new().with(|| view! { <TimeOutDialogues /> }.to_html())
    }

    /// The quoted strings that name a part.
    fn ids_in_the_script() -> Vec<&'static str> {
        let is_name = |text: &&str| {
            text.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        };
        let texts = SCRIPT.split('\'').filter(is_name);
        let parts =
            texts.filter(|text| text.starts_with("time-out-") || text.starts_with("sign-in-again"));
        parts.collect()
    }

    #[test]
    fn every_id_in_the_script_exists_once() {
        let (html, parts) = (html(), ids_in_the_script());
        assert!(parts.len() > 15, "{parts:?}");
        for id in parts {
            assert_eq!(html.matches(&format!(" id=\"{id}\"")).count(), 1, "{id}");
        }
        for attribute in ["for", "form", "aria-labelledby", "aria-describedby"] {
            let before = format!(" {attribute}=\"");
            let named = html.split(&before).skip(1);
            for id in named.filter_map(|rest| rest.split('"').next()) {
                let count = html.matches(&format!(" id=\"{id}\"")).count();
                assert_eq!(count, 1, "{attribute}={id}");
            }
        }
    }

    #[test]
    fn the_forms_post_to_server_functions() {
        let html = html();
        for (path, id) in [
            (StaySignedIn::PATH, "time-out-stay"),
            (Logout::PATH, "time-out-leave"),
            (Login::PATH, "sign-in-again-form"),
        ] {
            assert!(
                html.contains(&format!(" action=\"{path}\" id=\"{id}\"")),
                "{path}"
            );
        }
    }

    #[test]
    fn the_texts_match_those_of_other_pages() {
        let html = html();
        for (name, text) in [
            ("idle", EndReason::Idle.explanation().to_owned()),
            ("expired", EndReason::Expired.explanation().to_owned()),
            ("refused", Refusal::SignIn.to_string()),
            ("failed", Failure::Unavailable.to_string()),
        ] {
            assert!(html.contains(&format!(" data-{name}=\"{text}\"")), "{name}");
        }
    }
}
