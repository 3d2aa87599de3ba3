//! Access control: every route is private unless its target is public.
//!
//! Who may see a page, a download or a stream is in their tables in [`crate::domain::page`]; the public functions are
//! in [`crate::server::web::target`].

use super::{
    credential,
    failures::wants_html,
    origin::{self, UnknownOrigin},
};
use crate::{
    domain::{
        next_path::NextPath,
        page::{Access, Download, Stream},
    },
    error::{AppError, Failure},
    server::{
        core::sessions::{self, Resumed},
        web::{
            context::Caller,
            cookies::session::session_token,
            json::rejection::Rejection,
            state::AppState,
            streams,
            target::{Demand, LOGOUT, Target},
        },
    },
};
use axum::{
    Extension,
    extract::{Request, State},
    http::{Extensions, HeaderMap, Method, StatusCode, Uri},
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
    let parts = parts_of(&request);
    match authorise(&state, target, parts).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller.clone());
            remember(next.run(request).await, caller)
        }
        Err(refusal) => refusal,
    }
}

/// The page of a failure shows who is signed in.
fn remember(mut response: Response, caller: Caller) -> Response {
    if response.status().is_client_error() || response.status().is_server_error() {
        response.extensions_mut().insert(caller);
    }
    response
}

/// The same for a path without a target: it is public, and nothing else looks the session up.
pub async fn recognise(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let shown = wants_html(request.headers()).then(|| session_token(request.headers()));
    let response = next.run(request).await;
    if response.status() != StatusCode::NOT_FOUND {
        return response;
    }
    let Some(Some(token)) = shown else {
        return response;
    };
    match sessions::peek_with_sign_ins(&state.core, &token).await {
        Ok(Resumed::Live(current)) => remember(response, Caller::SignedIn(current)),
        // Without the person it is still the page that was asked for.
        Ok(Resumed::Superseded(_) | Resumed::Ended(_) | Resumed::Unknown) | Err(_) => response,
    }
}

/// The parts of a request by which its caller is identified.
type Parts<'a> = (&'a Method, &'a Uri, &'a HeaderMap, &'a Extensions);

pub fn parts_of(request: &Request) -> Parts<'_> {
    (
        request.method(),
        request.uri(),
        request.headers(),
        request.extensions(),
    )
}

/// Returns the caller, or the answer to a caller without permission.
pub async fn authorise(
    state: &AppState,
    target: Target,
    parts: Parts<'_>,
) -> Result<Caller, Response> {
    let (method, uri, headers, extensions) = parts;
    let identified = credential::identify(state, target, method, headers, extensions).await;
    let caller = identified.map_err(AppError::into_response)?;
    match refusal_of(&caller, target, uri, extensions) {
        Some(refusal) => Err(remember(refusal, caller)),
        None => Ok(caller),
    }
}

fn refusal_of(
    caller: &Caller,
    target: Target,
    uri: &Uri,
    extensions: &Extensions,
) -> Option<Response> {
    // Signing out is checked by its function, which reads the form.
    let acts_for_user = matches!(caller, Caller::SignedIn(_) | Caller::Confirming(_))
        && target != Target::Function(LOGOUT);
    if acts_for_user
        && extensions.get::<UnknownOrigin>().is_some()
        && let Err(refusal) = origin::demand_own(false)
    {
        return Some(refusal.into_response());
    }
    match (caller, target.access()) {
        (Caller::InvalidToken, _) => return Some(refuse(target, caller, uri)),
        (_, Access::Anyone) => {}
        (Caller::Ended(_) | Caller::Anonymous, _) => return Some(refuse(target, caller, uri)),
        (caller, Access::Administrator) if !caller.administers() => {
            return Some(Failure::NotFound.into_response());
        }
        // Only the confirmation of the password gets a confirming caller.
        (
            Caller::SignedIn(_)
            | Caller::WithToken(..)
            | Caller::WithKey(_)
            | Caller::Confirming(_),
            _,
        ) => {}
    }
    refuse_scope(target, caller)
}

/// The refusal of a credential without the scope of a target. The role was demanded before: such a credential belongs to
/// somebody for whom the target exists.
fn refuse_scope(target: Target, caller: &Caller) -> Option<Response> {
    let has = |scope| caller.scopes().contains(scope);
    match (target, caller) {
        (Target::Api(Demand::Scope(scope)), _) if !has(scope) => {
            Some(Rejection::missing_scope(scope).into_response())
        }
        (Target::Api(Demand::Owner | Demand::Administrator), _) if !caller.has_everything() => {
            Some(Rejection::session_needed().into_response())
        }
        // It is the cookie that is refreshed or followed.
        (
            Target::Api(Demand::Cookie | Demand::Watch),
            Caller::WithKey(_) | Caller::WithToken(..),
        ) => Some(Rejection::session_needed().into_response()),
        (Target::Api(_), _) => None,
        // A session that was started with an access key may use the targets that name a scope of it, and public ones.
        (target, Caller::SignedIn(current)) if current.session.key.is_some() => {
            let is_permitted = target.access() == Access::Anyone
                || target.concerns_own_session()
                || target.scope().is_some_and(has);
            (!is_permitted).then(|| Failure::NotPermitted.into_response())
        }
        _ => None,
    }
}

/// The refusal of a private target without any credential. It needs neither a query of the database nor the
/// body of the request.
pub fn refuse_without_credential(target: Target, request: &Request) -> Option<Response> {
    let is_public = target.access() == Access::Anyone;
    let has_credential = credential::is_present(target, request.headers());
    (!is_public && !has_credential).then(|| refuse(target, &Caller::Anonymous, request.uri()))
}

/// A page redirects to the sign-in page, which leads back; everything else answers 401.
fn refuse(target: Target, caller: &Caller, uri: &Uri) -> Response {
    match (target, caller) {
        (Target::Page(_) | Target::Viewer(_), _) => {
            Redirect::to(&return_path(uri).login_page()).into_response()
        }
        (Target::Download(file), _) => {
            Redirect::to(&return_path_of_download(file, uri).login_page()).into_response()
        }
        // A page that was suspended during its time-out gets the reason.
        (Target::Stream(Stream::Session), Caller::Ended(reason)) => {
            streams::session::ended_response(*reason)
        }
        (Target::Stream(_) | Target::Function(_) | Target::Api(_), _) => {
            Failure::NotSignedIn.into_response()
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::scope::Scope,
        server::web::json::{problem::tests::user, rejection::Cause},
    };

    #[test]
    fn a_session_has_the_scopes_of_its_role_and_never_that_of_a_resource_server() {
        let (ada, root) = (Caller::SignedIn(user(false)), Caller::SignedIn(user(true)));
        let permits = |caller: &Caller, scope| {
            let refused = refuse_scope(Target::Api(Demand::Scope(scope)), caller);
            let cause = refused.map(|answer| answer.extensions().get::<Cause>().copied());
            assert!(cause.is_none() || cause == Some(Some(Cause::MissingScope(scope))));
            cause.is_none()
        };
        for &scope in Scope::ALL {
            let is_for_key = scope == Scope::TokensIntrospect;
            assert_eq!(permits(&root, scope), !is_for_key, "{scope:?}");
            let is_own = !scope.is_for_administrators();
            assert_eq!(permits(&ada, scope), is_own, "{scope:?}");
            assert!(!permits(&Caller::Anonymous, scope), "{scope:?}");
        }
    }
}
