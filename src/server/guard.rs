//! Who may see what: every route is private unless it says that it is public.

use super::{
    context::Caller,
    cookie,
    db::StoreError,
    origin::{self, FromAnywhere},
    sessions::{self, Resumed},
    state::AppState,
    token::SessionToken,
};
use crate::{
    app::{self, Access},
    domain::{next_path::NextPath, session::CurrentUser},
    error::AppError,
};
use axum::{
    extract::{Request, State},
    http::Uri,
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

/// Looks the session up, once a request, and lets nobody without one onto a private path.
///
/// The decision is made before anything is rendered, so that no private pixel can be painted for
/// a signed-out visitor. A dead cookie is anonymous and is not cleared here: this answer may come
/// later than the one that sets the cookie of a newer sign-in in another tab.
pub async fn resume(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let token = cookie::session_token(request.headers());
    let caller = match &token {
        Some(token) => match resumed(&state, token, request.uri().path()).await {
            Ok(Resumed::Live(user)) => Caller::SignedIn(user),
            Ok(Resumed::Superseded(user)) => on_grace(request.uri().path(), user),
            Ok(Resumed::Ended(reason)) => Caller::Ended(reason),
            Ok(Resumed::Unknown) => Caller::Anonymous,
            Err(error) => return AppError::from(error).into_response(),
        },
        None => Caller::Anonymous,
    };
    let path = request.uri().path();
    // Signing out is left to its function, which reads the form.
    let acts_for_somebody =
        matches!(caller, Caller::SignedIn(_) | Caller::Confirming(_)) && path != "/api/logout";
    if acts_for_somebody
        && request.extensions().get::<FromAnywhere>().is_some()
        && let Err(refusal) = origin::demand_own(false)
    {
        return refusal.into_response();
    }
    match &caller {
        _ if app::is_public(path) => {}
        Caller::SignedIn(current) => {
            let is_for_administrators = app::access_to(path) == Some(Access::Administrator);
            if is_for_administrators && !current.user.administers() {
                return AppError::NotFound.into_response();
            }
        }
        // Only made for the path on which the password is confirmed.
        Caller::Confirming(_) => {}
        Caller::Ended(_) | Caller::Anonymous => return refuse(&request),
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
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

/// A page leads to the sign-in page and back again; a server function says 401.
fn refuse(request: &Request) -> Response {
    if request.uri().path().starts_with("/api/") {
        return AppError::NotSignedIn.into_response();
    }
    Redirect::to(&way_back(request.uri()).login_page()).into_response()
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
