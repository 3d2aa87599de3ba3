//! `/admin/activity`: the audit log of all.

use crate::{
    components::{
        administration::{AdminNav, Entries},
        layout::Page,
    },
    domain::views::{AuditFilter, AuditView},
};
use leptos::{either::Either, prelude::*};

const HERE: &str = "/admin/activity";

#[component]
pub fn AuditPage(view: AuditView) -> impl IntoView {
    let is_empty = view.entries.is_empty();
    let newest = with_query(HERE, &view.query);
    view! {
        <Page title=Signal::derive(|| "Audit log".to_owned()) signed_in=view.display_name wide=true>
            <AdminNav here=HERE />
            <h1>"Audit log"</h1>
            <div class="sessions">
                <section class="card" aria-labelledby="entries">
                    <h2 id="entries" class="visually-hidden">"Entries"</h2>
                    <Filters narrowed=view.narrowed kinds=view.kinds />
                    {if is_empty {
                        Either::Left(view! { <p class="quiet-text">"Nothing is written down of this."</p> })
                    } else {
                        Either::Right(view! { <Entries entries=view.entries /> })
                    }}
                    <nav class="actions" aria-label="Pages">
                        {(!view.is_newest).then(|| view! { <a href=newest>"The newest"</a> })}
                        {view.older.map(|older| view! { <a href=older rel="next">"Older entries"</a> })}
                    </nav>
                </section>
            </div>
        </Page>
    }
}

fn with_query(path: &str, query: &str) -> String {
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}

#[component]
fn Filters(narrowed: AuditFilter, kinds: Vec<(String, String)>) -> impl IntoView {
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
