//! Brings a page to life in the browser.

use vestibule::app::App;
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the script of every page.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(App);
}
