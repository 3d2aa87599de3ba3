//! The input for a new account, or for other names of one, checked.

use super::taken::Wanted;
use crate::{
    domain::{
        password::{Password, PasswordRefusal},
        user::{
            Email, IdentityRefusal, MAX_DESCRIPTION_CHARS, MAX_DISPLAY_NAME_CHARS, UserId,
            Username, plain_text,
        },
        views::EditDraft,
    },
    error::{Refusals, refusal_in},
    server::{
        core::Core,
        store::users::{NewNames, NewUser},
        token,
    },
};

/// An administrator's input for a new account.
#[derive(Clone, Debug, Default)]
pub struct UserDraft {
    pub username: String,
    pub email: Option<String>,
    /// If absent, pages show the username.
    pub display_name: Option<String>,
    pub description: String,
    pub is_admin: bool,
}

/// A draft that keeps every rule. The password is checked against it before it is entered a second time.
pub struct CheckedDraft {
    username: Username,
    email: Option<Email>,
    display_name: String,
    description: String,
    is_admin: bool,
}

impl UserDraft {
    /// # Errors
    /// [`IdentityRefusal`], one for each field.
    pub fn check(self) -> Result<CheckedDraft, Refusals> {
        let username = Username::parse(&self.username);
        let shown = username.as_ref().map_or("", Username::as_str);
        let display_name = display_name_of(&self.display_name.unwrap_or_default(), shown);
        let email = self.email.as_deref().map(Email::parse).transpose();
        let description = description_of(&self.description);
        let refusals = [
            refusal_in(&display_name),
            refusal_in(&username),
            refusal_in(&email),
            refusal_in(&description),
        ];
        Refusals::none_in(refusals.into_iter().flatten())?;
        Ok(CheckedDraft {
            username: username?,
            email: email?,
            display_name: display_name?,
            description: description?,
            is_admin: self.is_admin,
        })
    }
}

/// Checks the changes of the names of an account.
///
/// # Errors
/// [`IdentityRefusal`], one for each field that is changed.
pub fn check_names(draft: &EditDraft) -> Result<NewNames, Refusals> {
    let username = draft.username.as_deref().map(Username::parse).transpose();
    let email = draft.email.as_deref().map(email_of);
    let email = email.map(|email| email.map(Email::parse).transpose());
    let email = email.transpose();
    let display_name = draft.display_name.as_deref();
    let display_name = display_name
        .map(|name| display_name_of(name, ""))
        .transpose();
    let refusals = [
        refusal_in(&username),
        refusal_in(&email),
        refusal_in(&display_name),
    ];
    Refusals::none_in(refusals.into_iter().flatten())?;
    Ok(NewNames {
        username: username?,
        email: email?,
        display_name: display_name?,
    })
}

/// Which names a change demands.
pub fn wanted<'a>(id: &'a UserId, names: &'a NewNames) -> Wanted<'a> {
    Wanted {
        id,
        username: names.username.as_ref(),
        email: names.email.as_ref().and_then(Option::as_ref),
    }
}

/// The name on pages: the input, or the username if it is empty.
pub fn display_name_of(input: &str, username: &str) -> Result<String, IdentityRefusal> {
    let input = plain_text(input, MAX_DISPLAY_NAME_CHARS, IdentityRefusal::DisplayName)?;
    Ok(if input.is_empty() {
        username.to_owned()
    } else {
        input
    })
}

pub fn description_of(input: &str) -> Result<String, IdentityRefusal> {
    plain_text(input, MAX_DESCRIPTION_CHARS, IdentityRefusal::Description)
}

/// Browsers send an empty field if there is no address.
pub fn email_of(input: &str) -> Option<&str> {
    Some(input.trim()).filter(|input| !input.is_empty())
}

impl CheckedDraft {
    /// # Errors
    /// [`PasswordRefusal`], the first that applies.
    pub fn check_password(&self, core: &Core, password: &Password) -> Result<(), PasswordRefusal> {
        let email = self.email.as_ref().map(Email::as_str);
        core.password_rules
            .check(password, self.username.as_str(), email)
    }

    /// The names that the new account demands.
    pub fn wanted<'a>(&'a self, id: &'a UserId) -> Wanted<'a> {
        Wanted {
            id,
            username: Some(&self.username),
            email: self.email.as_ref(),
        }
    }

    /// The row of the new account.
    pub fn with_hash<'a>(&'a self, core: &Core, password_hash: &'a str) -> NewUser<'a> {
        NewUser {
            id: token::new_user_id(),
            username: &self.username,
            email: self.email.as_ref(),
            display_name: &self.display_name,
            description: &self.description,
            is_admin: self.is_admin,
            password_hash,
            created_at: core.clock.now(),
        }
    }
}
