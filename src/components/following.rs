//! The audit log as it grows, on a page that follows it.
//!
//! What comes is drawn by the same component as on the server. A page that nobody sees holds no stream.

use crate::{
    components::{
        administration::Entry,
        event_stream::{A_WHILE, EventStream},
    },
    domain::views::AuditEntryView,
};
use leptos::{
    ev,
    leptos_dom::helpers::set_timeout,
    prelude::*,
    serde_json,
    task::spawn_local,
    web_sys::{Event, MessageEvent},
};
use std::{cell::Cell, time::Duration};

/// More than anybody looks through on a page that moves.
const MOST_SHOWN: usize = 200;

/// So often at most it is announced that there are new entries, however many come.
const SAY_EVERY: Duration = Duration::from_secs(10);

/// A stream speaks as soon as it is open. After this much silence a proxy holds it back.
const SILENCE: Duration = Duration::from_secs(10);

/// Where the page follows. Without the script it only says so, and the document loads itself again.
#[component]
pub fn Following(
    entries: Vec<AuditEntryView>,
    /// What tells the page.
    events: String,
    /// The page that follows: it asks for the password where that is needed.
    here: String,
) -> impl IntoView {
    let log = Log {
        entries: RwSignal::new(entries),
        is_over: RwSignal::new(false),
        words: RwSignal::new("Following the log.".to_owned()),
    };
    Effect::new(move || {
        // It lives as long as the page does.
        let tail: &'static Tail = Box::leak(Box::new(Tail::of(log, &events)));
        tail.begin();
        let looked_at =
            window_event_listener(ev::Custom::<Event>::new("visibilitychange"), move |_| {
                tail.is_looked_at();
            });
        std::mem::forget(looked_at);
    });
    view! {
        <p class="following quiet-text">
            <span role="status">{log.words}</span>
            {move || log.is_over.get().then(|| view! { " " <a href=here.clone()>"Go on following"</a> })}
        </p>
        {move || {
            log.entries
                .with(Vec::is_empty)
                .then(|| view! { <p class="quiet-text">"Nothing is written down of this."</p> })
        }}
        <ul class="entries">
            <For
                each=move || log.entries.get()
                key=|entry| (entry.id.clone(), entry.times)
                children=|entry| view! { <Entry entry /> }
            />
        </ul>
    }
}

/// What is shown.
#[derive(Clone, Copy)]
struct Log {
    entries: RwSignal<Vec<AuditEntryView>>,
    /// Nothing more will come.
    is_over: RwSignal<bool>,
    words: RwSignal<String>,
}

/// What brings it.
struct Tail {
    log: Log,
    stream: EventStream,
    /// Something has come since it was opened.
    is_heard: Cell<bool>,
    /// How many entries have come, and how many of them were said.
    come: Cell<usize>,
    said: Cell<usize>,
    /// Something was said just now.
    is_quiet: Cell<bool>,
}

impl Tail {
    fn of(log: Log, events: &str) -> Self {
        Self {
            log,
            stream: EventStream::of(events),
            is_heard: Cell::default(),
            come: Cell::default(),
            said: Cell::default(),
            is_quiet: Cell::default(),
        }
    }

    fn begin(&'static self) {
        let stream = &self.stream;
        stream.listen("newest", move |event| self.begins_with(entries_of(&event)));
        stream.listen("more", move |event| self.grows(entries_of(&event)));
        stream.listen("over", move |_: MessageEvent| self.is_over());
        stream.listen("error", move |_: Event| self.is_lost());
        self.is_looked_at();
    }

    fn is_looked_at(&'static self) {
        if document().hidden() || self.log.is_over.get_untracked() {
            self.stream.close();
        } else {
            self.is_heard.set(false);
            self.stream.open();
            set_timeout(move || self.is_silent(), SILENCE);
        }
    }

    /// Where a proxy holds the stream back, the page is loaded again and again, as without the script.
    fn is_silent(&'static self) {
        if self.is_heard.get() || document().hidden() || self.log.is_over.get_untracked() {
            return;
        }
        spawn_local(async move {
            let answer = self.stream.ask().await;
            if answer.is_some_and(|answer| answer.ok()) && !self.is_heard.get() {
                // A navigation that the browser refuses leaves the page as it is.
                let _ = window().location().reload();
            }
        });
    }

    /// Also where the line was lost, or the page not seen for a while: what came meanwhile is among them.
    fn begins_with(&self, newest: Vec<AuditEntryView>) {
        self.is_heard.set(true);
        self.log.entries.set(newest);
        self.log.words.set(words_of(self.come.get()));
    }

    fn grows(&'static self, news: Vec<AuditEntryView>) {
        self.come.set(self.come.get() + news.len());
        self.log.entries.update(|shown| {
            // What has happened more often moves to the top.
            shown.retain(|old| news.iter().all(|new| new.id != old.id));
            shown.splice(..0, news);
            shown.truncate(MOST_SHOWN);
        });
        self.say();
    }

    /// Says how many have come, and after a pause what came in it.
    fn say(&'static self) {
        let come = self.come.get();
        if self.is_quiet.get() || self.said.get() == come {
            return;
        }
        self.log.words.set(words_of(come));
        self.said.set(come);
        self.is_quiet.set(true);
        let speak_again = move || {
            self.is_quiet.set(false);
            self.say();
        };
        set_timeout(speak_again, SAY_EVERY);
    }

    fn is_lost(&'static self) {
        if self.stream.is_refused() {
            spawn_local(async move {
                let answer = self.stream.ask().await;
                match answer.map(|answer| answer.status()) {
                    // The password was typed too long ago, or this is an administrator no more.
                    Some(403 | 404) => self.is_over(),
                    _ => self.waits(),
                }
            });
        }
    }

    fn waits(&'static self) {
        let words = "Not following right now. This page tries again.";
        self.log.words.set(words.to_owned());
        set_timeout(move || self.is_looked_at(), A_WHILE);
    }

    fn is_over(&self) {
        self.stream.close();
        self.log.is_over.set(true);
        let words = "No more is shown: the password was typed too long ago.";
        self.log.words.set(words.to_owned());
    }
}

fn words_of(come: usize) -> String {
    match come {
        0 => "Following the log: what happens is shown at the top.".to_owned(),
        1 => "Following the log: 1 new entry so far.".to_owned(),
        _ => format!("Following the log: {come} new entries so far."),
    }
}

fn entries_of(event: &MessageEvent) -> Vec<AuditEntryView> {
    let data = event.data().as_string().unwrap_or_default();
    // What an older page does not understand is left out; the list of the server has it.
    serde_json::from_str(&data).unwrap_or_default()
}
