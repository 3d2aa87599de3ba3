//! The pages of one person follow their session, and the tabs of one browser each other.
//!
//! What comes by the stream or from another tab is a hint. The server decides at the page to which it
//! leads; and because that is loaded anew, nothing private of this one stays in memory.

use super::time_out::{self, TimeOut};
use crate::{
    api::sessions::StaySignedIn,
    components::{
        event_stream::{A_WHILE, EventStream, listener},
        submission,
    },
    domain::session::EndReason,
    error::AppError,
};
use js_sys::{JSON, Reflect, encode_uri_component};
use leptos::{
    ev,
    prelude::*,
    server_fn::ServerFn,
    task::spawn_local,
    wasm_bindgen::JsCast,
    web_sys::{BroadcastChannel, Element, Event, HtmlElement, MessageEvent, UrlSearchParams},
};
use std::{cell::RefCell, time::Duration};

const EVENTS: &str = "/session/events";
/// Whose session it is, in a header of the answer, and why it is nobody's any more.
const PERSON: &str = "x-person";
const ENDED: &str = "x-ended";
const SIGNED_OUT: &str = "/signed-out";

/// The tabs of one browser hear of each other on this channel: whose page was opened, and nothing where
/// somebody has signed out.
const TABS: &str = "session";

/// On the root of a page that is covered: `style/base.css`.
const COVERED: &str = "data-covered";

/// Where a session ended because its browser got a newer one, the cookie may still be on its way.
const A_MOMENT: Duration = Duration::from_millis(300);

/// A page that was drawn for somebody, for as long as it is open.
struct Page {
    /// Whose it is, in the words of the stream.
    person: String,
    stream: EventStream,
    /// What had the focus when the page was covered.
    focused: RefCell<Option<HtmlElement>>,
    time_out: TimeOut,
}

/// Begins to follow the session, on pages that have one.
pub fn follow() {
    let tabs = BroadcastChannel::new(TABS).ok();
    let say = |what: &str| {
        if let Some(tabs) = &tabs {
            // Nobody has to listen.
            let _ = tabs.post_message(&what.into());
        }
    };
    let Some(person) = drawn_for() else {
        if window()
            .location()
            .pathname()
            .is_ok_and(|path| path == SIGNED_OUT)
        {
            say("");
        }
        return;
    };
    say(&person);
    // It lives as long as the page does.
    let page: &'static Page = Box::leak(Box::new(Page {
        person,
        stream: EventStream::of(EVENTS),
        focused: RefCell::default(),
        time_out: TimeOut::new(),
    }));
    page.time_out
        .run(move || page.stays(), move || page.is_over());
    time_out::prepare_sign_in(move || page.stream.open());
    if let Some(tabs) = tabs {
        let hear = listener(move |event: MessageEvent| page.hears(event.data().as_string()));
        tabs.set_onmessage(Some(&hear));
        // Held by the page.
        std::mem::forget(tabs);
    }
    // The network that comes back may have been away for longer than the session lived.
    for name in ["visibilitychange", "online"] {
        let looked_at = window_event_listener(ev::Custom::<Event>::new(name), move |_| {
            page.is_looked_at();
        });
        std::mem::forget(looked_at);
    }
    page.begin();
}

/// What the server has noted in the document of a signed-in person.
fn drawn_for() -> Option<String> {
    let mark = document().query_selector("meta[name=person]").ok()??;
    mark.get_attribute("content")
}

impl Page {
    fn begin(&'static self) {
        let stream = &self.stream;
        stream.listen("session", move |event| self.lives(&event));
        stream.listen("ended", move |event| self.ended(&event));
        stream.listen("error", move |_: Event| self.is_lost());
        self.is_looked_at();
    }

    /// A page that nobody sees holds no stream, and is covered until it was checked again.
    fn is_looked_at(&'static self) {
        if document().hidden() {
            self.stream.close();
            self.cover();
        } else {
            self.stream.open();
        }
    }

    /// The session lives, or another one of the same person, which is as good for this page.
    fn lives(&'static self, event: &MessageEvent) {
        if said(event, "person").as_ref() == Some(&self.person) {
            self.time_out.is_told(
                number(event, "now"),
                number(event, "idle_ends_at"),
                number(event, "absolute_ends_at"),
            );
            time_out::close_sign_in();
            self.uncover();
        } else {
            self.leave("/".to_owned());
        }
    }

    fn ended(&'static self, event: &MessageEvent) {
        self.stream.close();
        match said(event, "reason").as_deref() {
            Some("signed_out") => self.leave(SIGNED_OUT.to_owned()),
            // By a sign-in or a new password in this same browser: there is a newer session.
            Some("replaced") => set_timeout(move || self.stream.open(), A_MOMENT),
            Some(reason) if is_time_out(reason) => self.has_timed_out(reason),
            _ => self.leave_to_sign_in(),
        }
    }

    /// Nobody is thrown out of what they were doing: the page is covered, and whoever signs in over it goes
    /// on where they were, if it is the same person.
    fn has_timed_out(&self, reason: &str) {
        self.stream.close();
        self.time_out.stop();
        self.cover();
        let reason = reason.parse::<EndReason>();
        time_out::ask_to_sign_in(reason.map_or("", EndReason::explanation));
    }

    /// Its time is over by this browser's clock. The stream says so in a moment, unless it has died while
    /// the computer slept: then it is asked for anew.
    fn is_over(&'static self) {
        self.cover();
        let ask = move || {
            if is_covered() && !time_out::is_asking() {
                self.is_looked_at();
            }
        };
        set_timeout(ask, A_WHILE);
    }

    fn stays(&'static self) {
        spawn_local(async move {
            let Ok(nothing) = UrlSearchParams::new() else {
                return;
            };
            match submission::send(StaySignedIn::PATH, &nothing).await {
                // The stream tells of the new end, and so the dialogue closes.
                Ok(_) => self.stream.open(),
                // There is no end to put off: who is there is asked.
                Err(AppError::NotSignedIn) => self.ask(None),
                Err(_) => self.time_out.could_not_stay(),
            }
        });
    }

    fn is_lost(&'static self) {
        if self.stream.is_refused() {
            set_timeout(move || self.ask(None), A_MOMENT);
        }
    }

    /// Another tab shows a page of this person: `None` where its words cannot be read, and nothing where
    /// somebody has signed out.
    fn hears(&'static self, whose: Option<String>) {
        match whose.as_deref() {
            Some("") => self.ask(Some(SIGNED_OUT)),
            Some(person) if person != self.person => self.ask(None),
            // They have signed in again elsewhere, and go on here as well.
            Some(_) if time_out::is_asking() => self.stream.open(),
            _ => {}
        }
    }

    /// Asks whose session there is, and leaves where it is nobody's or another person's: there may be a
    /// newer one than the page has heard of. Without an answer nobody is thrown out.
    fn ask(&'static self, way_out: Option<&'static str>) {
        spawn_local(async move {
            match (self.whose_session().await, way_out) {
                (Some(Whose::Nobodys(Some(reason))), _) if is_time_out(&reason) => {
                    self.has_timed_out(&reason);
                }
                (Some(Whose::Nobodys(_)), Some(way_out)) => self.leave(way_out.to_owned()),
                (Some(Whose::Nobodys(_)), None) => self.leave_to_sign_in(),
                (Some(Whose::Persons(person)), _) if person != self.person => {
                    self.leave("/".to_owned());
                }
                (whose, _) => {
                    if whose.is_some() && !document().hidden() {
                        self.uncover();
                    }
                    set_timeout(move || self.is_looked_at(), A_WHILE);
                }
            }
        });
    }

    /// `None` where the server cannot tell.
    async fn whose_session(&self) -> Option<Whose> {
        let answer = self.stream.ask().await?;
        match answer.status() {
            401 => Some(Whose::Nobodys(answer.headers().get(ENDED).ok()?)),
            _ => answer.headers().get(PERSON).ok()?.map(Whose::Persons),
        }
    }

    fn leave_to_sign_in(&'static self) {
        let location = window().location();
        let here = location.pathname().unwrap_or_default() + &location.search().unwrap_or_default();
        let next = String::from(encode_uri_component(&here));
        self.leave(format!("/login?next={next}"));
    }

    /// Loads another page in the place of this one. A form that is under way comes first: its answer may
    /// set a cookie, and leads on by itself.
    fn leave(&'static self, path: String) {
        self.stream.close();
        if submission::is_under_way() {
            set_timeout(move || self.leave(path), A_MOMENT);
            return;
        }
        self.cover();
        // A navigation that the browser refuses leaves the page covered.
        let _ = window().location().replace(&path);
    }

    fn cover(&self) {
        let Some(root) = document().document_element() else {
            return;
        };
        if root.has_attribute(COVERED) {
            return;
        }
        let focused = document().active_element();
        self.focused
            .replace(focused.and_then(|element| element.dyn_into().ok()));
        // Attributes of these names can be set.
        let _ = root.set_attribute(COVERED, "");
        each_part(|part| drop(part.set_attribute("inert", "")));
    }

    fn uncover(&self) {
        if let Some(root) = document().document_element() {
            // They may be gone already.
            let _ = root.remove_attribute(COVERED);
            each_part(|part| drop(part.remove_attribute("inert")));
            if let Some(focused) = self.focused.take() {
                // An element that left the page in the meantime needs no focus.
                let _ = focused.focus();
            }
        }
    }
}

fn is_covered() -> bool {
    let root = document().document_element();
    root.is_some_and(|root| root.has_attribute(COVERED))
}

/// What the page is made of, but for the dialogues that may stand over it.
fn each_part(act: impl Fn(Element)) {
    if let Ok(parts) = document().query_selector_all("body > :not(dialog, script)") {
        let parts = (0..parts.length()).filter_map(|index| parts.get(index)?.dyn_into().ok());
        parts.for_each(act);
    }
}

/// A word of an event.
fn said(event: &MessageEvent, name: &str) -> Option<String> {
    let told = JSON::parse(&event.data().as_string()?).ok()?;
    Reflect::get(&told, &name.into()).ok()?.as_string()
}

fn number(event: &MessageEvent, name: &str) -> f64 {
    let told = event
        .data()
        .as_string()
        .and_then(|data| JSON::parse(&data).ok());
    let number = told.and_then(|told| Reflect::get(&told, &name.into()).ok());
    number
        .and_then(|number| number.as_f64())
        .unwrap_or(f64::INFINITY)
}

fn is_time_out(reason: &str) -> bool {
    matches!(reason, "idle" | "expired")
}

enum Whose {
    /// With the reason why the last one ended, where there was one.
    Nobodys(Option<String>),
    Persons(String),
}
