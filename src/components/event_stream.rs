//! Server-sent events, in a page.

use leptos::{
    prelude::window,
    wasm_bindgen::{JsCast, closure::Closure, convert::FromWasmAbi},
    web_sys::{EventSource, RequestInit, Response, js_sys::Function},
};
use std::{cell::RefCell, time::Duration};

/// Until a stream is tried again that was refused, because there were too many of them or no database, or
/// that says nothing where it should.
pub const A_WHILE: Duration = Duration::from_secs(5);

/// A stream that a page opens whenever it is looked at. What listens is made once: scripts never give
/// back a closure that was handed to them.
pub struct EventStream {
    address: String,
    listeners: RefCell<Vec<(&'static str, Function)>>,
    open: RefCell<Option<EventSource>>,
}

impl EventStream {
    pub fn of(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            listeners: RefCell::default(),
            open: RefCell::default(),
        }
    }

    /// Listens to the events of this name, from the next opening on.
    pub fn listen<E: FromWasmAbi + 'static>(&self, name: &'static str, hear: impl Fn(E) + 'static) {
        self.listeners.borrow_mut().push((name, listener(hear)));
    }

    /// Begins anew, also where it was open.
    pub fn open(&self) {
        self.close();
        let Ok(stream) = EventSource::new(&self.address) else {
            return;
        };
        for (name, listener) in self.listeners.borrow().iter() {
            // A stream takes listeners of any name.
            let _ = stream.add_event_listener_with_callback(name, listener);
        }
        self.open.replace(Some(stream));
    }

    pub fn close(&self) {
        if let Some(stream) = self.open.take() {
            stream.close();
        }
    }

    /// Whether the browser has given it up: it tries again by itself where the line broke, and not where
    /// the server refused.
    pub fn is_refused(&self) -> bool {
        let open = self.open.borrow();
        let state = open.as_ref().map(EventSource::ready_state);
        state == Some(EventSource::CLOSED)
    }

    /// What the server answers who asks whether they may listen; `None` where it cannot be reached.
    pub async fn ask(&self) -> Option<Response> {
        let request = RequestInit::new();
        request.set_method("HEAD");
        let answer = window().fetch_with_str_and_init(&self.address, &request);
        Some(answer.await.ok()?.unchecked_into())
    }
}

/// What a script can call, for as long as the page lives.
pub fn listener<E: FromWasmAbi + 'static>(hear: impl Fn(E) + 'static) -> Function {
    let hear = Closure::<dyn Fn(E)>::new(hear);
    hear.into_js_value().unchecked_into()
}
