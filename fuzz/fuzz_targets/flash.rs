//! The message for the next page: the JSON in the cookie, and the input, one text on each line.
#![no_main]

#[path = "../../tests/invariants/mod.rs"]
mod invariants;

use invariants::flash::{check_brought, check_typed};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    check_brought(bytes);
    if let Ok(text) = str::from_utf8(bytes) {
        let mut lines = text.splitn(3, '\n').map(str::to_owned);
        check_typed(&[(); 3].map(|()| lines.next().unwrap_or_default()));
    }
});
