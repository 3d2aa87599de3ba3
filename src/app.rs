//! The application: its shell, its routes, and which of them are public.

use crate::{
    components::layout::Head,
    domain::views::{DrawnFor, PageView},
    pages::{
        confirm::ConfirmPage, dashboard::DashboardPage, login::LoginPage, logout::LogoutPage,
        password::PasswordPage, profile::ProfilePage, sessions::SessionsPage, setup::SetupPage,
        signed_out::SignedOutPage,
    },
};
use leptos::{config::LeptosOptions, either::either, prelude::*};
use leptos_meta::{MetaTags, provide_meta_context};

/// Who may ask for a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Anyone,
    SignedIn,
}

/// A path of a page, and who may see it.
pub struct Route {
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
];

/// The server functions that need no session. Every other one does, until it is named here.
pub const PUBLIC_FUNCTIONS: &[&str] = &["/api/login", "/api/logout", "/api/set_up"];

/// Whether anyone may ask for `path`: closed unless the tables above say otherwise.
pub fn is_public(path: &str) -> bool {
    let route = ROUTES.iter().find(|route| route.path == path);
    route.is_some_and(|route| route.access == Access::Anyone) || PUBLIC_FUNCTIONS.contains(&path)
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
        PageView::Confirm(view) => view! { <ConfirmPage view /> },
        PageView::Profile(view) => view! { <ProfilePage view=*view /> },
        PageView::Setup(view) => view! { <SetupPage view /> },
    )
}

/// The document around the application, which the browser brings to life. It notes for whom it was drawn.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <Head options=options.clone() />
                <AutoReload options=options.clone() />
                <HydrationScripts options />
                {use_context::<DrawnFor>().map(|DrawnFor(person)| view! { <meta name="person" content=person /> })}
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_no_table_is_closed() {
        for path in [
            "/dashboard",
            "/account/password",
            "/account/profile",
            "/account/sessions",
            "/account/confirm",
            "/admin",
            "/login/",
            "/LOGIN",
            "/api/end_session",
            "",
        ] {
            assert!(!is_public(path), "{path}");
        }
        assert!(is_public("/login") && is_public("/api/logout") && is_public("/setup"));
    }
}
