//! What stands over a page when its session is about to end, and after it has timed out (WCAG 2.2.1).
//!
//! Both dialogues are closed until `src/browser/time_out.rs` opens them. Without the script nobody sees
//! them: the next request leads to the sign-in page, which says why, and from there back.

use crate::api::{
    auth::{Login, Logout},
    sessions::StaySignedIn,
};
use leptos::{prelude::*, server_fn::ServerFn};

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
        <dialog class="dialogue" id=id::WARNING aria-labelledby="time-out-heading" aria-describedby=id::WARNING_WORDS>
            <h2 id="time-out-heading">"Are you still there?"</h2>
            <p id=id::WARNING_WORDS></p>
            <p class="visually-hidden" role="status" id=id::WARNING_SAID></p>
            <p class="field-error" role="alert" id=id::WARNING_PROBLEM></p>
            <div class="actions">
                <form method="post" action=StaySignedIn::PATH id=id::STAY>
                    <button class="button" type="submit" autofocus>"Stay signed in"</button>
                </form>
                <form method="post" action=Logout::PATH>
                    <button class="button button-quiet" type="submit">"Sign out"</button>
                </form>
            </div>
        </dialog>
    }
}

#[component]
fn SignInAgain() -> impl IntoView {
    view! {
        <dialog class="dialogue" id=id::AGAIN aria-labelledby="again-heading" aria-describedby=id::AGAIN_REASON>
            <h2 id="again-heading">"Sign in to go on"</h2>
            <p id=id::AGAIN_REASON></p>
            <p class="field-error" role="alert" id=id::AGAIN_PROBLEM></p>
            <form class="form" method="post" action=Login::PATH id=id::AGAIN_FORM>
                <div class="field">
                    <label for=id::AGAIN_NAME>"Your name"</label>
                    <p class="field-hint" id="again-name-hint">"Or your e-mail address, as when you signed in."</p>
                    <input
                        class="input"
                        id=id::AGAIN_NAME
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
                    <label for=id::AGAIN_PASSWORD>"Your password"</label>
                    <input
                        class="input"
                        id=id::AGAIN_PASSWORD
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
