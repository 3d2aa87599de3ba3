//! `/account/sessions`: the sessions of a user, and ending them.

use crate::{
    api::sessions::{EndAllSessions, EndOtherSessions, EndSession},
    components::{
        access_keys::KeepKeys, form::ErrorSummary, layout::Layout, relative_time::RelativeTime,
        submission::FormState, time::Time,
    },
    domain::views::{LiveSessionView, SessionsView},
};
use leptos::{either::Either, prelude::*};

#[component]
pub fn SessionsPage(view: SessionsView) -> impl IntoView {
    let end_one = FormState::of::<EndSession>(None, |_| &["others"], []);
    let end_others = FormState::of::<EndOtherSessions>(None, |_| &["others"], []);
    let end_all = FormState::of::<EndAllSessions>(None, |_| &["others"], []);
    let refusals = [end_one, end_others, end_all].map(|form| {
        view! { <ErrorSummary form /> }
    });
    let number = view.others.len();
    let others = view.others.into_iter();
    let others = others.map(|session| view! { <OtherSession session form=end_one /> });
    let others = others.collect::<Vec<_>>();
    let ended = view.ended.map(|count| view! { <Ended count /> });
    view! {
        <Layout title=end_one.title("Your sessions") wide=true>
            <h1>"Your sessions"</h1>
            <p class="quiet-text">
                "Every browser in which you are signed in. What you end here is ended at once and for good."
            </p>
            {ended}
            {refusals}
            <div class="sessions">
                <section class="card" aria-labelledby="this">
                    <h2 id="this">"This browser"</h2>
                    <Session session=view.current is_current=true />
                </section>
                <section class="card" aria-labelledby="others">
                    <div class="card-head">
                        <h2 id="others" tabindex="-1">{others_heading(number)}</h2>
                        {(number > 0).then(|| view! { <EndMany form=end_others words="End all other sessions" /> })}
                    </div>
                    {if number == 0 {
                        Either::Left(view! { <p>"You are not signed in anywhere else."</p> })
                    } else {
                        Either::Right(view! { <ul>{others}</ul> })
                    }}
                </section>
            </div>
            <EndAll form=end_all keys=view.keys />
        </Layout>
    }
}

fn others_heading(number: usize) -> String {
    match number {
        0 => "Other sessions".to_owned(),
        1 => "1 other session".to_owned(),
        _ => format!("{number} other sessions"),
    }
}

#[component]
fn Ended(count: u64) -> impl IntoView {
    let words = match count {
        0 => "There was nothing left to end.".to_owned(),
        1 => "1 session has ended. A copy of its cookie cannot be used either.".to_owned(),
        _ => format!("{count} sessions have ended. Copies of their cookies cannot be used either."),
    };
    view! {
        <div class="notice" role="status">
            <p>{words}</p>
        </div>
    }
}

#[component]
fn OtherSession(session: LiveSessionView, form: FormState) -> impl IntoView {
    let id = session.id.clone();
    let whose = format!(" the session of {}", session.session.device);
    view! {
        <li class="session-row">
            <Session session is_current=false />
            <form method="post" action=form.action on:submit=form.on_submit()>
                <input type="hidden" name="id" value=id />
                <button class="button button-quiet button-small" type="submit">
                    "End" <span class="visually-hidden">{whose}</span>
                </button>
            </form>
        </li>
    }
}

#[component]
fn Session(session: LiveSessionView, is_current: bool) -> impl IntoView {
    let LiveSessionView {
        session,
        last_seen,
        idle_end,
        absolute_end,
        ..
    } = session;
    view! {
        <div class="session">
            <h3>
                {session.device}
                {is_current.then(|| view! { " " <span class="badge">"You are here"</span> })}
                {session.has_key.then(|| view! { " " <span class="badge badge-quiet">"Access key"</span> })}
                {session.remember.then(|| view! { " " <span class="badge badge-quiet">"Stays signed in"</span> })}
            </h3>
            <p class="quiet-text">
                <span class="address">{session.address}</span> " · last active " <RelativeTime moment=last_seen />
            </p>
            <p class="quiet-text">
                "Signed in since " <Time moment=session.signed_in_at /> ". Ends " <RelativeTime moment=idle_end />
                " if it is not used, " <RelativeTime moment=absolute_end /> " at the latest."
            </p>
        </div>
    }
}

#[component]
fn EndAll(form: FormState, keys: u64) -> impl IntoView {
    view! {
        <form class="form form-narrow" method="post" action=form.action on:submit=form.on_submit()>
            <KeepKeys keys />
            <div>
                <button class="button button-quiet button-small" type="submit">"End all, and sign out here"</button>
            </div>
        </form>
    }
}

#[component]
fn EndMany(form: FormState, words: &'static str) -> impl IntoView {
    view! {
        <form method="post" action=form.action on:submit=form.on_submit()>
            <button class="button button-quiet button-small" type="submit">{words}</button>
        </form>
    }
}
