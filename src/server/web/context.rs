//! What server functions and pages know about their request: the bridge between Leptos and HTTP.

use super::{
    cookies::{self, draft, flash::Flash},
    layers::{
        forwarded::Client,
        origin::{self, FromAnywhere},
    },
    state::AppState,
};
use crate::{
    domain::{
        next_path::NextPath,
        page::Page,
        session::{CurrentUser, EndReason},
        views::{LinkView, UserNotice},
    },
    error::AppError,
    server::{
        clock::moment,
        core::{
            accounts::{administration::Changed, password_links::MadeLink},
            actor::{self, Admin, Browser},
            sessions::{Started, Visitor, begun::Begun, sign_out_proof},
        },
        token::SessionToken,
    },
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts};
use leptos::{
    context::use_context, nonce::use_nonce, prelude::expect_context,
    server_fn::redirect::REDIRECT_HEADER,
};
use leptos_axum::ResponseOptions;
use std::{net::IpAddr, time::Duration};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    SignedIn(Box<CurrentUser>),
    /// The token was replaced a moment ago, and may only be confirmed again.
    Confirming(Box<CurrentUser>),
    /// The cookie names a session that is no more.
    Ended(EndReason),
    Anonymous,
}

/// Says that the request is a plain HTML form, sent without our script.
#[derive(Clone, Copy, Debug)]
pub struct PlainForm;

/// # Panics
/// Outside a request.
pub fn state() -> AppState {
    expect_context::<AppState>()
}

fn parts() -> Parts {
    expect_context::<Parts>()
}

/// The token that the browser brings, live or dead.
pub fn brought_token() -> Option<SessionToken> {
    cookies::session::session_token(&parts().headers)
}

/// Who asks, as far as the network can tell: behind a trusted proxy, whom that one names. An IPv4
/// address is never in its IPv6 dress; a throttle counts IPv6 by /64.
///
/// # Panics
/// Outside a request.
pub fn client_address() -> IpAddr {
    let client = parts().extensions.get::<Client>().map(|one| one.address);
    client.expect("every request passes `forwarded::identify`")
}

/// The browser as the session list will show it.
pub fn browser() -> Browser {
    browser_at(client_address(), &parts().headers)
}

/// The same, where no server function was asked for.
pub fn browser_of(client: &Client, headers: &HeaderMap) -> Browser {
    browser_at(client.address, headers)
}

fn browser_at(address: IpAddr, headers: &HeaderMap) -> Browser {
    let user_agent = headers.get(header::USER_AGENT);
    let user_agent = user_agent.map(HeaderValue::as_bytes).unwrap_or_default();
    Browser::new(address.to_string(), &String::from_utf8_lossy(user_agent))
}

/// The browser, with what it brings along.
pub fn visitor() -> Visitor {
    Visitor {
        browser: browser(),
        session: brought_token(),
        device: cookies::session::device_token(&parts().headers),
    }
}

/// Adds a `Set-Cookie` to the answer.
pub fn set_cookie(cookie: HeaderValue) {
    expect_context::<ResponseOptions>().append_header(header::SET_COOKIE, cookie);
}

/// Gives the browser its new session, which ends again where this answer cannot be handed over.
pub fn begin_session(started: &Started, kept_for: Option<Duration>) {
    if let Some(begun) = parts().extensions.get::<Begun>() {
        begun.hold(&state().core, started.session.digest());
    }
    set_cookie(cookies::session::set_session(&started.session, kept_for));
    set_cookie(cookies::session::set_device(&started.device));
}

/// Leads the browser on: a plain form by a redirect, our script by a header that it follows with a
/// full page load, so that nothing of this page's memory is carried over.
///
/// `path` is a path of ours; what could not stand in a header leads home.
pub fn redirect(path: &str) {
    let response = expect_context::<ResponseOptions>();
    let location = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    response.insert_header(header::LOCATION, location);
    if is_plain_form() {
        response.set_status(StatusCode::SEE_OTHER);
    } else {
        response.insert_header(
            HeaderName::from_static(REDIRECT_HEADER),
            HeaderValue::from_static(""),
        );
    }
}

/// Answers a refusal: our script gets the typed error; a plain form is led to `page`, with the
/// error in a flash cookie and never in the URL.
///
/// # Errors
/// The refusal itself, for our script.
pub fn refuse(refusal: AppError, page: &str, flash: &Flash) -> Result<(), AppError> {
    if !is_plain_form() {
        return Err(refusal);
    }
    set_cookie(flash.set_cookie());
    redirect(page);
    Ok(())
}

/// Leaves a message for the next page, where there will be one.
pub fn remember(flash: &Flash) {
    if is_plain_form() {
        set_cookie(flash.set_cookie());
    }
}

/// Takes the session's cookie away, and leads to the page that says that it is over.
pub fn sign_out(signed_out: Option<&Flash>) {
    set_cookie(cookies::session::clear_session());
    if let Some(signed_out) = signed_out {
        set_cookie(signed_out.set_cookie());
    }
    redirect(Page::SignedOut.path());
}

/// Keeps what was typed into a plain form for the page that it was typed on.
pub fn keep(draft: HeaderValue) {
    if is_plain_form() {
        set_cookie(draft);
    }
}

/// Forgets what was kept: it has been sent.
pub fn forget_draft() {
    if let Some(cookie) = draft::clear(&parts().headers) {
        set_cookie(cookie);
    }
}

/// Asks for the password first: our script gets the typed error, and sends the form without its help; a
/// plain form is led to the page that asks, and from there back to `page`.
///
/// # Errors
/// [`AppError::PasswordNeeded`], for our script.
pub fn ask_for_password(page: &str) -> Result<(), AppError> {
    if !is_plain_form() {
        return Err(AppError::PasswordNeeded);
    }
    redirect(&NextPath::or_home(page).confirm_page());
    Ok(())
}

/// The person who asks, in functions that the guard opens to nobody else.
///
/// # Errors
/// [`AppError::NotSignedIn`].
pub fn current_user() -> Result<CurrentUser, AppError> {
    match parts().extensions.remove::<Caller>() {
        Some(Caller::SignedIn(current)) => Ok(*current),
        _ => Err(AppError::NotSignedIn),
    }
}

/// Demands that signing out was asked for by a page of the session that it ends: by `Origin` and
/// fetch metadata, which were checked before, or if the browser sends neither, by the value in the form.
///
/// # Errors
/// [`AppError::CrossSite`].
pub fn demand_own_sign_out(proof: &str) -> Result<(), AppError> {
    let extensions = parts().extensions;
    if extensions.get::<FromAnywhere>().is_none() {
        return Ok(());
    }
    origin::demand_own(match extensions.get::<Caller>() {
        Some(Caller::SignedIn(current)) => {
            sign_out_proof::holds(&state().core, &current.session.id, proof)
        }
        _ => false,
    })
}

/// The same where the password is confirmed: also a person whose browser may not have got the answer to the last
/// confirmation.
///
/// # Errors
/// [`AppError::NotSignedIn`].
pub fn confirming_user() -> Result<CurrentUser, AppError> {
    match parts().extensions.remove::<Caller>() {
        Some(Caller::SignedIn(current) | Caller::Confirming(current)) => Ok(*current),
        _ => Err(AppError::NotSignedIn),
    }
}

/// The permission of the person who asks, in functions for administrators.
///
/// # Errors
/// [`AppError::NotFound`] for everybody else; [`AppError::NotSignedIn`].
pub fn admin() -> Result<Admin, AppError> {
    actor::administrator(&state().core, &current_user()?, &browser())
}

/// What an administrator is told of a change.
pub fn change_notice(changed: Changed) -> UserNotice {
    match changed {
        Changed::Disabled { ended } => UserNotice::Disabled { ended },
        Changed::Enabled => UserNotice::Enabled,
        Changed::Promoted => UserNotice::Promoted,
        Changed::Demoted => UserNotice::Demoted,
        Changed::SessionsEnded { count } => UserNotice::SessionsEnded { count },
        Changed::LinkMade { username, link } => link_notice(&username, link),
    }
}

/// The link that was made, for the page that shows it, once.
pub fn link_notice(username: &str, link: MadeLink) -> UserNotice {
    let origin = state().site.public_url.origin();
    UserNotice::LinkMade(LinkView {
        username: username.to_owned(),
        purpose: link.purpose,
        page: format!("{origin}{}", Page::PasswordLink.path()),
        secret: link.secret,
        until: moment(link.expires_at),
    })
}

/// Leads back to the page of an account, and tells there what came of it.
///
/// # Errors
/// What is no refusal that the page could show.
pub fn answer_of_account(id: &str, outcome: Result<UserNotice, AppError>) -> Result<(), AppError> {
    let page = Page::of_account(id);
    match outcome {
        Ok(notice) => {
            set_cookie(Flash::User { notice }.set_cookie());
            redirect(&page);
            Ok(())
        }
        Err(AppError::PasswordNeeded) => ask_for_password(&page),
        Err(refusal) if refusal.is_refusal() => {
            refuse(refusal, &page, &Flash::UserRefused { refusal })
        }
        Err(failure) => Err(failure),
    }
}

fn is_plain_form() -> bool {
    parts().extensions.get::<PlainForm>().is_some()
}

/// Sends the policy that belongs to this page's nonce, which it returns. Without one no script runs.
pub fn set_page_policy() -> String {
    let (Some(response), Some(nonce), Some(state)) = (
        use_context::<ResponseOptions>(),
        use_nonce(),
        use_context::<AppState>(),
    ) else {
        return String::new();
    };
    let policy = super::layers::headers::page_policy(&nonce, state.reload_socket.as_deref());
    response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    nonce.to_string()
}
