//! `/account/activity`: the events of an account, for its owner.

use crate::{
    components::{layout::Layout, time::Time},
    domain::{
        page::Page,
        views::{OwnActivityView, OwnEventView},
    },
};
use leptos::{either::Either, prelude::*};

#[component]
pub fn ActivityPage(view: OwnActivityView) -> impl IntoView {
    let events = view.events.into_iter();
    let events = events.map(|event| view! { <Event event /> });
    let events = events.collect::<Vec<_>>();
    let is_empty = events.is_empty();
    view! {
        <Layout title=Signal::derive(|| "Your activity".to_owned()) wide=true>
            <h1>"Your activity"</h1>
            <p class="quiet-text">"Your sign-ins and those that were refused, the ends of your sessions, and what was changed."</p>
            <div class="sessions">
                <section class="card" aria-labelledby="events">
                    <h2 id="events" class="visually-hidden">"Events"</h2>
                    <Filter kinds=view.kinds chosen=view.event />
                    {if is_empty {
                        Either::Left(view! { <p class="quiet-text">"Nothing is written down of this."</p> })
                    } else {
                        Either::Right(view! { <ul class="entries">{events}</ul> })
                    }}
                    <nav class="actions" aria-label="Pages">
                        {(!view.is_newest).then(|| view! { <a href=Page::OwnActivity.path()>"The newest"</a> })}
                        {view.older.map(|older| view! { <a href=older rel="next">"Older events"</a> })}
                    </nav>
                </section>
            </div>
        </Layout>
    }
}

#[component]
fn Filter(kinds: Vec<(String, String)>, chosen: String) -> impl IntoView {
    let kinds = kinds.into_iter().map(|(kind, name)| {
        let is_chosen = kind == chosen;
        view! { <option value=kind selected=is_chosen>{name}</option> }
    });
    let kinds = kinds.collect::<Vec<_>>();
    view! {
        <form class="search" method="get" action=Page::OwnActivity.path()>
            <label for="event">"Show"</label>
            <select class="input" id="event" name="event">
                <option value="">"Everything"</option>
                {kinds}
            </select>
            <button class="button button-quiet" type="submit">"Show"</button>
        </form>
    }
}

#[component]
fn Event(event: OwnEventView) -> impl IntoView {
    let from = [event.device, event.address].into_iter().flatten();
    let from = from.map(|part| format!(" · {part}")).collect::<String>();
    let times = (event.times > 1).then(|| format!(", {} times", event.times));
    view! {
        <li>
            <p>{event.what} {times} "."</p>
            <p class="quiet-text">
                <Time moment=event.at /> {from}
            </p>
        </li>
    }
}
