//! The `Authorization` header and access keys.

use crate::invariants::bearer::{check, check_altered, check_key, key_of, request};
use proptest::{collection::vec, prelude::*};

/// Parts of headers: the scheme and its neighbours, keys, and blanks of other parsers.
const PARTS: &[&[u8]] = &[
    b"Bearer",
    b"bearer",
    b"BEARER ",
    b"Bearer ",
    b"Bearer=",
    b"Bearerx ",
    b"Basic Og==",
    b" ",
    b"\t",
    b",",
    b"\"",
    b"=",
    b"vst_",
    b"_",
    b"vst_00000000000000000000000000000000_0000000000000000000000000000000000000000000000000000000000000000_6508cbcd",
    b"eyJhbGciOiJFUzI1NiJ9.e30.AA",
    b"\xa0",
    b"\xff",
    "\u{a0}".as_bytes(),
];

fn line() -> impl Strategy<Value = Vec<u8>> {
    let parts = vec(prop::sample::select(PARTS), 0..6).prop_map(|parts| parts.concat());
    prop_oneof![3 => parts, 1 => vec(any::<u8>(), 0..60)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    /// One header of the scheme has one credential; two have none.
    #[test]
    fn a_credential_counts_where_the_grammar_has_exactly_one(lines in vec(line(), 0..3)) {
        check(&request(lines.iter().map(Vec::as_slice)));
    }

    /// The checksum and the length notice each change (and a guess of the secret costs no query).
    #[test]
    fn an_altered_key_is_none(
        id in any::<[u8; 16]>(),
        secret in any::<[u8; 32]>(),
        at in any::<usize>(),
        byte in any::<u8>(),
        other in line(),
    ) {
        let key = key_of(&id, &secret);
        check_altered(&key, at, byte);
        check_key(&other);
        let line = [b"Bearer ", key.as_bytes()].concat();
        let headers = request([line.as_slice()]);
        check(&headers);
    }
}
