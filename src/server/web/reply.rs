//! The answer of a server function: where the browser continues, and its cookies.

use super::{
    context,
    cookies::{self, draft, flash::Flash, link},
    pages::session_view,
};
use crate::{
    domain::{
        next_path::NextPath,
        page::Page,
        session::Session,
        views::{LinkView, SessionsNotice, UserNotice},
    },
    error::{AppError, Failure, Refusals},
    server::{
        clock::moment,
        core::{
            accounts::{administration::Changed, password_links::MadeLink},
            sessions::Started,
        },
    },
};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use leptos::{prelude::expect_context, server_fn::redirect::REDIRECT_HEADER};
use leptos_axum::ResponseOptions;
use std::time::Duration;

/// The answer to a form that was carried out.
#[must_use]
pub struct Reply {
    path: String,
    cookies: Vec<HeaderValue>,
}

impl Reply {
    /// Redirects to a page.
    pub fn to(page: Page) -> Self {
        Self::to_path(page.path().to_owned())
    }

    /// Redirects to a path of ours.
    pub const fn to_path(path: String) -> Self {
        Self {
            path,
            cookies: Vec::new(),
        }
    }

    /// Redirects the browser of a new session to `path`. The session ends if this answer cannot be handed over.
    pub fn with_session(started: &Started, max_age: Option<Duration>, path: String) -> Self {
        context::set_pending_session(started);
        let session = cookies::session::set_session(&started.session, max_age);
        let reply = Self::to_path(path).with_cookie(session);
        match &started.device {
            Some(device) => reply.with_cookie(cookies::session::set_device(device)),
            None => reply,
        }
    }

    /// Deletes the session's cookie, and redirects to a path of ours.
    pub fn signed_out_to(path: String) -> Self {
        Self::to_path(path).with_cookie(cookies::session::clear_session())
    }

    /// The same to the page that confirms the sign-out.
    pub fn signed_out(message: Option<&Flash>) -> Self {
        let reply = Self::signed_out_to(Page::SignedOut.path().to_owned());
        match message {
            Some(message) => reply.with_message(message),
            None => reply,
        }
    }

    /// Adds a message for the page to which it redirects.
    pub fn with_message(self, message: &Flash) -> Self {
        self.with_cookie(message.set_cookie())
    }

    pub fn with_cookie(mut self, cookie: HeaderValue) -> Self {
        self.cookies.push(cookie);
        self
    }

    /// Deletes the draft of the form: the input was accepted.
    pub fn without_draft(mut self) -> Self {
        self.cookies
            .extend(draft::clear(context::request().headers()));
        self
    }

    /// Deletes the link that the browser has opened: it is used up.
    pub fn without_link(mut self) -> Self {
        self.cookies
            .extend(link::clear(context::request().headers()));
        self
    }

    /// # Errors
    /// Never: a `Result`, so that a server function can end with it.
    pub fn send(self) -> Result<(), AppError> {
        self.cookies.into_iter().for_each(set_cookie);
        redirect(&self.path);
        Ok(())
    }
}

/// A form, with what its answer needs if it is not carried out.
#[must_use]
pub struct Form<'a> {
    page: &'a str,
    draft: Option<HeaderValue>,
}

impl<'a> Form<'a> {
    /// `page` is the path of the form's page.
    pub const fn on(page: &'a str) -> Self {
        Self { page, draft: None }
    }

    /// The input that is kept if the password has to be confirmed first.
    pub fn with_draft(mut self, draft: HeaderValue) -> Self {
        self.draft = Some(draft);
        self
    }

    /// Answers. After a refusal the page is shown again with the reason; our script shows it without a navigation.
    ///
    /// # Errors
    /// Refusals, for our script. Failures: they are not the user's mistake, and have a page of their own.
    pub fn answer(self, outcome: Result<Reply, AppError>) -> Result<(), AppError> {
        let path = self.page.split('?').next().unwrap_or_default();
        self.answer_by(outcome, |refusal| Flash::refused(path, refusal))
    }

    /// The same with a message of the form's own.
    ///
    /// # Errors
    /// As [`Self::answer`].
    pub fn answer_by(
        self,
        outcome: Result<Reply, AppError>,
        message: impl FnOnce(Refusals) -> Flash,
    ) -> Result<(), AppError> {
        match outcome {
            Ok(reply) => reply.send(),
            Err(refusal) if !context::request().is_plain_form() => Err(refusal),
            Err(AppError::Failed(Failure::PasswordNeeded)) => {
                self.draft.into_iter().for_each(set_cookie);
                redirect(&NextPath::or_home(self.page).confirm_page());
                Ok(())
            }
            Err(AppError::Refused(refusal)) => {
                // Never in the URL, where any link could forge it.
                set_flash(&message(refusal));
                redirect(self.page);
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    }
}

/// Sets the message for the next page, after a plain form. Our script stays on this page.
pub fn set_flash(message: &Flash) {
    if context::request().is_plain_form() {
        set_cookie(message.set_cookie());
    }
}

/// Deletes the link that the browser has opened, with whichever answer follows: it is of no use any more.
pub fn forget_link() {
    let cookie = link::clear(context::request().headers());
    cookie.into_iter().for_each(set_cookie);
}

fn set_cookie(cookie: HeaderValue) {
    expect_context::<ResponseOptions>().append_header(header::SET_COOKIE, cookie);
}

/// Redirects the browser: a plain form by its status, our script by a header that it follows with a full page load. So
/// nothing in the memory of this page is carried over.
///
/// `path` is a path of ours; one that is invalid in a header redirects to the home page.
fn redirect(path: &str) {
    let response = expect_context::<ResponseOptions>();
    let location = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    response.insert_header(header::LOCATION, location);
    if context::request().is_plain_form() {
        response.set_status(StatusCode::SEE_OTHER);
    } else {
        response.insert_header(
            HeaderName::from_static(REDIRECT_HEADER),
            HeaderValue::from_static(""),
        );
    }
}

/// The notice of a change, for the administrator.
pub fn notice_of(changed: Changed) -> UserNotice {
    match changed {
        Changed::Disabled { ended } => UserNotice::Disabled { ended },
        Changed::Enabled => UserNotice::Enabled,
        Changed::Promoted => UserNotice::Promoted,
        Changed::Demoted => UserNotice::Demoted,
        Changed::SessionsEnded { count } => UserNotice::SessionsEnded { count },
        Changed::KeyRevoked => UserNotice::KeyRevoked,
        Changed::KeyConfirmed => UserNotice::KeyConfirmed,
        Changed::LinkMade { username, link } => notice_of_link(&username, link),
    }
}

/// The notice of a session that its owner ended.
pub fn notice_of_session(session: &Session, was_live: bool) -> SessionsNotice {
    SessionsNotice::SignedOut {
        device: session_view(session).called().to_owned(),
        was_live,
    }
}

/// The new link, for the page that shows it once.
pub fn notice_of_link(username: &str, link: MadeLink) -> UserNotice {
    let origin = context::state().site.public_url.origin();
    UserNotice::LinkMade(LinkView {
        username: username.to_owned(),
        purpose: link.purpose,
        page: format!("{origin}{}", Page::PasswordLink.path()),
        secret: link.secret,
        until: moment(link.expires_at),
    })
}

/// Answers a change on the page of its account.
///
/// # Errors
/// As [`Form::answer`].
pub fn answer_on_account(id: &str, notice: Result<UserNotice, AppError>) -> Result<(), AppError> {
    let page = Page::of_account(id);
    let reply =
        notice.map(|notice| Reply::to_path(page.clone()).with_message(&Flash::User { notice }));
    Form::on(&page).answer(reply)
}
