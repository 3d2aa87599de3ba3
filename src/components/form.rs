//! Fields and messages of forms.
//!
//! Fields are uncontrolled: input from before the script was loaded is kept, and what a password manager fills in
//! without a key event is submitted.

use crate::{
    components::{countdown::Countdown, submission::FormState},
    error::{AppError, Failure, Refusals},
};
use leptos::{
    attr::custom::custom_attribute, either::Either, ev::KeyboardEvent, html, prelude::*,
    wasm_bindgen::JsCast,
};

/// The button that sends a form.
#[component]
pub fn SubmitButton(label: &'static str) -> impl IntoView {
    view! { <button class="button button-wide" type="submit">{label}</button> }
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
    /// Takes the focus when the page is loaded.
    #[prop(optional)]
    autofocus: bool,
    form: FormState,
    #[prop(optional)] node_ref: NodeRef<html::Input>,
) -> impl IntoView {
    let hint_id = (!hint.is_empty()).then(|| format!("{id}-hint"));
    let described_by = described_by(form, id, [hint_id.clone(), None]);
    view! {
        <div class="field">
            <label for=id>{label}</label>
            {hint_id.map(|hint_id| view! { <p class="field-hint" id=hint_id>{hint}</p> })}
            <FieldProblem form id />
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
                autofocus=autofocus
                aria-invalid=is_invalid(form, id)
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
    form: FormState,
) -> impl IntoView {
    let (min, max) = days;
    let hint_id = format!("{id}-hint");
    let described_by = described_by(form, id, [Some(hint_id.clone()), None]);
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <p class="field-hint" id=hint_id>{hint}</p>
            <FieldProblem form id />
            <input
                class="input"
                id=id
                name=id
                type="date"
                value=value
                min=min
                max=max
                aria-invalid=is_invalid(form, id)
                aria-describedby=described_by
            />
        </div>
    }
}

/// What is wrong with a field, between its label and its input. Nothing if it was not refused, or if the message stands
/// at another field.
#[component]
pub fn FieldProblem(
    form: FormState,
    /// The id of the field.
    id: &'static str,
) -> impl IntoView {
    move || {
        let refusals = form.refusals_at(id);
        let texts = refusals.filter(|refusal| form.field_of(*refusal) == id);
        let texts = texts.map(|refusal| refusal.to_string()).collect::<Vec<_>>();
        let texts = (!texts.is_empty()).then(|| texts.join(" "));
        texts.map(|texts| view! { <p class="field-error" id=problem_id(id)>{texts}</p> })
    }
}

fn problem_id(field: &str) -> String {
    format!("{field}-problem")
}

fn is_invalid(form: FormState, id: &'static str) -> impl Fn() -> Option<&'static str> {
    move || form.refusals_at(id).next().map(|_| "true")
}

/// The ids of the texts that describe a field: its hints, and what is wrong with it.
fn described_by(
    form: FormState,
    id: &'static str,
    hints: [Option<String>; 2],
) -> impl Fn() -> Option<String> {
    move || {
        let problems = form.refusals_at(id);
        let problems = problems.map(|refusal| problem_id(form.field_of(refusal)));
        let ids: Vec<_> = hints.iter().flatten().cloned().chain(problems).collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

/// Why a form was not carried out, above it: every refusal with a link to its field. It takes the focus when it
/// appears, with the script and without.
#[component]
pub fn ErrorSummary(form: FormState) -> impl IntoView {
    move || {
        form.problem.get().map(|problem| {
            let reasons = match problem {
                AppError::Refused(refusals) => Either::Left(view! { <ul>{links(form, &refusals)}</ul> }),
                AppError::Failed(failure) => Either::Right(view! { <p>{reason(failure)}</p> }),
            };
            view! {
                <div class="error-summary" role="alert" tabindex="-1" autofocus node_ref=form.summary>
                    <h2>"There is a problem"</h2>
                    {reasons}
                </div>
            }
        })
    }
}

/// The words of a failure. Where waiting helps, they count down.
fn reason(failure: Failure) -> impl IntoView {
    match failure {
        Failure::Throttled { seconds } => Either::Left(view! { <Countdown seconds /> }),
        failure => Either::Right(failure.to_string()),
    }
}

/// Why a form of one button was not carried out, beside the button.
#[component]
pub fn FormFailure(form: FormState) -> impl IntoView {
    move || {
        let problem = form.problem.get();
        problem
            .map(|problem| view! { <p class="field-error" role="alert">{problem.to_string()}</p> })
    }
}

fn links(form: FormState, refusals: &Refusals) -> Vec<impl IntoView + use<>> {
    let links = refusals.iter().map(|refusal| {
        let field = format!("#{}", form.field_of(refusal));
        view! { <li><a href=field>{refusal.to_string()}</a></li> }
    });
    links.collect()
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
