//! Errors as a browser gets them.

mod refusals;

pub use refusals::{Refusals, refusal_in};

use crate::domain::{
    access_key::AccessKeyRefusal, device::MAX_DEVICE_NAME_CHARS, password::PasswordRefusal,
    user::IdentityRefusal,
};
use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};

/// Why a request was not carried out. A closed enum without free text: no internal detail can reach a page, and no text
/// of a request can come back in an answer (ASVS V16.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum AppError {
    #[error(transparent)]
    Refused(#[from] Refusals),
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// The input was not accepted: the form is shown again, with the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The one answer for unknown names, wrong passwords, disabled accounts (ASVS V6.3.8), and accounts that
    /// are throttled because of another spelling.
    #[error("Wrong username or password.")]
    SignIn,
    /// The one answer for keys that are unknown, revoked, expired, suspended, or not for this network.
    #[error("The access key is not valid here.")]
    AccessKeyLogin,
    #[error("Wrong password.")]
    CurrentPassword,
    #[error(transparent)]
    Password(#[from] PasswordRefusal),
    #[error(transparent)]
    Identity(#[from] IdentityRefusal),
    #[error(transparent)]
    Account(#[from] AccountRefusal),
    #[error(transparent)]
    AccessKey(#[from] AccessKeyRefusal),
    #[error(
        "A device name has at most {MAX_DEVICE_NAME_CHARS} characters, and all of them are visible."
    )]
    DeviceName,
    /// The one answer for codes that are wrong, expired or used.
    #[error("Wrong or expired code. Run “vestibule setup-code” on the server to get a new one.")]
    SetupCode,
    /// The one answer for links that are wrong, expired, used or void.
    #[error(
        "This link is incomplete, has expired or was already used. Ask your administrator for a new one."
    )]
    Link,
    /// The browser has not opened a link, or not recently.
    #[error("This browser no longer has the code of your link. Open the link again.")]
    LinkNotOpened,
    /// Somebody else is signed in: their session must not be replaced unnoticed.
    #[error("You are signed in with another account. Sign out first.")]
    OtherAccount,
}

/// The state of another account, or of this one, does not permit the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum AccountRefusal {
    /// For administrators, about accounts that they see anyway, and for people who are signed in, about the address
    /// that they want for themselves.
    #[error("This email address belongs to another account.")]
    EmailTaken,
    /// For administrators.
    #[error("This username belongs to another account, or once did.")]
    UsernameTaken,
    #[error("The account is disabled. Enable it first.")]
    Disabled,
    #[error("That does not match the username. Nothing was deleted.")]
    NameNotRepeated,
    #[error("This is the last administrator. Make somebody else an administrator first.")]
    LastAdministrator,
}

/// The request failed for a reason that other input would not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// Too many failures before this attempt, which was not checked.
    #[error("Too many attempts. Try again in {}.", in_words(*seconds))]
    Throttled { seconds: u32 },
    #[error("Please sign in first.")]
    NotSignedIn,
    /// A session must not be replaced unnoticed.
    #[error("You are signed in already. Sign out first.")]
    AlreadySignedIn,
    /// Signed in, but the password was entered too long ago for this.
    #[error("Confirm your password first.")]
    PasswordNeeded,
    #[error("The request came from another site, so it was not carried out.")]
    CrossSite,
    /// The access key or token lacks the scope for this, or the session was started with such a key.
    #[error("The access key does not permit this.")]
    NotPermitted,
    #[error("Not found. It may have been deleted.")]
    NotFound,
    #[error("The request could not be understood.")]
    BadRequest,
    #[error("This address does not take that kind of request.")]
    MethodNotAllowed,
    #[error("The request took too long to arrive. Check your connection, then try again.")]
    Timeout,
    #[error("The request is too large. Go back and shorten what you entered.")]
    TooLarge,
    /// Cookies of the whole domain come with each request, a neighbour's too.
    #[error(
        "Your browser sent more than is accepted here, most likely too many cookies. Remove the cookies of this site and of its neighbours, then try again."
    )]
    HeaderTooLarge,
    #[error("The form was sent in a format that is not accepted here.")]
    UnsupportedMediaType,
    #[error("The server does not answer for this host name.")]
    UnknownHost,
    /// All hashing threads and their queue are taken.
    #[error("Many people are signing in right now. Please try again in a few seconds.")]
    Busy,
    /// The database does not answer, so no credential can be accepted.
    #[error("The service is not available right now. Please try again in a moment.")]
    Unavailable,
    #[error("Something went wrong on our side.")]
    Internal,
}

impl AppError {
    /// The HTTP status of the answer: the one mapping for pages, forms and server functions.
    pub const fn status(self) -> u16 {
        match self {
            Self::Refused(refusals) => refusals.status(),
            Self::Failed(failure) => failure.status(),
        }
    }

    /// Seconds for `Retry-After` where waiting helps.
    pub const fn retry_after(self) -> Option<u32> {
        match self {
            Self::Refused(_) => None,
            Self::Failed(failure) => failure.retry_after(),
        }
    }
}

impl Failure {
    pub const fn status(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::NotSignedIn => 401,
            Self::CrossSite | Self::NotPermitted | Self::PasswordNeeded => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::Timeout => 408,
            Self::AlreadySignedIn => 409,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::UnknownHost => 421,
            Self::Throttled { .. } => 429,
            Self::HeaderTooLarge => 431,
            Self::Internal => 500,
            Self::Busy | Self::Unavailable => 503,
        }
    }

    /// The failure behind a bare status that a library answered with.
    pub const fn of_status(status: u16) -> Self {
        match status {
            401 => Self::NotSignedIn,
            403 => Self::CrossSite,
            404 => Self::NotFound,
            405 => Self::MethodNotAllowed,
            408 => Self::Timeout,
            413 => Self::TooLarge,
            415 => Self::UnsupportedMediaType,
            421 => Self::UnknownHost,
            429 => Self::Throttled { seconds: 30 },
            431 => Self::HeaderTooLarge,
            503 => Self::Unavailable,
            400..=499 => Self::BadRequest,
            _ => Self::Internal,
        }
    }

    const fn retry_after(self) -> Option<u32> {
        match self {
            Self::Busy => Some(2),
            Self::Unavailable => Some(5),
            Self::Throttled { seconds } => Some(seconds),
            _ => None,
        }
    }
}

fn in_words(seconds: u32) -> String {
    match seconds {
        0 | 1 => "a second".to_owned(),
        2..=119 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

/// A refusal, or a rule of the domain that is one.
impl<R: Into<Refusal>> From<R> for AppError {
    fn from(rule: R) -> Self {
        Self::Refused(Refusals::from(rule))
    }
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    /// Only the kind of failure is kept; the text may hold parts of the request.
    fn from_server_fn_error(failure: ServerFnErrorErr) -> Self {
        Self::Failed(match failure {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => Failure::BadRequest,
            // In the browser: no answer, or one that is not ours (a proxy's page).
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Deserialization(_) => {
                Failure::Unavailable
            }
            _ => Failure::Internal,
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::error::*;

    #[test]
    fn each_status_maps_to_a_failure_of_that_status() {
        for status in [
            400, 401, 403, 404, 405, 408, 413, 415, 421, 429, 431, 500, 503,
        ] {
            assert_eq!(Failure::of_status(status).status(), status);
        }
    }
}
