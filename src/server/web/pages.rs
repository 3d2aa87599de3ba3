//! The values of each page, gathered before it is rendered.
//!
//! Before a page is rendered, every decision is made and every value is known. So it is sent whole,
//! needs no second request, and never shows a partial state.

mod access_keys;
mod account;
pub mod activity;
pub mod audit;
mod authentication;
mod dashboard;
mod sessions;
mod users;
mod visit;

pub use sessions::{new_sign_ins, session_view};
pub use visit::{Visit, query_value};

use super::{
    context::{Caller, set_page_policy},
    cookies::{draft, flash, flash::Flash},
    frame,
    layers::{forwarded::Client, guard, headers},
    proxy_diagnosis,
    state::AppState,
};
use crate::{
    app,
    domain::{
        frame::Frame,
        moment::length_in_words,
        page::{AdministrationView, InteractiveView, Page, PageView, StaticView},
        views::{AccessKeyNotice, ProfileNotice, RenderedFor, SignInAgain, SignOutProof},
    },
    error::{AppError, Failure},
    server::core::{actor, sessions::sign_out_proof},
};
use axum::{
    Extension,
    extract::{Request, State},
    http::{HeaderMap, Method, Uri},
    response::{IntoResponse, Redirect, Response},
};
use leptos::prelude::provide_context;

/// Answers a request for a page.
pub async fn answer(
    State(state): State<AppState>,
    Extension(page): Extension<Page>,
    Extension(client): Extension<Client>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let visit = Visit {
        state: &state,
        caller: &caller,
        client: &client,
        uri: &uri,
        headers: &headers,
        flash: Flash::of_request(&headers),
    };
    let view = match gather(page, visit).await {
        Ok(Answer::Page(view)) => view,
        Ok(Answer::Redirect(path)) => return Redirect::to(&path).into_response(),
        Ok(Answer::NotFound) => return Failure::NotFound.into_response(),
        Err(failure) => return failure.into_response(),
    };
    let has_message = page.shows_messages() || is_welcomed(&view);
    let has_draft = shows_draft(&view);
    // The answer to HEAD shows nothing, so it deletes nothing.
    let is_shown = request.method() != Method::HEAD;
    let around = Frame {
        person: frame::person_of(&caller),
        ..frame::of(&state, Some(page), (request.method(), &uri, &headers))
    };
    let mut response = match render(state, &caller, (around, view), request).await {
        Ok(response) => response,
        Err(failure) => return failure.into_response(),
    };
    if is_shown && has_message {
        flash::forget_shown(&headers, &mut response);
    }
    if is_shown && has_draft {
        draft::forget_shown(&headers, &mut response);
    }
    response
}

/// The dashboard leaves every other message for its own page.
const fn is_welcomed(view: &PageView) -> bool {
    matches!(view, PageView::Static(StaticView::Dashboard(view)) if view.welcome.is_some())
}

/// Whether it shows input that was sent before the password was confirmed. A draft of another page stays: its owner may
/// open this one first.
fn shows_draft(view: &PageView) -> bool {
    let PageView::Interactive(view) = view else {
        return false;
    };
    match view {
        InteractiveView::Profile(view) => view.notice == Some(ProfileNotice::NotSavedYet),
        InteractiveView::AccessKeys(view) => view.notice == Some(AccessKeyNotice::NotMadeYet),
        InteractiveView::Administration(AdministrationView::Invite(view)) => view.is_unsent,
        InteractiveView::Administration(AdministrationView::Account(view)) => view.edit.is_unsaved,
        _ => false,
    }
}

/// The values that only the server knows, for the parts of a page that are the same for every session.
fn session_context(
    state: &AppState,
    caller: &Caller,
) -> Option<(RenderedFor, SignOutProof, SignInAgain)> {
    let Caller::SignedIn(current) = caller else {
        return None;
    };
    let (core, session) = (&state.core, &current.session);
    let lifetimes = &core.lifetimes;
    Some((
        RenderedFor(current.user.id.short().to_owned()),
        SignOutProof(sign_out_proof::of(core, &session.id)),
        SignInAgain {
            username: current.user.username.clone(),
            idle: length_in_words(lifetimes.idle_for(session.remember)),
            longest: length_in_words(lifetimes.absolute_for(session.remember)),
        },
    ))
}

/// Renders the whole page.
async fn render(
    state: AppState,
    caller: &Caller,
    (around, view): (Frame, PageView),
    request: Request,
) -> Result<Response, AppError> {
    let options = state.leptos_options.clone();
    // Without the query: a page repeats nothing of it.
    let here = request.uri().path().to_owned();
    let new_sign_ins = match caller {
        Caller::SignedIn(current) => new_sign_ins(current, &here),
        _ => None,
    };
    let session_context = session_context(&state, caller);
    let context = move || {
        provide_context(state.clone());
        if let Some((rendered_for, sign_out_proof, sign_in_again)) = session_context.clone() {
            provide_context(rendered_for);
            provide_context(sign_out_proof);
            provide_context(sign_in_again);
        }
    };
    let render = leptos_axum::render_app_async_with_context(context, move || {
        let nonce = set_page_policy();
        app::shell(
            options.clone(),
            nonce,
            around.clone(),
            new_sign_ins.clone(),
            view.clone(),
        )
    });
    let response = headers::with_document_headers(render(request).await).await;
    response.map_err(|_| AppError::Failed(Failure::Internal))
}

/// The outcome of a request for a page.
pub enum Answer {
    Page(PageView),
    /// A redirect to a path of ours.
    Redirect(String),
    /// The page does not exist, or no longer.
    NotFound,
}

impl Answer {
    fn to(page: Page) -> Self {
        Self::Redirect(page.path().to_owned())
    }
}

/// Gathers the values of a page.
///
/// # Errors
/// [`Failure::Unavailable`] if the database does not answer; [`Failure::Internal`].
pub async fn gather(page: Page, visit: Visit<'_>) -> Result<Answer, AppError> {
    if page.needs_fresh_password() && !actor::is_fresh(&visit.state.core, visit.current_user()?) {
        let path = guard::return_path(visit.uri);
        return Ok(Answer::Redirect(path.confirm_page()));
    }
    let view = match page {
        Page::Home if visit.is_signed_in() => return Ok(Answer::to(Page::Dashboard)),
        Page::Home => return Ok(Answer::to(Page::Login)),
        Page::Login if visit.is_signed_in() => {
            return Ok(Answer::Redirect(visit.next().to_string()));
        }
        Page::LoginKey if visit.is_signed_in() => {
            return Ok(Answer::Redirect(visit.next().to_string()));
        }
        Page::LoginKey => match authentication::login_key(&visit) {
            Some(view) => InteractiveView::LoginKey(view).into(),
            None => return Ok(Answer::NotFound),
        },
        Page::Login => InteractiveView::Login(authentication::login(visit).await?).into(),
        Page::Help => StaticView::Help.into(),
        Page::Logout => InteractiveView::Logout(authentication::logout(&visit)).into(),
        // It would be wrong for a user who is signed in.
        Page::SignedOut if visit.is_signed_in() => return Ok(Answer::to(Page::Dashboard)),
        Page::SignedOut => StaticView::SignedOut(authentication::signed_out(visit)).into(),
        Page::Setup => match authentication::setup(visit).await? {
            Some(view) => InteractiveView::Setup(view).into(),
            None => return Ok(Answer::NotFound),
        },
        Page::PasswordLink => {
            let view = authentication::password_link(&visit).await?;
            InteractiveView::PasswordLink(Box::new(view)).into()
        }
        Page::ChangePassword => return Ok(Answer::to(Page::Password)),
        Page::Dashboard => StaticView::Dashboard(Box::new(dashboard::dashboard(&visit)?)).into(),
        Page::Password => InteractiveView::Password(account::password(visit).await?).into(),
        Page::AccessKeys => {
            InteractiveView::AccessKeys(Box::new(access_keys::own(visit).await?)).into()
        }
        Page::Profile => {
            InteractiveView::Profile(Box::new(account::profile(visit.current_user()?, visit)))
                .into()
        }
        Page::Sessions => InteractiveView::Sessions(Box::new(sessions::own(visit).await?)).into(),
        Page::OwnActivity => StaticView::OwnActivity(Box::new(activity::own(&visit).await?)).into(),
        Page::Confirm if actor::is_fresh(&visit.state.core, visit.current_user()?) => {
            return Ok(Answer::Redirect(visit.next().to_string()));
        }
        Page::Confirm => {
            InteractiveView::Confirm(account::confirm(visit.current_user()?, &visit)).into()
        }
        Page::Users | Page::Invite | Page::Account | Page::Audit | Page::System => {
            match administration(page, visit).await? {
                Some(view) => view,
                None => return Ok(Answer::NotFound),
            }
        }
    };
    Ok(Answer::Page(view))
}

/// The same for a page of administrators; `None` if it does not exist.
async fn administration(page: Page, visit: Visit<'_>) -> Result<Option<PageView>, AppError> {
    Ok(match page {
        Page::Users => Some(StaticView::Users(Box::new(users::list(visit).await?)).into()),
        Page::Invite => {
            let view = users::invite(visit)?;
            Some(AdministrationView::Invite(Box::new(view)).into())
        }
        Page::Account => {
            let view = users::account(visit).await?;
            view.map(|view| AdministrationView::Account(Box::new(view)).into())
        }
        Page::Audit => {
            let (view, is_followed) = audit::page(&visit).await?;
            let view = Box::new(view);
            Some(if is_followed {
                AdministrationView::FollowedAudit(view).into()
            } else {
                StaticView::Audit(view).into()
            })
        }
        Page::System => {
            visit.administrator()?;
            let diagnosis = proxy_diagnosis::view(visit.client, &visit.state.site);
            Some(StaticView::System(diagnosis).into())
        }
        _ => None,
    })
}
