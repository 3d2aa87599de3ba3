//! Accounts and links in the output of `vestibule user …`.

use crate::{
    domain::user::User,
    server::{cli::output::Row, clock::rfc3339},
};
use serde::Serialize;
use std::borrow::Cow;

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

    fn cells(&self) -> Vec<Cow<'_, str>> {
        vec![Cow::from(&self.link)]
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
    created_at: String,
    last_sign_in_at: Option<String>,
}

impl From<User> for UserRow {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            username: user.username,
            email: user.email,
            display_name: user.display_name,
            description: user.description,
            admin: user.is_admin,
            disabled: user.disabled,
            has_password: user.has_password,
            created_at: rfc3339(user.created_at),
            last_sign_in_at: user.last_sign_in_at.map(rfc3339),
        }
    }
}

impl Row for UserRow {
    const HEADINGS: &'static [&'static str] = &[
        "USERNAME",
        "EMAIL",
        "FULL NAME",
        "ROLE",
        "STATE",
        "LAST SIGN-IN",
        "CREATED",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        vec![
            Cow::from(&self.username),
            self.email.as_deref().unwrap_or_default().into(),
            Cow::from(&self.display_name),
            if self.admin {
                "administrator"
            } else {
                "member"
            }
            .into(),
            match (self.disabled, self.has_password) {
                (true, _) => "disabled",
                (false, false) => "invited",
                (false, true) => "enabled",
            }
            .into(),
            self.last_sign_in_at.as_deref().unwrap_or("never").into(),
            Cow::from(&self.created_at),
        ]
    }
}
