//! `/help`: for users who cannot sign in. It depends on no account, so it gives away nothing about one.

use crate::{
    components::layout::{Door, Threshold},
    domain::{page::Page, site::Help},
};
use leptos::{either::Either, prelude::*};

#[component]
pub fn HelpPage(contact: Option<Help>, is_signed_in: bool) -> impl IntoView {
    let (back, words) = if is_signed_in {
        (Page::Home, "Go to the start page")
    } else {
        (Page::Login, "Back to sign in")
    };
    view! {
        <Threshold>
            <Door />
            <div class="card">
                <h1>"Can’t sign in?"</h1>
                <p>
                    "Ask your administrator for a new link. With it you choose a new password, and see your username."
                </p>
                {contact.map(|contact| view! { <p>"Contact: " <Contact contact /></p> })}
                <p>"Too many attempts? Wait a minute, then try again."</p>
                <h2>"For administrators"</h2>
                <p>"On the server, this makes a link for a new password:"</p>
                <code class="command">"vestibule user reset USERNAME"</code>
                <div class="actions">
                    <a class="button" href=back.path()>{words}</a>
                </div>
            </div>
        </Threshold>
    }
}

#[component]
fn Contact(contact: Help) -> impl IntoView {
    let text = contact.text().to_owned();
    match contact.href() {
        Some(href) => Either::Left(view! { <a href=href><bdi>{text}</bdi></a> }),
        None => Either::Right(view! { <bdi>{text}</bdi> }),
    }
}
