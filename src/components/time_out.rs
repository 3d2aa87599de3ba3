//! The dialogues for a session that is about to end, and for one that has timed out (WCAG 2.2.1).
//!
//! Both are closed until `public/time-out.js` opens them. Without the script they are never shown: the next
//! request leads to the sign-in page, which gives the reason, and from there back.

use crate::domain::{
    page::Page,
    views::{SignInAgain, SignOutProof},
};
use leptos::prelude::*;

/// Every attribute is a literal, not a constant of the same value. The macro turns a tree of literals into one
/// string; otherwise it is built for every page and walked at hydration.
#[component]
pub fn TimeOutDialogues() -> impl IntoView {
    // As in `SignOutButton`. They are outside of their forms: inside, the dialogues would no longer be literals.
    let proof = use_context::<SignOutProof>().map(|SignOutProof(proof)| proof);
    let again = use_context::<SignInAgain>();
    let username = again.as_ref().map(|again| again.username.clone());
    let idle = again.as_ref().map(|again| again.idle.clone());
    let longest = again.map(|again| again.longest);
    view! {
        <Warning />
        <input type="hidden" name="proof" form="time-out-leave" value=proof />
        // The page belongs to one person, so it does not ask for whom. Password managers read it here.
        <input
            type="text"
            id="sign-in-again-name"
            name="username"
            form="sign-in-again-form"
            value=username
            autocomplete="username"
            data-idle=idle
            data-expired=longest
            readonly
            hidden
        />
        <SignInSheet />
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
fn SignInSheet() -> impl IntoView {
    view! {
        <dialog
            class="dialogue"
            id="sign-in-again"
            aria-labelledby="again-heading"
            aria-describedby="sign-in-again-reason"
        >
            <h2 id="again-heading">"Sign in to continue"</h2>
            <p id="sign-in-again-reason"></p>
            <p
                class="field-error"
                role="alert"
                id="sign-in-again-problem"
                data-refused="Wrong password."
                data-throttled="Too many attempts. Try again in a minute."
                data-failed="The service is not available right now. Please try again in a moment."
            ></p>
            <form class="form" method="post" action="/api/login" id="sign-in-again-form">
                <p>"Username: " <b><bdi id="sign-in-again-who"></bdi></b></p>
                <div class="field">
                    <label for="sign-in-again-password">"Password"</label>
                    <div class="input-box">
                        <input
                            class="input"
                            id="sign-in-again-password"
                            name="password"
                            type="password"
                            autocomplete="current-password"
                            autocapitalize="off"
                            spellcheck="false"
                            required
                            autofocus
                        />
                        <button
                            class="reveal"
                            type="button"
                            id="sign-in-again-show"
                            aria-controls="sign-in-again-password"
                            aria-label="Show password"
                        >
                            "Show"
                        </button>
                    </div>
                </div>
                <button class="button button-wide" type="submit">"Sign in"</button>
            </form>
            <p>
                "Not you? " <a href=Page::Login.path()>"Go to the sign-in page (what you typed is lost)"</a>
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
        let wrong = Refusal::SignIn.to_string();
        for (name, text) in [
            // The username is not asked for.
            ("refused", wrong.replace("username or ", "")),
            ("failed", Failure::Unavailable.to_string()),
        ] {
            assert!(html.contains(&format!(" data-{name}=\"{text}\"")), "{name}");
        }
    }
}
