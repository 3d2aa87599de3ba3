//! Access control: every route is private unless its target is public.
//!
//! Who may see a page, a download or a stream is in their tables in [`crate::domain::page`]; the public functions are
//! in [`crate::server::web::target`].

use super::{
    credential,
    origin::{self, UnknownOrigin},
};
use crate::{
    domain::{
        next_path::NextPath,
        page::{Access, Download, Stream},
        session::CurrentUser,
    },
    error::{AppError, Failure},
    server::web::{
        context::Caller,
        state::AppState,
        streams,
        target::{LOGOUT, Target},
    },
};
use axum::{
    Extension,
    extract::{Request, State},
    http::{Extensions, HeaderMap, Uri},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

/// Identifies the caller, once a request, and refuses a caller who may not use its target.
///
/// The decision precedes rendering, so that nothing private is ever rendered for a signed-out visitor. A dead cookie
/// is anonymous and is not cleared here. This answer may arrive after one that sets the cookie of a newer sign-in in
/// another tab.
pub async fn protect(
    State(state): State<AppState>,
    Extension(target): Extension<Target>,
    mut request: Request,
    next: Next,
) -> Response {
    let parts = (request.uri(), request.headers(), request.extensions());
    match authorise(&state, target, parts).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => refusal,
    }
}

/// Returns the caller, or the answer to a caller without permission.
pub async fn authorise(
    state: &AppState,
    target: Target,
    (uri, headers, extensions): (&Uri, &HeaderMap, &Extensions),
) -> Result<Caller, Response> {
    let identified = credential::identify(state, target, headers, extensions).await;
    let caller = identified.map_err(|error| AppError::from(error).into_response())?;
    // Signing out is checked by its function, which reads the form.
    let acts_for_user = matches!(caller, Caller::SignedIn(_) | Caller::Confirming(_))
        && target != Target::Function(LOGOUT);
    if acts_for_user
        && extensions.get::<UnknownOrigin>().is_some()
        && let Err(refusal) = origin::demand_own(false)
    {
        return Err(refusal.into_response());
    }
    match (&caller, target.access()) {
        (_, Access::Anyone) => {}
        (Caller::SignedIn(current), Access::Administrator) if !current.user.administers() => {
            return Err(Failure::NotFound.into_response());
        }
        (Caller::SignedIn(current), _) if !permits(target, current) => {
            return Err(Failure::ScopeNeeded.into_response());
        }
        // Only the confirmation of the password gets a confirming caller.
        (Caller::SignedIn(_) | Caller::Confirming(_), _) => {}
        (Caller::Ended(_) | Caller::Anonymous, _) => return Err(refuse(target, &caller, uri)),
    }
    Ok(caller)
}

/// Whether the scopes of a session that was started with an access key permit the target.
fn permits(target: Target, current: &CurrentUser) -> bool {
    let has = |scope| current.scopes().contains(scope);
    current.session.key.is_none()
        || target.concerns_own_session()
        || target.scope().is_some_and(has)
}

/// The refusal of a private function without any session cookie. It needs neither a query of the database nor the
/// body of the request.
pub fn refuse_without_cookie(target: Target, request: &Request) -> Option<Response> {
    let is_public = target.access() == Access::Anyone;
    let has_credential = credential::is_present(request.headers());
    (!is_public && !has_credential).then(|| refuse(target, &Caller::Anonymous, request.uri()))
}

/// A page redirects to the sign-in page, which leads back; everything else answers 401.
fn refuse(target: Target, caller: &Caller, uri: &Uri) -> Response {
    match (target, caller) {
        (Target::Page(_), _) => Redirect::to(&return_path(uri).login_page()).into_response(),
        (Target::Download(file), _) => {
            Redirect::to(&return_path_of_download(file, uri).login_page()).into_response()
        }
        // A page that was suspended during its time-out gets the reason.
        (Target::Stream(Stream::Session), Caller::Ended(reason)) => {
            streams::session::ended_response(*reason)
        }
        (Target::Stream(_) | Target::Function(_), _) => Failure::NotSignedIn.into_response(),
    }
}

/// The target after a sign-in or a confirmation for a download: the page that links the file, with the same query. The
/// file itself would be saved, and the page that asked for the password would stay.
pub fn return_path_of_download(file: Download, uri: &Uri) -> NextPath {
    let page = file.page().path();
    let back = uri
        .query()
        .map_or_else(|| page.to_owned(), |query| format!("{page}?{query}"));
    NextPath::or_home(&back)
}

/// The same for a page: back to it.
pub fn return_path(uri: &Uri) -> NextPath {
    let path = uri.path_and_query();
    path.map_or_else(NextPath::home, |path| NextPath::or_home(path.as_str()))
}
