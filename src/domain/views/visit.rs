//! The pages of a first visit: the link for a password, and help with signing in.

use crate::{domain::password_link::LinkPurpose, error::Refusals};
use serde::{Deserialize, Serialize};

/// The page on which a user sets a password by a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordLinkView {
    pub min_chars: usize,
    /// The link that this browser has opened.
    pub link: Option<OpenedLinkView>,
    pub signed_in: Option<SignedInHereView>,
    /// The link was right, and the browser did not keep its cookie.
    pub is_cookie_lost: bool,
    pub refusal: Option<Refusals>,
}

/// A link whose code was right: only then does the page say for whom it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedLinkView {
    pub purpose: LinkPurpose,
    pub display_name: String,
    pub username: String,
    pub email: Option<String>,
    /// Proves that the form is from this page. It gives no access.
    pub proof: String,
}

/// The session in this browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedInHereView {
    pub display_name: String,
    /// The link is for this account.
    pub is_owner: bool,
}

/// The occasion on which the dashboard greets a new user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Welcome {
    /// The first account was created.
    FirstAccount,
    /// A password was chosen by an invitation.
    Invited,
}

/// The user of a page, for the dialogue that signs them in again after a time-out. The durations are in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInAgain {
    pub username: String,
    pub idle: String,
    pub longest: String,
}
