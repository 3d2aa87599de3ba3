//! The headers that tell browsers what they may do with our answers.

use super::state::AppState;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};

/// For answers that are no pages: nothing may run, load or frame them (ASVS V3.2.1).
const POLICY_WITHOUT_SCRIPTS: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The policy of a page that hydrates: only scripts with this answer's nonce run, and what they
/// load; WebAssembly may be compiled, but no text may be run as script (ASVS V3.4.3).
///
/// While `cargo leptos watch` runs, its reload socket is allowed beside, and only then.
pub fn page_policy(nonce: &str, reload_socket: Option<&str>) -> HeaderValue {
    let socket = reload_socket
        .map(|socket| format!(" {socket}"))
        .unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'{socket}; manifest-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static(POLICY_WITHOUT_SCRIPTS))
}

/// Puts the headers on every answer, failures included. What an answer has set itself stays.
pub async fn secure(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    default(
        headers,
        header::CONTENT_SECURITY_POLICY,
        POLICY_WITHOUT_SCRIPTS,
    );
    // Everything depends on who asks, unless an answer says otherwise: neither a shared cache nor
    // the back/forward cache may keep it (ASVS V14.3.2; CVE-2025-48947).
    default(headers, header::CACHE_CONTROL, "no-store");
    default(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    // Not `no-referrer`: with it browsers send `Origin: null` with our own forms.
    default(headers, header::REFERRER_POLICY, "same-origin");
    default(headers, header::X_FRAME_OPTIONS, "DENY");
    default(
        headers,
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    );
    default(
        headers,
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    );
    if let Some(hsts) = state.hsts {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static(hsts),
        );
    }
    response
}

fn default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers
        .entry(name)
        .or_insert(HeaderValue::from_static(value));
}
