//! The page after signing in.

use super::{sessions::session_view, visit::Visit};
use crate::{
    domain::{
        device,
        session::SignIn,
        views::{DashboardView, SignInView},
    },
    error::{AppError, Failure},
    server::{clock::moment, web::cookies::flash::Flash},
};

pub fn dashboard(visit: &Visit<'_>) -> Result<DashboardView, AppError> {
    let current = visit.current_user()?;
    let user = &current.user;
    // The guard reads them with the session of the caller. Without them the page would hide an attacker's sign-in from
    // the owner of the account.
    let Some(sign_ins) = current.sign_ins.clone() else {
        tracing::error!("the dashboard was requested without its sign-ins");
        return Err(Failure::Internal.into());
    };
    let welcome = match visit.flash {
        Some(Flash::Welcome { welcome }) => Some(welcome),
        _ => None,
    };
    Ok(DashboardView {
        welcome,
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
