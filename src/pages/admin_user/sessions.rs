//! The devices on which the owner of an account is signed in.

use super::{Action, Ask};
use crate::{
    api::admin::EndUserSession,
    components::{
        device::DeviceName,
        form::ErrorSummary,
        submission::FormState,
        time::{RelativeTime, Time},
    },
    domain::{
        user::AccountChange,
        views::{LiveSessionView, SignInMethod, UserView},
    },
};
use leptos::prelude::*;

#[component]
pub fn Sessions(
    user: UserView,
    sessions: Vec<LiveSessionView>,
    /// The session of this browser, if it is among them.
    own_session: Option<String>,
    form: FormState,
) -> impl IntoView {
    let end_one = FormState::of::<EndUserSession>(None, |_| &["sessions"], []);
    let number = sessions.len();
    let rows = sessions.into_iter().map(|session| {
        let is_here = own_session.as_ref() == Some(&session.id);
        let (id, name) = (user.id.clone(), user.display_name.clone());
        view! { <Session id name session is_here form=end_one /> }
    });
    let rows = rows.collect::<Vec<_>>();
    let heading = match number {
        0 => "Not signed in on any device".to_owned(),
        1 => "Signed in on 1 device".to_owned(),
        _ => format!("Signed in on {number} devices"),
    };
    view! {
        <section class="card room-wide sessions-of" aria-labelledby="sessions">
            <h2 id="sessions" tabindex="-1">{heading}</h2>
            <ErrorSummary form=end_one />
            {(number > 0).then(|| view! { <ul>{rows}</ul> })}
            {(number > 0).then(|| view! { <EndAll user form /> })}
        </section>
    }
}

#[component]
fn EndAll(user: UserView, form: FormState) -> impl IntoView {
    let words = ["Sign out ", " everywhere"];
    let action = Action::named(&user, AccountChange::EndSessions, words).dangerous();
    let question = " has to sign in again on every device.";
    view! { <Ask label="Sign out everywhere" question action form /> }
}

#[component]
fn Session(
    id: String,
    /// Of the person.
    name: String,
    session: LiveSessionView,
    is_here: bool,
    form: FormState,
) -> impl IntoView {
    let device = session.session.called().to_owned();
    let question = if is_here {
        "This is the device that you are using: "
    } else {
        "Any work that is open there is interrupted: "
    };
    let has_key = session.session.method == SignInMethod::AccessKey;
    view! {
        <li class="session-row">
            <div class="session">
                <h3>
                    <DeviceName name=session.session.name device=session.session.device />
                    {is_here.then(|| view! { " " <span class="badge">"This device"</span> })}
                    {has_key.then(|| view! { " " <span class="badge badge-quiet">"Access key"</span> })}
                </h3>
                <p class="quiet-text">
                    <span class="address">{session.session.address}</span> " · last active "
                    <RelativeTime moment=session.last_seen /> " · since " <Time moment=session.session.signed_in_at />
                </p>
            </div>
            <details class="ask">
                <summary class="button button-quiet button-small">
                    "Sign out" <span class="visually-hidden">" " <bdi>{device.clone()}</bdi></span>
                </summary>
                <div class="ask-body">
                    <p>{question} <bdi>{device}</bdi> "."</p>
                    <form method="post" action=form.action on:submit=form.on_submit()>
                        <input type="hidden" name="id" value=id />
                        <input type="hidden" name="session" value=session.id />
                        <button class="button button-danger button-small" type="submit">
                            <span>"Sign out " <bdi>{name}</bdi> " there"</span>
                        </button>
                    </form>
                </div>
            </details>
        </li>
    }
}
