//! Where signing in leads, for made-up values of `next`.

use crate::{any_text, invariants::next_path::check, pieces};
use proptest::prelude::*;

/// What confuses parsers of URLs, and what is refused by name.
const PIECES: &[&str] = &[
    "/",
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
    "%2e",
    "%2E",
    "%2e%2e",
    ".%2e",
    ";",
    "?",
    "#",
    "@",
    ":",
    "http:",
    "javascript:",
    "evil.example",
    "&",
    "+",
    "%",
    "=",
    "&next=//evil.example",
    "\u{3000}",
    "\u{2f}",
    "login",
    "logout",
    "signed-out",
    "api",
    "dashboard",
    "a",
    "\"",
    "'",
    "<",
    "`",
    "{",
    "|",
    "^",
    "~",
    "[",
    "]",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8_192))]

    /// Accepted or not, nobody is led off this site, out again or round in a circle (ASVS V3.7.2).
    #[test]
    fn what_is_accepted_leads_to_a_page_of_this_site(
        text in pieces(PIECES),
        rooted in pieces(PIECES),
        other in any_text(40),
    ) {
        check(&text);
        check(&format!("/{rooted}"));
        check(&other);
        check(&format!("/{other}"));
    }

    /// Every path of visible ASCII in two, with what stands between.
    #[test]
    fn printable_paths_arrive_as_they_were(text in "/[a-z.%2e/]{0,12}[!-~]{0,40}") {
        check(&text);
    }
}
