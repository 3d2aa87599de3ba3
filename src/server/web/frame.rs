//! The frame of an answer: whose site it is, who is signed in, and the colours.

use super::{context::Caller, cookies, state::AppState};
use crate::domain::{
    frame::{Frame, Person},
    next_path::NextPath,
    page::{Access, Page},
    session::CurrentUser,
};
use axum::http::{HeaderMap, Method, Uri, uri::PathAndQuery};

/// The frame around `page`, or around a failure, before it is known who is signed in.
pub fn of(
    state: &AppState,
    page: Option<Page>,
    (method, uri, headers): (&Method, &Uri, &HeaderMap),
) -> Frame {
    let here = match page {
        // The code of a link was in the address, and is there no more.
        Some(Page::PasswordLink) => None,
        // What a mistyped address has in its query is not repeated, nor a code that does not belong there.
        None | Some(Page::Setup) => Some(uri.path()),
        Some(_) => uri.path_and_query().map(PathAndQuery::as_str),
    };
    let here = here
        .filter(|_| method.is_safe())
        .and_then(NextPath::of_site);
    Frame {
        site: state.brand.site.clone(),
        files: state.brand.files.clone(),
        theme: cookies::theme::of_request(headers),
        person: None,
        page,
        here: here.map(|path| path.to_string()),
    }
}

/// The signed-in person, with the pages that the navigation links.
pub fn person_of(caller: &Caller) -> Option<Person> {
    let (Caller::SignedIn(current) | Caller::Confirming(current)) = caller else {
        return None;
    };
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
