//! Fields and messages of forms.
//!
//! Fields are uncontrolled: input from before the script was loaded is kept, and what a password manager fills in
//! without a key event is submitted.

use crate::error::{AccountRefusal, AppError, Refusal};
use leptos::{
    attr::custom::custom_attribute, ev::KeyboardEvent, html, prelude::*, wasm_bindgen::JsCast,
};

/// The button that sends a form.
#[component]
pub fn SubmitButton(label: &'static str, busy: RwSignal<bool>) -> impl IntoView {
    view! {
        <button
            class="button button-wide"
            type="submit"
            aria-busy=move || busy.get().to_string()
        >
            {label}
        </button>
    }
}

/// A field for a line of text.
#[component]
pub fn TextField(
    /// Its id and its name in the form.
    id: &'static str,
    label: &'static str,
    value: String,
    autocomplete: &'static str,
    /// Which keyboard a phone shows.
    #[prop(default = "text")]
    inputmode: &'static str,
    #[prop(optional)] required: bool,
    #[prop(optional)] hint: &'static str,
    is_invalid: Signal<bool>,
    #[prop(optional)] node_ref: NodeRef<html::Input>,
) -> impl IntoView {
    let hint_id = (!hint.is_empty()).then(|| format!("{id}-hint"));
    let described_by = described_by([hint_id.clone(), None], is_invalid);
    view! {
        <div class="field">
            <label for=id>{label}</label>
            {hint_id.map(|hint_id| view! { <p class="field-hint" id=hint_id>{hint}</p> })}
            <input
                class="input"
                id=id
                name=id
                type="text"
                // Names are written in both directions.
                dir="auto"
                value=value
                inputmode=inputmode
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                // A phone would correct the name. The macro does not know the attribute.
                {..custom_attribute("autocorrect", "off")}
                required=required
                aria-invalid=move || is_invalid.get().then_some("true")
                aria-describedby=described_by
                node_ref=node_ref
            />
        </div>
    }
}

/// A field for a day, which is one in UTC.
#[component]
pub fn DateField(
    /// Its id and its name in the form.
    id: &'static str,
    label: &'static str,
    hint: &'static str,
    value: String,
    /// The first and the last day that may be chosen.
    days: (String, String),
    is_invalid: Signal<bool>,
) -> impl IntoView {
    let (min, max) = days;
    let hint_id = format!("{id}-hint");
    let described_by = described_by([Some(hint_id.clone()), None], is_invalid);
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <p class="field-hint" id=hint_id>{hint}</p>
            <input
                class="input"
                id=id
                name=id
                type="date"
                value=value
                min=min
                max=max
                aria-invalid=move || is_invalid.get().then_some("true")
                aria-describedby=described_by
            />
        </div>
    }
}

/// The ids of the hints of a field, and of the problem if there is one.
fn described_by(ids: [Option<String>; 2], is_invalid: Signal<bool>) -> impl Fn() -> Option<String> {
    move || {
        let problem = is_invalid.get().then(|| "problem-text".to_owned());
        let ids: Vec<_> = ids.iter().flatten().cloned().chain(problem).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

/// Why a form was refused, above it, with a link to the field. It takes the focus when it appears, with the script and
/// without.
#[component]
pub fn ErrorSummary(
    refusal: RwSignal<Option<AppError>>,
    /// The id of the field to correct.
    field: fn(AppError) -> &'static str,
    node_ref: NodeRef<html::Div>,
    /// The username that was to be repeated.
    #[prop(optional, into)]
    about: String,
) -> impl IntoView {
    move || {
        refusal.get().map(|refusal| {
            let words = match refusal {
                AppError::Refused(Refusal::Account(AccountRefusal::NameNotRepeated)) if !about.is_empty() => {
                    format!("That doesn't match “{about}”. Nothing was deleted.")
                }
                _ => refusal.to_string(),
            };
            view! {
                <div class="error-summary" role="alert" tabindex="-1" autofocus aria-labelledby="problem" node_ref=node_ref>
                    <h2 id="problem">"There is a problem"</h2>
                    <ul>
                        <li>
                            <a id="problem-text" href=format!("#{}", field(refusal))>{words}</a>
                        </li>
                    </ul>
                </div>
            }
        })
    }
}

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
    node_ref: NodeRef<html::Input>,
    is_invalid: Signal<bool>,
    /// While the form is being submitted the password is masked again.
    busy: RwSignal<bool>,
) -> impl IntoView {
    let is_shown = RwSignal::new(false);
    let caps_lock = RwSignal::new(false);
    let watch_caps_lock = move |event| update_caps_lock(&event, caps_lock);
    // Safari and password managers generate a new password by these rules: one that can be typed on another device.
    let rules = min_chars.map(|min| format!("minlength: {min}; allowed: ascii-printable;"));
    let caps_id = format!("{id}-caps");
    let hint_id = (!hint.is_empty()).then(|| format!("{id}-hint"));
    let described_by = described_by([hint_id.clone(), Some(caps_id.clone())], is_invalid);
    view! {
        <div class="field">
            <label for=id>{label}</label>
            {hint_id.map(|hint_id| view! { <p class="field-hint" id=hint_id>{hint}</p> })}
            <div class="input-box">
                <input
                    class="input"
                    id=id
                    name=id
                    type=move || if is_shown.get() { "text" } else { "password" }
                    autocomplete=autocomplete
                    autocapitalize="off"
                    spellcheck="false"
                    // The macro does not know these two.
                    {..custom_attribute("autocorrect", "off")}
                    {..custom_attribute("passwordrules", rules)}
                    minlength=min_chars
                    required
                    aria-invalid=move || is_invalid.get().then_some("true")
                    aria-describedby=described_by
                    on:keydown=watch_caps_lock
                    on:keyup=watch_caps_lock
                    on:blur=move |_| caps_lock.set(false)
                    node_ref=node_ref
                />
                <Reveal field=id label is_shown busy />
            </div>
            <p class="field-hint caps" id=caps_id role="status">
                {move || caps_lock.get().then_some("Caps Lock is on.")}
            </p>
        </div>
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
