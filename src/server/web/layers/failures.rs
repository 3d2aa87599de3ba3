//! The answers to failures: one status, and a page, JSON or plain text, as the client accepts; on the JSON API always
//! a problem.

use super::headers;
use crate::{
    components::failure::FailureDocument,
    domain::{
        frame::Frame,
        page::Page,
        views::{RenderedFor, SignOutProof},
    },
    error::{AppError, Failure},
    server::{
        core::sessions::sign_out_proof,
        web::{
            context::{Caller, new_nonce},
            frame, html,
            json::problem,
            layers::bearer,
            pages::new_sign_ins,
            state::AppState,
            target::is_api,
        },
    },
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use leptos::prelude::*;

/// The answer to a failure, before its body is chosen for the client.
impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let mut response = status_of(self).into_response();
        mark_as_failure(&mut response, self);
        response
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        AppError::from(self).into_response()
    }
}

/// Marks a response as a failure, with its status and `Retry-After`.
pub fn mark_as_failure(response: &mut Response, failure: AppError) {
    *response.status_mut() = status_of(failure);
    if let Some(seconds) = failure.retry_after() {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, seconds.into());
    }
    response.extensions_mut().insert(failure);
}

fn status_of(failure: AppError) -> StatusCode {
    StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Whether a browser will show the answer to a user. Not every browser names HTML in `Accept`, so programs are
/// recognised instead: they name JSON, as our own script does, or events. If the browser sends fetch metadata, only a
/// navigation shows the answer.
pub fn wants_html(headers: &HeaderMap) -> bool {
    let accepts = |kind| {
        let mut accepted = headers.get_all(header::ACCEPT).iter();
        accepted.any(|accept| String::from_utf8_lossy(accept.as_bytes()).contains(kind))
    };
    if accepts("text/html") {
        return true;
    }
    match headers.get("sec-fetch-mode") {
        Some(mode) => mode == "navigate",
        None => !(accepts("application/json") || accepts("text/event-stream")),
    }
}

/// Gives every failure, our own and those of libraries, a body in the client's format.
pub async fn answer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    // These are requested by probes and from a terminal, not by browsers.
    let is_probe = matches!(request.uri().path(), "/healthz" | "/readyz");
    let html = wants_html(request.headers()) && !is_probe;
    let is_api = is_api(request.uri().path());
    let sent_bearer = bearer::is_present(request.headers());
    let frame = html.then(|| {
        let parts = (request.method(), request.uri(), request.headers());
        frame::of(&state, None, parts)
    });
    let response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || is_html(&response) {
        return response;
    }
    let failure = response
        .extensions()
        .get::<AppError>()
        .copied()
        .unwrap_or_else(|| Failure::of_status(status.as_u16()).into());
    match failure {
        // Expected under load, and as frequent as the load: no reason for an alert.
        AppError::Failed(Failure::Busy) => tracing::debug!("too busy"),
        AppError::Failed(failure) if status.is_server_error() => {
            tracing::error!(?failure, "answered");
        }
        AppError::Failed(_) | AppError::Refused(_) => {}
    }
    let cause = response.extensions().get().copied();
    let body = if is_api {
        problem::answer(failure, cause, sent_bearer)
    } else if let Some(frame) = frame {
        page(&state, frame, response.extensions().get(), failure)
    } else {
        json(failure)
    };
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let (page_parts, body) = body.into_parts();
    parts.headers.extend(page_parts.headers);
    Response::from_parts(parts, body)
}

fn is_html(response: &Response) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/html"))
}

/// A request whose cookies are too large is followed by one for the stylesheet with the same cookies, which is refused
/// too.
const STYLE_OF_TOO_LARGE: &str = include_str!("../../../../style/alone.css");

/// Rendered outside of a Leptos request: it is not hydrated. The one script follows the session of the person whom the
/// page names.
fn page(state: &AppState, frame: Frame, caller: Option<&Caller>, failure: AppError) -> Response {
    let style =
        (failure == AppError::Failed(Failure::HeaderTooLarge)).then_some(STYLE_OF_TOO_LARGE);
    let frame = Frame {
        person: caller.and_then(frame::person_of),
        // That page is made once, for whichever address was too large.
        here: frame.here.filter(|_| style.is_none()),
        ..frame
    };
    let proof = match caller {
        Some(Caller::SignedIn(current)) => Some(SignOutProof(sign_out_proof::of(
            &state.core,
            &current.session.id,
        ))),
        _ => None,
    };
    let following = caller.and_then(frame::shown_to);
    let here = frame.here.as_deref().unwrap_or(Page::Dashboard.path());
    let news = following.and_then(|current| new_sign_ins(current, here));
    let following =
        following.map(|current| (RenderedFor(current.user.id.short().to_owned()), new_nonce()));
    let policy = match (&following, style) {
        (_, Some(style)) => Some(headers::policy_with_style(style)),
        (Some((_, nonce)), None) => Some(headers::policy_with_scripts(nonce)),
        (None, None) => None,
    };
    let options = state.leptos_options.clone();
    let view = || {
        if let Some(proof) = proof {
            provide_context(proof);
        }
        view! { <FailureDocument options frame failure following news style /> }.to_html()
    };
    let document = html::mend(Owner::new().with(view).as_bytes());
    let mut headers = HeaderMap::new();
    if let Some(policy) = policy {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let content_type = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, content_type);
    headers::set_document_headers(&mut headers, &document);
    (headers, document).into_response()
}

fn json(failure: AppError) -> Response {
    let body = serde_json::to_string(&failure).unwrap_or_default();
    (
        [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        )],
        body,
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_the_default_except_for_programs() {
        for (pairs, html) in [
            (&[][..], true),
            (&[("accept", "*/*")], true),
            (&[("accept", "text/*,image/*,*/*;q=0.2")], true),
            (&[("accept", "text/html,*/*;q=0.8")], true),
            (&[("accept", "application/json")], false),
            (&[("accept", "application/json, text/plain, */*")], false),
            (&[("accept", "text/event-stream")], false),
            (&[("accept", "application/json, text/html")], true),
            (&[("accept", "*/*"), ("sec-fetch-mode", "navigate")], true),
            (&[("accept", "*/*"), ("sec-fetch-mode", "cors")], false),
            (
                &[("accept", "image/avif,*/*"), ("sec-fetch-mode", "no-cors")],
                false,
            ),
        ] {
            let headers = pairs.iter().map(|(name, value)| {
                let name = axum::http::HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            });
            assert_eq!(wants_html(&headers.collect()), html, "{pairs:?}");
        }
    }
}
