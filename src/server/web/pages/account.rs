//! The pages of a user's own account.

use super::visit::Visit;
use crate::{
    domain::{
        profile::ProfileDraft,
        session::CurrentUser,
        views::{ConfirmView, PasswordNotice, PasswordView, ProfileNotice, ProfileView},
    },
    server::web::cookies::{draft, flash::Flash},
};

pub fn password(current: &CurrentUser, visit: &Visit<'_>) -> PasswordView {
    let notice = match visit.flash {
        Some(Flash::PasswordChanged { others_ended }) => {
            Some(PasswordNotice::Changed { others_ended })
        }
        Some(Flash::SignInDisowned) => Some(PasswordNotice::StrangerIsOut),
        _ => None,
    };
    PasswordView {
        display_name: current.user.display_name.clone(),
        username: current.user.username.clone(),
        min_chars: visit.state.core.password_rules.min_chars,
        refusal: visit.refusal(),
        notice,
    }
}

pub fn confirm(current: &CurrentUser, visit: &Visit<'_>) -> ConfirmView {
    ConfirmView {
        display_name: current.user.display_name.clone(),
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
        display_name: user.display_name.clone(),
        username: user.username.clone(),
        draft,
        refusal,
        notice,
    }
}
