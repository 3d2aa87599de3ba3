//! The application: its shell, its routes, and which of them are public.

use crate::{
    components::layout::Head,
    domain::{
        plain_script::{FOLLOW, PlainScript, TIME_OUT},
        views::{DrawnFor, PageView},
    },
    pages::{
        activity::ActivityPage, admin_activity::AuditPage, admin_user::AccountPage,
        admin_users::UsersPage, confirm::ConfirmPage, dashboard::DashboardPage, login::LoginPage,
        logout::LogoutPage, password::PasswordPage, password_link::PasswordLinkPage,
        profile::ProfilePage, sessions::SessionsPage, setup::SetupPage, signed_out::SignedOutPage,
    },
};
use leptos::{config::LeptosOptions, either::either, html, prelude::*};
use leptos_meta::{MetaTags, provide_meta_context};

/// Who may ask for a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Anyone,
    SignedIn,
    /// To everybody else there is no such page.
    Administrator,
}

/// A path of a page, and who may see it.
pub struct Route {
    /// A segment in braces stands for any one that is not empty.
    pub path: &'static str,
    pub access: Access,
}

/// The one route table. Every navigation is a page load (ADR 4), so the server finds the page and
/// the browser brings to life what it was sent: a table is all the router that there has to be.
pub const ROUTES: &[Route] = &[
    // Leads on: to the dashboard or to the sign-in page.
    Route {
        path: "/",
        access: Access::Anyone,
    },
    Route {
        path: "/login",
        access: Access::Anyone,
    },
    Route {
        path: "/logout",
        access: Access::Anyone,
    },
    Route {
        path: "/signed-out",
        access: Access::Anyone,
    },
    Route {
        path: "/dashboard",
        access: Access::SignedIn,
    },
    Route {
        path: "/account/password",
        access: Access::SignedIn,
    },
    Route {
        path: "/account/profile",
        access: Access::SignedIn,
    },
    Route {
        path: "/account/sessions",
        access: Access::SignedIn,
    },
    Route {
        path: "/account/activity",
        access: Access::SignedIn,
    },
    Route {
        path: "/account/confirm",
        access: Access::SignedIn,
    },
    // Leads on: to the page for a new password.
    Route {
        path: "/.well-known/change-password",
        access: Access::Anyone,
    },
    // There only until the first account exists.
    Route {
        path: "/setup",
        access: Access::Anyone,
    },
    // Whoever has a link has no password yet.
    Route {
        path: "/password-link",
        access: Access::Anyone,
    },
    Route {
        path: "/admin/users",
        access: Access::Administrator,
    },
    Route {
        path: "/admin/users/{id}",
        access: Access::Administrator,
    },
    Route {
        path: "/admin/activity",
        access: Access::Administrator,
    },
];

/// What is no page and is kept as a file, each named as the page on which it stands.
pub const DOWNLOADS: &[Route] = &[
    Route {
        path: "/admin/activity.jsonl",
        access: Access::Administrator,
    },
    Route {
        path: "/admin/activity.csv",
        access: Access::Administrator,
    },
];

/// The server functions that need no session. Every other one does, until it is named here. Behind a filter
/// that hides where a request comes from they are carried out as for a caller without a cookie, or not at all
/// (ADR 38).
pub const PUBLIC_FUNCTIONS: &[&str] = &[
    "/api/login",
    "/api/logout",
    "/api/set_up",
    "/api/use_password_link",
];

/// The server function that takes the password of a signed-in person once more.
pub const CONFIRMATION: &str = "/api/confirm_password";

/// The page on which the file at `path` stands; what is no file stands for itself.
pub fn page_of(path: &str) -> &str {
    if DOWNLOADS.iter().any(|file| file.path == path) {
        path.rsplit_once('.').map_or(path, |(page, _)| page)
    } else {
        path
    }
}

/// Whether there is a page at `path`, and not a file or a function.
pub fn is_page(path: &str) -> bool {
    ROUTES.iter().any(|route| leads_to(route.path, path))
}

/// Who may ask for the page or the file at `path`; `None` where there is none.
pub fn access_to(path: &str) -> Option<Access> {
    let mut routes = ROUTES.iter().chain(DOWNLOADS);
    let route = routes.find(|route| leads_to(route.path, path));
    route.map(|route| route.access)
}

/// Whether anyone may ask for `path`: closed unless the tables above say otherwise.
pub fn is_public(path: &str) -> bool {
    access_to(path) == Some(Access::Anyone) || PUBLIC_FUNCTIONS.contains(&path)
}

fn leads_to(route: &str, path: &str) -> bool {
    let (mut route, mut path) = (route.split('/'), path.split('/'));
    loop {
        match (route.next(), path.next()) {
            (None, None) => return true,
            (Some(own), Some(segment)) if own == segment => {}
            (Some(own), Some(segment)) if own.starts_with('{') && !segment.is_empty() => {}
            _ => return false,
        }
    }
}

/// The page that the server has gathered. Its values come with it, so there is no second request
/// and no half-filled state.
///
/// # Panics
/// In the browser, where the page did not come from our server.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let view = SharedValue::new(expect_context::<PageView>).into_inner();
    either!(view,
        PageView::Login(view) => view! { <LoginPage view /> },
        PageView::Logout(view) => view! { <LogoutPage view /> },
        PageView::SignedOut(view) => view! { <SignedOutPage view /> },
        PageView::Dashboard(view) => view! { <DashboardPage view=*view /> },
        PageView::Password(view) => view! { <PasswordPage view /> },
        PageView::Sessions(view) => view! { <SessionsPage view=*view /> },
        PageView::OwnActivity(view) => view! { <ActivityPage view=*view /> },
        PageView::Confirm(view) => view! { <ConfirmPage view /> },
        PageView::Profile(view) => view! { <ProfilePage view=*view /> },
        PageView::Setup(view) => view! { <SetupPage view /> },
        PageView::PasswordLink(view) => view! { <PasswordLinkPage view /> },
        PageView::Users(view) => view! { <UsersPage view=*view /> },
        PageView::Account(view) => view! { <AccountPage view=*view /> },
        PageView::Audit(view) => view! { <AuditPage view=*view /> },
    )
}

/// The document around the application, which the browser brings to life. It notes for whom it was drawn.
///
/// `nonce` is that of the page's policy.
pub fn shell(options: LeptosOptions, nonce: String) -> impl IntoView {
    let drawn_for = use_context::<DrawnFor>();
    let is_signed_in = drawn_for.is_some();
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <Head options=options.clone() />
                {drawn_for.map(|DrawnFor(person)| view! { <meta name="person" content=person /> })}
                <Scripts options nonce is_signed_in />
                {begins_anew().then(|| view! { <noscript>{begin_anew()}</noscript> })}
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Every script in the head. The plain scripts come first: they follow the session even if the rest fails to load
/// (ADR 40), and the listener runs before the one that it listens to.
#[component]
fn Scripts(options: LeptosOptions, nonce: String, is_signed_in: bool) -> impl IntoView {
    let time_out = is_signed_in.then(|| plain_script(TIME_OUT, nonce.clone()));
    view! {
        {time_out}
        {plain_script(FOLLOW, nonce)}
        <AutoReload options=options.clone() />
        <HydrationScripts options />
    }
}

/// In the order in which they stand, once the document is read.
fn plain_script(script: PlainScript, nonce: String) -> impl IntoView {
    view! { <script defer src=script.address() nonce=nonce></script> }
}

/// The scripts in the head as HTML, for those who compare pages with them: names of files and nonces differ.
pub fn head_scripts() -> String {
    let options = LeptosOptions::builder().output_name("vestibule").build();
    let nonce = String::new();
    Owner::new().with(|| view! { <Scripts options nonce is_signed_in=true /> }.to_html())
}

/// Whether the page follows what happens: without scripts by being loaded again and again, for as long as
/// the password was typed not long ago.
fn begins_anew() -> bool {
    matches!(use_context::<PageView>(), Some(PageView::Audit(view)) if view.is_followed)
}

/// Every five seconds. Built by hand because the macro does not know the attribute.
fn begin_anew() -> impl IntoView {
    html::meta().attr("http-equiv", "refresh").content("5")
}

#[cfg(test)]
mod tests {
    use crate::app::*;

    #[test]
    fn what_is_in_no_table_is_closed() {
        for path in [
            "/dashboard",
            "/account/password",
            "/account/profile",
            "/account/sessions",
            "/account/confirm",
            "/admin",
            "/admin/users",
            "/admin/users/1",
            "/admin/activity",
            "/admin/activity.csv",
            "/login/",
            "/LOGIN",
            "/api/end_session",
            "",
        ] {
            assert!(!is_public(path), "{path}");
        }
        for (path, access) in [
            ("/admin/users", Some(Access::Administrator)),
            ("/admin/users/1", Some(Access::Administrator)),
            ("/admin/users/", None),
            ("/admin/users/1/2", None),
            ("/admin/users/1/", None),
            ("/dashboard", Some(Access::SignedIn)),
            ("/password-link", Some(Access::Anyone)),
        ] {
            assert_eq!(access_to(path), access, "{path}");
        }
        assert!(is_public("/login") && is_public("/api/logout") && is_public("/setup"));
    }
}
