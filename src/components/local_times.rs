//! Rewrites the times of a page, which the server writes in UTC: in the reader's time zone, and in the way in which dates
//! are written where the reader lives.

use crate::domain::moment::{activity_in_words, in_words};
use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use leptos::{
    leptos_dom::helpers::{set_interval, set_timeout},
    prelude::*,
    wasm_bindgen::{JsCast, JsValue},
    web_sys::{Element, HtmlInputElement},
};
use std::time::Duration;

/// The language of the pages (`lang` in `src/app.rs`): dates stand in sentences of that language.
const LANGUAGE: &str = "en";

/// English for readers of other languages: day before month, as in most places.
const ELSEWHERE: &str = "en-GB";

const UPDATE_INTERVAL: Duration = Duration::from_secs(20);

/// Rewrites all times of the page, and keeps the relative ones up to date.
pub fn show_local_times() {
    rewrite_new_times();
    let loaded_at = Date::now();
    set_interval(move || update_distances(loaded_at), UPDATE_INTERVAL);
}

/// Rewrites the times that were added since. In a task of its own: the first date takes a browser a long time, which
/// would delay the answer to a press.
pub fn rewrite_new_times() {
    set_timeout(rewrite, Duration::ZERO);
}

fn rewrite() {
    let reader = Reader::new();
    for (style, selector) in [
        (Some("short"), "time[data-utc=minute], time[data-away]"),
        (Some("medium"), "time[data-utc=second]"),
        (None, "time[data-utc=day]"),
    ] {
        let times = elements(selector);
        if times.is_empty() {
            continue;
        }
        let format = reader.format(style);
        for time in times {
            let iso = time.get_attribute("datetime").unwrap_or_default();
            let date = Date::new(&JsValue::from_str(&iso));
            // An instant that is none stays as the server wrote it.
            let Some(words) = text_of(format.call1(&JsValue::UNDEFINED, &date)) else {
                continue;
            };
            if time.has_attribute("data-away") {
                // The attribute has a valid name.
                let _ = time.set_attribute("title", &words);
            } else {
                time.set_text_content(Some(&words));
                let _ = time.remove_attribute("data-utc");
            }
        }
    }
    name_zone();
}

/// Counted from when the page was loaded: the browser's own clock may be wrong, but it advances correctly.
fn update_distances(loaded_at: f64) {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "seconds since the page was loaded"
    )]
    let passed = ((Date::now() - loaded_at) / 1_000.0) as i64;
    for time in elements("time[data-away]") {
        let away = time.get_attribute("data-away").unwrap_or_default();
        if let Ok(away) = away.parse::<i64>() {
            let words = if time.has_attribute("data-activity") {
                activity_in_words
            } else {
                in_words
            };
            time.set_text_content(Some(&words(away - passed)));
        }
    }
}

/// Where the page names its time zone, and in the fields that send it.
fn name_zone() {
    let places = elements("[data-zone]");
    if places.is_empty() {
        return;
    }
    let options = Intl::DateTimeFormat::new(&Array::new(), &Object::new()).resolved_options();
    let Some(zone) = property(&options, "timeZone") else {
        return;
    };
    for place in places {
        match place.dyn_ref::<HtmlInputElement>() {
            Some(field) => field.set_value(&zone),
            None => place.set_text_content(Some(&zone)),
        }
    }
}

fn elements(selector: &str) -> Vec<Element> {
    let found = document().query_selector_all(selector);
    let found = found.map(|found| js_sys::Array::from(&found));
    let found = found.unwrap_or_default().into_iter();
    found.map(JsCast::unchecked_into).collect()
}

/// How the reader writes dates.
struct Reader {
    /// In the language of the page: of the reader's own country if they prefer that language there.
    locale: String,
    /// With twelve hours or twenty-four; `None` for that of the locale.
    hour_cycle: Option<String>,
}

impl Reader {
    fn new() -> Self {
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

    /// Day, month and year, and the minute ("short") or second ("medium"). With a time that is shorter than what the
    /// server writes, so it fits into the same place. One for all dates: to make it is slow.
    fn format(&self, time_style: Option<&str>) -> Function {
        let options = object([
            ("dateStyle", Some("medium")),
            ("timeStyle", time_style),
            ("hourCycle", self.hour_cycle.as_deref()),
        ]);
        let locales = Array::of1(&JsValue::from_str(&self.locale));
        Intl::DateTimeFormat::new(&locales, &options).format()
    }
}

fn hour_cycle_of_browser() -> Option<String> {
    let language = window().navigator().language()?;
    let languages = Array::of1(&language.into());
    let options = object([("timeStyle", Some("short"))]);
    let format = Intl::DateTimeFormat::new(&languages, &options);
    property(&format.resolved_options(), "hourCycle")
}

/// An object of those properties that have a value.
fn object<const N: usize>(properties: [(&str, Option<&str>); N]) -> Object {
    let object = Object::new();
    for (name, value) in properties {
        if let Some(value) = value {
            // Setting a property of a new object cannot fail.
            let _ = Reflect::set(&object, &name.into(), &value.into());
        }
    }
    object
}

fn property(object: &JsValue, name: &str) -> Option<String> {
    text_of(Reflect::get(object, &name.into()))
}

fn text_of(value: Result<JsValue, JsValue>) -> Option<String> {
    value.ok()?.as_string()
}
