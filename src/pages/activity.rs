//! `/account/activity`: the events of an account, for its owner.

use crate::{
    components::{
        event::{NoEntries, Origin, ZoneNote},
        time::Time,
    },
    domain::{
        page::Page,
        views::{KindView, OwnActivityView, OwnEventView},
    },
};
use leptos::{either::Either, prelude::*};

const HERE: &str = Page::OwnActivity.path();

#[component]
pub fn ActivityPage(view: OwnActivityView) -> impl IntoView {
    let events = view.events.into_iter();
    let events = events.map(|event| view! { <Event event /> });
    let events = events.collect::<Vec<_>>();
    let is_empty = events.is_empty();
    let is_filtered = !view.event.is_empty();
    view! {
        <h1>"Your activity"</h1>
        <p class="quiet-text">"Sign-ins, failed attempts and changes to your account."</p>
        <div class="sessions">
            <section class="card" aria-labelledby="events">
                <h2 id="events" class="visually-hidden">"Events"</h2>
                <Filter kinds=view.kinds chosen=view.event />
                <ZoneNote />
                {if is_empty {
                    Either::Left(view! { <NoEntries here=HERE is_filtered /> })
                } else {
                    Either::Right(view! { <ul class="entries">{events}</ul> })
                }}
                <nav class="actions" aria-label="Pages">
                    {(!view.is_newest).then(|| view! { <a href=HERE>"Newest events"</a> })}
                    {view.older.map(|older| view! { <a href=older rel="next">"Older events"</a> })}
                </nav>
            </section>
        </div>
    }
}

#[component]
fn Filter(kinds: Vec<KindView>, chosen: String) -> impl IntoView {
    let kinds = kinds.into_iter().map(|KindView { word, title }| {
        let is_chosen = word == chosen;
        view! { <option value=word selected=is_chosen>{title}</option> }
    });
    let kinds = kinds.collect::<Vec<_>>();
    view! {
        <form class="search" method="get" action=HERE>
            <label for="event">"Show"</label>
            <select class="input" id="event" name="event">
                <option value="">"Everything"</option>
                {kinds}
            </select>
            <button class="button button-quiet" type="submit">"Apply"</button>
        </form>
    }
}

#[component]
fn Event(event: OwnEventView) -> impl IntoView {
    let key = event.key.map(|key| view! { ": " <bdi>{key}</bdi> });
    let times = (event.times > 1).then(|| format!(", {} times", event.times));
    view! {
        <li>
            <p>{event.what} {key} {times} "."</p>
            <p class="quiet-text">
                <Time moment=event.at /> <Origin origin=event.origin />
            </p>
        </li>
    }
}
