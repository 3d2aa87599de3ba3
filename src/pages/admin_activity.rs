//! `/admin/activity`: the audit log of all accounts.

use crate::{
    components::{administration::Entries, following::Following, layout::Layout},
    domain::{
        page::{Download, Page, Stream},
        views::{AuditFilter, AuditView},
    },
};
use leptos::{
    either::{Either, EitherOf3},
    prelude::*,
};

const HERE: &str = Page::Audit.path();
const EVENTS: &str = Stream::Audit.path();
const JSON_LINES: &str = Download::AuditJsonLines.path();
const CSV: &str = Download::AuditCsv.path();

#[component]
pub fn AuditPage(view: AuditView) -> impl IntoView {
    let (query, is_followed) = (view.query, view.is_followed);
    let newest = with_query(HERE, &query);
    let can_follow = view.narrowed.until.is_empty();
    view! {
        <Layout title=Signal::derive(|| "Audit log".to_owned()) wide=true>
            <h1>"Audit log"</h1>
            <div class="sessions">
                <section class="card" aria-labelledby="entries">
                    <h2 id="entries" class="visually-hidden">"Entries"</h2>
                    <Filters narrowed=view.narrowed kinds=view.kinds is_followed />
                    <ListActions query=query.clone() is_followed can_follow />
                    {if is_followed {
                        let events = with_query(EVENTS, &query);
                        let here = with_follow(&query);
                        EitherOf3::A(view! { <Following entries=view.entries events here /> })
                    } else if view.entries.is_empty() {
                        EitherOf3::B(view! { <p class="quiet-text">"Nothing is written down of this."</p> })
                    } else {
                        EitherOf3::C(view! { <Entries entries=view.entries /> })
                    }}
                    <nav class="actions" aria-label="Pages">
                        {(!view.is_newest).then(|| view! { <a href=newest>"The newest"</a> })}
                        {view
                            .older
                            .filter(|_| !is_followed)
                            .map(|older| view! { <a href=older rel="next">"Older entries"</a> })}
                    </nav>
                </section>
            </div>
        </Layout>
    }
}

/// Actions on the shown entries. All are links, so they work without the script.
#[component]
fn ListActions(query: String, is_followed: bool, can_follow: bool) -> impl IntoView {
    let here = with_query(HERE, &query);
    let follow = with_follow(&query);
    let following = if is_followed {
        let stop =
            view! { <a class="button button-quiet button-small" href=here>"Stop following"</a> };
        Some(Either::Left((
            stop,
            view! { <a href=follow>"Look again"</a> },
        )))
    } else {
        let begin = view! { <a class="button button-quiet button-small" href=follow>"Follow"</a> };
        can_follow.then_some(Either::Right(begin))
    };
    view! {
        <nav class="actions" aria-label="The list">
            {following} <a href=with_query(JSON_LINES, &query)>"Download as JSON lines"</a>
            <a href=with_query(CSV, &query)>"Download as CSV"</a>
        </nav>
    }
}

fn with_follow(query: &str) -> String {
    let and = if query.is_empty() { "" } else { "&" };
    format!("{HERE}?{query}{and}follow=on")
}

fn with_query(path: &str, query: &str) -> String {
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

#[component]
fn Filters(
    narrowed: AuditFilter,
    kinds: Vec<(String, String)>,
    is_followed: bool,
) -> impl IntoView {
    let kinds = kinds.into_iter().map(|(kind, name)| {
        let is_chosen = kind == narrowed.event;
        view! { <option value=kind selected=is_chosen>{name}</option> }
    });
    let kinds = kinds.collect::<Vec<_>>();
    view! {
        <form class="search search-log" method="get" action=HERE>
            <div class="field">
                <label for="user">"Account"</label>
                <input
                    class="input"
                    id="user"
                    name="user"
                    type="text"
                    value=narrowed.user
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                />
            </div>
            <div class="field">
                <label for="event">"Event"</label>
                <select class="input" id="event" name="event">
                    <option value="">"All"</option>
                    {kinds}
                </select>
            </div>
            <Day name="since" label="First day (UTC)" value=narrowed.since />
            <Day name="until" label="Last day (UTC)" value=narrowed.until />
            {is_followed.then(|| view! { <input type="hidden" name="follow" value="on" /> })}
            <button class="button button-quiet" type="submit">"Show"</button>
        </form>
    }
}

#[component]
fn Day(name: &'static str, label: &'static str, value: String) -> impl IntoView {
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <input class="input" id=name name=name type="date" value=value />
        </div>
    }
}
