//! Access tokens as credentials of a request.

use crate::{
    domain::session::CurrentUser,
    server::core::{
        Core,
        sessions::{self, Resumed},
        tokens::{self, Claims, Issuer, NotVerified},
    },
};

/// The session of a token, if the token is valid now: once for each request, always in the database.
///
/// A token ends when its session is authenticated again, by a confirmation or a new password: the session has a new
/// cookie then. Otherwise whoever has copied the old one could go on with a token of it, which would even become fresh.
///
/// # Errors
/// [`NotVerified`], without [`NotVerified::Invalid`].
pub async fn recognise(
    core: &Core,
    issuer: &Issuer,
    text: &str,
) -> Result<Option<(Box<CurrentUser>, Claims)>, NotVerified> {
    let claims = match tokens::verify(core, issuer, text).await {
        Ok(claims) => claims,
        Err(NotVerified::Invalid(_)) => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let Resumed::Live(current) = sessions::peek_by_id(core, &claims.session).await? else {
        return Ok(None);
    };
    let is_of_session = current.user.id == claims.user
        && current.session.authenticated_at == claims.authenticated_at;
    Ok(is_of_session.then_some((current, claims)))
}
