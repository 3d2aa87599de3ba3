//! The way between the pages of an account.

use leptos::prelude::*;

const PAGES: &[(&str, &str)] = &[
    ("/dashboard", "Dashboard"),
    ("/account/sessions", "Sessions"),
    ("/account/activity", "Activity"),
    ("/account/profile", "Profile"),
    ("/account/password", "Password"),
];

#[component]
pub fn AccountNav(
    /// The path of the page that it stands on.
    here: &'static str,
) -> impl IntoView {
    view! { <Nav label="Account" pages=PAGES here /> }
}

/// Links between pages that belong together.
#[component]
pub fn Nav(
    label: &'static str,
    pages: &'static [(&'static str, &'static str)],
    here: &'static str,
) -> impl IntoView {
    let links = pages.iter().map(|&(path, name)| {
        let current = (path == here).then_some("page");
        view! { <li><a href=path aria-current=current>{name}</a></li> }
    });
    let links = links.collect::<Vec<_>>();
    view! {
        <nav class="account-nav" aria-label=label>
            <ul>{links}</ul>
        </nav>
    }
}
