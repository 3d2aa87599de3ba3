//! The pages for signing in, signing out and setting a password.

use super::visit::{Visit, query_value};
use crate::{
    domain::{
        setup::SetupDraft,
        views::{
            LoginKeyView, LoginNotice, LoginView, LogoutView, PasswordLinkView, SetupView,
            SignedOutView,
        },
    },
    server::{
        core::accounts::setup,
        db::StoreError,
        web::{context::Caller, cookies::flash::Flash},
    },
};

pub async fn login(visit: Visit<'_>) -> Result<LoginView, StoreError> {
    let next = visit.next().to_string();
    let Visit {
        state,
        caller,
        uri,
        flash,
        ..
    } = visit;
    let password_set = matches!(flash, Some(Flash::PasswordSet { .. }));
    let (refusal, username) = match flash {
        Some(Flash::LoginRefused { refusal, username }) => (refusal, username),
        // Shows the name to sign in with, also to password managers.
        Some(Flash::PasswordSet { username }) => (None, username),
        _ => (None, String::new()),
    };
    let notice = match caller {
        _ if refusal.is_some() => None,
        _ if password_set => Some(LoginNotice::PasswordSet),
        _ if query_value(uri, "cookie-check").is_some() => Some(LoginNotice::CookieNotKept),
        Caller::Ended(reason) => Some(LoginNotice::SessionEnded(*reason)),
        Caller::SignedIn(_)
        | Caller::WithToken(..)
        | Caller::WithKey(_)
        | Caller::Confirming(_)
        | Caller::InvalidToken
        | Caller::Anonymous => None,
    };
    Ok(LoginView {
        next,
        username,
        refusal,
        notice,
        no_account: setup::is_open(&state.core).await?,
        has_key_page: state.core.keys.sign_in,
    })
}

/// `None` if the server does not permit it.
pub fn login_key(visit: &Visit<'_>) -> Option<LoginKeyView> {
    visit.state.core.keys.sign_in.then(|| LoginKeyView {
        next: visit.next().to_string(),
        refusal: visit.refusal(),
    })
}

pub fn logout(visit: &Visit<'_>) -> LogoutView {
    LogoutView {
        display_name: visit
            .current_user()
            .ok()
            .map(|current| current.user.display_name.clone()),
    }
}

pub fn signed_out(visit: Visit<'_>) -> SignedOutView {
    match visit.flash {
        Some(Flash::SignedOut {
            display_name,
            ended,
        }) => SignedOutView {
            display_name: Some(display_name),
            ended,
        },
        _ => SignedOutView::default(),
    }
}

/// `None` once an account exists.
pub async fn setup(visit: Visit<'_>) -> Result<Option<SetupView>, StoreError> {
    if !setup::is_open(&visit.state.core).await? {
        return Ok(None);
    }
    let (refusal, draft) = match visit.flash {
        Some(Flash::SetupRefused { refusal, draft }) => (Some(refusal), draft),
        _ => (None, SetupDraft::default()),
    };
    Ok(Some(SetupView {
        draft,
        min_chars: visit.state.core.password_rules.min_chars,
        refusal,
    }))
}

pub fn password_link(visit: &Visit<'_>) -> PasswordLinkView {
    let username = visit.refused().map(|(_, username)| username.to_owned());
    PasswordLinkView {
        min_chars: visit.state.core.password_rules.min_chars,
        username: username.filter(|username| !username.is_empty()),
        refusal: visit.refusal(),
    }
}
