//! The field for a password.

use super::{FieldProblem, described_by, is_invalid};
use crate::components::submission::FormState;
use leptos::{
    attr::custom::custom_attribute, ev::KeyboardEvent, html, prelude::*, wasm_bindgen::JsCast,
};

/// A password field, masked unless the user reveals it.
#[component]
pub fn PasswordField(
    /// Its id and its name in the form.
    id: &'static str,
    label: &'static str,
    autocomplete: &'static str,
    /// The requirements of a new password.
    #[prop(optional, into)]
    hint: String,
    /// The minimum length of a new password. The browser checks it before submitting, and generates one that is long
    /// enough.
    #[prop(optional)]
    min_chars: Option<usize>,
    /// Takes the focus when the page is loaded.
    #[prop(optional)]
    autofocus: bool,
    node_ref: NodeRef<html::Input>,
    form: FormState,
) -> impl IntoView {
    let (is_shown, caps_lock) = (RwSignal::new(false), RwSignal::new(false));
    let watch_caps_lock = move |event| update_caps_lock(&event, caps_lock);
    Effect::new(move || give_rules(node_ref, min_chars));
    let caps_id = format!("{id}-caps");
    let hint_id = (!hint.is_empty()).then(|| format!("{id}-hint"));
    let described_by = described_by(form, id, [hint_id.clone(), Some(caps_id.clone())]);
    view! {
        <div class="field">
            <label for=id>{label}</label>
            {hint_id.map(|hint_id| view! { <p class="field-hint" id=hint_id>{hint}</p> })}
            <FieldProblem form id />
            <div class="input-box">
                <input
                    class="input"
                    id=id
                    name=id
                    type=move || if is_shown.get() { "text" } else { "password" }
                    autocomplete=autocomplete
                    autocapitalize="off"
                    spellcheck="false"
                    // The macro does not know it.
                    {..custom_attribute("autocorrect", "off")}
                    minlength=min_chars
                    required
                    autofocus=autofocus
                    aria-invalid=is_invalid(form, id)
                    aria-describedby=described_by
                    on:keydown=watch_caps_lock
                    on:keyup=watch_caps_lock
                    on:blur=move |_| caps_lock.set(false)
                    node_ref=node_ref
                />
                <Reveal field=id label is_shown busy=form.busy />
            </div>
            <p class="field-hint caps" id=caps_id role="status">
                {move || caps_lock.get().then_some("Caps Lock is on.")}
            </p>
        </div>
    }
}

/// Safari and password managers generate a new password by these rules: one that can be typed on another device. HTML
/// does not have the attribute, so the script adds it.
fn give_rules(field: NodeRef<html::Input>, min_chars: Option<usize>) {
    if let (Some(field), Some(min)) = (field.get(), min_chars) {
        let rules = format!("minlength: {min}; allowed: ascii-printable;");
        // Without them a password is generated all the same.
        let _ = field.set_attribute("passwordrules", &rules);
    }
}

fn update_caps_lock(event: &KeyboardEvent, caps_lock: RwSignal<bool>) {
    // Password managers send plain events as keys, without the state of Caps Lock.
    if event.has_type::<KeyboardEvent>() {
        caps_lock.set(event.get_modifier_state("CapsLock"));
    }
}

/// Reveals a password and masks it again. It does nothing without the script, so it is rendered by the script only.
#[component]
fn Reveal(
    field: &'static str,
    /// The label of the field, so that screen readers distinguish two such buttons on one page.
    label: &'static str,
    is_shown: RwSignal<bool>,
    /// While the form is being submitted the password is masked again.
    busy: RwSignal<bool>,
) -> impl IntoView {
    let has_script = RwSignal::new(false);
    Effect::new(move || has_script.set(true));
    Effect::new(move || {
        if busy.get() {
            is_shown.set(false);
        }
    });
    let what = label.to_ascii_lowercase();
    let reveal_label = move || {
        let verb = if is_shown.get() { "Hide" } else { "Show" };
        format!("{verb} {what}")
    };
    view! {
        <button
            class="reveal"
            type="button"
            aria-controls=field
            aria-label=reveal_label
            hidden=move || !has_script.get()
            // The field keeps the focus and the caret.
            on:mousedown=|event| event.prevent_default()
            on:click=move |_| is_shown.update(|shown| *shown = !*shown)
        >
            {move || if is_shown.get() { "Hide" } else { "Show" }}
        </button>
    }
}
