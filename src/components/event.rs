//! What the lists of events have in common: one's own, and the audit log.

use crate::{components::time::ZoneName, domain::views::OriginView};
use leptos::{either::Either, prelude::*};

/// Device, address and access key, after the time of an event.
#[component]
pub fn Origin(origin: OriginView) -> impl IntoView {
    let OriginView {
        device,
        address,
        key,
    } = origin;
    let key = key.map(|key| format!("access key {key}"));
    let parts = [Some(device), Some(address), key].into_iter().flatten();
    let parts = parts.filter(|part| !part.is_empty());
    let parts = parts.map(|part| view! { " " <span class="part"><span class="dot">"· "</span> <bdi>{part}</bdi></span> });
    parts.collect::<Vec<_>>()
}

/// The time zone of the times on the page.
#[component]
pub fn ZoneNote() -> impl IntoView {
    view! { <p class="zone quiet-text">"Times are in " <ZoneName /> "."</p> }
}

#[component]
pub fn NoEntries(
    /// The address without a filter.
    here: &'static str,
    is_filtered: bool,
) -> impl IntoView {
    let words = if is_filtered {
        Either::Left(view! { "No entries match. " <a href=here>"Clear the filters"</a> "." })
    } else {
        Either::Right("There are no entries yet.")
    };
    view! { <p class="quiet-text">{words}</p> }
}
