//! The session cookie among any other cookies.

use crate::invariants::cookie::{SESSION, check, check_beside, check_what_is_set, request, spelt};
use proptest::{collection::vec, prelude::*};
use std::time::Duration;

/// Parts of cookie lines: ours, nearly ours, and separators of other parsers.
const PARTS: &[&[u8]] = &[
    b"__Host-Http-session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    b"__Host-Http-session=BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB",
    b"__Host-Http-session",
    b"__host-http-session",
    b"__Host-Http-device",
    b"__Host-Http-device=_-9AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+",
    b"=",
    b"=",
    b";",
    b"; ",
    b"; ",
    b" ",
    b"\t",
    b",",
    b"\"",
    b"$",
    b"$Version=1; ",
    b"a=b",
    b"%3D",
    b"\xa0",
    b"\xff",
    "\u{a0}".as_bytes(),
    "\u{2000}".as_bytes(),
    "\u{feff}".as_bytes(),
];

fn line() -> impl Strategy<Value = Vec<u8>> {
    let parts = vec(prop::sample::select(PARTS), 0..8).prop_map(|parts| parts.concat());
    prop_oneof![3 => parts, 1 => vec(any::<u8>(), 0..120)]
}

/// A session cookie with at most one defect, between neighbours.
fn altered_name() -> impl Strategy<Value = Vec<u8>> {
    let noise = || prop::sample::select(&PARTS[8..]).prop_map(<[u8]>::to_vec);
    let noise = move || prop_oneof![3 => Just(Vec::new()), 1 => noise()];
    let token = any::<[u8; 32]>().prop_map(|token| spelt(&token));
    (noise(), noise(), noise(), token, noise()).prop_map(|(before, left, right, token, after)| {
        [
            &before,
            SESSION.as_bytes(),
            &left,
            b"=",
            &right,
            token.as_bytes(),
            &after,
        ]
        .concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    /// One session cookie by the grammar is the session; none, two or a malformed one are
    /// anonymous.
    #[test]
    fn a_token_counts_where_the_grammar_has_exactly_one(
        lines in vec(prop_oneof![line(), altered_name()], 0..3),
    ) {
        check(&request(lines.iter().map(Vec::as_slice)));
    }

    /// Cookies of other applications on this host neither sign out nor hide the session.
    #[test]
    fn a_session_is_read_beside_any_other_cookies(before in line(), after in line()) {
        check_beside(&before, &after);
    }

    #[test]
    fn cookies_that_are_set_are_read_back(token in any::<[u8; 32]>(), seconds in any::<Option<u32>>()) {
        check_what_is_set(&token, seconds.map(|seconds| Duration::from_secs(seconds.into())));
    }
}
