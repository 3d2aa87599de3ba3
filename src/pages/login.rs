//! `/login`: works before and without the script, which only adds comfort.

use crate::{
    api::auth::Login,
    components::{
        form::{ErrorSummary, PasswordField, submit_to},
        layout::{Door, Page, Threshold},
    },
    domain::views::{LoginNotice, LoginView},
    error::AppError,
};
use leptos::{either::Either, html, prelude::*, server_fn::ServerFn};

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
        ..
    } = view;
    let login = ServerAction::<Login>::new();
    let refusal = Signal::derive(move || match login.value().get() {
        Some(outcome) => outcome.err(),
        None => earlier_refusal,
    });
    let title = Signal::derive(move || {
        if refusal.get().is_some() {
            "Error: Sign in"
        } else {
            "Sign in"
        }
        .to_owned()
    });
    view! {
        <Page title>
            <Threshold>
                <Door />
                <div class="card">
                    <h1>"Sign in"</h1>
                    {notice.map(|notice| view! { <Notice notice /> })}
                    <SignInForm login refusal username next />
                </div>
            </Threshold>
        </Page>
    }
}

#[component]
fn SignInForm(
    login: ServerAction<Login>,
    refusal: Signal<Option<AppError>>,
    username: String,
    next: String,
) -> impl IntoView {
    let password = NodeRef::<html::Input>::new();
    let summary = NodeRef::<html::Div>::new();
    Effect::new(move || {
        if let Some(Err(_)) = login.value().get() {
            empty_password_and_show(password, summary);
        }
    });
    // Once the sign-in has succeeded, the browser is on its way to the next page.
    let busy = Signal::derive(move || {
        login.pending().get() || matches!(login.value().get(), Some(Ok(())))
    });
    let is_invalid = Signal::derive(move || refusal.get() == Some(AppError::SignInRefused));
    let described_by = move || is_invalid.get().then_some("problem-text");
    view! {
        <ErrorSummary refusal field="username" node_ref=summary />
        <form class="form" method="post" action=Login::url() on:submit=submit_to(login)>
            <input type="hidden" name="next" value=next />
            <div class="field">
                <label for="username">"Name or e-mail"</label>
                <input
                    class="input"
                    id="username"
                    name="username"
                    type="text"
                    value=username
                    autocomplete="username webauthn"
                    autocapitalize="none"
                    spellcheck="false"
                    required
                    aria-invalid=move || is_invalid.get().then_some("true")
                    aria-describedby=described_by
                />
            </div>
            <PasswordField id="password" label="Password" autocomplete="current-password" node_ref=password is_invalid busy />
            <div class="check">
                <input id="remember" name="remember" type="checkbox" value="on" aria-describedby="remember-hint" />
                <label for="remember">"Stay signed in on this device"</label>
                <p class="field-hint" id="remember-hint">
                    "Leave it empty on a device that others use."
                </p>
            </div>
            <button
                class="button button-wide"
                type="submit"
                aria-busy=move || busy.get().to_string()
                // The second click of a double click must not sign in twice.
                on:click=move |event| {
                    if busy.get_untracked() {
                        event.prevent_default();
                    }
                }
            >
                "Sign in"
            </button>
        </form>
    }
}

/// After a refusal the name stays, the password goes, and the reason is read out.
fn empty_password_and_show(password: NodeRef<html::Input>, summary: NodeRef<html::Div>) {
    if let Some(password) = password.get_untracked() {
        password.set_value("");
    }
    // The summary is drawn by this same change: it can take the focus once it stands.
    request_animation_frame(move || {
        if let Some(summary) = summary.get_untracked() {
            // An element that left the page in the meantime needs no focus.
            let _ = summary.focus();
        }
    });
}

#[component]
fn Notice(notice: LoginNotice) -> impl IntoView {
    match notice {
        LoginNotice::SessionEnded(reason) => Either::Left(view! {
            <div class="notice" role="status">
                <p>{reason.explanation()} " Sign in to go on."</p>
            </div>
        }),
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
        <Page title="No account exists yet">
            <Threshold state="is-closed">
                <Door />
                <div class="card">
                    <h1>"No account exists yet"</h1>
                    <p>"Nobody can sign in before there is somebody. On the server, make the first account:"</p>
                    <code class="command">"vestibule user create NAME --admin"</code>
                    <p class="quiet-text">
                        "It asks for a password. Then " <a href="/login">"load this page again"</a>
                        " and sign in."
                    </p>
                </div>
            </Threshold>
        </Page>
    }
}
