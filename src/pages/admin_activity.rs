//! `/admin/activity`: the audit log of all.

use crate::{
    components::{
        administration::{AdminNav, Entries, in_words},
        layout::Page,
    },
    domain::views::AuditView,
};
use leptos::{either::Either, prelude::*};

#[component]
pub fn AuditPage(view: AuditView) -> impl IntoView {
    let is_empty = view.entries.is_empty();
    view! {
        <Page title=Signal::derive(|| "Audit log".to_owned()) signed_in=view.display_name wide=true>
            <AdminNav here="/admin/activity" />
            <h1>"Audit log"</h1>
            <div class="sessions">
                <section class="card" aria-labelledby="entries">
                    <h2 id="entries" class="visually-hidden">"Entries"</h2>
                    <Filters user=view.user event=view.event kinds=view.kinds />
                    {if is_empty {
                        Either::Left(view! { <p class="quiet-text">"Nothing is written down of this."</p> })
                    } else {
                        Either::Right(view! { <Entries entries=view.entries with_names=true /> })
                    }}
                    <nav class="actions" aria-label="Pages">
                        {(!view.is_newest).then(|| view! { <a href="/admin/activity">"The newest"</a> })}
                        {view.older.map(|older| view! { <a href=older rel="next">"Older entries"</a> })}
                    </nav>
                </section>
            </div>
        </Page>
    }
}

#[component]
fn Filters(user: String, event: String, kinds: Vec<String>) -> impl IntoView {
    let kinds = kinds.into_iter().map(|kind| {
        let (is_chosen, words) = (kind == event, in_words(&kind));
        view! { <option value=kind selected=is_chosen>{words}</option> }
    });
    let kinds = kinds.collect::<Vec<_>>();
    view! {
        <form class="search" method="get" action="/admin/activity">
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
                    {kinds}
                </select>
            </div>
            <button class="button button-quiet" type="submit">"Show"</button>
        </form>
    }
}
