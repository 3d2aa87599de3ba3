//! Server-sent events, in a page.

use leptos::{
    prelude::window,
    wasm_bindgen::{JsCast, closure::Closure, convert::FromWasmAbi},
    web_sys::{EventSource, RequestInit, Response, js_sys::Function},
};
use std::{cell::RefCell, time::Duration};

/// The delay before a stream is tried again: it was refused for lack of capacity or database, or is silent although
/// heartbeats are due.
pub const RETRY_AFTER: Duration = Duration::from_secs(5);

/// A stream that a page opens while it is visible. The listeners are created once, because a closure that was passed to
/// a script is never freed.
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

    /// Adds a listener for the events of this name. It takes effect at the next opening.
    pub fn listen<E: FromWasmAbi + 'static>(
        &self,
        name: &'static str,
        callback: impl Fn(E) + 'static,
    ) {
        self.listeners.borrow_mut().push((name, listener(callback)));
    }

    /// Connects again, even if the stream is open.
    pub fn open(&self) {
        self.close();
        let Ok(stream) = EventSource::new(&self.address) else {
            return;
        };
        for (name, listener) in self.listeners.borrow().iter() {
            // A stream accepts listeners of any name.
            let _ = stream.add_event_listener_with_callback(name, listener);
        }
        self.open.replace(Some(stream));
    }

    pub fn close(&self) {
        if let Some(stream) = self.open.take() {
            stream.close();
        }
    }

    /// Whether the browser has given up the stream. It reconnects by itself after a broken connection, but not after a
    /// refusal by the server.
    pub fn is_refused(&self) -> bool {
        let open = self.open.borrow();
        let state = open.as_ref().map(EventSource::ready_state);
        state == Some(EventSource::CLOSED)
    }

    /// Asks the server by HEAD whether the stream is allowed; `None` if the server cannot be reached.
    pub async fn probe(&self) -> Option<Response> {
        let request = RequestInit::new();
        request.set_method("HEAD");
        let answer = window().fetch_with_str_and_init(&self.address, &request);
        Some(answer.await.ok()?.unchecked_into())
    }
}

/// A callback for scripts that lives as long as the page.
pub fn listener<E: FromWasmAbi + 'static>(callback: impl Fn(E) + 'static) -> Function {
    let callback = Closure::<dyn Fn(E)>::new(callback);
    callback.into_js_value().unchecked_into()
}
