//! `/account/sessions`: the devices on which a user is signed in, their names, and signing them out.

use crate::{
    api::sessions::{EndAllSessions, EndOtherSessions, EndSession, NameDevice},
    components::{
        access_keys::KeepKeys,
        device::{DeviceIcon, DeviceName},
        form::{ErrorSummary, FormFailure},
        layout::Layout,
        submission::FormState,
        time::{RelativeTime, Time},
    },
    domain::{
        device::MAX_DEVICE_NAME_CHARS,
        views::{LiveSessionView, SessionsNotice, SessionsView, SignInMethod},
    },
};
use leptos::{either::Either, prelude::*};

const TITLE: &str = "Where you’re signed in";

#[component]
pub fn SessionsPage(view: SessionsView) -> impl IntoView {
    let end_one = FormState::of::<EndSession>(None, |_| &["others"], []);
    let end_others = FormState::of::<EndOtherSessions>(None, |_| &["others"], []);
    let end_all = FormState::of::<EndAllSessions>(None, |_| &["others"], []);
    // Without the script a name was refused that belongs to one of several forms.
    let named = FormState::of::<NameDevice>(view.refusal, |_| &["others"], []);
    let forms = [named, end_one, end_others, end_all];
    let title = Signal::derive(move || {
        let is_refused = forms.iter().any(|form| form.problem.get().is_some());
        format!("{}{TITLE}", if is_refused { "Error: " } else { "" })
    });
    let refusals = forms.map(|form| {
        view! { <ErrorSummary form /> }
    });
    let may_name = view.may_name;
    let number = view.others.len();
    let others = view.others.into_iter();
    let others = others.map(|session| view! { <Other session may_name form=end_one /> });
    let others = others.collect::<Vec<_>>();
    view! {
        <Layout title wide=true>
            <h1>{TITLE}</h1>
            <p class="quiet-text">"Signing a device out takes effect at once."</p>
            {view.notice.map(|notice| view! { <Notice notice /> })}
            {refusals}
            <div class="sessions">
                <section class="card" aria-labelledby="this">
                    <h2 id="this">"This device"</h2>
                    <div class="device-row">
                        <Device session=view.current may_name />
                    </div>
                </section>
                <section class="card" aria-labelledby="others">
                    <div class="card-head">
                        <h2 id="others" tabindex="-1">{others_heading(number)}</h2>
                        {(number > 0).then(|| view! { <EndOthers form=end_others /> })}
                    </div>
                    {if number == 0 {
                        Either::Left(view! { <p>"You are not signed in anywhere else."</p> })
                    } else {
                        Either::Right(view! { <ul>{others}</ul> })
                    }}
                </section>
                <EndAll form=end_all keys=view.keys />
            </div>
        </Layout>
    }
}

fn others_heading(number: usize) -> String {
    match number {
        0 => "Other devices".to_owned(),
        1 => "1 other device".to_owned(),
        _ => format!("{number} other devices"),
    }
}

/// It takes the focus as the page loads, which would otherwise begin at its top again.
#[component]
fn Notice(notice: SessionsNotice) -> impl IntoView {
    let (name, words) = match notice {
        SessionsNotice::SignedOut { device, was_live } => {
            let was = if was_live { "was" } else { "was already" };
            (Some(device), format!(" {was} signed out."))
        }
        SessionsNotice::OthersSignedOut { count } => {
            let words = match count {
                0 => "No other device was signed in.".to_owned(),
                1 => "1 other device was signed out.".to_owned(),
                _ => format!("{count} other devices were signed out."),
            };
            (None, words)
        }
        SessionsNotice::Named { name } if name.is_empty() => (None, "Name removed.".to_owned()),
        SessionsNotice::Named { name } => {
            (Some(name), " is the name of that device now.".to_owned())
        }
    };
    view! {
        <div class="notice" role="status" tabindex="-1" autofocus>
            <p>{name.map(|name| view! { <strong><bdi>{name}</bdi></strong> })} {words}</p>
        </div>
    }
}

#[component]
fn Other(session: LiveSessionView, may_name: bool, form: FormState) -> impl IntoView {
    let id = session.id.clone();
    let whose = session.session.called().to_owned();
    view! {
        <li class="device-row">
            <Device session may_name />
            <form method="post" action=form.action on:submit=form.on_submit()>
                <input type="hidden" name="id" value=id />
                <button class="button button-quiet button-small" type="submit">
                    "Sign out" <span class="visually-hidden">": " <bdi>{whose}</bdi></span>
                </button>
            </form>
        </li>
    }
}

#[component]
fn Device(session: LiveSessionView, may_name: bool) -> impl IntoView {
    let name = (may_name && session.is_on_record).then(|| {
        let (id, name) = (session.id.clone(), session.session.name.clone());
        view! { <Name id name /> }
    });
    let LiveSessionView {
        session,
        is_new,
        last_seen,
        idle_end,
        absolute_end,
        ..
    } = session;
    let badges = [
        is_new.then_some(("badge badge-warning", "New")),
        (session.method == SignInMethod::AccessKey).then_some(("badge badge-quiet", "Access key")),
        session
            .remember
            .then_some(("badge badge-quiet", "Stays signed in")),
    ];
    let badges = badges.into_iter().flatten();
    let badges = badges.map(|(class, title)| view! { " " <span class=class>{title}</span> });
    view! {
        <DeviceIcon kind=session.kind />
        <div class="session">
            <h3><DeviceName name=session.name device=session.device /> {badges.collect::<Vec<_>>()}</h3>
            <p class="quiet-text">
                <span class="address">{session.address}</span> " · " <RelativeTime moment=last_seen activity=true />
            </p>
            <details>
                <summary>"Details"</summary>
                <p class="quiet-text">
                    "Signed in " <Time moment=session.signed_in_at /> " with: " {session.method.title()}
                    ". Signed out if unused " <RelativeTime moment=idle_end /> ", at the latest " <RelativeTime moment=absolute_end /> "."
                </p>
                {name}
            </details>
        </div>
    }
}

/// The name of a device, for this session and later ones in its browser.
#[component]
fn Name(id: String, name: String) -> impl IntoView {
    let form = FormState::of::<NameDevice>(None, |_| &["name"], []);
    let input = format!("name-{id}");
    view! {
        <form class="form device-name" method="post" action=form.action on:submit=form.on_submit()>
            <input type="hidden" name="id" value=id />
            <div class="field">
                <label for=input.clone()>"Name of this device"</label>
                <input
                    class="input"
                    id=input
                    name="name"
                    type="text"
                    dir="auto"
                    value=name
                    maxlength=MAX_DEVICE_NAME_CHARS.to_string()
                    autocomplete="off"
                    placeholder="Ada’s phone"
                    aria-invalid=move || form.problem.get().map(|_| "true")
                />
                <FormFailure form />
            </div>
            <button class="button button-quiet button-small" type="submit">"Save name"</button>
        </form>
    }
}

#[component]
fn EndOthers(form: FormState) -> impl IntoView {
    view! {
        <form method="post" action=form.action on:submit=form.on_submit()>
            <button class="button button-quiet button-small" type="submit">"Sign out all other devices"</button>
        </form>
    }
}

/// The question comes first, also without the script: it looks much like signing out the others.
#[component]
fn EndAll(form: FormState, keys: u64) -> impl IntoView {
    view! {
        <details class="ask">
            <summary class="button button-danger button-small">"Sign out everywhere"</summary>
            <form class="form ask-body" method="post" action=form.action on:submit=form.on_submit()>
                <p>"Sign out on all devices, this one included? You will need your password to sign in again."</p>
                <KeepKeys keys />
                <div>
                    <button class="button button-danger" type="submit">"Yes, sign out everywhere"</button>
                </div>
            </form>
        </details>
    }
}
