//! The page after signing in.

use super::{
    sessions::{session_view, sign_in_view},
    visit::Visit,
};
use crate::{
    domain::views::DashboardView,
    error::{AppError, Failure},
};

pub fn dashboard(visit: &Visit<'_>) -> Result<DashboardView, AppError> {
    let current = visit.current_user()?;
    let user = &current.user;
    // The guard reads them with the session of the caller.
    let Some(sign_ins) = current.sign_ins.clone() else {
        tracing::error!("the dashboard was requested without its sign-ins");
        return Err(Failure::Internal.into());
    };
    Ok(DashboardView {
        username: user.username.clone(),
        display_name: user.display_name.clone(),
        email: user.email.clone(),
        description: user.description.clone(),
        is_admin: user.is_admin,
        session: session_view(&current.session),
        previous_sign_in: sign_ins.previous.map(sign_in_view),
    })
}
