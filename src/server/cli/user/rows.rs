//! Accounts and links in the output of `vestibule user …`.

use crate::{domain::user::User, server::cli::output::Row};
use serde::Serialize;

/// A link for programs.
#[derive(Serialize)]
pub(super) struct LinkRow {
    pub(super) user: String,
    pub(super) purpose: &'static str,
    pub(super) expires_at: String,
    pub(super) link: String,
}

impl Row for LinkRow {
    const HEADINGS: &'static [&'static str] = &["LINK"];

    fn cells(&self) -> Vec<String> {
        vec![self.link.clone()]
    }
}

/// An account in the output.
#[derive(Serialize)]
pub(super) struct UserRow {
    id: String,
    username: String,
    email: Option<String>,
    display_name: String,
    description: String,
    admin: bool,
    disabled: bool,
    has_password: bool,
}

impl From<&User> for UserRow {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            username: user.username.clone(),
            email: user.email.clone(),
            display_name: user.display_name.clone(),
            description: user.description.clone(),
            admin: user.is_admin,
            disabled: user.disabled,
            has_password: user.has_password,
        }
    }
}

impl Row for UserRow {
    const HEADINGS: &'static [&'static str] = &["NAME", "E-MAIL", "DISPLAY NAME", "ROLE", "STATE"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.username.clone(),
            self.email.clone().unwrap_or_default(),
            self.display_name.clone(),
            if self.admin {
                "administrator"
            } else {
                "member"
            }
            .to_owned(),
            match (self.disabled, self.has_password) {
                (true, _) => "disabled",
                (false, false) => "invited",
                (false, true) => "enabled",
            }
            .to_owned(),
        ]
    }
}
