//! The target after signing in.

use crate::domain::page::{API_VIEWER, Page};
use std::fmt;

/// A path of this site that is safe to redirect to.
///
/// Only [`NextPath::of_site`] creates one, so that neither an open redirect (ASVS V3.7.2) nor a header injection can
/// reach a `Location`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextPath(String);

/// No path of ours is longer, and a longer one would only bloat the redirect.
const MAX_BYTES: usize = 2048;

/// Pages that would redirect in a circle, or sign the user out again.
const NOT_A_DESTINATION: [Page; 4] = [Page::Login, Page::LoginKey, Page::Logout, Page::SignedOut];

impl NextPath {
    /// Accepts a path (with query) of this site to which a sign-in may lead.
    pub fn parse(text: &str) -> Option<Self> {
        let path = text.split(['?', '#']).next().unwrap_or_default();
        let page = path.trim_end_matches('/');
        let destination = NOT_A_DESTINATION.iter().all(|one| one.path() != page);
        Self::of_site(text).filter(|_| destination)
    }

    /// Accepts a path (with query) of this site, whatever its page; `None` for anything that a browser could parse as
    /// another site or that could break a header.
    ///
    /// Browsers treat `\` as `/` and drop tabs and line breaks from a URL, so `/\evil` and
    /// `/<tab>/evil` lead away although they begin with one slash.
    pub fn of_site(text: &str) -> Option<Self> {
        let path = text.split(['?', '#']).next().unwrap_or_default();
        let ours = text.len() <= MAX_BYTES
            && text.starts_with('/')
            && !text.starts_with("//")
            && text
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
            && !path.split('/').any(is_dots)
            && (!path.starts_with("/api/") || path == API_VIEWER);
        ours.then(|| Self(text.to_owned()))
    }

    /// The requested path if it is one of ours, else the dashboard.
    pub fn or_home(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(Self::home)
    }

    pub fn home() -> Self {
        Self(Page::Dashboard.path().to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_home(&self) -> bool {
        self.0 == Page::Dashboard.path()
    }

    /// The address of the sign-in page that leads back to this path.
    pub fn login_page(&self) -> String {
        if self.is_home() {
            Page::Login.path().to_owned()
        } else {
            format!("{}?next={}", Page::Login.path(), encode(&self.0))
        }
    }

    /// The address of the page for signing in with an access key, which leads back to this path.
    pub fn login_key_page(&self) -> String {
        format!("{}?next={}", Page::LoginKey.path(), encode(&self.0))
    }

    /// The address of the page that asks for the password again and leads back to this path.
    pub fn confirm_page(&self) -> String {
        format!("{}?next={}", Page::Confirm.path(), encode(&self.0))
    }

    /// The sign-in page, as a check whether the browser kept the new cookie: with it the page redirects at once,
    /// without it the page explains.
    pub fn cookie_check_page(&self) -> String {
        format!(
            "{}?cookie-check&next={}",
            Page::Login.path(),
            encode(&self.0)
        )
    }
}

impl fmt::Display for NextPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Browsers remove these segments from a path (WHATWG URL, single-dot and double-dot segments), in every spelling:
/// `/%2e/login` is `/login`, despite its first segment.
fn is_dots(segment: &str) -> bool {
    let plain = segment.to_ascii_lowercase().replace("%2e", ".");
    matches!(plain.as_str(), "." | "..")
}

/// Percent-encodes what would end or split a query value; the input is printable ASCII.
fn encode(path: &str) -> String {
    path.chars()
        .fold(String::with_capacity(path.len()), |mut out, c| {
            match c {
                '&' | '+' | '#' | '%' | '"' | '<' | '>' => {
                    out.push_str(&format!("%{:02X}", c as u8))
                }
                _ => out.push(c),
            }
            out
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_this_site_pass() {
        for path in [
            "/",
            "/dashboard",
            "/account?tab=1&x=%20",
            "/a/b-c_d~e.f",
            "/x#part",
        ] {
            assert_eq!(
                NextPath::parse(path).map(|p| p.to_string()).as_deref(),
                Some(path)
            );
        }
    }

    #[test]
    fn unsafe_paths_become_the_dashboard() {
        let hostile = [
            "",
            "dashboard",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil",
            "https://evil.example",
            "https:evil.example",
            "javascript:alert(1)",
            "/\t/evil",
            "/\r\nSet-Cookie: a=b",
            "/a\nb",
            "/\u{0}",
            "/é",
            "/ x",
            "/../x",
            "/a/..",
            "/./x",
            "/%2e/login",
            "/a/%2E%2e/api/logout",
            "/.%2e/x",
            "/login",
            "/login/",
            "/login?next=/login",
            "/logout",
            "/signed-out",
            "/api/logout",
        ];
        for text in hostile {
            assert!(
                NextPath::or_home(text).is_home(),
                "{text:?} must not be followed"
            );
        }
        assert!(NextPath::parse(&format!("/{}", "a".repeat(MAX_BYTES))).is_none());
    }

    #[test]
    fn the_sign_in_page_encodes_the_path_as_one_value() {
        let next = NextPath::or_home("/a?b=1&c=%20#d");
        assert_eq!(next.login_page(), "/login?next=/a?b=1%26c=%2520%23d");
        assert_eq!(NextPath::home().login_page(), "/login");
    }
}
