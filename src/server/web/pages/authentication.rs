//! The pages for signing in, signing out and setting a password.

use super::visit::{Visit, query_value};
use crate::{
    domain::{
        moment::length_in_words,
        setup::SetupDraft,
        user::User,
        views::{
            LoginKeyView, LoginNotice, LoginView, LogoutView, OpenedLinkView, PasswordLinkView,
            SetupView, SignedInHereView, SignedOutView,
        },
    },
    error::Refusal,
    server::{
        core::accounts::{
            password_links::{self, Link},
            setup,
        },
        db::StoreError,
        web::{
            context::Caller,
            cookies::{self, flash::Flash},
        },
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
        remember_for: length_in_words(state.core.lifetimes.remember_idle),
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

/// The owner of the link is shown only if the browser has opened it, which takes its code.
pub async fn password_link(visit: &Visit<'_>) -> Result<PasswordLinkView, StoreError> {
    let core = &visit.state.core;
    let secret = cookies::link::secret(core, visit.headers);
    let found = match &secret {
        Some(secret) => password_links::find(core, secret).await?,
        None => None,
    };
    // Used in another tab, void or expired meanwhile.
    let dead = (secret.is_some() && found.is_none()).then(|| Refusal::Link.into());
    let is_owned_by = |user: &User| {
        let owner = found.as_ref().map(|link| &link.user.id);
        owner == Some(&user.id)
    };
    let signed_in = visit.current_user().ok().map(|current| SignedInHereView {
        display_name: current.user.display_name.clone(),
        is_owner: is_owned_by(&current.user),
    });
    let proof = secret.map(|secret| password_links::proof_of(core, &secret));
    let link = found
        .zip(proof)
        .map(|(Link { user, purpose }, proof)| OpenedLinkView {
            purpose,
            display_name: user.display_name,
            username: user.username,
            email: user.email,
            proof,
        });
    let is_checked = query_value(visit.uri, "cookie-check").is_some();
    let refusal = visit.refusal().or(dead);
    Ok(PasswordLinkView {
        min_chars: core.password_rules.min_chars,
        is_cookie_lost: is_checked && link.is_none() && refusal.is_none(),
        link,
        signed_in,
        refusal,
    })
}
