//! The redirect after signing in, checked by the WHATWG URL parser that browsers have.

use axum::http::{HeaderValue, Uri};
use url::Url;
use vestibule::domain::next_path::NextPath;

/// Characters that confuse parsers of URLs.
pub const CONFUSING: [&str; 22] = [
    "/",
    "//",
    "\\",
    "%2f",
    "%5C",
    "%252f",
    "\t",
    "\r\n",
    "%0d%0a",
    ".",
    "..",
    "%2e%2e",
    ";",
    "?",
    "#",
    "@",
    ":",
    "http:",
    "javascript:",
    "evil.example",
    "&next=//evil.example",
    "\u{3000}",
];

/// An accepted value leads to a page of this site, and arrives there unchanged.
pub fn check(text: &str) {
    let Some(next) = NextPath::parse(text) else {
        assert!(NextPath::or_home(text).is_home());
        return;
    };
    assert_eq!((next.as_str(), next.to_string().as_str()), (text, text));
    // Both uses lead to one target: as `Location`, and as a link on any page.
    for page in [
        "https://vestibule.example",
        "https://vestibule.example/a/b?c#d",
    ] {
        let page = Url::parse(page).expect("a URL");
        let there = page.join(text).expect("a URL");
        assert_eq!(there.origin(), page.origin(), "{text:?} leads to {there}");
        assert_eq!((there.username(), there.password()), ("", None));
        let path = there.path().trim_end_matches('/');
        assert!(
            !there.path().starts_with("/api/"),
            "{text:?} leads to {there}"
        );
        assert!(
            !["/login", "/logout", "/signed-out"].contains(&path),
            "{text:?} leads to {there}"
        );
    }
    check_way(&next.login_page(), &next, &[]);
    check_way(&next.cookie_check_page(), &next, &["cookie-check"]);
}

/// `next` survives the browser's address and our own query unchanged.
fn check_way(page: &str, next: &NextPath, before: &[&str]) {
    let line = HeaderValue::from_str(page).expect("a header value");
    assert!(line.as_bytes().iter().all(u8::is_ascii_graphic), "{page:?}");
    let asked = Url::parse("https://vestibule.example")
        .expect("a URL")
        .join(page)
        .expect("a URL");
    assert_eq!(asked.path(), "/login", "{page:?}");
    let target = &asked[url::Position::BeforePath..url::Position::AfterQuery];
    let target: Uri = target.parse().expect("a request target");
    let query = target.query().unwrap_or_default().as_bytes();
    let pairs: Vec<_> = url::form_urlencoded::parse(query).into_owned().collect();
    let mut expected: Vec<_> = before
        .iter()
        .map(|name| ((*name).to_owned(), String::new()))
        .collect();
    // Without `next` the target is the dashboard.
    if !(next.is_home() && before.is_empty()) {
        expected.push(("next".to_owned(), next.to_string()));
    }
    assert_eq!(pairs, expected, "{page:?}");
}
