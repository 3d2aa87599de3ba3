//! What each page shows, fetched before it is rendered.
//!
//! A page is rendered with every decision made and every value at hand, so it is sent whole, needs
//! no second request, and never shows a state in between.

mod account;
pub mod activity;
mod admin;
pub mod audit;

use super::{
    context::Caller, cookies::flash::Flash, layers::forwarded::Client, reach, state::AppState,
};
use crate::{
    domain::{
        device,
        moment::Timestamp,
        next_path::NextPath,
        session::{CurrentUser, Session, SignIn},
        setup::SetupDraft,
        views::{
            DashboardView, LiveSessionView, LoginNotice, LoginView, LogoutView, PageView,
            SessionView, SetupView, SignInView, SignedOutView,
        },
    },
    error::AppError,
    server::{
        clock::{moment, relative},
        core::accounts::setup,
        db::StoreError,
    },
};
use axum::http::{HeaderMap, Uri};

/// What comes of asking for a page.
pub enum Answer {
    Page(PageView),
    /// The person belongs elsewhere: a path of ours.
    Elsewhere(String),
}

/// Gathers the values of the page at `uri` for `caller`. `None` where no page has this path.
///
/// # Errors
/// [`AppError::Unavailable`], where the database gives no answer; [`AppError::Internal`].
pub async fn gather(
    state: &AppState,
    caller: &Caller,
    client: &Client,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Option<Answer>, AppError> {
    let flash = Flash::of_request(headers);
    let answer = match (uri.path(), caller) {
        ("/", Caller::SignedIn(_)) => Answer::Elsewhere(NextPath::HOME.to_owned()),
        ("/", _) => Answer::Elsewhere("/login".to_owned()),
        ("/login", Caller::SignedIn(_)) => Answer::Elsewhere(next_of(uri).to_string()),
        ("/login", _) => Answer::Page(PageView::Login(login(state, caller, uri, flash).await?)),
        ("/logout", _) => Answer::Page(PageView::Logout(LogoutView {
            display_name: display_name(caller),
        })),
        // It would not be true of a person who is signed in.
        ("/signed-out", Caller::SignedIn(_)) => Answer::Elsewhere(NextPath::HOME.to_owned()),
        ("/signed-out", _) => Answer::Page(PageView::SignedOut(signed_out(flash))),
        (NextPath::HOME, Caller::SignedIn(current)) => Answer::Page(PageView::Dashboard(Box::new(
            dashboard(state, current, client)?,
        ))),
        (path, Caller::SignedIn(current)) if path.starts_with("/account/") => {
            return Ok(account::gather(state, current, uri, headers, flash).await?);
        }
        // Where password managers look for it (W3C, "A Well-Known URL for Changing Passwords").
        ("/.well-known/change-password", _) => Answer::Elsewhere("/account/password".to_owned()),
        ("/setup", _) if setup::is_open(&state.core).await? => {
            Answer::Page(PageView::Setup(set_up(state, flash)))
        }
        ("/password-link", _) => {
            Answer::Page(PageView::PasswordLink(admin::password_link(state, flash)))
        }
        // Nothing else: what is not there asks nobody for a password.
        (path, Caller::SignedIn(current))
            if path.starts_with("/admin/") && current.user.administers() =>
        {
            return Ok(admin::gather(state, current, uri, headers, flash).await?);
        }
        _ => return Ok(None),
    };
    Ok(Some(answer))
}

fn display_name(caller: &Caller) -> Option<String> {
    match caller {
        Caller::SignedIn(current) => Some(current.user.display_name.clone()),
        Caller::Confirming(_) | Caller::Ended(_) | Caller::Anonymous => None,
    }
}

fn next_of(uri: &Uri) -> NextPath {
    query_value(uri, "next").map_or_else(NextPath::home, |next| NextPath::or_home(&next))
}

fn query_value(uri: &Uri, wanted: &str) -> Option<String> {
    let query = uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == wanted)
        .map(|(_, value)| value.into_owned())
}

async fn login(
    state: &AppState,
    caller: &Caller,
    uri: &Uri,
    flash: Option<Flash>,
) -> Result<LoginView, StoreError> {
    let password_set = matches!(flash, Some(Flash::PasswordSet { .. }));
    let (refusal, username) = match flash {
        Some(Flash::LoginRefused { refusal, username }) => (refusal, username),
        // So that people, and their password managers, know with which name it goes.
        Some(Flash::PasswordSet { username }) => (None, username),
        _ => (None, String::new()),
    };
    let notice = match caller {
        _ if refusal.is_some() => None,
        _ if password_set => Some(LoginNotice::PasswordSet),
        _ if query_value(uri, "cookie-check").is_some() => Some(LoginNotice::CookieNotKept),
        Caller::Ended(reason) => Some(LoginNotice::SessionEnded(*reason)),
        Caller::SignedIn(_) | Caller::Confirming(_) | Caller::Anonymous => None,
    };
    let next = next_of(uri);
    Ok(LoginView {
        next: next.to_string(),
        username,
        refusal,
        notice,
        no_account: setup::is_open(&state.core).await?,
    })
}

fn signed_out(flash: Option<Flash>) -> SignedOutView {
    match flash {
        Some(Flash::SignedOut {
            display_name,
            others_ended,
        }) => SignedOutView {
            display_name: Some(display_name),
            others_ended,
        },
        _ => SignedOutView::default(),
    }
}

fn set_up(state: &AppState, flash: Option<Flash>) -> SetupView {
    let (refusal, draft) = match flash {
        Some(Flash::SetupRefused { refusal, draft }) => (Some(refusal), draft),
        _ => (None, SetupDraft::default()),
    };
    SetupView {
        draft,
        min_chars: state.core.password_rules.min_chars,
        refusal,
    }
}

fn dashboard(
    state: &AppState,
    current: &CurrentUser,
    client: &Client,
) -> Result<DashboardView, AppError> {
    let user = &current.user;
    // The guard reads them with the session of the caller. Without them the page would hide from the
    // owner of the account that a stranger has signed in.
    let Some(sign_ins) = current.sign_ins.clone() else {
        tracing::error!("the dashboard was asked for without its sign-ins");
        return Err(AppError::Internal);
    };
    Ok(DashboardView {
        username: user.username.clone(),
        display_name: user.display_name.clone(),
        email: user.email.clone(),
        description: user.description.clone(),
        is_admin: user.is_admin,
        session: session_view(&current.session),
        previous_sign_in: sign_ins.previous.map(sign_in_view),
        unrecognised: sign_ins
            .unrecognised
            .into_iter()
            .map(sign_in_view)
            .collect(),
        more_unrecognised: sign_ins.more,
        may_recognise: sign_ins.may_recognise,
        reach: user.is_admin.then(|| reach::view(client, &state.site)),
    })
}

fn sign_in_view(sign_in: SignIn) -> SignInView {
    SignInView {
        id: sign_in.session.0,
        has_ended: sign_in.has_ended,
        device: device::in_words(&sign_in.user_agent),
        address: sign_in.address,
        at: moment(sign_in.at),
    }
}

fn live_session_view(session: &Session, now: Timestamp) -> LiveSessionView {
    LiveSessionView {
        id: session.id.to_string(),
        session: session_view(session),
        last_seen: relative(session.last_seen_at, now),
        idle_end: relative(session.idle_ends_at, now),
        absolute_end: relative(session.absolute_ends_at, now),
    }
}

fn session_view(session: &Session) -> SessionView {
    SessionView {
        device: device::in_words(&session.user_agent),
        address: session.address.clone(),
        remember: session.remember,
        signed_in_at: moment(session.created_at),
        idle_ends_at: moment(session.idle_ends_at),
        absolute_ends_at: moment(session.absolute_ends_at),
    }
}
