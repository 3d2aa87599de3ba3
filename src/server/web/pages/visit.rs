//! A request for a page: the input for gathering its values.

use crate::{
    domain::{next_path::NextPath, session::CurrentUser},
    error::{AppError, Failure, Refusals},
    server::web::{
        context::Caller, cookies::flash::Flash, layers::forwarded::Client, state::AppState,
    },
};
use axum::http::{HeaderMap, Uri};

/// A request for a page.
pub struct Visit<'a> {
    pub state: &'a AppState,
    pub caller: &'a Caller,
    pub client: &'a Client,
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
    pub flash: Option<Flash>,
}

impl<'a> Visit<'a> {
    pub const fn is_signed_in(&self) -> bool {
        matches!(self.caller, Caller::SignedIn(_))
    }

    /// The signed-in user. The guard has refused everyone else.
    ///
    /// # Errors
    /// [`Failure::NotSignedIn`].
    pub fn current_user(&self) -> Result<&'a CurrentUser, AppError> {
        match self.caller {
            Caller::SignedIn(current) => Ok(current),
            Caller::WithToken(..)
            | Caller::WithKey(_)
            | Caller::Confirming(_)
            | Caller::Ended(_)
            | Caller::InvalidToken
            | Caller::Anonymous => Err(Failure::NotSignedIn.into()),
        }
    }

    /// The same for pages of administrators.
    ///
    /// # Errors
    /// [`Failure::NotFound`] for all others.
    pub fn administrator(&self) -> Result<&'a CurrentUser, AppError> {
        let current = self.current_user()?;
        if current.user.administers() {
            Ok(current)
        } else {
            Err(Failure::NotFound.into())
        }
    }

    /// Why the form of this page was refused.
    pub fn refusal(&self) -> Option<Refusals> {
        match &self.flash {
            Some(Flash::Refused { page, refusal }) if page == self.uri.path() => Some(*refusal),
            _ => None,
        }
    }

    /// The next page: the one in the query, otherwise the dashboard.
    pub fn next(&self) -> NextPath {
        query_value(self.uri, "next").map_or_else(NextPath::home, |next| NextPath::or_home(&next))
    }
}

/// A value in the query of a URL.
pub fn query_value(uri: &Uri, wanted: &str) -> Option<String> {
    let query = uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == wanted)
        .map(|(_, value)| value.into_owned())
}
