//! `POST /api/open_password_link` and `POST /api/use_password_link`.

use crate::{
    domain::{password::Password, password_link::LinkSecret},
    error::AppError,
};
use leptos::prelude::*;

/// Checks a link without using it, and keeps it in the browser for the page on which its owner chooses a password. The
/// secret is in the body of a form, never in a URL.
///
/// # Errors
/// `Refusal::Link`; `Failure::Throttled` and `Failure::Unavailable`.
#[server(endpoint = "open_password_link")]
pub async fn open_password_link(secret: LinkSecret) -> Result<(), AppError> {
    use crate::{
        domain::page::Page,
        server::{
            core::accounts::password_links,
            web::{
                context, cookies,
                reply::{self, Form, Reply},
            },
        },
    };
    let core = &context::state().core;
    let opened = password_links::open(core, &context::actor(), &secret).await;
    if matches!(opened, Err(AppError::Refused(_))) {
        // That of an earlier link, whose owner the page would greet.
        reply::forget_link();
    }
    let page = format!("{}?cookie-check", Page::PasswordLink.path());
    let reply = opened.map(|ticket| Reply::to_path(page).with_cookie(cookies::link::keep(ticket)));
    Form::on(Page::PasswordLink.path()).answer(reply)
}

/// Sets the password of a link's owner. Without `secret`, which programs send, it is the link that this browser has
/// opened, and `proof` is the value of its page. Only then an invitation signs its owner in; otherwise the sign-in page
/// follows, as after a reset.
///
/// # Errors
/// `Refusal::Link` and `Refusal::LinkNotOpened`; `Refusal::OtherAccount`; `Refusal::Password`, with the rule;
/// `Failure::Throttled`, `Failure::Busy` and `Failure::Unavailable`.
#[server(endpoint = "use_password_link")]
pub async fn use_password_link(
    new_password: Password,
    #[server(default)] secret: LinkSecret,
    #[server(default)] proof: String,
) -> Result<(), AppError> {
    use crate::{
        domain::{next_path::NextPath, page::Page, views::Welcome},
        error::Refusal,
        server::{
            core::accounts::password_links::{self, Redeemed},
            web::{
                context,
                cookies::{self, flash::Flash},
                reply::{self, Form, Reply},
            },
        },
    };
    let core = &context::state().core;
    let form = Form::on(Page::PasswordLink.path());
    let (secret, presented) = if secret.is_empty() {
        match cookies::link::secret_of_form(core, context::request().headers(), &proof) {
            Ok(secret) => (secret, Some(context::presented())),
            Err(refusal) => return form.answer(Err(refusal)),
        }
    } else {
        (secret, None)
    };
    let actor = context::actor();
    let redeemed = password_links::redeem(core, &actor, presented, &secret, &new_password).await;
    if redeemed.as_ref().err() == Some(&Refusal::Link.into()) {
        reply::forget_link();
    }
    form.answer(redeemed.map(|redeemed| {
        match redeemed {
            Redeemed::SignedIn(started) => {
                let welcome = Welcome::Invited;
                Reply::with_session(&started, None, NextPath::home().cookie_check_page())
                    .with_message(&Flash::Welcome { welcome })
                    .without_link()
            }
            Redeemed::PasswordSaved { username } => Reply::to(Page::Login)
                .with_message(&Flash::PasswordSet { username })
                .without_link(),
        }
    }))
}
