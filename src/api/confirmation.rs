//! `POST /api/confirm_password`.

use crate::{domain::password::Password, error::AppError};
use leptos::prelude::*;

/// Checks the owner's password again, and redirects to `next`, a path of this site. The session gets a new token.
///
/// # Errors
/// `Refusal::CurrentPassword`; `Failure::NotSignedIn`; `Failure::Throttled`,
/// `Failure::Busy` and `Failure::Unavailable`.
#[server(endpoint = "confirm_password")]
pub async fn confirm_password(
    password: Password,
    #[server(default)] next: String,
) -> Result<(), AppError> {
    use crate::{
        domain::next_path::NextPath,
        server::{
            core::{actor::Owner, sign_in::confirmation},
            web::{
                context, cookies,
                reply::{Form, Reply},
            },
        },
    };
    let core = &context::state().core;
    let actor = context::actor();
    let owner = Owner::confirming(&actor)?;
    let next = NextPath::or_home(&next);
    let confirmed = confirmation::confirm(core, owner, &context::presented(), &password).await;
    let reply = confirmed.map(|token| {
        let max_age = core.lifetimes.cookie_age(owner.session().remember);
        let cookie = cookies::session::set_session(&token, max_age);
        Reply::to_path(next.to_string()).with_cookie(cookie)
    });
    Form::on(&next.confirm_page()).answer(reply)
}
