//! What the administrators' pages share.

use crate::{
    components::{copy::CopyButton, event::Origin, time::Time},
    domain::{
        audit::Part,
        page::Page,
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

/// The confirmation of an action on the account of `name`.
#[component]
pub fn Done(notice: UserNotice, name: String) -> impl IntoView {
    let (name, words) = match notice {
        UserNotice::LinkMade(link) => return Either::Left(view! { <MadeLink link /> }),
        UserNotice::Deleted { username, ended } => (
            Some(username),
            format!(" is deleted. {}", signed_out(ended)),
        ),
        UserNotice::Disabled { ended } => {
            (Some(name), format!(" is disabled. {}", signed_out(ended)))
        }
        UserNotice::Enabled => (Some(name), " can sign in again.".to_owned()),
        UserNotice::Promoted => (Some(name), " is now an administrator.".to_owned()),
        UserNotice::Demoted => (Some(name), " is no longer an administrator.".to_owned()),
        UserNotice::Edited => (None, "Saved.".to_owned()),
        UserNotice::KeyRevoked => (None, "The access key is revoked.".to_owned()),
        UserNotice::KeyConfirmed => (None, "The access key is valid again.".to_owned()),
        UserNotice::SessionsEnded { count } => (None, signed_out(count)),
    };
    Either::Right(view! {
        <div class="notice" role="status">
            <p>{name.map(|name| view! { <bdi>{name}</bdi> })} {words}</p>
        </div>
    })
}

fn signed_out(ended: u64) -> String {
    match ended {
        0 => "No device was signed in.".to_owned(),
        1 => "1 device was signed out.".to_owned(),
        _ => format!("{ended} devices were signed out."),
    }
}

/// A link that an administrator has just made.
#[component]
pub fn MadeLink(link: LinkView) -> impl IntoView {
    let what = match link.purpose {
        LinkPurpose::Invitation => "Invitation link for ",
        LinkPurpose::Reset => "Password reset link for ",
    };
    let address = format!("{}#{}", link.page, link.secret.reveal());
    view! {
        <div class="notice made-link once" role="status">
            <h2>{what} <bdi>{link.username}</bdi></h2>
            <p>
                "Copy this link now. It is shown once, works once, until " <Time moment=link.until />
                ". Anyone with it can take over the account, so send it privately."
            </p>
            <code class="command">{address.clone()}</code>
            <CopyButton label="Copy link" text=address />
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
    let times = (entry.times > 1).then(|| format!(", {} times", entry.times));
    // The colour fades, and is not seen by everybody.
    let new = entry
        .is_new
        .then(|| view! { <span class="visually-hidden">"New: "</span> });
    view! {
        <li class=if entry.is_new { "entry-new" } else { "" }>
            <p class="event">{new} <Sentence parts=entry.what /> {times} "."</p>
            <p class="quiet-text">
                <Time moment=entry.at seconds=true /> <Origin origin=entry.origin />
            </p>
        </li>
    }
}

/// A name keeps its own text direction, and leaves that of the sentence unchanged. That of an account leads to it.
#[component]
fn Sentence(parts: Vec<Part>) -> impl IntoView {
    let parts = parts.into_iter().map(|part| match part {
        Part::Words(words) => EitherOf3::A(words),
        Part::Name(name) => EitherOf3::B(view! { <bdi>{name}</bdi> }),
        Part::Account { name, id } => {
            let account = Page::of_account(&id.0);
            EitherOf3::C(view! { <a href=account><bdi>{name}</bdi></a> })
        }
    });
    parts.collect::<Vec<_>>()
}
