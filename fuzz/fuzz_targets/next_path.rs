//! The target of the redirect after signing in.
#![no_main]

#[path = "../../tests/invariants/mod.rs"]
mod invariants;

use invariants::next_path::check;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = str::from_utf8(bytes) {
        check(text);
    }
});
