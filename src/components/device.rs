//! A device: its icon, and how it is called.

use crate::domain::device::DeviceKind;
use leptos::prelude::*;

/// An outline of the kind of device. Decoration only: the words beside it name the device.
#[component]
pub fn DeviceIcon(kind: DeviceKind) -> impl IntoView {
    let outline = match kind {
        DeviceKind::Phone => {
            "M8 2h8a2 2 0 0 1 2 2v16a2 2 0 0 1-2 2H8a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2zM11 18.5h2"
        }
        DeviceKind::Tablet => {
            "M5 2h14a2 2 0 0 1 2 2v16a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2zM11 18.5h2"
        }
        DeviceKind::Computer => "M5 4h14a1 1 0 0 1 1 1v10H4V5a1 1 0 0 1 1-1zM2 19h20",
        DeviceKind::Program => "M3 4h18v16H3zM7 9l3 3-3 3M13 15h4",
    };
    view! {
        // Its size is also set here: without the stylesheet it would fill the page.
        <svg class="device-icon" width="24" height="24" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d=outline />
        </svg>
    }
}

/// The name that its owner has given to a device, with the device in words behind it; without a name the latter alone.
#[component]
pub fn DeviceName(name: String, device: String) -> impl IntoView {
    if name.is_empty() {
        (None, device)
    } else {
        let name = view! { <bdi>{name}</bdi> };
        (Some(name), format!(" ({device})"))
    }
}
