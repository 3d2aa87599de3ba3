//! `POST /api/use_password_link`.

use crate::{
    domain::{password::Password, password_link::LinkSecret},
    error::AppError,
};
use leptos::prelude::*;

/// Sets the password of a link's owner, and redirects to the sign-in page. The secret is in the body of a form, never
/// in a URL.
///
/// # Errors
/// `Refusal::Link`; `Refusal::Password`, with the rule; `Failure::Throttled`,
/// `Failure::Busy` and `Failure::Unavailable`.
#[server(endpoint = "use_password_link")]
pub async fn use_password_link(secret: LinkSecret, new_password: Password) -> Result<(), AppError> {
    use crate::{
        domain::page::Page,
        server::{
            core::accounts::password_links::{self, NotRedeemed},
            web::{
                context,
                cookies::flash::Flash,
                reply::{Form, Reply},
            },
        },
    };
    let core = &context::state().core;
    let actor = context::actor();
    let (reply, username) = match password_links::redeem(core, &actor, &secret, &new_password).await
    {
        Ok(username) => {
            let message = Flash::PasswordSet { username };
            (
                Ok(Reply::to(Page::Login).with_message(&message)),
                String::new(),
            )
        }
        Err(NotRedeemed { failure, username }) => (Err(failure), username.unwrap_or_default()),
    };
    Form::on(Page::PasswordLink.path())
        .with_input(&username)
        .answer(reply)
}
