//! Hydrates a page in the browser.

use leptos::leptos_dom::helpers::set_timeout;
use std::time::Duration;
use vestibule::app::{App, AppProps};
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the script of every page. In a task of its own: after the one that has compiled this program, a browser
/// first answers what was pressed meanwhile.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    // A document without values is not one of ours.
    let initial_document = || panic!("the page has no values");
    let hydrate = move || leptos::mount::hydrate_body(move || App(AppProps { initial_document }));
    set_timeout(hydrate, Duration::ZERO);
}
