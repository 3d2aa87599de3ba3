//! What the administrators' pages share.

use crate::{
    components::time::Time,
    domain::{
        audit::Part,
        password_link::LinkPurpose,
        views::{AuditEntryView, LinkView, UserNotice, UserState},
    },
};
use leptos::{
    either::{Either, EitherOf3},
    prelude::*,
};

/// Role and state of an account, unless they are the usual ones.
#[component]
pub fn Badges(is_admin: bool, state: UserState) -> impl IntoView {
    let state = match state {
        UserState::Enabled => None,
        UserState::Disabled => Some("Disabled"),
        UserState::Invited => Some("Invited"),
    };
    view! {
        {is_admin.then(|| view! { " " <span class="badge">"Administrator"</span> })}
        {state.map(|state| view! { " " <span class="badge badge-quiet">{state}</span> })}
    }
}

/// The confirmation of an action.
#[component]
pub fn Done(notice: UserNotice) -> impl IntoView {
    let words = match notice {
        UserNotice::LinkMade(link) => return EitherOf3::A(view! { <Link link /> }),
        UserNotice::Deleted { username, ended } => {
            let sessions = sessions(ended);
            return EitherOf3::B(view! {
                <div class="notice" role="status">
                    <p><strong><bdi>{username}</bdi></strong> " is deleted. " {sessions}</p>
                </div>
            });
        }
        UserNotice::Disabled { ended } => format!("The account is disabled. {}", sessions(ended)),
        UserNotice::Enabled => "The account can sign in again.".to_owned(),
        UserNotice::Promoted => "This is an administrator now.".to_owned(),
        UserNotice::Demoted => "This is an administrator no more.".to_owned(),
        UserNotice::KeyRevoked => "The access key is revoked.".to_owned(),
        UserNotice::KeyConfirmed => "The access key is valid again.".to_owned(),
        UserNotice::SessionsEnded { count } => sessions(count),
    };
    EitherOf3::C(view! {
        <div class="notice" role="status">
            <p>{words}</p>
        </div>
    })
}

fn sessions(ended: u64) -> String {
    match ended {
        0 => "There was no session to end.".to_owned(),
        1 => "1 session has ended.".to_owned(),
        _ => format!("{ended} sessions have ended."),
    }
}

#[component]
fn Link(link: LinkView) -> impl IntoView {
    let what = match link.purpose {
        LinkPurpose::Invitation => "the first password",
        LinkPurpose::Reset => "a new password",
    };
    let address = format!("{}#{}", link.page, link.secret.reveal());
    view! {
        <div class="notice once" role="status">
            <h2>"Hand this link on now"</h2>
            <p>
                <strong><bdi>{link.username}</bdi></strong> " sets " {what} " with it, once, until " <Time moment=link.until />
                ". It is not shown again. Give it by a way that you trust: whoever has it has the account."
            </p>
            <code class="command">{address}</code>
        </div>
    }
}

/// Entries of the audit log, the newest first.
#[component]
pub fn Entries(entries: Vec<AuditEntryView>) -> impl IntoView {
    let rows = entries.into_iter().map(|entry| view! { <Entry entry /> });
    view! { <ul class="entries">{rows.collect::<Vec<_>>()}</ul> }
}

#[component]
pub fn Entry(entry: AuditEntryView) -> impl IntoView {
    let mut from = vec![entry.address, entry.device];
    from.retain(|part| !part.is_empty());
    let times = (entry.times > 1).then(|| format!(", {} times", entry.times));
    view! {
        <li>
            <p class="event"><Sentence parts=entry.what /> {times} "."</p>
            <p class="quiet-text">
                <Time moment=entry.at /> {(!from.is_empty()).then(|| format!(" · {}", from.join(" · ")))}
            </p>
        </li>
    }
}

/// A name keeps its own text direction, and leaves that of the sentence unchanged.
#[component]
fn Sentence(parts: Vec<Part>) -> impl IntoView {
    let parts = parts.into_iter().map(|part| match part {
        Part::Words(words) => Either::Left(words),
        Part::Name(name) => Either::Right(view! { <bdi>{name}</bdi> }),
    });
    parts.collect::<Vec<_>>()
}
