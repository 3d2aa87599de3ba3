//! The frame of an answer: whose site it is, who is signed in, and the colours.

use super::{context::Caller, cookies, pages::query_value, state::AppState};
use crate::domain::{
    frame::{Frame, Person},
    next_path::NextPath,
    page::{Access, Page},
    session::CurrentUser,
};
use axum::http::{HeaderMap, Method, Uri};

/// The frame around `page`, or around a failure, before it is known who is signed in.
pub fn of(
    state: &AppState,
    page: Option<Page>,
    (method, uri, headers): (&Method, &Uri, &HeaderMap),
) -> Frame {
    let here = back_to(page, uri).filter(|_| method.is_safe());
    Frame {
        site: state.brand.site.clone(),
        files: state.brand.files.clone(),
        theme: cookies::theme::of_request(headers),
        person: None,
        page,
        here,
    }
}

/// Where a choice of theme leads back to: the page, without the query. Anybody may have made that, and a page repeats
/// nothing of an address but the checked `next` of a sign-in or a confirmation.
fn back_to(page: Option<Page>, uri: &Uri) -> Option<String> {
    let next = || {
        let next = query_value(uri, "next").unwrap_or_default();
        NextPath::or_home(&next)
    };
    match page {
        // The code of a link was in the address, and is there no more.
        Some(Page::PasswordLink) => None,
        Some(Page::Login) => Some(next().login_page()),
        Some(Page::LoginKey) => Some(next().login_key_page()),
        Some(Page::Confirm) => Some(next().confirm_page()),
        Some(_) => NextPath::of_site(uri.path()).map(|path| path.to_string()),
        None => Some(Page::Home.path().to_owned()),
    }
}

/// The session of the person whom a page names.
pub fn shown_to(caller: &Caller) -> Option<&CurrentUser> {
    match caller {
        Caller::SignedIn(current) | Caller::Confirming(current) => Some(current),
        _ => None,
    }
}

/// The signed-in person, with the pages that the navigation links.
pub fn person_of(caller: &Caller) -> Option<Person> {
    let current = shown_to(caller)?;
    let user = &current.user;
    let pages = Page::MENU.iter().map(|(page, ..)| *page);
    Some(Person {
        display_name: user.display_name.clone(),
        identifier: user.email.clone().unwrap_or_else(|| user.username.clone()),
        pages: pages.filter(|page| may_open(current, *page)).collect(),
    })
}

/// As the guard decides it.
fn may_open(current: &CurrentUser, page: Page) -> bool {
    let has_role = page.access() != Access::Administrator || current.user.administers();
    let has_scope = match current.session.key {
        Some(_) => page
            .scope()
            .is_some_and(|scope| current.scopes().contains(scope)),
        None => true,
    };
    has_role && has_scope
}
