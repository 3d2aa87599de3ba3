//! Forms on their way to a server function.
//!
//! The browser posts the same form to the same address before the script is there, so the script
//! sends what the browser would: its fields as they stand. No argument of a server function is made
//! in between, and nothing here is compiled for each of them again (ADR 21).

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

/// On the root of the page while a form is on its way to the server, or the browser to where its answer leads:
/// `public/follow.js` does not leave before.
const UNDER_WAY: &str = "data-under-way";

fn set_under_way(is_under_way: bool) {
    if let Some(root) = document().document_element() {
        // An attribute of this name can be set.
        let _ = root.toggle_attribute_with_force(UNDER_WAY, is_under_way);
    }
}

/// A form on a page: why it was refused, and whether it is under way.
#[derive(Clone, Copy)]
pub struct FormState {
    /// Where it is sent, with the script and without.
    pub action: &'static str,
    pub refusal: RwSignal<Option<AppError>>,
    pub busy: RwSignal<bool>,
    pub summary: NodeRef<html::Div>,
    passwords: StoredValue<Vec<NodeRef<html::Input>>>,
}

impl FormState {
    /// A form for the server function `S`. `earlier_refusal` is what came of it before the script was
    /// there; after a refusal by the script `passwords` are emptied and the reason takes the focus.
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

    /// The title of the page, which says first where there is a problem.
    pub fn title(self, title: &'static str) -> Signal<String> {
        Signal::derive(move || match self.refusal.get() {
            Some(_) => format!("Error: {title}"),
            None => title.to_owned(),
        })
    }

    /// Whether what was typed into the field `id` was refused. `field_of` knows which field a refusal
    /// is about; a failure that is nobody's mistake is about none.
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

    /// Sends the form without leaving the page.
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
            // What cannot be read is left to the browser's own form.
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
                // It stays busy: the browser is on its way to the next page.
                Ok(()) => self.refusal.set(None),
                // The browser's own form keeps what was typed while the password is asked for, or leads
                // to the page that explains how a filter may cause it. Nothing is done twice: the
                // server refuses it again, and leads on.
                Err(AppError::Failed(Failure::PasswordNeeded | Failure::CrossSite)) => {
                    drop(form.submit());
                }
                Err(refusal) => {
                    set_under_way(false);
                    self.refusal.set(Some(refusal));
                    self.busy.set(false);
                    self.empty_and_show();
                }
            }
        });
    }

    /// After a refusal passwords go, what else was typed stays, and the reason is read out.
    fn empty_and_show(self) {
        for password in self.passwords.get_value() {
            if let Some(password) = password.get_untracked() {
                password.set_value("");
            }
        }
        // The summary is drawn by this same change: it can take the focus once it stands.
        request_animation_frame(move || {
            if let Some(summary) = self.summary.get_untracked() {
                // An element that left the page in the meantime needs no focus.
                let _ = summary.focus();
            }
        });
    }
}

/// What the browser would send.
pub fn fields_of(form: &HtmlFormElement) -> Option<UrlSearchParams> {
    let fields = FormData::new_with_form(form).ok()?;
    UrlSearchParams::new_with_str_sequence_sequence(&fields).ok()
}

/// Posts to a server function and follows where its answer leads.
///
/// # Errors
/// Those of [`send`].
async fn post(path: &str, fields: &UrlSearchParams) -> Result<(), AppError> {
    let next = send(path, fields).await?;
    // The next page is loaded anew: the private memory of this one is gone then, and Back does not
    // lead to the form. A navigation that the browser refuses leaves the person on this page.
    let _ = window().location().replace(&next);
    Ok(())
}

/// Posts to a server function. Returns where its answer leads.
///
/// # Errors
/// What the function answered; [`Failure::Unavailable`] where there is no answer, or one that is
/// not ours (a proxy's page).
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
    // Whatever it says: an answer that nobody reads to its end is never over for the browser.
    let said = answer.text().map_err(lost)?.await.map_err(lost)?;
    if !answer.ok() {
        let failure = JsonSerdeCodec::decode(&said.as_string().unwrap_or_default());
        return Err(failure.unwrap_or(Failure::Unavailable.into()));
    }
    let headers = answer.headers();
    let header = |name| headers.get(name).ok().flatten();
    let next = header(REDIRECT_HEADER).and(header("location"));
    next.ok_or(Failure::Unavailable.into())
}
