//! `/api/docs`: Swagger UI on a page of ours, under the policy of every page. Its files are inside the program.

use crate::{
    domain::site,
    error::{AppError, Failure},
    server::web::{
        context::{Caller, new_nonce},
        layers::headers::{page_policy, set_document_headers},
    },
};
use axum::{
    Extension,
    extract::Path,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// The files of the page.
pub const FILES: &str = "/api/docs/{file}";

/// It starts Swagger UI: an inline script would need another policy.
const SCRIPT: &str = include_str!("viewer/viewer.js");

/// They change with the program, which may be replaced at any time.
const CACHE: &str = "private, max-age=3600";

/// In a browser that is signed in, requests use its session, by the cookie. The form that signs in would be refused.
const SIGNED_IN: &str = r#"<div class="swagger-ui" data-session><p class="wrapper markdown">You are signed in: “Execute” uses your session, and changes are real.
<a class="link" href="/dashboard">Your account</a></p></div>
"#;

/// The page.
pub async fn page(Extension(caller): Extension<Caller>) -> Response {
    let nonce = new_nonce();
    let title = site::NAME;
    let notice = match caller {
        Caller::SignedIn(_) => SIGNED_IN,
        _ => "",
    };
    let html = format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no">
<title>API – {title}</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
<script defer src="/api/docs/swagger-ui-bundle.js" nonce="{nonce}"></script>
<script defer src="/api/docs/viewer.js" nonce="{nonce}"></script>
</head>
<body>
{notice}<div id="viewer"></div>
<noscript><p>This page needs scripts. <a href="/api/v1/openapi.json">The document of the API</a> does not.</p></noscript>
</body>
</html>
"#
    );
    let mut headers = HeaderMap::new();
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CONTENT_SECURITY_POLICY, page_policy(&nonce, None));
    set_document_headers(&mut headers, html.as_bytes());
    (headers, html).into_response()
}

/// One of its files, and no other file of Swagger UI: its own start page runs inline scripts.
pub async fn file(Path(name): Path<String>) -> Result<Response, AppError> {
    let (kind, content) = match &*name {
        "viewer.js" => ("text/javascript; charset=utf-8", SCRIPT.as_bytes().into()),
        "swagger-ui-bundle.js" => ("text/javascript; charset=utf-8", swagger_ui(&name)?),
        "swagger-ui.css" => ("text/css; charset=utf-8", swagger_ui(&name)?),
        _ => return Err(Failure::NotFound.into()),
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, CACHE)];
    Ok((headers, content.into_owned()).into_response())
}

fn swagger_ui(name: &str) -> Result<std::borrow::Cow<'static, [u8]>, AppError> {
    let config = Arc::new(utoipa_swagger_ui::Config::new([""; 0]));
    let found = utoipa_swagger_ui::serve(name, config).ok().flatten();
    Ok(found.ok_or(Failure::NotFound)?.bytes)
}
