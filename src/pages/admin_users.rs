//! `/admin/users`: all accounts, a search by prefix, and the form for a new one.

use crate::{
    api::admin::InviteUser,
    components::{
        administration::{Badges, Done},
        form::{ErrorSummary, SubmitButton, TextField},
        layout::Layout,
        submission::FormState,
    },
    domain::{
        page::Page,
        user::IdentityRefusal,
        views::{InvitationDraft, UserView, UsersView},
    },
    error::{AccountRefusal, Refusal},
};
use leptos::{either::Either, prelude::*};

#[component]
pub fn UsersPage(view: UsersView) -> impl IntoView {
    let form = FormState::of::<InviteUser>(view.refusal, fields_of, []);
    let is_empty = view.users.is_empty();
    let users = view.users.into_iter();
    let users = users.map(|user| view! { <User user /> });
    let users = users.collect::<Vec<_>>();
    view! {
        <Layout title=form.title("Accounts") wide=true>
            <h1>"Accounts"</h1>
            {view.notice.map(|notice| view! { <Done notice /> })}
            <div class="sessions">
                <section class="card" aria-labelledby="everybody">
                    <h2 id="everybody" class="visually-hidden">"All accounts"</h2>
                    <Search search=view.search.clone() />
                    {if is_empty {
                        Either::Left(view! { <p class="quiet-text">"Nobody is found by this."</p> })
                    } else {
                        Either::Right(view! { <ul class="people">{users}</ul> })
                    }}
                    <nav class="actions" aria-label="Pages">
                        {(!view.is_first)
                            .then(|| view! { <a href=first_page(&view.search)>"First page"</a> })}
                        {view.next.map(|next| view! { <a href=next rel="next">"Next page"</a> })}
                    </nav>
                </section>
                <section class="card" aria-labelledby="invite">
                    <h2 id="invite">"Invite somebody"</h2>
                    <Invite form draft=view.draft />
                </section>
            </div>
        </Layout>
    }
}

/// The first page of the current search: the form sends the same address.
fn first_page(search: &str) -> String {
    if search.is_empty() {
        return Page::Users.path().to_owned();
    }
    let encoded = search.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    format!(
        "{}?search={}",
        Page::Users.path(),
        encoded.collect::<String>()
    )
}

#[component]
fn Search(search: String) -> impl IntoView {
    view! {
        <form class="search" method="get" action=Page::Users.path() role="search">
            <label for="search">"Name, e-mail or display name begins with"</label>
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
            <button class="button button-quiet" type="submit">"Search"</button>
        </form>
    }
}

#[component]
fn User(user: UserView) -> impl IntoView {
    let address = Page::of_account(&user.id);
    let email = user.email.map(|email| view! { " · " <bdi>{email}</bdi> });
    view! {
        <li>
            <h3>
                <a href=address><bdi>{user.display_name}</bdi></a>
                <Badges is_admin=user.is_admin state=user.state />
            </h3>
            <p class="quiet-text"><bdi>{user.username}</bdi> {email}</p>
        </li>
    }
}

#[component]
fn Invite(form: FormState, draft: InvitationDraft) -> impl IntoView {
    view! {
        <p class="quiet-text">
            "You get a link to hand on, with which the person sets a password. It is good for 72 hours."
        </p>
        <ErrorSummary form />
        <form class="form form-narrow" method="post" action=form.action on:submit=form.on_submit()>
            <TextField
                id="username"
                label="Name"
                value=draft.username
                autocomplete="off"
                required=true
                hint="The person signs in with it."
                form
            />
            <TextField
                id="email"
                label="E-mail (optional)"
                value=draft.email
                autocomplete="off"
                inputmode="email"
                form
            />
            <TextField
                id="display_name"
                label="Display name (optional)"
                value=draft.display_name
                autocomplete="off"
                form
            />
            <div class="check">
                <input id="is_admin" name="is_admin" type="checkbox" value="on" checked=draft.is_admin />
                <label for="is_admin">"Administrator"</label>
            </div>
            <SubmitButton label="Make the link" />
        </form>
    }
}

/// The fields that a refusal is about.
const fn fields_of(refusal: Refusal) -> &'static [&'static str] {
    match refusal {
        Refusal::Identity(IdentityRefusal::Email | IdentityRefusal::EmailUnseen) => &["email"],
        Refusal::Identity(IdentityRefusal::DisplayName) => &["display_name"],
        // It may be either.
        Refusal::Account(AccountRefusal::NameTaken) => &["username", "email"],
        _ => &["username"],
    }
}
