//! Fields and messages of forms.
//!
//! Fields are uncontrolled: input from before the script was loaded is kept, and what a password manager fills in
//! without a key event is submitted.

mod password_field;

pub use password_field::PasswordField;

use crate::{
    components::{countdown::Countdown, submission::FormState},
    error::{AppError, Failure, Refusals},
};
use leptos::{attr::custom::custom_attribute, either::Either, html, prelude::*};

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
                <div class="error-summary" role="alert" tabindex="-1" autofocus=is_server() node_ref=form.summary>
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
