//! `/admin/activity`: the audit log of all accounts.

use crate::{
    components::{
        administration::Entries,
        event::{NoEntries, ZoneNote},
        following::Following,
        layout::{Layout, server_html},
        time::ZoneName,
    },
    domain::{
        page::{Download, Page, Stream},
        views::{AuditFilter, AuditView, KindGroupView, KindView},
    },
};
use leptos::{either::Either, prelude::*};

const HERE: &str = Page::Audit.path();
const EVENTS: &str = Stream::Audit.path();
const JSON_LINES: &str = Download::AuditJsonLines.path();
const CSV: &str = Download::AuditCsv.path();

/// The entries up to now.
#[component]
pub fn AuditPage(view: AuditView) -> impl IntoView {
    let is_filtered = !view.query.is_empty();
    let newest = with_query(HERE, &view.query);
    view! {
        <h1>"Audit log"</h1>
        <p class="quiet-text">"Sign-ins, failed attempts and changes, on all accounts."</p>
        <div class="sessions">
            <section class="card" aria-labelledby="entries">
                <Controls narrowed=view.narrowed kinds=view.kinds query=view.query is_followed=false />
                {if view.entries.is_empty() {
                    Either::Left(view! { <NoEntries here=HERE is_filtered /> })
                } else {
                    Either::Right(view! { <Entries entries=view.entries /> })
                }}
                <nav class="actions" aria-label="Pages">
                    {(!view.is_newest).then(|| view! { <a href=newest>"Newest entries"</a> })}
                    {view.older.map(|older| view! { <a href=older rel="next">"Older entries"</a> })}
                </nav>
            </section>
        </div>
    }
}

/// New entries as they happen.
#[component]
pub fn FollowedAuditPage(view: AuditView) -> impl IntoView {
    let query = view.query;
    let events = with_query(EVENTS, &query);
    let here = with_follow(&query);
    let controls = server_html(|| {
        view! { <Controls narrowed=view.narrowed kinds=view.kinds query is_followed=true /> }
    });
    view! {
        <Layout title="Audit log" wide=true>
            <h1>"Audit log"</h1>
            <p class="quiet-text">"Sign-ins, failed attempts and changes, on all accounts."</p>
            <div class="sessions">
                <section class="card" aria-labelledby="entries">
                    <div inner_html=controls></div>
                    <Following entries=view.entries events here />
                </section>
            </div>
        </Layout>
    }
}

/// What is above the entries.
#[component]
fn Controls(
    narrowed: AuditFilter,
    kinds: Vec<KindGroupView>,
    query: String,
    is_followed: bool,
) -> impl IntoView {
    let can_follow = narrowed.until.is_empty();
    view! {
        <h2 id="entries" class="visually-hidden">"Entries"</h2>
        <Filters narrowed kinds is_followed />
        <ListActions query is_followed can_follow />
        <ZoneNote />
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
    let has_days = !(since.is_empty() && until.is_empty());
    // Chosen days keep their zone; others are days of the reader, whose zone only the script knows.
    let own_zone = (!has_days).then_some("");
    let day_zone = has_days.then(|| match zone.as_str() {
        "" => "UTC".to_owned(),
        zone => zone.to_owned(),
    });
    view! {
        <details class="filters">
            <summary>"Filters" {(active > 0).then(|| format!(" ({active} active)"))}</summary>
            <form class="search search-log" method="get" action=HERE>
                <div class="field">
                    <label for="user">"Username or email"</label>
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
                <Day name="since" label="First day" value=since zone=day_zone.clone() />
                <Day name="until" label="Last day" value=until zone=day_zone />
                <input type="hidden" name="zone" value=zone data-zone=own_zone />
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
    /// `None` for that of the reader.
    zone: Option<String>,
) -> impl IntoView {
    let zone = match zone {
        Some(zone) => Either::Left(zone),
        None => Either::Right(view! { <ZoneName /> }),
    };
    view! {
        <div class="field">
            <label for=name>{label} " (" {zone} ")"</label>
            <input class="input" id=name name=name type="date" value=value />
        </div>
    }
}
