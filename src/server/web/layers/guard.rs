//! Who may see what: every route is private unless it says that it is public.

use super::origin::{self, FromAnywhere};
use crate::{
    app::{self, Access},
    domain::{next_path::NextPath, session::CurrentUser},
    error::AppError,
    server::{
        core::sessions::{self, Resumed},
        db::StoreError,
        token::SessionToken,
        web::{context::Caller, cookies, seats::Seat, state::AppState},
    },
};
use axum::{
    extract::{Request, State},
    http::{Extensions, HeaderMap, Uri},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

/// Looks the session up, once a request, and lets nobody without one onto a private path.
///
/// The decision is made before anything is rendered, so that no private pixel can be painted for
/// a signed-out visitor. A dead cookie is anonymous and is not cleared here: this answer may come
/// later than the one that sets the cookie of a newer sign-in in another tab.
pub async fn resume(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let asked = (request.uri(), request.headers(), request.extensions());
    match admit(&state, asked).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(refusal) => refusal,
    }
}

/// The caller, or the answer to a caller without permission.
///
/// # Errors
/// That answer.
pub async fn admit(
    state: &AppState,
    (uri, headers, extensions): (&Uri, &HeaderMap, &Extensions),
) -> Result<Caller, Response> {
    let token = cookies::session::session_token(headers);
    let path = uri.path();
    let caller = match &token {
        Some(token) => match resumed(state, token, path).await {
            Ok(Resumed::Live(user)) => {
                if let Some(seat) = extensions.get::<Seat>() {
                    seat.has_session();
                }
                Caller::SignedIn(user)
            }
            Ok(Resumed::Superseded(user)) => on_grace(path, user),
            Ok(Resumed::Ended(reason)) => Caller::Ended(reason),
            Ok(Resumed::Unknown) => Caller::Anonymous,
            Err(error) => return Err(AppError::from(error).into_response()),
        },
        None => Caller::Anonymous,
    };
    // Signing out is left to its function, which reads the form.
    let acts_for_somebody =
        matches!(caller, Caller::SignedIn(_) | Caller::Confirming(_)) && path != "/api/logout";
    if acts_for_somebody
        && extensions.get::<FromAnywhere>().is_some()
        && let Err(refusal) = origin::demand_own(false)
    {
        return Err(refusal.into_response());
    }
    match &caller {
        _ if app::is_public(path) => {}
        Caller::SignedIn(current) => {
            let is_for_administrators = app::access_to(path) == Some(Access::Administrator);
            if is_for_administrators && !current.user.administers() {
                return Err(AppError::NotFound.into_response());
            }
        }
        // Only made for the path on which the password is confirmed.
        Caller::Confirming(_) => {}
        Caller::Ended(_) | Caller::Anonymous => return Err(refuse(uri)),
    }
    Ok(caller)
}

/// What a browser may do whose token was replaced a moment ago, where the answer may not have arrived: read pages, and
/// confirm the password again. It changes nothing, and takes no file home. (Signing out asks for no session.)
fn on_grace(path: &str, user: Box<CurrentUser>) -> Caller {
    if app::is_page(path) {
        Caller::SignedIn(user)
    } else if path == app::CONFIRMATION {
        Caller::Confirming(user)
    } else {
        Caller::Anonymous
    }
}

/// They end the session that asks, or write when it was used: "last seen" beside them would only be in their way.
const WRITE_THEMSELVES: &[&str] = &[
    "/api/logout",
    "/api/end_all_sessions",
    "/api/stay_signed_in",
];

/// The dashboard tells of other sign-ins. They are read with the session: a second statement would cost more than
/// what it finds (ADR 22).
async fn resumed(
    state: &AppState,
    token: &SessionToken,
    path: &str,
) -> Result<Resumed, StoreError> {
    if WRITE_THEMSELVES.contains(&path) {
        sessions::look(&state.core, token).await
    } else if path == NextPath::HOME {
        sessions::resume_with_sign_ins(&state.core, token).await
    } else {
        sessions::resume(&state.core, token).await
    }
}

/// What a private function answers to a request without any cookie of a session, for which the database
/// need not be asked, and of which the body need not be read.
pub fn refuse_without_cookie(request: &Request) -> Option<Response> {
    let is_open = app::is_public(request.uri().path());
    let may_be_signed_in = cookies::session::session_token(request.headers()).is_some();
    (!is_open && !may_be_signed_in).then(|| refuse(request.uri()))
}

/// A page leads to the sign-in page and back again; a server function says 401.
fn refuse(uri: &Uri) -> Response {
    if uri.path().starts_with("/api/") {
        return AppError::NotSignedIn.into_response();
    }
    Redirect::to(&way_back(uri).login_page()).into_response()
}

/// Where whoever asks for this goes on afterwards: there, or where it is a file, to the page on which that
/// stands. A file would be kept, and the page that asked for the password would stay.
pub fn way_back(uri: &Uri) -> NextPath {
    let path = app::page_of(uri.path());
    let back = uri
        .query()
        .map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    NextPath::or_home(&back)
}
