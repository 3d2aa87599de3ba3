//! `/login`: works without the script, which only adds comfort.

use crate::{
    api::auth::Login,
    components::{
        form::{ErrorSummary, PasswordField, SubmitButton, TextField},
        layout::{Door, Layout, Threshold},
        submission::FormState,
    },
    domain::{
        next_path::NextPath,
        page::Page,
        session::EndReason,
        views::{FrameView, LoginNotice, LoginView},
    },
};
use leptos::{either::Either, html, prelude::*};

#[component]
pub fn LoginPage(view: LoginView) -> impl IntoView {
    if view.no_account {
        Either::Left(view! { <NoAccount /> })
    } else {
        Either::Right(view! { <SignIn view /> })
    }
}

#[component]
fn SignIn(view: LoginView) -> impl IntoView {
    let LoginView {
        next,
        username,
        refusal: earlier_refusal,
        notice,
        has_key_page,
        remember_for,
        ..
    } = view;
    // Whoever is told something reads it first.
    let takes_focus = earlier_refusal.is_none() && notice.is_none();
    let key_page = has_key_page.then(|| NextPath::or_home(&next).login_key_page());
    let password = NodeRef::new();
    let form = FormState::of::<Login>(earlier_refusal, |_| &["username", "password"], [password]);
    let site = expect_context::<FrameView>().site;
    view! {
        <Layout title=form.title("Sign in")>
            <Threshold>
                <Door />
                <div class="card">
                    <h1>"Sign in to " {site}</h1>
                    {notice.map(|notice| view! { <Notice notice /> })}
                    <SignInForm form password username next remember_for takes_focus />
                    <p><a href=Page::Help.path()>"Can’t sign in?"</a></p>
                    {key_page.map(|page| view! { <p><a href=page>"Use an access key"</a></p> })}
                </div>
            </Threshold>
        </Layout>
    }
}

#[component]
fn SignInForm(
    form: FormState,
    password: NodeRef<html::Input>,
    username: String,
    next: String,
    remember_for: String,
    takes_focus: bool,
) -> impl IntoView {
    let is_known = !username.is_empty();
    view! {
        <ErrorSummary form />
        <form class="form" method="post" action=form.action on:submit=form.on_submit()>
            <input type="hidden" name="next" value=next />
            <TextField
                id="username"
                label="Username or email"
                value=username
                autocomplete="username webauthn"
                required=true
                autofocus=takes_focus && !is_known
                form
            />
            <PasswordField
                id="password"
                label="Password"
                autocomplete="current-password"
                autofocus=takes_focus && is_known
                node_ref=password
                form
            />
            <div class="check">
                <input id="remember" name="remember" type="checkbox" value="on" aria-describedby="remember-hint" />
                <label for="remember">"Stay signed in for " {remember_for}</label>
                <p class="field-hint" id="remember-hint">"Not on a shared device."</p>
            </div>
            <SubmitButton label="Sign in" />
        </form>
    }
}

#[component]
fn Notice(notice: LoginNotice) -> impl IntoView {
    let with_words = |words: &'static str, remedy: &'static str| {
        view! {
            <div class="notice" role="status">
                <p>{words} {remedy}</p>
            </div>
        }
    };
    match notice {
        LoginNotice::SessionEnded(reason) => {
            let remedy = match reason {
                // The account may be disabled or gone, which this page does not tell.
                EndReason::EndedByAdmin | EndReason::UserDisabled | EndReason::UserDeleted => {
                    " Sign in to continue. If that does not work, ask your administrator."
                }
                _ => " Sign in to continue.",
            };
            Either::Left(with_words(reason.explanation(), remedy))
        }
        LoginNotice::PasswordSet => {
            Either::Left(with_words("Password saved.", " Sign in to continue."))
        }
        LoginNotice::CookieNotKept => Either::Right(view! {
            <div class="notice notice-warning" role="status">
                <h2>"Your browser did not keep the sign-in cookie"</h2>
                <p>
                    "Without it nobody can stay signed in. Allow cookies for this site, then sign in again. \
                    Some browsers keep them on https only."
                </p>
            </div>
        }),
    }
}

#[component]
fn NoAccount() -> impl IntoView {
    view! {
        <Layout title="There are no accounts yet">
            <Threshold state="is-closed">
                <Door />
                <div class="card">
                    <h1>"There are no accounts yet"</h1>
                    <p>"Create the first one with the one-time code that the server printed when it started."</p>
                    <a class="button button-wide" href=Page::Setup.path()>"Create the first account"</a>
                    <p class="quiet-text">"Or on the server, with a password that it asks for:"</p>
                    <code class="command">"vestibule user create USERNAME --admin"</code>
                    <p class="quiet-text">"Then " <a href=Page::Login.path()>"load this page again"</a> " and sign in."</p>
                </div>
            </Threshold>
        </Layout>
    }
}
