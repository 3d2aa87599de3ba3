//! The redirect after signing in, for generated values of `next`.

use crate::{
    any_text,
    invariants::next_path::{CONFUSING, check},
    pieces,
};
use proptest::prelude::*;

/// Further parts: refused by name, and harmless.
const OTHERS: &[&str] = &[
    "/",
    "%2e",
    "%2E",
    ".%2e",
    "&",
    "+",
    "%",
    "=",
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

fn mixtures() -> impl Strategy<Value = String> {
    pieces([CONFUSING.as_slice(), OTHERS].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8_192))]

    /// Accepted or not, no value leads off this site, signs out or loops (ASVS V3.7.2).
    #[test]
    fn accepted_paths_lead_to_a_page_of_this_site(
        text in mixtures(),
        rooted in mixtures(),
        other in any_text(40),
    ) {
        check(&text);
        check(&format!("/{rooted}"));
        check(&other);
        check(&format!("/{other}"));
    }

    /// Every path of visible ASCII in two parts, with a separator between them.
    #[test]
    fn printable_paths_arrive_as_they_were(text in "/[a-z.%2e/]{0,12}[!-~]{0,40}") {
        check(&text);
    }
}
