//! Brings a page to life in the browser.

mod time_out;
mod together;

use crate::app::App;
use leptos::{ev, prelude::*};
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the script of every page.
#[wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    ask_again_when_restored();
    leptos::mount::hydrate_body(App);
    together::follow();
}

/// A page that comes back from the back/forward cache is hidden and loaded again: the session may
/// have ended in the meantime.
fn ask_again_when_restored() {
    let handle = window_event_listener(
        ev::Custom::<leptos::web_sys::PageTransitionEvent>::new("pageshow"),
        |event| {
            if event.persisted() {
                if let Some(page) = document().document_element() {
                    // Hiding is a courtesy until the reload; the answer decides.
                    let _ = page.set_attribute("hidden", "");
                }
                let _ = window().location().reload();
            }
        },
    );
    // It listens as long as the page lives.
    std::mem::forget(handle);
}
