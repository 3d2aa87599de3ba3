//! Hydrates a page in the browser.

use vestibule::app::{App, AppProps};
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the script of every page.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    // A document without values is not one of ours.
    let initial_document = || panic!("the page has no values");
    leptos::mount::hydrate_body(move || App(AppProps { initial_document }));
}
