//! The checks of the session cookie.

use crate::report::{Check, check};

const UNCHANGED: &str = "Let the proxy pass Set-Cookie on as it came: take out rules such as nginx's \
    proxy_cookie_flags, proxy_cookie_path and proxy_cookie_domain";
const VERSION: &str = "Install an unchanged release: no setting and no proxy makes this difference";

pub(super) const SIGN_IN: Check = check(
    "sign_in",
    "A11",
    "The account signs in by the plain form, and its cookie opens the dashboard",
    "Give a name and a password that work in a browser; behind a proxy, let Cookie and Set-Cookie pass",
);
pub(super) const NAME: Check = check(
    "cookie_name",
    "D1",
    "The session cookie has the prefix __Host-, which browsers enforce",
    UNCHANGED,
);
pub(super) const SECURE: Check = check(
    "cookie_secure",
    "D1",
    "The session cookie is Secure",
    UNCHANGED,
);
pub(super) const PATH: Check = check(
    "cookie_path",
    "D1",
    "The session cookie is for the path /",
    UNCHANGED,
);
pub(super) const DOMAIN: Check = check(
    "cookie_domain",
    "D1",
    "The session cookie names no Domain, so that no other host gets it",
    UNCHANGED,
);
pub(super) const HTTP_ONLY: Check = check(
    "cookie_http_only",
    "D2",
    "The session cookie is HttpOnly: no script reads it",
    UNCHANGED,
);
pub(super) const SAME_SITE: Check = check(
    "cookie_same_site",
    "D3",
    "The session cookie is SameSite=Lax or Strict",
    UNCHANGED,
);
pub(super) const BROWSER_SESSION: Check = check(
    "cookie_ends_with_browser",
    "D4",
    "Without “stay signed in” the cookie goes when the browser is closed",
    UNCHANGED,
);
pub(super) const REMEMBERED: Check = check(
    "cookie_max_age",
    "D4",
    "With “stay signed in” the cookie has a Max-Age of at most 400 days",
    "Lower session.remember_absolute_timeout: browsers keep no cookie for longer",
);
pub(super) const ONE_COOKIE: Check = check(
    "cookie_set_once",
    "D5",
    "Signing in sets exactly one session cookie",
    UNCHANGED,
);
pub(super) const OTHERS: Check = check(
    "other_cookies",
    "D1",
    "Every other cookie is __Host-, Secure, HttpOnly, SameSite and for the path /",
    "Let nothing in front of the server set cookies of its own on this host",
);
pub(super) const LENGTH: Check = check(
    "token_length",
    "C1",
    "A token has room for 256 random bits",
    VERSION,
);
pub(super) const FRESH: Check = check(
    "token_fresh",
    "C4",
    "Every sign-in gives a token of its own",
    "Let the proxy cache no answer that sets a cookie",
);
pub(super) const NOT_ADOPTED: Check = check(
    "token_not_adopted",
    "C4",
    "A token that was planted in the browser is not adopted",
    VERSION,
);
pub(super) const REPLACED: Check = check(
    "session_replaced",
    "C4",
    "Signing in again ends the session that the browser brought",
    VERSION,
);
pub(super) const DUPLICATE: Check = check(
    "cookie_twice",
    "D5",
    "Two session cookies are none: one of them was planted",
    "Let the proxy pass Cookie on as it came",
);
pub(super) const GRAMMAR: Check = check(
    "cookie_grammar",
    "D5",
    "A quoted, renamed or otherwise doubtful session cookie is none",
    "Let the proxy pass Cookie on as it came",
);

pub const CHECKS: &[&Check] = &[
    &SIGN_IN,
    &NAME,
    &SECURE,
    &PATH,
    &DOMAIN,
    &HTTP_ONLY,
    &SAME_SITE,
    &BROWSER_SESSION,
    &REMEMBERED,
    &ONE_COOKIE,
    &LENGTH,
    &FRESH,
    &NOT_ADOPTED,
    &REPLACED,
    &DUPLICATE,
    &GRAMMAR,
];

/// Checked on every answer, at the end.
pub const LAST: &[&Check] = &[&OTHERS];
