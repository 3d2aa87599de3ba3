//! A point in time.

use crate::domain::moment::Moment;
use leptos::{prelude::*, wasm_bindgen::JsValue};

/// Shows an instant in UTC, and in the user's own time zone once the script is loaded.
#[component]
pub fn Time(moment: Moment) -> impl IntoView {
    let shown = RwSignal::new(moment.words);
    let iso = moment.iso.clone();
    Effect::new(move || shown.set(in_own_time_zone(&iso)));
    view! { <time datetime=moment.iso>{shown}</time> }
}

/// Day, month, year and minute, in the format of the page's language.
pub fn in_own_time_zone(iso: &str) -> String {
    let style = js_sys::Object::new();
    for (part, length) in [("dateStyle", "long"), ("timeStyle", "short")] {
        // Setting a property of a new object cannot fail.
        let _ = js_sys::Reflect::set(&style, &part.into(), &length.into());
    }
    js_sys::Date::new(&JsValue::from_str(iso))
        .to_locale_string("en-GB", &style)
        .into()
}
