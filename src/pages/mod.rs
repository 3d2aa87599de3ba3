//! The pages, one file each, named as their routes.

pub mod dashboard;
pub mod login;
pub mod logout;
pub mod signed_out;

use leptos::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

/// What the server has gathered for this page. It comes with the page itself, so there is no second
/// request and no half-filled state; every navigation is a page load (ADR 4).
///
/// # Panics
/// In the browser, where the page did not come from our server.
fn handed_over<T>() -> T
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    SharedValue::new(expect_context::<T>).into_inner()
}
