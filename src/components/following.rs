//! The audit log as it grows, on a page that follows it.
//!
//! New entries are rendered by the same component as on the server. A hidden page holds no stream.

use crate::{
    components::{
        administration::Entry,
        event_stream::{EventStream, RETRY_AFTER},
        local_times::rewrite_new_times,
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

/// The maximum number of entries shown: more than a reader follows on a page that moves.
const MAX_ENTRIES: usize = 200;

/// The least time between two announcements of new entries to screen readers, so that a flood does not drown them.
const ANNOUNCE_EVERY: Duration = Duration::from_secs(10);

/// A stream sends an event as soon as it is open. After this long without one, a proxy is holding it back.
const FIRST_EVENT_TIMEOUT: Duration = Duration::from_secs(10);

/// Follows the log. Without the script there is only a notice, and the document reloads itself.
#[component]
pub fn Following(
    entries: Vec<AuditEntryView>,
    /// The address of the stream.
    events: String,
    /// The following page, to which the confirmation of the password returns.
    here: String,
) -> impl IntoView {
    let log = Log {
        entries: RwSignal::new(entries),
        is_over: RwSignal::new(false),
        status: RwSignal::new("Live view.".to_owned()),
    };
    Effect::new(move || {
        // It lives as long as the page does.
        let tail: &'static Tail = Box::leak(Box::new(Tail::of(log, &events)));
        tail.begin();
        let listener =
            window_event_listener(ev::Custom::<Event>::new("visibilitychange"), move |_| {
                tail.on_visibility_change();
            });
        std::mem::forget(listener);
    });
    view! {
        <p class="following quiet-text">
            <span role="status">{log.status}</span>
            {move || log.is_over.get().then(|| view! { " " <a href=here.clone()>"Continue the live view"</a> })}
        </p>
        {move || {
            log.entries
                .with(Vec::is_empty)
                .then(|| view! { <p class="quiet-text">"No entries match yet."</p> })
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

/// The displayed state.
#[derive(Clone, Copy)]
struct Log {
    entries: RwSignal<Vec<AuditEntryView>>,
    /// No further entries will arrive.
    is_over: RwSignal<bool>,
    status: RwSignal<String>,
}

/// The source of new entries.
struct Tail {
    log: Log,
    stream: EventStream,
    /// Whether an event has arrived since the stream was opened.
    has_event: Cell<bool>,
    /// How many entries have arrived, and how many of them were announced.
    received: Cell<usize>,
    announced: Cell<usize>,
    /// Whether an announcement was made less than [`ANNOUNCE_EVERY`] ago.
    is_paused: Cell<bool>,
}

impl Tail {
    fn of(log: Log, events: &str) -> Self {
        Self {
            log,
            stream: EventStream::of(events),
            has_event: Cell::default(),
            received: Cell::default(),
            announced: Cell::default(),
            is_paused: Cell::default(),
        }
    }

    fn begin(&'static self) {
        let stream = &self.stream;
        stream.listen("newest", move |event| {
            self.replace_entries(entries_of(&event))
        });
        stream.listen("more", move |event| self.add_entries(entries_of(&event)));
        stream.listen("over", move |_: MessageEvent| self.finish());
        stream.listen("error", move |_: Event| self.on_error());
        self.on_visibility_change();
    }

    fn on_visibility_change(&'static self) {
        if document().hidden() || self.log.is_over.get_untracked() {
            self.stream.close();
        } else {
            self.has_event.set(false);
            self.stream.open();
            set_timeout(move || self.check_silence(), FIRST_EVENT_TIMEOUT);
        }
    }

    /// If a proxy holds the stream back, the page reloads itself regularly, as without the script.
    fn check_silence(&'static self) {
        if self.has_event.get() || document().hidden() || self.log.is_over.get_untracked() {
            return;
        }
        spawn_local(async move {
            let answer = self.stream.probe().await;
            if answer.is_some_and(|answer| answer.ok()) && !self.has_event.get() {
                // A navigation that the browser refuses leaves the page as it is.
                let _ = window().location().reload();
            }
        });
    }

    /// Also after the connection was lost or the page was hidden: `newest` includes the entries since.
    fn replace_entries(&self, newest: Vec<AuditEntryView>) {
        self.has_event.set(true);
        self.log.entries.set(newest);
        rewrite_new_times();
        self.log.status.set(status_of(self.received.get()));
    }

    fn add_entries(&'static self, mut entries: Vec<AuditEntryView>) {
        for entry in &mut entries {
            entry.is_new = true;
        }
        self.received.set(self.received.get() + entries.len());
        self.log.entries.update(|shown| {
            // An entry whose count was raised moves to the top.
            shown.retain(|old| entries.iter().all(|new| new.id != old.id));
            shown.splice(..0, entries);
            shown.truncate(MAX_ENTRIES);
        });
        rewrite_new_times();
        self.announce();
    }

    /// Announces how many entries have arrived, and at most once every [`ANNOUNCE_EVERY`].
    fn announce(&'static self) {
        let received = self.received.get();
        if self.is_paused.get() || self.announced.get() == received {
            return;
        }
        self.log.status.set(status_of(received));
        self.announced.set(received);
        self.is_paused.set(true);
        let announce_again = move || {
            self.is_paused.set(false);
            self.announce();
        };
        set_timeout(announce_again, ANNOUNCE_EVERY);
    }

    fn on_error(&'static self) {
        if self.stream.is_refused() {
            spawn_local(async move {
                let answer = self.stream.probe().await;
                match answer.map(|answer| answer.status()) {
                    // The confirmation of the password has expired, or the user is no longer an administrator.
                    Some(403 | 404) => self.finish(),
                    _ => self.retry_later(),
                }
            });
        }
    }

    fn retry_later(&'static self) {
        let status = "The live view is interrupted. This page tries again.";
        self.log.status.set(status.to_owned());
        set_timeout(move || self.on_visibility_change(), RETRY_AFTER);
    }

    fn finish(&self) {
        self.stream.close();
        self.log.is_over.set(true);
        let status = "The live view has stopped: confirm your password to continue.";
        self.log.status.set(status.to_owned());
    }
}

fn status_of(received: usize) -> String {
    match received {
        0 => "Live view: new entries appear at the top.".to_owned(),
        1 => "Live view: 1 new entry so far.".to_owned(),
        _ => format!("Live view: {received} new entries so far."),
    }
}

fn entries_of(event: &MessageEvent) -> Vec<AuditEntryView> {
    let data = event.data().as_string().unwrap_or_default();
    // Entries that an older page cannot parse are left out; the list of the server has them.
    serde_json::from_str(&data).unwrap_or_default()
}
