//! Points in time. The server writes them in UTC; the script rewrites them in the reader's way (`local_times.rs`).

use crate::domain::moment::{Moment, RelativeMoment, activity_in_words, in_words};
use leptos::prelude::*;

/// An instant.
#[component]
pub fn Time(
    moment: Moment,
    /// With seconds, in the words of the moment too.
    #[prop(optional)]
    seconds: bool,
) -> impl IntoView {
    let precision = if seconds { "second" } else { "minute" };
    view! { <time datetime=moment.iso data-utc=precision>{moment.words}</time> }
}

/// The distance of an instant from now, such as "3 minutes ago", which the script updates as time passes. The exact time
/// is in the element.
#[component]
pub fn RelativeTime(
    moment: RelativeMoment,
    /// When a session was last used, such as "Active now".
    #[prop(optional)]
    activity: bool,
) -> impl IntoView {
    let RelativeMoment { at, seconds_away } = moment;
    let words = if activity {
        activity_in_words
    } else {
        in_words
    };
    view! {
        <time datetime=at.iso title=at.words data-away=seconds_away data-activity=activity.then_some("")>
            {words(seconds_away)}
        </time>
    }
}

/// The name of the time zone of the times on the page: the script writes that of the reader.
#[component]
pub fn ZoneName() -> impl IntoView {
    view! { <span data-zone="">"UTC"</span> }
}
