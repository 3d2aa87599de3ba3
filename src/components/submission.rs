//! Submission of forms to a server function.
//!
//! Before the script is loaded the browser posts the same form to the same address. So the script sends the form's
//! fields unchanged, as the browser would. It never builds the arguments of a server function, so nothing here is
//! compiled for each of them again (ADR 21).

use crate::error::{AppError, Failure, Refusal, Refusals};
use leptos::{
    ev::{self, SubmitEvent},
    html,
    prelude::*,
    server::codee::{Decoder, string::JsonSerdeCodec},
    server_fn::{ServerFn, redirect::REDIRECT_HEADER},
    task::spawn_local,
    wasm_bindgen::JsCast,
    web_sys::{
        Element, FormData, Headers, HtmlElement, HtmlFormElement, RequestInit, Response,
        UrlSearchParams,
    },
};

/// On the root of the page while a form is being submitted, or the browser navigates to the answer's target.
/// `public/follow.js` does not leave the page meanwhile.
const UNDER_WAY: &str = "data-under-way";

/// On the root of the page once a form was submitted: the message about the form before it is hidden.
const SENT: &str = "data-sent";

/// The id of the message of a form that did not reach the server.
const NO_CONNECTION: &str = "no-connection";

fn mark_root(attribute: &str, is_set: bool) {
    if let Some(root) = document().document_element() {
        // Attributes of these names can be set.
        let _ = root.toggle_attribute_with_force(attribute, is_set);
    }
}

/// A form on a page: why it was refused, and whether it is being submitted.
#[derive(Clone, Copy)]
pub struct FormState {
    /// Its action, with the script and without.
    pub action: &'static str,
    /// Why it was not carried out.
    pub problem: RwSignal<Option<AppError>>,
    pub busy: RwSignal<bool>,
    pub summary: NodeRef<html::Div>,
    fields_of: fn(Refusal) -> &'static [&'static str],
    passwords: StoredValue<Vec<NodeRef<html::Input>>>,
}

impl FormState {
    /// A form for the server function `S`. `earlier` is the outcome of a submission without the script. `fields_of`
    /// maps a refusal to the ids of the fields that it is about: its message stands at the first. After a refusal by
    /// the script `passwords` are cleared and the summary takes the focus.
    pub fn of<S>(
        earlier: Option<Refusals>,
        fields_of: fn(Refusal) -> &'static [&'static str],
        passwords: impl Into<Vec<NodeRef<html::Input>>>,
    ) -> Self
    where
        S: ServerFn<Output = (), Error = AppError>,
    {
        forget_it_when_back();
        Self {
            action: S::PATH,
            problem: RwSignal::new(earlier.map(AppError::Refused)),
            busy: RwSignal::new(false),
            summary: NodeRef::new(),
            fields_of,
            passwords: StoredValue::new(passwords.into()),
        }
    }

    /// The title of the page, with a prefix if there is a problem.
    pub fn title(self, title: &'static str) -> Signal<String> {
        Signal::derive(move || match self.problem.get() {
            Some(_) => format!("Error: {title}"),
            None => title.to_owned(),
        })
    }

    /// The refusals that concern the field `id`. A failure is not the user's mistake, and has none.
    pub fn refusals_at(self, id: &'static str) -> impl Iterator<Item = Refusal> {
        let refusals = match self.problem.get() {
            Some(AppError::Refused(refusals)) => Some(refusals),
            _ => None,
        };
        let refusals = refusals.into_iter().flat_map(|refusals| refusals.iter());
        refusals.filter(move |refusal| (self.fields_of)(*refusal).contains(&id))
    }

    /// The id of the field with the message of a refusal.
    pub fn field_of(self, refusal: Refusal) -> &'static str {
        (self.fields_of)(refusal).first().copied().unwrap_or("main")
    }

    /// Submits the form without leaving the page.
    pub fn on_submit(self) -> impl Fn(SubmitEvent) {
        move |event| {
            if event.default_prevented() {
                return;
            }
            // The second click of a double click must not send it twice.
            if self.busy.get_untracked() {
                event.prevent_default();
                return;
            }
            // If the fields cannot be read, the browser submits the form itself.
            let form = event
                .target()
                .map(JsCast::unchecked_into::<HtmlFormElement>);
            if let Some(form) = form
                && let Some(fields) = fields_of(&form)
            {
                event.prevent_default();
                self.send(form, fields, event.submitter());
            }
        }
    }

    /// `button` is the one that was pressed, if any: it shows the progress, and a lost connection is told beside it.
    fn send(self, form: HtmlFormElement, fields: UrlSearchParams, button: Option<HtmlElement>) {
        self.busy.set(true);
        // It was about the input before.
        self.problem.set(None);
        mark_root(UNDER_WAY, true);
        mark_root(SENT, true);
        forget_lost_connection();
        mark_busy(button.as_ref(), true);
        spawn_local(async move {
            match post(self.action, &fields).await {
                // It stays busy: the browser navigates to the next page.
                Ok(()) => {}
                // The browser's own submission keeps the input while the password is asked for, or leads to the
                // page that explains how a filter may cause it. Nothing is done twice: the server refuses it again,
                // and redirects.
                Err(Undone::Answered(AppError::Failed(
                    Failure::PasswordNeeded | Failure::CrossSite,
                ))) => drop(form.submit()),
                Err(undone) => {
                    mark_root(UNDER_WAY, false);
                    mark_busy(button.as_ref(), false);
                    self.busy.set(false);
                    match undone {
                        Undone::Answered(problem) => self.show(problem),
                        Undone::NoConnection => tell_lost_connection(button.as_deref(), &form),
                    }
                }
            }
        });
    }

    /// Shows the problem, and has it read out. The other input is kept; passwords only if they were not refused.
    fn show(self, problem: AppError) {
        self.problem.set(Some(problem));
        if let AppError::Refused(_) = problem {
            for password in self.passwords.get_value() {
                if let Some(password) = password.get_untracked() {
                    password.set_value("");
                }
            }
        }
        // The summary is rendered by this same change: it can take the focus in the next frame.
        request_animation_frame(move || {
            if let Some(summary) = self.summary.get_untracked() {
                // An element that has left the page in the meantime needs no focus.
                let _ = summary.focus();
            }
        });
    }
}

/// Every button that sends shows that it works, the small ones of lists too.
fn mark_busy(button: Option<&HtmlElement>, is_busy: bool) {
    if let Some(button) = button {
        // The attribute has a valid name.
        let _ = button.set_attribute("aria-busy", if is_busy { "true" } else { "false" });
    }
}

/// Tells beside the button, or at the end of the form, that no answer came, until the connection is back.
fn tell_lost_connection(button: Option<&Element>, form: &HtmlFormElement) {
    let Ok(message) = document().create_element("p") else {
        return;
    };
    message.set_id(NO_CONNECTION);
    message.set_class_name("field-error");
    // Both attributes have valid names.
    let _ = message.set_attribute("role", "alert");
    message.set_text_content(Some(
        "There is no connection to the server. Nothing is lost: check your connection, then try again.",
    ));
    let _ = match button {
        Some(button) => button.insert_adjacent_element("afterend", &message),
        None => form.insert_adjacent_element("beforeend", &message),
    };
}

fn forget_it_when_back() {
    // An effect runs in the browser only: the server has no window, not even for a page about a failure.
    Effect::new(|| {
        let listener = window_event_listener(ev::online, |_| forget_lost_connection());
        on_cleanup(move || listener.remove());
    });
}

fn forget_lost_connection() {
    if let Some(message) = document().get_element_by_id(NO_CONNECTION) {
        message.remove();
    }
}

/// The fields that the browser would submit.
fn fields_of(form: &HtmlFormElement) -> Option<UrlSearchParams> {
    let fields = FormData::new_with_form(form).ok()?;
    UrlSearchParams::new_with_str_sequence_sequence(&fields).ok()
}

/// Posts to a server function and navigates to the target of its answer.
async fn post(path: &str, fields: &UrlSearchParams) -> Result<(), Undone> {
    let next = send(path, fields).await?;
    // The next page is a full load. It frees the memory of this page, which may hold private data, and Back does not
    // lead to the form. If the browser refuses the navigation, the user stays on this page.
    let _ = window().location().replace(&next);
    Ok(())
}

/// The failure behind an answer that is not ours: of a proxy, or of a server of another version during an upgrade.
/// The browser's own submission leads on from a 403.
const fn unreadable(status: u16) -> Failure {
    match status {
        500.. => Failure::Unavailable,
        _ => Failure::of_status(status),
    }
}

/// Why a form was not carried out.
enum Undone {
    /// It did not reach the server, or the answer did not arrive.
    NoConnection,
    Answered(AppError),
}

/// Posts to a server function. Returns the target of its answer.
///
/// # Errors
/// The error of the function, or the one of its status.
async fn send(path: &str, fields: &UrlSearchParams) -> Result<String, Undone> {
    let lost = |_| Undone::NoConnection;
    let request = RequestInit::new();
    request.set_method("POST");
    // Its content type is that of a form. By `Accept` the server knows that the answer is for a program.
    request.set_body(fields);
    let headers = Headers::new().map_err(lost)?;
    headers.set("accept", "application/json").map_err(lost)?;
    request.set_headers(&headers);
    let answer = window().fetch_with_str_and_init(path, &request).await;
    let answer: Response = answer.map_err(lost)?.unchecked_into();
    // Read to its end in any case: otherwise the request stays open in the browser.
    let body = answer.text().map_err(lost)?.await.map_err(lost)?;
    if !answer.ok() {
        let failure = JsonSerdeCodec::decode(&body.as_string().unwrap_or_default());
        let failure = failure.unwrap_or_else(|_| unreadable(answer.status()).into());
        return Err(Undone::Answered(failure));
    }
    let headers = answer.headers();
    let header = |name| headers.get(name).ok().flatten();
    let next = header(REDIRECT_HEADER).and(header("location"));
    next.ok_or(Undone::Answered(Failure::Unavailable.into()))
}
