//! `/dashboard`: the signed-in user and the session.

use crate::{
    components::{device::DeviceName, facts::Fact, time::Time, welcome::WelcomeNotice},
    domain::{
        page::Page,
        views::{DashboardView, SessionView, SignInView},
    },
};
use leptos::{either::Either, prelude::*};

#[component]
pub fn DashboardPage(view: DashboardView) -> impl IntoView {
    let (username, email) = (view.username.clone(), view.email.clone());
    let welcome = view.welcome;
    let welcome = welcome.map(|welcome| view! { <WelcomeNotice welcome username email /> });
    view! {
        <h1>"Hello, " <bdi>{view.display_name}</bdi></h1>
        <Until session=view.session.clone() />
        {welcome}
        <div class="rooms overview">
            <Account
                username=view.username
                email=view.email
                description=view.description
                is_admin=view.is_admin
            />
            <ThisSession session=view.session />
            <PreviousSignIn sign_in=view.previous_sign_in />
        </div>
    }
}

/// The session ends when it is not used, or at the latest then, whichever comes first.
#[component]
fn Until(session: SessionView) -> impl IntoView {
    let is_last = session.idle_ends_at == session.absolute_ends_at;
    let words = if is_last {
        "You are signed in until "
    } else {
        "If you do not use this site, you are signed out on "
    };
    // The time comes last: in the reader's own zone it is longer, and would push what follows.
    view! {
        <p class="quiet-text">{words} <Time moment=session.idle_ends_at /></p>
    }
}

#[component]
fn Account(
    username: String,
    email: Option<String>,
    description: String,
    is_admin: bool,
) -> impl IntoView {
    let role = if is_admin { "Administrator" } else { "Member" };
    view! {
        <section class="card" aria-labelledby="account">
            <h2 id="account">"Your account"</h2>
            <dl class="facts">
                <Fact term="Username"><bdi>{username}</bdi></Fact>
                <Fact term="Email"><bdi>{email.unwrap_or_else(|| "None".to_owned())}</bdi></Fact>
                <Fact term="Role"><span class="badge">{role}</span></Fact>
                {(!description.is_empty())
                    .then(|| view! { <Fact term="Description"><bdi>{description}</bdi></Fact> })}
            </dl>
            <div class="actions">
                <a href=Page::Profile.path()>"Edit profile"</a>
                <a href=Page::Password.path()>"Change password"</a>
            </div>
        </section>
    }
}

#[component]
fn ThisSession(session: SessionView) -> impl IntoView {
    view! {
        <section class="card" aria-labelledby="session">
            <h2 id="session">"This device"</h2>
            <dl class="facts">
                <Fact term="Device"><DeviceName name=session.name device=session.device /></Fact>
                <div>
                    <dt>"Address"</dt>
                    // Programs find it by the attribute, in every language of the page.
                    <dd data-fact="session-address">{session.address}</dd>
                </div>
                <Fact term="Signed in since"><Time moment=session.signed_in_at /></Fact>
                <Fact term="Signed in with">{session.method.title()}</Fact>
                <Fact term="Signed out if unused by"><Time moment=session.idle_ends_at /></Fact>
                <Fact term="Signed out at the latest"><Time moment=session.absolute_ends_at /></Fact>
                {session.remember.then(|| view! { <Fact term="Stays signed in">"Yes"</Fact> })}
            </dl>
            <div class="actions">
                <a href=Page::Sessions.path()>"All your devices"</a>
            </div>
        </section>
    }
}

#[component]
fn PreviousSignIn(sign_in: Option<SignInView>) -> impl IntoView {
    let body = match sign_in {
        Some(sign_in) => Either::Left(view! {
            <dl class="facts">
                <Fact term="Device"><DeviceName name=sign_in.name device=sign_in.device /></Fact>
                <Fact term="Address">{sign_in.address}</Fact>
                <Fact term="When"><Time moment=sign_in.at /></Fact>
            </dl>
            <p class="quiet-text">
                "Not you? " <a href=Page::Password.path()>"Change your password"</a>
                ". That signs out all other devices. Then tell your administrator."
            </p>
        }),
        None => Either::Right(view! { <p>"This is your first."</p> }),
    };
    view! {
        <section class="card" aria-labelledby="before">
            <h2 id="before">"Previous sign-in"</h2>
            {body}
        </section>
    }
}
