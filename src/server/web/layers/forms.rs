//! The middleware of the server functions: which requests they accept, that they run to their end, and how their
//! errors are answered.

use super::{
    failures::{mark_as_failure, wants_html},
    forwarded::Client,
    guard,
    origin::UnknownOrigin,
};
use crate::{
    error::{AppError, Failure},
    server::{
        core::sessions::pending::PendingSession,
        web::{
            budget::Allocation, connection::InFlight, connection_slots::ConnectionSlot,
            context::PlainForm, state::AppState, target::Target,
        },
    },
};
use axum::{
    Extension,
    body::{Body, HttpBody, to_bytes},
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_body_util::{BodyExt, LengthLimitError};
use leptos::server_fn::error::SERVER_FN_ERROR_HEADER;
use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};
use tracing::Instrument;

const FORM: &[u8] = b"application/x-www-form-urlencoded";

/// A serialised error is a word, or a list of refusals. The longest list has 288 bytes.
const MAX_ERROR_BYTES: usize = 512;

/// They stop when their connection is closed: no client would have the session.
const SIGN_INS: [&str; 3] = ["/api/login", "/api/login_with_key", "/api/v1/token"];

/// A body may be slow at first, such as on a phone that searches for its network. After that it has to arrive at this
/// rate at least: a fraction of the slowest mobile networks (GPRS, 2 kB/s).
const BODY_GRACE: Duration = Duration::from_secs(5);
const MIN_BYTES_PER_SECOND: u32 = 512;

/// Whether a request has arrived completely.
#[derive(Clone)]
pub struct Arrival(Arc<AtomicBool>);

impl Arrival {
    /// A request without a body is complete with its header.
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
/// A plain form is marked, and HTML is removed from its `Accept`. Otherwise Leptos would redirect to the `Referer`,
/// which may be missing or foreign, with the error in the URL, where any link could forge it. The functions redirect
/// plain forms themselves.
pub async fn run_function(
    State(state): State<AppState>,
    Extension(target): Extension<Target>,
    mut request: Request,
    next: Next,
) -> Response {
    if let Some(refusal) = guard::refuse_without_credential(target, &request) {
        return refusal;
    }
    if !is_form(&request) {
        // A request that proves its origin by a form field proves nothing without a form.
        if request.extensions().get::<UnknownOrigin>().is_some() {
            return Failure::CrossSite.into_response();
        }
        // A dead session is reported before a wrong media type: programs rely on it, and `vestibule doctor`.
        let parts = guard::parts_of(&request);
        let refusal = guard::authorise(&state, target, parts).await.err();
        return refusal.unwrap_or_else(|| Failure::UnsupportedMediaType.into_response());
    }
    if wants_html(request.headers()) {
        request.extensions_mut().insert(PlainForm);
        request
            .headers_mut()
            .insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    }
    match run_with_body(&state, request, next, is_flat_form).await {
        Ok(response) => with_status(response).await,
        Err(failure) => failure.into_response(),
    }
}

/// Whether a request runs to its end if its connection is closed before the answer.
pub fn outlives_its_connection(request: &Request) -> bool {
    let path = request.uri().path();
    !request.method().is_safe() && path.starts_with("/api/") && !SIGN_INS.contains(&path)
}

/// Runs a function or an operation, after its body has arrived and is as its parser expects it.
pub async fn run_with_body(
    state: &AppState,
    mut request: Request,
    next: Next,
    is_expected: fn(&[u8]) -> bool,
) -> Result<Response, AppError> {
    let client = request.extensions().get::<Client>();
    let address = client.ok_or(Failure::Internal)?.address;
    let pending = PendingSession::default();
    request.extensions_mut().insert(pending.clone());
    let outlives = outlives_its_connection(&request);
    // Released when the function is over.
    let mut body_bytes = state.body_bytes.for_address(address);
    let request = with_buffered_body(request, &mut body_bytes, is_expected).await?;
    let mut response = if outlives {
        let mut permit = state.running_functions.for_address(address);
        if !permit.try_grow(1) {
            tracing::warn!(%address, "too many functions are running");
            return Err(Failure::Unavailable.into());
        }
        run_detached(request, next, (permit, body_bytes)).await?
    } else {
        next.run(request).await
    };
    response.extensions_mut().insert(pending);
    Ok(response)
}

/// Runs a function in a task of its own: a user who signs out and closes the window is signed out. Neither the
/// end of the connection nor the timeout of the request ends the task (ADR 30).
async fn run_detached(
    request: Request,
    next: Next,
    allocations: (Allocation, Allocation),
) -> Result<Response, AppError> {
    let (sender, receiver) = oneshot::channel();
    let in_flight = request.extensions().get::<InFlight>().cloned();
    let work = async move {
        let response = next.run(request).await;
        if let Err(response) = sender.send(response) {
            let status = response.status().as_u16();
            tracing::info!(status, "carried out, but its answer was not delivered");
        }
        drop((allocations, in_flight));
    };
    tokio::spawn(work.in_current_span());
    // A panic drops the sender.
    receiver
        .await
        .map_err(|_| AppError::Failed(Failure::Internal))
}

/// Reads the body before the function runs, so that one that is too large, incomplete or malformed is answered as such.
/// The body limit layer bounds its size, and the budget that of all together.
async fn with_buffered_body(
    request: Request,
    allocation: &mut Allocation,
    is_expected: fn(&[u8]) -> bool,
) -> Result<Request, AppError> {
    let (parts, body) = request.into_parts();
    let bytes = read_body(body, allocation).await?;
    if parts
        .extensions
        .get::<ConnectionSlot>()
        .is_some_and(ConnectionSlot::is_closing)
    {
        return Err(Failure::Timeout.into());
    }
    if let Some(arrival) = parts.extensions.get::<Arrival>() {
        arrival.complete();
    }
    if !is_expected(&bytes) {
        return Err(Failure::BadRequest.into());
    }
    Ok(Request::from_parts(parts, Body::from(bytes)))
}

/// Copies each piece: a slice of hyper's buffer would keep the whole buffer alive, even if it is small.
async fn read_body(mut body: Body, allocation: &mut Allocation) -> Result<Vec<u8>, AppError> {
    let mut bytes = Vec::new();
    let mut deadline = Instant::now() + BODY_GRACE;
    while let Some(frame) = timeout_at(deadline, body.frame())
        .await
        .map_err(|_| Failure::Timeout)?
    {
        let frame = frame.map_err(|error| {
            if is_length_limit(&error) {
                AppError::Failed(Failure::TooLarge)
            } else {
                AppError::Failed(Failure::BadRequest)
            }
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if !allocation.try_grow(data.len()) {
            tracing::warn!("the budget for request bodies is used up");
            return Err(Failure::Unavailable.into());
        }
        let received = u32::try_from(data.len()).unwrap_or(u32::MAX);
        deadline += Duration::from_secs(1) * received / MIN_BYTES_PER_SECOND;
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// Text, without nested names. Leptos's parser takes `[password]` for `password`; for other parsers it is another
/// field. If both are sent, a filter in front of us would have checked another password than we do.
fn is_flat_form(form: &[u8]) -> bool {
    str::from_utf8(form).is_ok()
        && !url::form_urlencoded::parse(form).any(|(name, _)| name.contains('['))
}

fn is_length_limit(error: &(dyn Error + 'static)) -> bool {
    error.is::<LengthLimitError>() || error.source().is_some_and(is_length_limit)
}

/// Forms only: no other encoding is parsed, so none can bypass a check. A function without arguments may be called
/// without a body.
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
    let failure = serde_json::from_slice(&bytes).unwrap_or(AppError::Failed(Failure::Internal));
    let mut response = Response::from_parts(parts, Body::from(bytes));
    mark_as_failure(&mut response, failure);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::password::PasswordRefusal,
        error::{Refusal, Refusals},
    };
    use axum::http::StatusCode;
    use std::iter::repeat_n;

    /// A list that was cut off would be answered as a failure of the server.
    #[tokio::test]
    async fn the_longest_list_of_refusals_is_read_whole() {
        // The one with the longest word and the longest number, as often as a list can have it.
        let longest = Refusal::from(PasswordRefusal::TooShort { min: usize::MAX });
        let list = AppError::from(Refusals::of(repeat_n(longest, 9)).unwrap());
        let sent = serde_json::to_string(&list).unwrap();
        let response = Response::builder().header(SERVER_FN_ERROR_HEADER, "");
        let response = with_status(response.body(Body::from(sent)).unwrap()).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
}
