//! The distance of a point in time from now.

use crate::{
    components::time::in_own_time_zone,
    domain::moment::{RelativeMoment, in_words},
};
use leptos::{leptos_dom::helpers::set_interval_with_handle, prelude::*};
use std::time::Duration;

/// Shows "3 minutes ago", updates it as time passes, and keeps the exact time in the element.
///
/// Counted from hydration: the browser's own clock may be wrong, but it advances correctly.
#[component]
pub fn RelativeTime(
    moment: RelativeMoment,
    /// How the distance is described.
    #[prop(default = in_words)]
    words: fn(i64) -> String,
) -> impl IntoView {
    const UPDATE_INTERVAL: Duration = Duration::from_secs(20);
    let RelativeMoment { at, seconds_away } = moment;
    let shown = RwSignal::new(words(seconds_away));
    let exact = RwSignal::new(at.words);
    let iso = at.iso.clone();
    Effect::new(move || {
        exact.set(in_own_time_zone(&iso, false));
        let loaded_at = js_sys::Date::now();
        let update = move || {
            let passed = (js_sys::Date::now() - loaded_at) / 1_000.0;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "seconds since the page was loaded"
            )]
            shown.set(words(seconds_away - passed as i64));
        };
        if let Ok(interval) = set_interval_with_handle(update, UPDATE_INTERVAL) {
            on_cleanup(move || interval.clear());
        }
    });
    view! { <time datetime=at.iso title=exact>{shown}</time> }
}
