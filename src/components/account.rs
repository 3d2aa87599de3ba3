//! Navigation between the pages of an account.

use crate::domain::page::Page;
use leptos::prelude::*;

#[component]
pub fn AccountNav(
    /// The current page.
    here: Page,
) -> impl IntoView {
    view! { <Nav label="Account" pages=Page::ACCOUNT_TABS here /> }
}

/// Links between pages that belong together.
#[component]
pub fn Nav(
    label: &'static str,
    pages: &'static [(Page, &'static str)],
    here: Page,
) -> impl IntoView {
    let links = pages.iter().map(|&(page, name)| {
        let current = (page == here).then_some("page");
        view! { <li><a href=page.path() aria-current=current>{name}</a></li> }
    });
    let links = links.collect::<Vec<_>>();
    view! {
        <nav class="account-nav" aria-label=label>
            <ul>{links}</ul>
        </nav>
    }
}
