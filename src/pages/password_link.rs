//! `/password-link`: opens a link from an administrator, and sets a password with it.
//!
//! The link is opened by its code, which the script reads from the address. Only then does the page say for whom it is,
//! and ask for a password.

mod code;
mod other_account;
mod password;

use crate::{
    api::password_link::OpenPasswordLink,
    components::layout::{Door, Layout, Threshold},
    domain::{page::Page, views::PasswordLinkView},
};
use code::EnterCode;
use leptos::{either::EitherOf3, ev, html, prelude::*, server_fn::ServerFn, wasm_bindgen::JsValue};
use other_account::SignedInAsAnother;
use password::ChoosePassword;

#[component]
pub fn PasswordLinkPage(view: PasswordLinkView) -> impl IntoView {
    let PasswordLinkView {
        min_chars,
        link,
        signed_in,
        is_cookie_lost,
        refusal,
    } = view;
    let other = signed_in.filter(|session| !session.is_owner);
    let other = other.map(|session| session.display_name);
    match (link, other) {
        (None, other) => EitherOf3::A(view! { <EnterCode refusal is_cookie_lost other /> }),
        (Some(link), Some(other)) => EitherOf3::B(view! { <SignedInAsAnother link other /> }),
        (Some(link), None) => EitherOf3::C(view! { <ChoosePassword link min_chars refusal /> }),
    }
}

/// One step of the page. It is hidden while the script opens a link.
#[component]
fn Step<C: IntoView + 'static>(
    #[prop(into)] title: Signal<String>,
    children: TypedChildren<C>,
) -> impl IntoView {
    let is_opening = RwSignal::new(false);
    let (form, secret) = (NodeRef::new(), NodeRef::new());
    follow_address(form, secret, is_opening);
    view! {
        <Layout title>
            <Threshold>
                <Door />
                <div class="card">
                    <p role="status" hidden=move || !is_opening.get()>"One moment: checking your link."</p>
                    <div class="step" hidden=move || is_opening.get()>{children.into_inner()()}</div>
                    <form method="post" action=OpenPasswordLink::PATH node_ref=form hidden>
                        <input type="hidden" name="secret" node_ref=secret />
                    </form>
                </div>
            </Threshold>
        </Layout>
    }
}

/// Opens the link whose code is in the address. If a second link is opened in the tab of the first, only the part of
/// the address after `#` changes: no page is loaded.
fn follow_address(
    form: NodeRef<html::Form>,
    secret: NodeRef<html::Input>,
    is_opening: RwSignal<bool>,
) {
    let open = move || {
        let (Some(form), Some(secret)) = (form.get_untracked(), secret.get_untracked()) else {
            return;
        };
        let Some(code) = take_from_address() else {
            return;
        };
        secret.set_value(&code);
        is_opening.set(true);
        // As a form that the browser sends itself: the answer is a page in any case, and says for whom the link is, or
        // that it is dead. If the browser refuses, the code can still be typed.
        if form.submit().is_err() {
            is_opening.set(false);
        }
    };
    Effect::new(move || {
        form.track();
        open();
    });
    let listener = window_event_listener(ev::hashchange, move |_| open());
    on_cleanup(move || listener.remove());
}

/// Takes the code out of the address. So it stays in no history, and is not visible in the address bar.
fn take_from_address() -> Option<String> {
    let hash = window().location().hash().unwrap_or_default();
    let code = hash.strip_prefix('#').filter(|code| !code.is_empty())?;
    // If the browser refuses, the address stays: that harms less than no password.
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(Page::PasswordLink.path()));
    }
    Some(code.to_owned())
}
