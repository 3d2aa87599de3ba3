//! The `Cookie` lines of a request, one on each line.
#![no_main]

#[path = "../../tests/invariants/mod.rs"]
mod invariants;

use invariants::cookie::{check, check_beside, request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
    check(&request(lines.iter().copied()));
    if let [before, after, ..] = lines[..] {
        check_beside(before, after);
    }
});
