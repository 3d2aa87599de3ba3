//! Permission to administer, as a value: use cases that need it take an [`Admin`], and only the checks
//! here make one.

use super::sessions::Browser;
use crate::{
    domain::{
        activity::{By, Source},
        session::CurrentUser,
    },
    error::AppError,
};

/// Somebody who may administer, and who the audit log will say it was.
#[derive(Debug)]
pub struct Admin(By);

impl Admin {
    pub const fn by(&self) -> &By {
        &self.0
    }
}

/// Whoever asks in a browser, where they are an administrator now: the account was read for this request.
///
/// # Errors
/// [`AppError::NotFound`] for everybody else, who learns nothing of what there is.
pub fn of(current: &CurrentUser, browser: &Browser) -> Result<Admin, AppError> {
    if !current.user.administers() {
        return Err(AppError::NotFound);
    }
    Ok(Admin(By {
        source: Source::Browser,
        actor: Some(current.user.id.clone()),
        address: browser.address.clone(),
        user_agent: browser.user_agent.clone(),
    }))
}

/// Whoever runs the program on the machine and can read its database: nobody could be stopped there.
pub fn on_this_machine() -> Admin {
    Admin(Source::Command.into())
}
