//! What people see of their own account.

use super::{Answer, activity, live_session_view, next_of};
use crate::{
    domain::{
        profile::ProfileDraft,
        session::CurrentUser,
        user::User,
        views::{
            ConfirmView, PageView, PasswordNotice, PasswordView, ProfileNotice, ProfileView,
            SessionsView,
        },
    },
    server::{
        core::{actor, sessions},
        db::StoreError,
        web::{
            cookies::{draft, flash::Flash},
            state::AppState,
        },
    },
};
use axum::http::{HeaderMap, Uri};

/// Gathers a page below `/account/`; `None` if absent.
///
/// # Errors
/// [`StoreError`].
pub async fn gather(
    state: &AppState,
    current: &CurrentUser,
    uri: &Uri,
    headers: &HeaderMap,
    flash: Option<Flash>,
) -> Result<Option<Answer>, StoreError> {
    let answer = match uri.path() {
        "/account/password" => {
            Answer::Page(PageView::Password(password(state, &current.user, flash)))
        }
        "/account/profile" => {
            let waiting = draft::profile(headers);
            let view = profile(&current.user, flash, waiting);
            Answer::Page(PageView::Profile(Box::new(view)))
        }
        "/account/sessions" => Answer::Page(PageView::Sessions(Box::new(
            sessions(state, current, flash).await?,
        ))),
        "/account/activity" => {
            let view = activity::own(state, current, uri).await?;
            Answer::Page(PageView::OwnActivity(Box::new(view)))
        }
        "/account/confirm" => {
            if actor::is_fresh(&state.core, current) {
                Answer::Elsewhere(next_of(uri).to_string())
            } else {
                Answer::Page(PageView::Confirm(confirm(&current.user, uri, flash)))
            }
        }
        _ => return Ok(None),
    };
    Ok(Some(answer))
}

fn password(state: &AppState, user: &User, flash: Option<Flash>) -> PasswordView {
    let (refusal, notice) = match flash {
        Some(Flash::PasswordRefused { refusal }) => (Some(refusal), None),
        Some(Flash::PasswordChanged { others_ended }) => {
            (None, Some(PasswordNotice::Changed { others_ended }))
        }
        Some(Flash::SignInDisowned) => (None, Some(PasswordNotice::StrangerIsOut)),
        _ => (None, None),
    };
    PasswordView {
        display_name: user.display_name.clone(),
        username: user.username.clone(),
        min_chars: state.core.password_rules.min_chars,
        refusal,
        notice,
    }
}

fn confirm(user: &User, uri: &Uri, flash: Option<Flash>) -> ConfirmView {
    ConfirmView {
        display_name: user.display_name.clone(),
        username: user.username.clone(),
        next: next_of(uri).to_string(),
        refusal: match flash {
            Some(Flash::PasswordRefused { refusal }) => Some(refusal),
            _ => None,
        },
    }
}

fn profile(user: &User, flash: Option<Flash>, waiting: Option<ProfileDraft>) -> ProfileView {
    let stored = ProfileDraft {
        display_name: user.display_name.clone(),
        email: user.email.clone().unwrap_or_default(),
        description: user.description.clone(),
    };
    let (draft, refusal, notice) = match flash {
        Some(Flash::ProfileRefused {
            refusal,
            draft,
            is_cut,
        }) => {
            let notice = is_cut.then_some(ProfileNotice::TypedTooMuch);
            (draft, Some(refusal), notice)
        }
        Some(Flash::ProfileSaved) => (stored, None, Some(ProfileNotice::Saved)),
        _ => match waiting {
            Some(typed) => (typed, None, Some(ProfileNotice::NotSavedYet)),
            None => (stored, None, None),
        },
    };
    ProfileView {
        display_name: user.display_name.clone(),
        username: user.username.clone(),
        draft,
        refusal,
        notice,
    }
}

async fn sessions(
    state: &AppState,
    current: &CurrentUser,
    flash: Option<Flash>,
) -> Result<SessionsView, StoreError> {
    let now = state.core.clock.now();
    let live = sessions::live_of(&state.core, &current.user.id).await?;
    let others = live.iter().filter(|one| one.id != current.session.id);
    Ok(SessionsView {
        display_name: current.user.display_name.clone(),
        current: live_session_view(&current.session, now),
        others: others.map(|one| live_session_view(one, now)).collect(),
        ended: match flash {
            Some(Flash::SessionsEnded { count }) => Some(count),
            _ => None,
        },
    })
}
