//! The pages of a user's own account.

use super::visit::Visit;
use crate::{
    domain::{
        profile::ProfileDraft,
        session::CurrentUser,
        views::{ConfirmView, PasswordNotice, PasswordView, ProfileNotice, ProfileView},
    },
    error::AppError,
    server::{
        core::accounts::access_keys,
        web::cookies::{draft, flash::Flash},
    },
};

pub async fn password(visit: Visit<'_>) -> Result<PasswordView, AppError> {
    let (core, current) = (&visit.state.core, visit.current_user()?);
    let keys = access_keys::count_live(core, &current.user.id).await?;
    let notice = match visit.flash {
        Some(Flash::PasswordChanged { ended }) => Some(PasswordNotice::Changed { ended }),
        Some(Flash::SignInDisowned) => Some(PasswordNotice::StrangerIsOut),
        _ => None,
    };
    Ok(PasswordView {
        username: current.user.username.clone(),
        min_chars: core.password_rules.min_chars,
        keys,
        refusal: visit.refusal(),
        notice,
    })
}

pub fn confirm(current: &CurrentUser, visit: &Visit<'_>) -> ConfirmView {
    ConfirmView {
        username: current.user.username.clone(),
        next: visit.next().to_string(),
        refusal: visit.refusal(),
    }
}

pub fn profile(current: &CurrentUser, visit: Visit<'_>) -> ProfileView {
    let user = &current.user;
    let stored = ProfileDraft {
        display_name: user.display_name.clone(),
        email: user.email.clone().unwrap_or_default(),
        description: user.description.clone(),
    };
    let (draft, refusal, notice) = match visit.flash {
        Some(Flash::ProfileRefused {
            refusal,
            draft,
            is_cut,
        }) => {
            let notice = is_cut.then_some(ProfileNotice::TypedTooMuch);
            (draft, Some(refusal), notice)
        }
        Some(Flash::ProfileSaved) => (stored, None, Some(ProfileNotice::Saved)),
        _ => match draft::profile(visit.headers) {
            Some(draft) => (draft, None, Some(ProfileNotice::NotSavedYet)),
            None => (stored, None, None),
        },
    };
    ProfileView {
        username: user.username.clone(),
        draft,
        refusal,
        notice,
    }
}
