//! `/admin/activity`: the audit log of all accounts.

use crate::{
    components::{
        administration::Entries,
        event::{NoEntries, ZoneNote},
        following::Following,
        layout::Layout,
        time::own_time_zone,
    },
    domain::{
        page::{Download, Page, Stream},
        views::{AuditFilter, AuditView, KindGroupView, KindView},
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
    let is_filtered = !query.is_empty();
    view! {
        <Layout title=Signal::derive(|| "Audit log".to_owned()) wide=true>
            <h1>"Audit log"</h1>
            <div class="sessions">
                <section class="card" aria-labelledby="entries">
                    <h2 id="entries" class="visually-hidden">"Entries"</h2>
                    <Filters narrowed=view.narrowed kinds=view.kinds is_followed />
                    <ListActions query=query.clone() is_followed can_follow />
                    <ZoneNote />
                    {if is_followed {
                        let events = with_query(EVENTS, &query);
                        let here = with_follow(&query);
                        EitherOf3::A(view! { <Following entries=view.entries events here /> })
                    } else if view.entries.is_empty() {
                        EitherOf3::B(view! { <NoEntries here=HERE is_filtered /> })
                    } else {
                        EitherOf3::C(view! { <Entries entries=view.entries /> })
                    }}
                    <nav class="actions" aria-label="Pages">
                        {(!view.is_newest).then(|| view! { <a href=newest>"Newest entries"</a> })}
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
        let stop = view! { <a class="button button-quiet button-small" href=here>"Stop"</a> };
        Some(Either::Left((stop, view! { <a href=follow>"Refresh"</a> })))
    } else {
        let begin =
            view! { <a class="button button-quiet button-small" href=follow>"Live view"</a> };
        can_follow.then_some(Either::Right(begin))
    };
    view! {
        <nav class="actions" aria-label="The list">
            {following} <a href=with_query(JSON_LINES, &query)>"Download JSON"</a>
            <a href=with_query(CSV, &query)>"Download CSV"</a>
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

/// Folded on narrow screens, where they would push the entries out of sight; the stylesheet unfolds them elsewhere.
#[component]
fn Filters(narrowed: AuditFilter, kinds: Vec<KindGroupView>, is_followed: bool) -> impl IntoView {
    let AuditFilter {
        user,
        event,
        since,
        until,
        zone,
    } = narrowed;
    let active = [&user, &event, &since, &until].into_iter();
    let active = active.filter(|value| !value.is_empty()).count();
    // Chosen days keep their zone; others are days of the reader, whose zone only the script knows.
    let own_zone = own_time_zone();
    let has_days = !(since.is_empty() && until.is_empty());
    let zone = Signal::derive(move || {
        if has_days {
            Some(zone.clone()).filter(|zone| !zone.is_empty())
        } else {
            own_zone.get()
        }
    });
    view! {
        <details class="filters">
            <summary>"Filters" {(active > 0).then(|| format!(" ({active} active)"))}</summary>
            <form class="search search-log" method="get" action=HERE>
                <div class="field">
                    <label for="user">"Account"</label>
                    <input
                        class="input"
                        id="user"
                        name="user"
                        type="text"
                        value=user
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                    />
                </div>
                <div class="field">
                    <label for="event">"Event"</label>
                    <select class="input" id="event" name="event">
                        <option value="">"All"</option>
                        <Kinds groups=kinds chosen=event />
                    </select>
                </div>
                <Day name="since" label="First day" value=since zone />
                <Day name="until" label="Last day" value=until zone />
                <input type="hidden" name="zone" value=move || zone.get().unwrap_or_default() />
                {is_followed.then(|| view! { <input type="hidden" name="follow" value="on" /> })}
                <button class="button button-quiet" type="submit">"Apply"</button>
            </form>
        </details>
    }
}

#[component]
fn Kinds(groups: Vec<KindGroupView>, chosen: String) -> impl IntoView {
    let groups = groups.into_iter().map(|KindGroupView { title, kinds }| {
        let kinds = kinds.into_iter().map(|KindView { word, title }| {
            let is_chosen = word == chosen;
            view! { <option value=word selected=is_chosen>{title}</option> }
        });
        view! { <optgroup label=title>{kinds.collect::<Vec<_>>()}</optgroup> }
    });
    groups.collect::<Vec<_>>()
}

#[component]
fn Day(
    name: &'static str,
    label: &'static str,
    value: String,
    /// `None` for UTC.
    zone: Signal<Option<String>>,
) -> impl IntoView {
    let zone = move || zone.get().unwrap_or_else(|| "UTC".to_owned());
    view! {
        <div class="field">
            <label for=name>{label} " (" {zone} ")"</label>
            <input class="input" id=name name=name type="date" value=value />
        </div>
    }
}
