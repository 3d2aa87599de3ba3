//! Redirects from variants of our addresses.

use crate::{domain::page::Page, error::Failure, server::web::target::is_api};
use axum::{
    extract::Request,
    http::{Method, StatusCode, header, uri::PathAndQuery},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

/// The pages with a field for a code.
const PAGES_WITH_CODES: [Page; 2] = [Page::PasswordLink, Page::Setup];

/// Redirects from a page's path with an appended code to the page, where the code can be typed. Some mail programs
/// and chats write the `#` of a link as `%23`. The answer repeats nothing of it, because proxies log `Location`.
pub async fn without_code(request: Request, next: Next) -> Response {
    let only_reads = matches!(*request.method(), Method::GET | Method::HEAD);
    match page_before_code(request.uri().path()) {
        Some(page) if only_reads => Redirect::to(page).into_response(),
        Some(_) => Failure::NotFound.into_response(),
        None => next.run(request).await,
    }
}

fn page_before_code(path: &str) -> Option<&'static str> {
    let names_a_code = |rest: &str| {
        let separator = rest.bytes().next().unwrap_or_default();
        // `/setup.php` is another address.
        !separator.is_ascii_alphanumeric()
            && !b"-._".contains(&separator)
            && rest.bytes().any(|byte| byte.is_ascii_alphanumeric())
    };
    let mut pages = PAGES_WITH_CODES.into_iter().map(Page::path);
    pages.find(|page| path.strip_prefix(page).is_some_and(names_a_code))
}

/// Redirects from `/login/` to `/login`, and keeps the method. A path that begins with `//` would be another
/// site in a `Location`, so it stays a 404. So does a path of the JSON API: its clients follow the document.
pub async fn without_trailing_slash(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let shorter = path.trim_end_matches('/');
    if is_api(path)
        || shorter.is_empty()
        || shorter.len() == path.len()
        || shorter.starts_with("//")
        || path.contains('\\')
    {
        return next.run(request).await;
    }
    let query = request.uri().path_and_query().and_then(PathAndQuery::query);
    let location = query.map_or_else(|| shorter.to_owned(), |query| format!("{shorter}?{query}"));
    (
        StatusCode::PERMANENT_REDIRECT,
        [(header::LOCATION, location)],
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_with_an_appended_code_redirect_to_the_page() {
        for (path, page) in [
            ("/password-link%23ABC", Some("/password-link")),
            ("/password-link%2523ABC", Some("/password-link")),
            ("/password-link/ABC", Some("/password-link")),
            ("/password-link/ABC/", Some("/password-link")),
            ("/password-link,ABC", Some("/password-link")),
            ("/setup%20ABC", Some("/setup")),
            ("/setup/ABC", Some("/setup")),
            ("/password-link", None),
            ("/password-link/", None),
            ("/password-links", None),
            ("/setup", None),
            ("/setup.php", None),
            ("/login/ABC", None),
            ("/x/password-link%23ABC", None),
        ] {
            assert_eq!(page_before_code(path), page, "{path}");
        }
    }
}
