//! The edge of the server functions: what they accept, and how their errors are answered.

use super::{
    context::PlainForm,
    failures::{dress, wants_html},
    origin::FromAnywhere,
};
use crate::error::AppError;
use axum::{
    body::{Body, HttpBody, to_bytes},
    extract::Request,
    http::{HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_body_util::LengthLimitError;
use leptos::server_fn::error::SERVER_FN_ERROR_HEADER;
use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

const FORM: &[u8] = b"application/x-www-form-urlencoded";

/// An error that crosses to the browser is one word.
const MAX_ERROR_BYTES: usize = 256;

/// Whether a request has come in whole.
#[derive(Clone)]
pub struct Arrival(Arc<AtomicBool>);

impl Arrival {
    /// A request without a body is here with its header.
    pub fn of(body: &Body) -> Self {
        Self(Arc::new(AtomicBool::new(body.is_end_stream())))
    }

    pub fn is_complete(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn complete(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs a server function.
///
/// A plain form is marked, and its `Accept` no longer says HTML further in: Leptos would else
/// redirect to the `Referer`, which is missing or foreign at times, with the error in the URL,
/// where any link could forge it. The functions redirect plain forms themselves.
pub async fn edge(mut request: Request, next: Next) -> Response {
    if !is_form(&request) {
        // What shows where it comes from by a field of its form shows nothing without one.
        return match request.extensions().get::<FromAnywhere>() {
            Some(_) => AppError::CrossSite.into_response(),
            None => AppError::UnsupportedMediaType.into_response(),
        };
    }
    if wants_html(request.headers()) {
        request.extensions_mut().insert(PlainForm);
        request
            .headers_mut()
            .insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    }
    match with_whole_body(request).await {
        Ok(request) => with_status(next.run(request).await).await,
        Err(failure) => failure.into_response(),
    }
}

/// Reads the body before the function runs, so that one that is too large, broken off or no text
/// is answered as such. Its size is bounded by the layer that counts it.
async fn with_whole_body(request: Request) -> Result<Request, AppError> {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.map_err(|error| {
        if is_length_limit(&error) {
            AppError::TooLarge
        } else {
            AppError::BadRequest
        }
    })?;
    if let Some(arrival) = parts.extensions.get::<Arrival>() {
        arrival.complete();
    }
    if str::from_utf8(&bytes).is_err() || has_nested_names(&bytes) {
        return Err(AppError::BadRequest);
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// Leptos's reader takes `[password]` for `password`; for every other one it is another field. Where two
/// are sent, whoever looked at the form before us would have seen another password than we check.
fn has_nested_names(form: &[u8]) -> bool {
    url::form_urlencoded::parse(form).any(|(name, _)| name.contains('['))
}

fn is_length_limit(error: &(dyn Error + 'static)) -> bool {
    error.is::<LengthLimitError>() || error.source().is_some_and(is_length_limit)
}

/// Forms only: no other encoding is read, so none can be used to slip past a check. A function
/// without arguments may be called without a body.
fn is_form(request: &Request) -> bool {
    match request.headers().get(header::CONTENT_TYPE) {
        Some(value) => {
            let essence = value
                .as_bytes()
                .split(|&byte| byte == b';')
                .next()
                .unwrap_or_default();
            essence.trim_ascii().eq_ignore_ascii_case(FORM)
        }
        None => {
            !request.headers().contains_key(header::TRANSFER_ENCODING)
                && request
                    .headers()
                    .get(header::CONTENT_LENGTH)
                    .is_none_or(|length| length == "0")
        }
    }
}

/// Leptos answers every typed error with 500; programs expect the status of the error.
async fn with_status(response: Response) -> Response {
    if !response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, MAX_ERROR_BYTES).await.unwrap_or_default();
    let failure = serde_json::from_slice(&bytes).unwrap_or(AppError::Internal);
    let mut response = Response::from_parts(parts, Body::from(bytes));
    dress(&mut response, failure);
    response
}
