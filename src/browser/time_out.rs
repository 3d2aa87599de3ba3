//! Warns ahead of a time-out, and lets the same person go on after it (WCAG 2.2.1, 2.2.5).

use crate::{
    api::auth::Login,
    components::{
        event_stream::listener,
        submission::{fields_of, send},
        time_out::id,
    },
    error::AppError,
};
use leptos::{
    leptos_dom::helpers::set_interval_with_handle,
    prelude::*,
    server_fn::ServerFn,
    task::spawn_local,
    wasm_bindgen::JsCast,
    web_sys::{Event, HtmlDialogElement, HtmlElement, HtmlFormElement, HtmlInputElement},
};
use std::{cell::Cell, time::Duration};

/// So long ahead people are warned, in milliseconds; in a short session for a third of it.
const AHEAD: f64 = 120_000.0;
/// And never for less than this (WCAG 2.2.1).
const AT_LEAST: f64 = 20_000.0;

/// How much is left when it is read out, in seconds: not at every one.
const READ_OUT: [u32; 3] = [60, 30, 10];

const SECOND: Duration = Duration::from_secs(1);

/// When the session of this page ends, as far as it has been told.
pub struct TimeOut {
    /// By this browser's clock, which goes on while the computer sleeps.
    ends_at: Cell<f64>,
    ahead: Cell<f64>,
    /// Whether staying would put the end off: the longest life ends for everybody.
    can_stay: Cell<bool>,
    /// The person has seen that the longest life ends.
    has_seen: Cell<bool>,
}

impl TimeOut {
    pub fn new() -> Self {
        Self {
            ends_at: Cell::new(f64::INFINITY),
            ahead: Cell::new(0.0),
            can_stay: Cell::new(true),
            has_seen: Cell::new(false),
        }
    }

    /// Begins to warn. `stay` is what the person asks for by staying, and the dialogue stands until that is
    /// done; `over` is called when nothing is left, with or without a word from the server.
    pub fn run(&'static self, stay: impl Fn() + Copy + 'static, over: impl Fn() + 'static) {
        let Some(warning) = dialogue(id::WARNING) else {
            return;
        };
        let answer = move |event: Event| {
            event.prevent_default();
            self.is_answered(stay);
        };
        // Escape asks for the same as the button: nobody signs out by closing something.
        on(&warning, "cancel", answer);
        if let Some(form) = element(id::STAY) {
            on(&form, "submit", answer);
        }
        // It runs as long as the page lives.
        let tick = move || {
            if self.ends_at.get() <= js_sys::Date::now() {
                self.stop();
                over();
            }
            self.tick();
        };
        let _ = set_interval_with_handle(tick, SECOND);
    }

    /// The server has told by its own clock how much is left.
    pub fn is_told(&self, now: f64, idle_ends_at: f64, absolute_ends_at: f64) {
        let left = idle_ends_at.min(absolute_ends_at) - now;
        self.ends_at.set(js_sys::Date::now() + left);
        self.can_stay.set(idle_ends_at < absolute_ends_at);
        let ahead = (left / 3.0).clamp(AT_LEAST.min(left / 2.0), AHEAD);
        self.ahead.set(self.ahead.get().max(ahead));
        if left > self.ahead.get() {
            self.close();
        }
        self.tick();
    }

    fn tick(&self) {
        let left = self.ends_at.get() - js_sys::Date::now();
        let is_due = left <= self.ahead.get() && !self.has_seen.get() && !document().hidden();
        if !is_due {
            return;
        }
        let Some(warning) = dialogue(id::WARNING) else {
            return;
        };
        if !warning.open() {
            // A dialogue that stands already needs no opening.
            let _ = warning.show_modal();
            say(id::WARNING_SAID, "");
            say(id::WARNING_PROBLEM, "");
        }
        let seconds = (left / 1_000.0).max(0.0).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 120"
        )]
        let seconds = seconds as u32;
        let words = self.words(seconds);
        if READ_OUT.contains(&seconds) {
            say(id::WARNING_SAID, &words);
        }
        say(id::WARNING_WORDS, &words);
    }

    fn words(&self, seconds: u32) -> String {
        let left = match seconds {
            0 | 1 => "a second".to_owned(),
            2..=90 => format!("{seconds} seconds"),
            _ => format!("{} minutes", seconds.div_ceil(60)),
        };
        if self.can_stay.get() {
            format!(
                "You will be signed out in {left}, because nobody has used your session for a while."
            )
        } else {
            format!(
                "Your session reaches its longest life in {left}. Then you sign in again, and go on here."
            )
        }
    }

    fn is_answered(&self, stay: impl Fn()) {
        if self.can_stay.get() {
            say(id::WARNING_PROBLEM, "");
            stay();
        } else {
            self.has_seen.set(true);
            self.close();
        }
    }

    /// Staying did not work, for a reason that may pass: the person may try again.
    pub fn could_not_stay(&self) {
        say(
            id::WARNING_PROBLEM,
            "You are not signed out yet, but the server cannot be reached. Check your connection, and try again.",
        );
    }

    /// There is nothing to warn of, until the server tells of a session again.
    pub fn stop(&self) {
        self.ends_at.set(f64::INFINITY);
        self.close();
    }

    fn close(&self) {
        if let Some(warning) = dialogue(id::WARNING)
            && warning.open()
        {
            warning.close();
        }
    }
}

/// Prepares the sign-in dialogue. `signed_in` is called once somebody has signed in there.
pub fn prepare_sign_in(signed_in: impl Fn() + Copy + 'static) {
    let (Some(again), Some(form)) = (dialogue(id::AGAIN), element(id::AGAIN_FORM)) else {
        return;
    };
    // There is nothing behind it to go back to.
    on(&again, "cancel", |event: Event| event.prevent_default());
    on(&form, "submit", move |event: Event| {
        event.prevent_default();
        if let Some(form) = event.target() {
            spawn_local(sign_in(form.unchecked_into(), signed_in));
        }
    });
}

/// Opens the sign-in dialogue over the covered page.
pub fn ask_to_sign_in(reason: &str) {
    say(id::AGAIN_REASON, reason);
    if let Some(again) = dialogue(id::AGAIN)
        && !again.open()
    {
        // It is closed, so it can be opened.
        let _ = again.show_modal();
    }
}

async fn sign_in(form: HtmlFormElement, signed_in: impl Fn()) {
    let Some(fields) = fields_of(&form) else {
        return;
    };
    say(id::AGAIN_PROBLEM, "");
    match send(Login::PATH, &fields).await {
        Ok(_) => signed_in(),
        Err(refusal) => refuse(refusal),
    }
}

fn refuse(refusal: AppError) {
    say(id::AGAIN_PROBLEM, &refusal.to_string());
    if let Some(password) = element(id::AGAIN_PASSWORD) {
        let password: HtmlInputElement = password.unchecked_into();
        password.set_value("");
        // It stands in an open dialogue, so it can take the focus.
        let _ = password.focus();
    }
}

/// Whether the sign-in dialogue stands over the page.
pub fn is_asking() -> bool {
    dialogue(id::AGAIN).is_some_and(|again| again.open())
}

/// Somebody has signed in again: nothing that was typed stays.
pub fn close_sign_in() {
    if let Some(again) = dialogue(id::AGAIN)
        && again.open()
    {
        if let Some(form) = element(id::AGAIN_FORM) {
            form.unchecked_into::<HtmlFormElement>().reset();
        }
        again.close();
    }
}

fn dialogue(id: &str) -> Option<HtmlDialogElement> {
    element(id)?.dyn_into().ok()
}

fn element(id: &str) -> Option<HtmlElement> {
    document().get_element_by_id(id)?.dyn_into().ok()
}

fn say(id: &str, words: &str) {
    if let Some(element) = element(id) {
        element.set_text_content(Some(words));
    }
}

fn on(element: &HtmlElement, name: &str, act: impl Fn(Event) + 'static) {
    let act = listener(act);
    // An element takes listeners of any name.
    let _ = element.add_event_listener_with_callback(name, &act);
}
