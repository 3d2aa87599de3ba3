//! `/logout`: only asks. Signing out is a POST, so that a link cannot trigger it.

use crate::{
    components::{
        layout::{Door, Layout, Threshold},
        sign_out::SignOutButton,
    },
    domain::{page::Page, views::LogoutView},
};
use leptos::{either::Either, prelude::*};

#[component]
pub fn LogoutPage(view: LogoutView) -> impl IntoView {
    match view.display_name {
        Some(display_name) => Either::Left(view! { <ConfirmSignOut display_name /> }),
        None => Either::Right(view! { <NotSignedIn /> }),
    }
}

#[component]
fn ConfirmSignOut(display_name: String) -> impl IntoView {
    view! {
        <Layout title="Sign out?">
            <h1>"Sign out?"</h1>
            <p class="quiet-text">"You will be signed out on this device. Other devices stay signed in."</p>
            <div class="card">
                <p>"Account: " <b><bdi>{display_name}</bdi></b></p>
                <div class="actions">
                    <SignOutButton class="button" />
                    <a href=Page::Dashboard.path()>"Stay signed in"</a>
                </div>
            </div>
        </Layout>
    }
}

#[component]
fn NotSignedIn() -> impl IntoView {
    view! {
        <Layout title="You are not signed in">
            <Threshold state="is-closed">
                <Door />
                <div class="card">
                    <h1>"You are not signed in"</h1>
                    <p>"Nobody is signed in on this device."</p>
                    <div class="actions">
                        <a class="button" href=Page::Login.path()>"Sign in"</a>
                    </div>
                </div>
            </Threshold>
        </Layout>
    }
}
