//! Made-up violations: they prove that each check can fail.

use super::*;

fn offends(violations: &[Violation], expected: &str) {
    let found = violations
        .iter()
        .any(|violation| violation.contains(expected));
    assert!(found, "{expected:?} is missing in {violations:#?}");
}

fn imports_of(path: &str, text: &str) -> Vec<Violation> {
    imports(&Source::new(path, text))
}

fn uses_of(path: &str, text: &str) -> Vec<Violation> {
    only_where_allowed(&Source::new(path, text))
}

#[test]
fn forbidden_imports_are_found() {
    for (path, text, expected) in [
        (
            "src/domain/user.rs",
            "use crate::server::db::Db;",
            "src/domain/user.rs:1: crate::server::db::Db",
        ),
        (
            "src/domain/user.rs",
            "\nuse crate::{\n  error::AppError};",
            "src/domain/user.rs:3: crate::error",
        ),
        (
            "src/error.rs",
            "fn f() { crate::domain::views::f() }",
            "crate::domain::views",
        ),
        (
            "src/pages/login.rs",
            "use crate::{api::auth::Login, server::{store}};",
            "crate::server::store",
        ),
        (
            "src/app.rs",
            "use crate::server::web::layers::guard;",
            "crate::server::web::layers::guard",
        ),
        (
            "src/api/auth.rs",
            "fn f() { use crate::server::{auth, store}; }",
            "crate::server::store",
        ),
        (
            "src/server/core/sign_in/password.rs",
            "use crate::server::{core::Core, web::cookies::session};",
            "crate::server::web::cookies::session",
        ),
        (
            "src/server/core/sessions.rs",
            "use crate::server::web::state::AppState;",
            "crate::server::web::state",
        ),
        (
            "src/server/store/users.rs",
            "use super::super::core::sessions;",
            "crate::server::core::sessions",
        ),
        (
            "src/server/db.rs",
            "fn f() { super::store::users::list() }",
            "crate::server::store",
        ),
        (
            "src/server/web/layers/guard.rs",
            "use super::super::super::store;",
            "crate::server::store",
        ),
        (
            "src/server/config.rs",
            "use super::db;\nfn f() { db::open() }",
            "src/server/config.rs:2: crate::server::db::open",
        ),
        (
            "src/server/web/cookies/session.rs",
            "use crate::app;",
            "crate::app",
        ),
        (
            "src/server/cli/user.rs",
            "use crate::pages::login;",
            "crate::pages",
        ),
        (
            "src/main.rs",
            "fn main() { vestibule::server::web::router::serve() }",
            "crate::server::web::router",
        ),
        ("src/server/novelty.rs", "", "no rule has this file"),
    ] {
        offends(&imports_of(path, text), expected);
    }
}

#[test]
fn imports_of_higher_modules_are_found() {
    for (path, text, expected) in [
        (
            "src/server/core/sessions/watch.rs",
            "use crate::server::core::{Core, sign_in};",
            "src/server/core/sessions/watch.rs:1: crate::server::core::sign_in is in a higher module",
        ),
        (
            "src/server/config.rs",
            "fn f() { super::web::state::f() }",
            "crate::server::web::state",
        ),
    ] {
        offends(&upwards(&Source::new(path, text)), expected);
    }
    let text = "use super::{Core, actor, audit};\nuse crate::server::{store, token};";
    let downwards = Source::new("src/server/core/sessions.rs", text);
    assert_eq!(upwards(&downwards), Vec::<Violation>::new());
}

#[test]
fn allowed_imports_pass() {
    for (path, text) in [
        (
            "src/domain/session.rs",
            "use super::{moment::Timestamp, user::User};",
        ),
        (
            "src/server/store/sessions.rs",
            "use crate::server::{db::Db, token::TokenDigest};",
        ),
        (
            "src/server/core/sign_in/password.rs",
            "use crate::server::{core::Core, store};\nfn f() { store::users::list() }",
        ),
        ("src/server/config.rs", "mod reader;\nuse reader::Reader;"),
        ("src/server/config/tests.rs", "use crate::server::cli;"),
        (
            "src/pages/login.rs",
            "#[cfg(test)]\nmod tests { use crate::server::cli; }",
        ),
    ] {
        assert_eq!(imports_of(path, text), Vec::<Violation>::new(), "{path}");
    }
}

#[test]
fn crates_in_the_wrong_module_are_found() {
    for (path, text, expected) in [
        (
            "src/server/core/sign_in/password.rs",
            "use sqlx::SqlitePool;",
            "src/server/core/sign_in/password.rs:1: sqlx may be named only in",
        ),
        (
            "src/server/cli/user.rs",
            "fn f() { sqlx::query(\"\") }",
            "all SQL is in the store",
        ),
        (
            "src/server/core/accounts/users.rs",
            "use axum::http::HeaderMap;",
            "axum may be named",
        ),
        (
            "src/server/core/sessions.rs",
            "use leptos::prelude::*;",
            "leptos may be named",
        ),
        (
            "src/server/store/users.rs",
            "use argon2::Argon2;",
            "argon2 may be named",
        ),
        (
            "src/server/core/sessions.rs",
            "use std::time::{Duration, SystemTime};",
            "time is a parameter",
        ),
        (
            "src/server/core/sessions.rs",
            "use std::time;\nfn f() { time::Instant::now() }",
            "sessions.rs:2: std::time::Instant",
        ),
        (
            "src/server/core/background/cleanup.rs",
            "fn f() { jiff::Timestamp::now() }",
            "jiff may be named",
        ),
        (
            "src/server/core/sign_in/password.rs",
            "use rand::rngs::SysRng;",
            "randomness is a parameter",
        ),
        (
            "src/server/web/router.rs",
            "fn f() { std::env::var(\"X\") }",
            "settings are read once",
        ),
        (
            "src/server/web/router.rs",
            "use std::{env, io};\nfn f() { env::var(\"X\") }",
            "std::env may be named",
        ),
        (
            "src/server/cli/serve.rs",
            "fn f() { std::env::var(\"X\") }",
            "std::env may be named",
        ),
        (
            "src/server/web/router.rs",
            "fn f() { std::env::current_exe() }",
            "std::env::current_exe may be named",
        ),
        (
            "src/server/cli/user.rs",
            "use std::process::Command;",
            "named nowhere",
        ),
        (
            "src/domain/user.rs",
            "use web_sys::window;",
            "only pages know a browser",
        ),
    ] {
        offends(&uses_of(path, text), expected);
    }
}

#[test]
fn crates_in_their_module_and_namesakes_pass() {
    for (path, text) in [
        (
            "src/server/store/users.rs",
            "#[derive(sqlx::FromRow)] struct Row;",
        ),
        (
            "src/server/cli/serve.rs",
            "use crate::server::http::{self, AppState};\nfn f() { http::serve() }",
        ),
        (
            "src/server/cli/serve.rs",
            "fn f() { std::env::current_exe() }",
        ),
        ("src/server/core/sessions.rs", "use std::time::Duration;"),
        ("src/server/config/tests.rs", "use sqlx::Any;"),
    ] {
        assert_eq!(uses_of(path, text), Vec::<Violation>::new(), "{path}");
    }
}

#[test]
fn a_second_feature_line_is_found() {
    let choice = "#[cfg(feature = \"ssr\")]\nmod a;\n";
    let lib = Source::new("src/lib.rs", choice);
    assert!(feature_lines(&[lib]).is_empty());
    let lib = Source::new("src/lib.rs", &choice.repeat(2));
    offends(&feature_lines(&[lib]), "src/lib.rs:3");
    let page = Source::new(
        "src/pages/login.rs",
        "fn f() { if cfg!(feature = \"ssr\") {} }",
    );
    offends(&feature_lines(&[page]), "src/pages/login.rs:1");
}

#[test]
fn long_files_and_functions_are_found() {
    let long = Source::new("src/a.rs", &"\n".repeat(LONGEST_FILE + 1));
    offends(&lengths(&long), "src/a.rs:301: 301 lines");
    let body = "\n".repeat(LONGEST_FUNCTION);
    let long = Source::new(
        "src/a.rs",
        &format!("fn f() {{\n}}\n    async fn g() {{{body}}}"),
    );
    offends(&lengths(&long), "src/a.rs:3: `g` has 61 lines");
    let body = "\n".repeat(LONGEST_FUNCTION - 1);
    assert!(lengths(&Source::new("src/a.rs", &format!("fn f() {{{body}}}"))).is_empty());
}

#[test]
fn a_token_that_could_leave_is_found() {
    let file = |text: &str| token(&Source::new("src/server/token.rs", text));
    offends(
        &file("#[derive(Clone, ZeroizeOnDrop)]\npub struct Secret<K>([u8; 32], PhantomData<K>);"),
        "Clone for the session token",
    );
    offends(
        &file(
            "#[derive(serde::Serialize)]\n/// Text.\n#[derive(ZeroizeOnDrop)]\npub struct Secret<K>([u8; 32], PhantomData<K>);",
        ),
        "token.rs:1: Serialize",
    );
    offends(&file("impl<K> Clone for Secret<K> {}"), "Clone");
    offends(&file("impl fmt::Display for SessionToken {}"), "Display");
    offends(&file("impl From<SessionToken> for String {}"), "From");
    assert!(file("#[derive(ZeroizeOnDrop)]\npub struct Secret<K>([u8; 32], PhantomData<K>);\nimpl<K> fmt::Debug for Secret<K> {}\nimpl<K> Secret<K> {}").is_empty());
}

#[test]
fn a_banned_crate_is_seen() {
    offends(
        &banned_crates("[[package]]\nname = \"openssl\"\n"),
        "Cargo.lock:2: openssl",
    );
    offends(&banned_crates("name = \"rsa\""), "RUSTSEC-2023-0071");
    assert!(banned_crates("name = \"ring\"\nname = \"openssl-probe\"\n").is_empty());
}
