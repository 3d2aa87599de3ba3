//! `POST /api/login`, `POST /api/login_with_key` and `POST /api/logout`.

use crate::{
    domain::{access_key::AccessKeyText, checkbox::Checkbox, password::Password},
    error::AppError,
};
use leptos::prelude::*;

/// Signs a user in and redirects to `next`, a path of this site.
///
/// # Errors
/// `Refusal::SignIn` for every kind of refusal; [`Failure::Throttled`] after too many of them; [`Failure::Busy`] and
/// [`Failure::Unavailable`], after which a retry may succeed.
#[server(endpoint = "login")]
pub async fn login(
    username: String,
    password: Password,
    #[server(default)] remember: Checkbox,
    #[server(default)] next: String,
) -> Result<(), AppError> {
    use crate::{
        domain::next_path::NextPath,
        error::Failure,
        server::{
            core::sign_in,
            web::{
                context,
                cookies::flash::Flash,
                reply::{self, Form, Reply},
            },
        },
    };
    let core = &context::state().core;
    let next = NextPath::or_home(&next);
    let credentials = sign_in::Credentials {
        username: &username,
        password: &password,
    };
    let (actor, presented) = (context::actor(), context::presented());
    let signed_in = sign_in::login(core, &actor, presented, &credentials, remember.0).await;
    if let Err(AppError::Failed(Failure::Throttled { .. })) = signed_in {
        // It has a page of its own. Afterwards the sign-in page still shows the name.
        reply::set_flash(&Flash::login_refused(None, &username));
    }
    let reply = signed_in.map(|started| {
        let max_age = core.lifetimes.cookie_age(remember.0);
        Reply::with_session(&started, max_age, next.cookie_check_page())
    });
    Form::on(&next.login_page()).answer_by(reply, |refusal| {
        Flash::login_refused(Some(refusal), &username)
    })
}

/// Signs in with an access key, and redirects to `next`, a path of this site. The session ends with the key, and may do
/// what the key may.
///
/// # Errors
/// `Refusal::AccessKeyLogin` for every kind of refusal; [`Failure::NotFound`] if the server does not permit it;
/// [`Failure::Unavailable`].
#[server(endpoint = "login_with_key")]
pub async fn login_with_key(
    key: AccessKeyText,
    #[server(default)] next: String,
) -> Result<(), AppError> {
    use crate::{
        domain::next_path::NextPath,
        server::{
            core::sign_in::access_key,
            web::{
                context,
                reply::{Form, Reply},
            },
        },
    };
    let core = &context::state().core;
    let next = NextPath::or_home(&next);
    let (actor, presented) = (context::actor(), context::presented());
    let signed_in = access_key::login(core, &actor, presented, &key).await;
    let reply =
        signed_in.map(|started| Reply::with_session(&started, None, next.cookie_check_page()));
    Form::on(&next.login_key_page()).answer(reply)
}

/// Signs this browser out. Also succeeds with an ended session or none. `proof` is required if the browser does not
/// send the origin of the form (ADR 38). With `next`, a path of this site, the browser continues there, on a page that
/// asked for it.
///
/// # Errors
/// [`Failure::CrossSite`]; [`Failure::Unavailable`]: the session could not be ended, and the cookie is
/// kept.
#[server(endpoint = "logout")]
pub async fn logout(
    #[server(default)] proof: String,
    #[server(default)] next: String,
) -> Result<(), AppError> {
    use crate::{
        domain::next_path::NextPath,
        server::{
            core::sign_in,
            web::{context, cookies::flash::Flash, reply::Reply},
        },
    };
    context::demand_own_sign_out(&proof)?;
    let core = &context::state().core;
    let (actor, token) = (context::actor(), context::session_token());
    let signed_out = sign_in::logout(core, &actor, token.as_ref()).await?;
    if let Some(next) = NextPath::parse(&next) {
        return Reply::signed_out_to(next.to_string()).send();
    }
    let signed_out = signed_out.map(|user| Flash::SignedOut {
        display_name: user.display_name,
        ended: None,
    });
    Reply::signed_out(signed_out.as_ref()).send()
}
