//! The application: its shell, its routes, and which of them are public.

use crate::{
    components::layout::{FailurePage, Head},
    error::AppError,
    pages::{
        dashboard::DashboardPage, login::LoginPage, logout::LogoutPage, signed_out::SignedOutPage,
    },
};
use leptos::{config::LeptosOptions, prelude::*};
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Route, Router, Routes},
    path,
};

/// The paths that anyone may ask for. Every other route needs a session: a new page is private
/// until it is named here.
pub const PUBLIC_PATHS: [&str; 6] = [
    "/",
    "/login",
    "/logout",
    "/signed-out",
    "/api/login",
    "/api/logout",
];

pub fn is_public(path: &str) -> bool {
    PUBLIC_PATHS.contains(&path)
}

/// The one route table. Pages are rendered whole (`SsrMode::Async`): only then can they redirect
/// and carry a status.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=|| view! { <FailurePage failure=AppError::NotFound /> }>
                <Route path=path!("/") view=|| () ssr=SsrMode::Async />
                <Route path=path!("/login") view=LoginPage ssr=SsrMode::Async />
                <Route path=path!("/logout") view=LogoutPage ssr=SsrMode::Async />
                <Route path=path!("/signed-out") view=SignedOutPage ssr=SsrMode::Async />
                <Route path=path!("/dashboard") view=DashboardPage ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}

/// The document around the application, which the browser brings to life.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <Head options=options.clone() />
                <AutoReload options=options.clone() />
                <HydrationScripts options />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The document of a failure: without scripts, so that it shows whatever else has failed.
pub fn failure_shell(options: LeptosOptions, failure: AppError) -> impl IntoView {
    provide_meta_context();
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <Head options />
                <MetaTags />
            </head>
            <body>
                <FailurePage failure />
            </body>
        </html>
    }
}
