//! The request, as server functions and pages see it: connects Leptos and HTTP.

use super::{
    cookies,
    layers::{
        forwarded::Client,
        origin::{self, UnknownOrigin},
    },
    state::AppState,
};
use crate::{
    domain::{
        access_key::KeyHolder,
        scope::{Scope, Scopes},
        session::{CurrentUser, EndReason},
    },
    error::AppError,
    server::{
        core::{
            actor::{Actor, Admin, Browser},
            sessions::{Presented, Started, pending::PendingSession, sign_out_proof},
        },
        token::SessionToken,
    },
};
use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, header},
};
use leptos::{
    context::use_context,
    nonce::{Nonce, use_nonce},
    prelude::expect_context,
};
use leptos_axum::ResponseOptions;
use std::{net::IpAddr, sync::Arc};

/// The sender of a request, as the guard identified it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    SignedIn(Box<CurrentUser>),
    /// A program with an access token of a session, and the scopes of the token.
    WithToken(Box<CurrentUser>, Scopes),
    /// A program with an access key.
    WithKey(Box<KeyHolder>),
    /// The token was replaced recently, and may only be confirmed again.
    Confirming(Box<CurrentUser>),
    /// The cookie names a session that has ended.
    Ended(EndReason),
    /// `Authorization: Bearer` with a credential that is not valid, or no longer.
    InvalidToken,
    Anonymous,
}

impl Caller {
    /// What the credential may do: never more than the role of its account permits now.
    pub fn scopes(&self) -> Scopes {
        match self {
            Self::SignedIn(current) => current.scopes(),
            Self::WithToken(current, scopes) => current.scopes().intersection(*scopes),
            Self::WithKey(holder) => holder.scopes(),
            Self::Confirming(_) | Self::Ended(_) | Self::InvalidToken | Self::Anonymous => {
                Scopes::none()
            }
        }
    }

    /// Whether it is a session with all rights of its account.
    pub fn has_everything(&self) -> bool {
        match self {
            Self::SignedIn(current) | Self::WithToken(current, _) => {
                current.has_everything(self.scopes())
            }
            _ => false,
        }
    }

    pub fn administers(&self) -> bool {
        match self {
            Self::SignedIn(current) | Self::Confirming(current) | Self::WithToken(current, _) => {
                current.user.administers()
            }
            Self::WithKey(holder) => holder.user.administers(),
            Self::Ended(_) | Self::InvalidToken | Self::Anonymous => false,
        }
    }
}

/// Marks a plain HTML form, sent without our script.
#[derive(Clone, Copy, Debug)]
pub struct PlainForm;

/// The parts of its request that a server function may use, read once.
pub struct FormRequest {
    headers: HeaderMap,
    client: Option<Client>,
    caller: Option<Caller>,
    pending: Option<PendingSession>,
    is_plain_form: bool,
    has_unknown_origin: bool,
}

impl FormRequest {
    pub fn of(request: &Request) -> Self {
        let extensions = request.extensions();
        Self {
            headers: request.headers().clone(),
            client: extensions.get().cloned(),
            caller: extensions.get().cloned(),
            pending: extensions.get().cloned(),
            is_plain_form: extensions.get::<PlainForm>().is_some(),
            has_unknown_origin: extensions.get::<UnknownOrigin>().is_some(),
        }
    }

    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub const fn is_plain_form(&self) -> bool {
        self.is_plain_form
    }
}

/// # Panics
/// Outside a request.
pub fn state() -> AppState {
    expect_context::<AppState>()
}

/// # Panics
/// Outside a server function.
pub fn request() -> Arc<FormRequest> {
    expect_context::<Arc<FormRequest>>()
}

/// The token that the browser presents, live or ended.
pub fn session_token() -> Option<SessionToken> {
    cookies::session::session_token(request().headers())
}

/// The client's address, as far as the network shows it: behind a trusted proxy, the address that the proxy reports.
/// IPv4-mapped addresses are unmapped; the throttle counts IPv6 by /64.
///
/// # Panics
/// Outside a request.
fn client_address(request: &FormRequest) -> IpAddr {
    let client = request.client.as_ref().map(|one| one.address);
    client.expect("every request passes `forwarded::identify`")
}

/// The actor, as the guard identified it.
pub fn actor() -> Actor {
    let request = request();
    let browser = browser_at(client_address(&request), request.headers());
    actor_of(request.caller.as_ref(), browser)
}

/// The same outside of server functions.
pub fn actor_of(caller: Option<&Caller>, browser: Browser) -> Actor {
    match caller {
        Some(Caller::SignedIn(current)) => Actor::signed_in(current.clone(), browser),
        Some(Caller::WithToken(current, scopes)) => {
            Actor::with_token(current.clone(), *scopes, browser)
        }
        Some(Caller::WithKey(holder)) => Actor::with_key(holder.clone(), browser),
        Some(Caller::Confirming(current)) => Actor::confirming(current.clone(), browser),
        Some(Caller::Ended(_) | Caller::InvalidToken | Caller::Anonymous) | None => {
            Actor::visitor(browser)
        }
    }
}

/// The browser of a request, outside of server functions.
pub fn browser_of(client: &Client, headers: &HeaderMap) -> Browser {
    browser_at(client.address, headers)
}

fn browser_at(address: IpAddr, headers: &HeaderMap) -> Browser {
    let user_agent = headers.get(header::USER_AGENT);
    let user_agent = user_agent.map(HeaderValue::as_bytes).unwrap_or_default();
    Browser::new(address.to_string(), &String::from_utf8_lossy(user_agent))
}

/// The tokens that the browser presents.
pub fn presented() -> Presented {
    Presented {
        session: session_token(),
        device: cookies::session::device_token(request().headers()),
    }
}

/// Marks a new session as pending: it ends if the answer with its token cannot be handed over.
pub fn set_pending_session(started: &Started) {
    if let Some(pending) = &request().pending {
        pending.set(state().core.clone(), actor(), started.session.digest());
    }
}

/// Demands that a sign-out was requested by a page of the session that it ends. `Origin` and fetch metadata, which were
/// checked before, prove it. If the browser sends neither, the value in the form has to.
///
/// # Errors
/// `Failure::CrossSite`.
pub fn demand_own_sign_out(proof: &str) -> Result<(), AppError> {
    let request = request();
    if !request.has_unknown_origin {
        return Ok(());
    }
    origin::demand_own(match &request.caller {
        Some(Caller::SignedIn(current)) => {
            sign_out_proof::holds(&state().core, &current.session.id, proof)
        }
        _ => false,
    })
}

/// The caller's permission as an administrator.
///
/// # Errors
/// `Failure::NotFound` for all others; `Failure::NotSignedIn`.
pub fn admin() -> Result<Admin, AppError> {
    Admin::of(&state().core, actor(), Scope::UsersWrite)
}

/// A nonce for a page that Leptos does not render.
pub fn new_nonce() -> String {
    Nonce::new().to_string()
}

/// Sets the policy that belongs to this page's nonce, and returns the nonce. Without a nonce no script runs.
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
