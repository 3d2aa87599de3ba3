//! The security headers of every answer.

use crate::server::web::{html, state::AppState};
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use sha2::{Digest, Sha256};

/// For answers that are no pages: nothing may run, load or frame them (ASVS V3.2.1).
const POLICY_WITHOUT_SCRIPTS: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The policy of a page that hydrates: only scripts with this answer's nonce run, and the scripts that they
/// load. WebAssembly may be compiled, but no text may be evaluated as script (ASVS V3.4.3).
///
/// Under `cargo leptos watch` its reload socket is allowed too. Set by `web::context`, which makes the nonce.
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

/// The policy of a page on which only scripts with this nonce run, none of which loads another one.
pub fn policy_with_scripts(nonce: &str) -> HeaderValue {
    let policy =
        format!("{POLICY_WITHOUT_SCRIPTS}; script-src 'nonce-{nonce}'; connect-src 'self'");
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static(POLICY_WITHOUT_SCRIPTS))
}

/// The policy of a page without scripts, with this one inline style.
pub fn policy_with_style(style: &str) -> HeaderValue {
    let digest = BASE64_STANDARD.encode(Sha256::digest(style));
    let sources = format!("style-src 'self' 'sha256-{digest}'");
    let policy = POLICY_WITHOUT_SCRIPTS.replace("style-src 'self'", &sources);
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static(POLICY_WITHOUT_SCRIPTS))
}

/// Adds the headers to every answer, failures included. Headers that an answer has set are kept.
pub async fn secure(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    default(
        headers,
        header::CONTENT_SECURITY_POLICY,
        POLICY_WITHOUT_SCRIPTS,
    );
    // Answers depend on the user, unless one declares otherwise: neither a shared cache nor the back/forward cache
    // may keep them (ASVS V14.3.2; CVE-2025-48947).
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

/// For documents. Proxies must not change them on the way (RFC 9111, 5.2.2.6): hydration counts nodes, and fails if
/// one is added or removed. The digest shows whether that happened (RFC 9530; ADR 39).
pub fn set_document_headers(headers: &mut HeaderMap, document: &[u8]) {
    let policy = HeaderValue::from_static("no-store, no-transform");
    headers.insert(header::CACHE_CONTROL, policy);
    let digest = BASE64_STANDARD.encode(Sha256::digest(document));
    // The alphabet of base64 is valid in a header, so this cannot fail.
    if let Ok(digest) = HeaderValue::try_from(format!("sha-256=:{digest}:")) {
        headers.insert(HeaderName::from_static("repr-digest"), digest);
    }
}

/// The same for a page that Leptos has rendered.
///
/// # Errors
/// If rendering it failed.
pub async fn with_document_headers(response: Response) -> Result<Response, axum::Error> {
    let (mut parts, body) = response.into_parts();
    // Our own output, and in memory already: it needs no limit.
    let document = html::mend(&axum::body::to_bytes(body, usize::MAX).await?);
    set_document_headers(&mut parts.headers, &document);
    Ok(Response::from_parts(parts, Body::from(document)))
}

fn default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers
        .entry(name)
        .or_insert(HeaderValue::from_static(value));
}
