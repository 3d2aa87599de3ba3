//! The notice on the dashboard of a new user: what comes next.

use crate::domain::{page::Page, views::Welcome};
use leptos::{either::Either, prelude::*};

#[component]
pub fn WelcomeNotice(
    welcome: Welcome,
    /// With which the user signs in.
    username: String,
    email: Option<String>,
) -> impl IntoView {
    let next = match welcome {
        Welcome::FirstAccount => Either::Left(view! {
            <p>
                "Next: invite a user. Settings, such as the name of this site, are in " <code>"Leptos.toml"</code> " on the server."
            </p>
            <div class="actions">
                <a class="button button-small" href=Page::Invite.path()>"Invite a user"</a>
            </div>
        }),
        Welcome::Invited => Either::Right(view! {
            <p>
                "Next time you sign in as " <b><bdi>{username}</bdi></b>
                {email.map(|email| view! { " or " <bdi>{email}</bdi> })} " with your new password."
            </p>
        }),
    };
    view! {
        <div class="notice once" role="status">
            <h2>"Your account is ready"</h2>
            {next}
        </div>
    }
}
