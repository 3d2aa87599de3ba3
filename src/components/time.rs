//! Points in time, in the reader's time zone and in the way in which dates are written where the reader lives.

use crate::domain::moment::Moment;
use js_sys::{Array, Date, Intl, Object, Reflect};
use leptos::{prelude::*, wasm_bindgen::JsValue};
use std::sync::OnceLock;

/// The language of the pages (`lang` in `src/app.rs`): dates stand in sentences of that language.
const LANGUAGE: &str = "en";

/// English for readers of other languages: day before month, as in most places.
const ELSEWHERE: &str = "en-GB";

/// Shows an instant in UTC, and in the reader's own time zone once the script is loaded.
#[component]
pub fn Time(
    moment: Moment,
    /// With seconds, in the words of the moment too.
    #[prop(optional)]
    seconds: bool,
) -> impl IntoView {
    let shown = RwSignal::new(moment.words);
    let iso = moment.iso.clone();
    Effect::new(move || shown.set(in_own_time_zone(&iso, seconds)));
    view! { <time datetime=moment.iso>{shown}</time> }
}

/// The name of the reader's time zone once the script is loaded, such as "Europe/Berlin"; until then `None`, for UTC.
pub fn own_time_zone() -> RwSignal<Option<String>> {
    let zone = RwSignal::new(None);
    Effect::new(move || {
        let options = Intl::DateTimeFormat::new(&Array::new(), &Object::new()).resolved_options();
        zone.set(property(&options, "timeZone"));
    });
    zone
}

/// Day, month, year and minute, or second.
pub fn in_own_time_zone(iso: &str, seconds: bool) -> String {
    static HABITS: OnceLock<Habits> = OnceLock::new();
    let habits = HABITS.get_or_init(Habits::of_reader);
    let style = Object::new();
    let time = if seconds { "medium" } else { "short" };
    let options = [
        ("dateStyle", Some("long")),
        ("timeStyle", Some(time)),
        ("hourCycle", habits.hour_cycle.as_deref()),
    ];
    for (part, value) in options {
        if let Some(value) = value {
            // Setting a property of a new object cannot fail.
            let _ = Reflect::set(&style, &part.into(), &value.into());
        }
    }
    Date::new(&JsValue::from_str(iso))
        .to_locale_string(&habits.locale, &style)
        .into()
}

/// How the reader writes dates.
struct Habits {
    /// In the language of the page: of the reader's own country if they prefer that language there.
    locale: String,
    /// With twelve hours or twenty-four; `None` for that of the locale.
    hour_cycle: Option<String>,
}

impl Habits {
    fn of_reader() -> Self {
        let languages = window().navigator().languages();
        let mut languages = languages.iter().filter_map(|language| language.as_string());
        let is_ours = |language: &String| language.split('-').next() == Some(LANGUAGE);
        match languages.find(is_ours) {
            Some(locale) => Self {
                locale,
                hour_cycle: None,
            },
            None => Self {
                locale: ELSEWHERE.to_owned(),
                hour_cycle: hour_cycle_of_browser(),
            },
        }
    }
}

fn hour_cycle_of_browser() -> Option<String> {
    let options = Object::new();
    // Setting a property of a new object cannot fail.
    let _ = Reflect::set(&options, &"timeStyle".into(), &"short".into());
    let language = window().navigator().language()?;
    let languages = Array::of1(&language.into());
    property(
        &Intl::DateTimeFormat::new(&languages, &options).resolved_options(),
        "hourCycle",
    )
}

fn property(object: &JsValue, name: &str) -> Option<String> {
    Reflect::get(object, &name.into()).ok()?.as_string()
}
