//! Usernames, email addresses and full names, and the lookup keys of the first two.
#![no_main]

#[path = "../../tests/invariants/mod.rs"]
mod invariants;

use invariants::user::check;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = str::from_utf8(bytes) {
        check(text);
    }
});
