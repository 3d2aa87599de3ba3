//! `POST /api/theme`.

use crate::{domain::theme::Theme, error::AppError};
use leptos::prelude::*;

/// Keeps the colours that a person wants in this browser, signed in or not, and returns to `back`, a path of this site.
///
/// # Errors
/// None of its own.
#[server(endpoint = "theme")]
pub async fn set_theme(theme: Theme, #[server(default)] back: String) -> Result<(), AppError> {
    use crate::{
        domain::{next_path::NextPath, page::Page},
        server::web::{cookies, reply::Reply},
    };
    let path = NextPath::of_site(&back).map(|path| path.to_string());
    let path = path.unwrap_or_else(|| Page::Home.path().to_owned());
    Reply::to_path(path)
        .with_cookie(cookies::theme::set(theme))
        .send()
}
