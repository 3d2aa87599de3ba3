//! `/admin/users`: all accounts, with a search and filters.

use crate::{
    components::administration::{Badges, Done},
    domain::{
        moment::Moment,
        page::Page,
        user::UserFilter,
        views::{UserView, UsersView},
    },
};
use leptos::{either::Either, prelude::*};

#[component]
pub fn UsersPage(view: UsersView) -> impl IntoView {
    let (has_next, is_first) = (view.next.is_some(), view.first.is_none());
    let users = if view.users.is_empty() {
        let (search, filter) = (view.search.clone(), view.filter);
        Either::Left(view! { <Nothing search filter is_all=is_first && !has_next /> })
    } else {
        Either::Right(view! { <Table users=view.users /> })
    };
    view! {
        <div class="card-head">
            <h1>"Users"</h1>
            <a class="button button-small" href=Page::Invite.path()>"Invite a user"</a>
        </div>
        <p class="quiet-text">"Everyone who can sign in, or was invited to, by username."</p>
        {view.notice.map(|notice| view! { <Done notice name=String::new() /> })}
        <section class="card users" aria-labelledby="everybody">
            <h2 id="everybody" class="visually-hidden">"All users"</h2>
            <Search search=view.search filter=view.filter />
            {users}
            <nav class="actions" aria-label="Pages">
                {view.first.map(|first| view! { <a href=first>"First page"</a> })}
                {view.next.map(|next| view! { <a href=next rel="next">"Next page"</a> })}
            </nav>
        </section>
    }
}

#[component]
fn Search(search: String, filter: Option<UserFilter>) -> impl IntoView {
    let filters = UserFilter::ALL.map(|one| {
        let is_chosen = filter == Some(one);
        view! { <option value=one.as_str() selected=is_chosen>{one.title()}</option> }
    });
    view! {
        <form class="search" method="get" action=Page::Users.path() role="search">
            <div class="field">
                <label for="search">"Search by name or email"</label>
                <input
                    class="input"
                    id="search"
                    name="search"
                    type="search"
                    value=search
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                />
            </div>
            <div class="field">
                <label for="filter">"Show"</label>
                <select class="input" id="filter" name="filter">
                    <option value="">"Everyone"</option>
                    {filters}
                </select>
            </div>
            <button class="button button-quiet" type="submit">"Search"</button>
        </form>
    }
}

/// Instead of the table, if no account is on this page.
#[component]
fn Nothing(search: String, filter: Option<UserFilter>, is_all: bool) -> impl IntoView {
    if !is_all {
        return Either::Left(view! { <p>"No account on this page."</p> });
    }
    let among = filter.map(|filter| format!(" with the filter “{}”", filter.title()));
    let subject = if search.is_empty() {
        Either::Left("No account")
    } else {
        Either::Right(view! { "No account matches “" <bdi>{search}</bdi> "”" })
    };
    Either::Right(view! {
        <p>
            {subject} {among} ". " <a href=Page::Users.path()>"Show all users"</a>
        </p>
    })
}

/// On phones each row is a block of its own, with the headings before the values. Some browsers then forget that an
/// HTML table is one, and HTML does not permit to name its roles: so these are other elements with the roles of a table.
#[component]
fn Table(users: Vec<UserView>) -> impl IntoView {
    let rows = users.into_iter().map(|user| view! { <User user /> });
    let rows = rows.collect::<Vec<_>>();
    view! {
        <div class="people-table" role="table" aria-labelledby="everybody">
            <div role="rowgroup">
                <div role="row">
                    <span role="columnheader">"Name"</span>
                    <span role="columnheader">"Username"</span>
                    <span role="columnheader">"Email"</span>
                    <span role="columnheader">"Last sign-in"</span>
                    <span role="columnheader">"Created"</span>
                </div>
            </div>
            <div role="rowgroup">{rows}</div>
        </div>
    }
}

#[component]
fn User(user: UserView) -> impl IntoView {
    let address = Page::of_account(&user.id);
    view! {
        <div role="row">
            <div role="rowheader">
                <a href=address><bdi>{user.display_name}</bdi></a>
                <Badges is_admin=user.is_admin state=user.state />
            </div>
            <div role="cell" data-heading="Username"><bdi>{user.username}</bdi></div>
            <div role="cell" data-heading="Email">{user.email.map(|email| view! { <bdi>{email}</bdi> })}</div>
            <div role="cell" data-heading="Last sign-in"><Day day=user.last_sign_in /></div>
            <div role="cell" data-heading="Created"><Day day=Some(user.created) /></div>
        </div>
    }
}

/// A day: without the script, that in UTC.
#[component]
fn Day(day: Option<Moment>) -> impl IntoView {
    match day {
        Some(day) => {
            Either::Left(view! { <time datetime=day.iso data-utc="day">{day.words}</time> })
        }
        None => Either::Right("Never"),
    }
}
