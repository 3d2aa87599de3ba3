//! Fields and messages of forms.
//!
//! Fields are uncontrolled: what a person or a password manager typed before the script arrived
//! stays, and what a manager fills in without a key event is sent.

use crate::error::AppError;
use leptos::{
    ev::{KeyboardEvent, SubmitEvent},
    form::FromFormData,
    html,
    prelude::*,
    server_fn::ServerFn,
    wasm_bindgen::JsCast,
};
use serde::de::DeserializeOwned;

/// Sends a form by its server function, without leaving the page; before the script is there the
/// browser posts the same form to the same address.
///
/// Leptos's `ActionForm` does the same, but boxes what is inside it, so that every view in it is
/// compiled twice (ADR 15).
pub fn submit_to<S>(action: ServerAction<S>) -> impl Fn(SubmitEvent)
where
    S: ServerFn + DeserializeOwned + Clone + Send + Sync + 'static,
    S::Output: Send + Sync,
    S::Error: Send + Sync,
{
    move |event| {
        if event.default_prevented() {
            return;
        }
        // What does not read as arguments is left to the browser's own form.
        if let Ok(arguments) = S::from_event(&event) {
            event.prevent_default();
            action.dispatch(arguments);
        }
    }
}

/// Why a form was refused, above it, with a way to the field. It takes the focus when it appears,
/// with the script and without.
#[component]
pub fn ErrorSummary(
    refusal: Signal<Option<AppError>>,
    /// The id of the field to mend.
    field: &'static str,
    node_ref: NodeRef<html::Div>,
) -> impl IntoView {
    move || {
        refusal.get().map(|refusal| {
            view! {
                <div class="error-summary" role="alert" tabindex="-1" autofocus aria-labelledby="problem" node_ref=node_ref>
                    <h2 id="problem">"There is a problem"</h2>
                    <ul>
                        <li>
                            <a id="problem-text" href=format!("#{field}")>{refusal.to_string()}</a>
                        </li>
                    </ul>
                </div>
            }
        })
    }
}

/// A password, hidden unless the person wants to see it.
#[component]
pub fn PasswordField(
    /// Its id and its name in the form.
    id: &'static str,
    label: &'static str,
    autocomplete: &'static str,
    node_ref: NodeRef<html::Input>,
    is_invalid: Signal<bool>,
    /// While the form is under way the password is hidden again.
    busy: Signal<bool>,
) -> impl IntoView {
    let is_shown = RwSignal::new(false);
    let caps_lock = RwSignal::new(false);
    let has_script = RwSignal::new(false);
    Effect::new(move || has_script.set(true));
    Effect::new(move || {
        if busy.get() {
            is_shown.set(false);
        }
    });
    let watch_caps_lock = move |event: KeyboardEvent| {
        // Password managers pretend keys by bare events, which know nothing of Caps Lock.
        if event.has_type::<KeyboardEvent>() {
            caps_lock.set(event.get_modifier_state("CapsLock"));
        }
    };
    let caps_id = format!("{id}-caps");
    let described_by = {
        let caps_id = caps_id.clone();
        move || {
            if is_invalid.get() {
                format!("{caps_id} problem-text")
            } else {
                caps_id.clone()
            }
        }
    };
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <div class="input-box">
                <input
                    class="input"
                    id=id
                    name=id
                    type=move || if is_shown.get() { "text" } else { "password" }
                    autocomplete=autocomplete
                    autocapitalize="off"
                    spellcheck="false"
                    required
                    aria-invalid=move || is_invalid.get().then_some("true")
                    aria-describedby=described_by
                    on:keydown=watch_caps_lock
                    on:keyup=watch_caps_lock
                    on:blur=move |_| caps_lock.set(false)
                    node_ref=node_ref
                />
                <button
                    class="reveal"
                    type="button"
                    aria-controls=id
                    aria-label=move || if is_shown.get() { "Hide password" } else { "Show password" }
                    hidden=move || !has_script.get()
                    // The field keeps the focus and the caret.
                    on:mousedown=|event| event.prevent_default()
                    on:click=move |_| is_shown.update(|shown| *shown = !*shown)
                >
                    {move || if is_shown.get() { "Hide" } else { "Show" }}
                </button>
            </div>
            <p class="field-hint caps" id=caps_id role="status">
                {move || caps_lock.get().then_some("Caps Lock is on.")}
            </p>
        </div>
    }
}
