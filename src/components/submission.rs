//! Submission of forms to a server function.
//!
//! Before the script is loaded the browser posts the same form to the same address. So the script sends the form's
//! fields unchanged, as the browser would. It never builds the arguments of a server function, so nothing here is
//! compiled for each of them again (ADR 21).

use crate::error::{AppError, Failure, Refusal};
use leptos::{
    ev::SubmitEvent,
    html,
    prelude::*,
    server::codee::{Decoder, string::JsonSerdeCodec},
    server_fn::{ServerFn, redirect::REDIRECT_HEADER},
    task::spawn_local,
    wasm_bindgen::JsCast,
    web_sys::{FormData, Headers, HtmlFormElement, RequestInit, Response, UrlSearchParams},
};

/// On the root of the page while a form is being submitted, or the browser navigates to the answer's target.
/// `public/follow.js` does not leave the page meanwhile.
const UNDER_WAY: &str = "data-under-way";

fn set_under_way(is_under_way: bool) {
    if let Some(root) = document().document_element() {
        // An attribute of this name can be set.
        let _ = root.toggle_attribute_with_force(UNDER_WAY, is_under_way);
    }
}

/// A form on a page: why it was refused, and whether it is being submitted.
#[derive(Clone, Copy)]
pub struct FormState {
    /// Its action, with the script and without.
    pub action: &'static str,
    pub refusal: RwSignal<Option<AppError>>,
    pub busy: RwSignal<bool>,
    pub summary: NodeRef<html::Div>,
    passwords: StoredValue<Vec<NodeRef<html::Input>>>,
}

impl FormState {
    /// A form for the server function `S`. `earlier_refusal` is the outcome of a submission without the script. After a
    /// refusal by the script `passwords` are cleared and the reason takes the focus.
    pub fn of<S>(
        earlier_refusal: Option<Refusal>,
        passwords: impl Into<Vec<NodeRef<html::Input>>>,
    ) -> Self
    where
        S: ServerFn<Output = (), Error = AppError>,
    {
        Self {
            action: S::PATH,
            refusal: RwSignal::new(earlier_refusal.map(AppError::Refused)),
            busy: RwSignal::new(false),
            summary: NodeRef::new(),
            passwords: StoredValue::new(passwords.into()),
        }
    }

    /// The title of the page, with a prefix if there is a problem.
    pub fn title(self, title: &'static str) -> Signal<String> {
        Signal::derive(move || match self.refusal.get() {
            Some(_) => format!("Error: {title}"),
            None => title.to_owned(),
        })
    }

    /// Whether the value of the field `id` was refused. `field_of` maps a refusal to its field; a failure that is not
    /// the user's mistake has none.
    pub fn is_invalid(
        self,
        field_of: fn(AppError) -> &'static str,
        id: &'static str,
    ) -> Signal<bool> {
        Signal::derive(move || {
            let refusal = self.refusal.get();
            refusal.is_some_and(|refusal| {
                matches!(refusal, AppError::Refused(_)) && field_of(refusal) == id
            })
        })
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
                self.send(form, fields);
            }
        }
    }

    fn send(self, form: HtmlFormElement, fields: UrlSearchParams) {
        self.busy.set(true);
        set_under_way(true);
        spawn_local(async move {
            match post(self.action, &fields).await {
                // It stays busy: the browser navigates to the next page.
                Ok(()) => self.refusal.set(None),
                // The browser's own submission keeps the input while the password is asked for, or leads to the
                // page that explains how a filter may cause it. Nothing is done twice: the server refuses it again,
                // and redirects.
                Err(AppError::Failed(Failure::PasswordNeeded | Failure::CrossSite)) => {
                    drop(form.submit());
                }
                Err(refusal) => {
                    set_under_way(false);
                    self.refusal.set(Some(refusal));
                    self.busy.set(false);
                    self.clear_passwords_and_focus();
                }
            }
        });
    }

    /// After a refusal clears the passwords, keeps the other input, and has the reason read out.
    fn clear_passwords_and_focus(self) {
        for password in self.passwords.get_value() {
            if let Some(password) = password.get_untracked() {
                password.set_value("");
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

/// The fields that the browser would submit.
pub fn fields_of(form: &HtmlFormElement) -> Option<UrlSearchParams> {
    let fields = FormData::new_with_form(form).ok()?;
    UrlSearchParams::new_with_str_sequence_sequence(&fields).ok()
}

/// Posts to a server function and navigates to the target of its answer.
async fn post(path: &str, fields: &UrlSearchParams) -> Result<(), AppError> {
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

/// Posts to a server function. Returns the target of its answer.
///
/// # Errors
/// The error of the function, or the one of its status; [`Failure::Unavailable`] if there is no answer.
pub async fn send(path: &str, fields: &UrlSearchParams) -> Result<String, AppError> {
    let lost = |_| Failure::Unavailable;
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
        return Err(failure.unwrap_or_else(|_| unreadable(answer.status()).into()));
    }
    let headers = answer.headers();
    let header = |name| headers.get(name).ok().flatten();
    let next = header(REDIRECT_HEADER).and(header("location"));
    next.ok_or(Failure::Unavailable.into())
}
