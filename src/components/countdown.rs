//! The time to wait after too many attempts, as it passes.

use crate::error::Failure;
use leptos::{leptos_dom::helpers::set_interval_with_handle, prelude::*};
use std::time::Duration;

/// Screen readers get the first sentence only: in an alert each second would be read out.
#[component]
pub fn Countdown(seconds: u32) -> impl IntoView {
    let left = RwSignal::new(seconds);
    Effect::new(move || {
        let tick = move || left.update(|left| *left = left.saturating_sub(1));
        // Without a timer the first sentence stays.
        if let Ok(timer) = set_interval_with_handle(tick, Duration::from_secs(1)) {
            on_cleanup(move || timer.clear());
        }
    });
    let words = move || match left.get() {
        0 => "You can try again now.".to_owned(),
        seconds => Failure::Throttled { seconds }.to_string(),
    };
    view! {
        <span class="visually-hidden">{Failure::Throttled { seconds }.to_string()}</span>
        <span aria-hidden="true">{words}</span>
    }
}
