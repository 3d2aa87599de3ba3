//! `/account/sessions`: the devices on which a user is signed in, their names, and signing them out.

use crate::{
    api::sessions::{EndAllSessions, EndOtherSessions, EndSession, NameDevice},
    components::{
        access_keys::KeepKeys,
        device::{DeviceIcon, DeviceName},
        form::ErrorSummary,
        layout::Layout,
        submission::FormState,
        time::{RelativeTime, Time},
    },
    domain::{
        device::MAX_DEVICE_NAME_CHARS,
        views::{LiveSessionView, RefusedNameView, SessionsNotice, SessionsView, SignInMethod},
    },
    error::Refusals,
};
use leptos::{either::Either, prelude::*};

const TITLE: &str = "Where you’re signed in";

#[component]
pub fn SessionsPage(view: SessionsView) -> impl IntoView {
    let end_one = FormState::of::<EndSession>(None, |_| &["others"], []);
    let end_others = FormState::of::<EndOtherSessions>(None, |_| &["others"], []);
    let end_all = FormState::of::<EndAllSessions>(None, |_| &["others"], []);
    let forms = [end_one, end_others, end_all];
    let (may_name, refused) = (view.may_name, view.refused_name);
    let was_refused = refused.is_some();
    let title = Signal::derive(move || {
        let is_refused = was_refused || forms.iter().any(|form| form.problem.get().is_some());
        format!("{}{TITLE}", if is_refused { "Error: " } else { "" })
    });
    let refusals = forms.map(|form| {
        view! { <ErrorSummary form /> }
    });
    let number = view.others.len();
    let name_of = |session: &LiveSessionView| name_of(session, may_name, refused.as_ref());
    let this_name = name_of(&view.current);
    let others = view.others.into_iter();
    let others = others.map(|session| {
        let name = name_of(&session);
        view! { <Other session name form=end_one /> }
    });
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
                        <Device session=view.current name=this_name />
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
fn Other(session: LiveSessionView, name: Option<NameInput>, form: FormState) -> impl IntoView {
    let id = session.id.clone();
    let whose = session.session.called().to_owned();
    view! {
        <li class="device-row">
            <Device session name />
            <form method="post" action=form.action on:submit=form.on_submit()>
                <input type="hidden" name="id" value=id />
                <button class="button button-quiet button-small" type="submit">
                    "Sign out" <span class="visually-hidden">": " <bdi>{whose}</bdi></span>
                </button>
            </form>
        </li>
    }
}

/// The field for the name of a device.
struct NameInput {
    /// The session by which the device is chosen.
    id: String,
    text: String,
    /// Why the text was refused, without the script.
    refusal: Option<Refusals>,
}

/// `None` if the device cannot be named.
fn name_of(
    session: &LiveSessionView,
    may_name: bool,
    refused: Option<&RefusedNameView>,
) -> Option<NameInput> {
    let refused = refused.filter(|refused| refused.session == session.id);
    let text = refused.map_or(&session.session.name, |refused| &refused.input);
    (may_name && session.is_on_record).then(|| NameInput {
        id: session.id.clone(),
        text: text.clone(),
        refusal: refused.map(|refused| refused.refusal),
    })
}

#[component]
fn Device(session: LiveSessionView, name: Option<NameInput>) -> impl IntoView {
    let is_refused = name.as_ref().is_some_and(|name| name.refusal.is_some());
    let summary = if name.is_some() {
        "Name and details"
    } else {
        "Details"
    };
    let name = name.map(|name| view! { <Name name /> });
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
            <details open=is_refused>
                <summary>{summary}</summary>
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
fn Name(name: NameInput) -> impl IntoView {
    let NameInput { id, text, refusal } = name;
    let form = FormState::of::<NameDevice>(refusal, |_| &["name"], []);
    let input = format!("name-{id}");
    let problem_id = format!("{input}-problem");
    let id_of_problem = problem_id.clone();
    let described_by = move || form.problem.get().map(|_| id_of_problem.clone());
    let failure = move || {
        let (id, problem) = (problem_id.clone(), form.problem.get());
        problem.map(
            |problem| view! { <p class="field-error" role="alert" id=id>{problem.to_string()}</p> },
        )
    };
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
                    value=text
                    maxlength=MAX_DEVICE_NAME_CHARS.to_string()
                    autocomplete="off"
                    placeholder="Ada’s phone"
                    autofocus=refusal.is_some()
                    aria-invalid=move || form.problem.get().map(|_| "true")
                    aria-describedby=described_by
                />
                {failure}
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
