//! The checks: each takes source text and gives violations, so that made-up text can prove it.

use crate::{
    doors::{
        BANNED_CRATES, LONGEST_FILE, LONGEST_FUNCTION, ONLY, OnlyIn, ROOMS, Room,
        TRAITS_OF_THE_TOKEN,
    },
    source::{Reference, Source},
};

/// `src/a.rs:3: what is wrong, and why`.
pub type Violation = String;

fn violation(source: &Source, line: usize, text: &str) -> Violation {
    format!("{}:{line}: {text}", source.path)
}

/// Whether `file` is one of `files`, or in one of the folders among them.
fn is_in(file: &str, files: &[&str]) -> bool {
    files
        .iter()
        .any(|own| *own == file || (own.ends_with('/') && file.starts_with(own)))
}

fn begins_with(path: &[String], beginning: &str) -> bool {
    let beginning: Vec<&str> = beginning.split("::").collect();
    path.len() >= beginning.len() && beginning.iter().zip(path).all(|(own, part)| own == part)
}

/// Which of our modules a file names that its room has no door to.
pub fn doors(source: &Source) -> Vec<Violation> {
    if source.is_test() {
        return Vec::new();
    }
    let Some(room) = ROOMS.iter().find(|room| is_in(&source.path, room.files)) else {
        let text = "no room has this file: add it to ROOMS in tests/architecture/doors.rs";
        return vec![violation(source, 1, text)];
    };
    let references = source.references().into_iter();
    references
        .filter(|reference| !may(room, source, reference))
        .map(|reference| {
            let path = reference.path.join("::");
            let text = format!("{path} may not be named here: {}", room.why);
            violation(source, reference.line, &text)
        })
        .collect()
}

fn may(room: &Room, source: &Source, reference: &Reference) -> bool {
    let Some(("crate", path)) = reference
        .path
        .split_first()
        .map(|(first, rest)| (first.as_str(), rest))
    else {
        return true;
    };
    let module = source.module();
    let own_part = reference.path.len() >= module.len() && reference.path[..module.len()] == module;
    let allowed = room
        .may
        .iter()
        .any(|beginning| begins_with(path, beginning));
    let forbidden = room
        .but_not
        .iter()
        .any(|beginning| begins_with(path, beginning));
    (own_part && module.len() > 1) || path.is_empty() || (allowed && !forbidden)
}

/// Crates and parts of the standard library that a file may not name.
pub fn only_where_allowed(source: &Source) -> Vec<Violation> {
    if source.is_test() {
        return Vec::new();
    }
    let rule = |reference: &Reference| -> Option<&OnlyIn> {
        let rules = ONLY
            .iter()
            .filter(|rule| begins_with(&reference.path, rule.path));
        rules.max_by_key(|rule| rule.path.len())
    };
    let references = source.references().into_iter();
    references
        .filter_map(|reference| rule(&reference).map(|rule| (reference, rule)))
        .filter(|(_, rule)| !is_in(&source.path, rule.files))
        .map(|(reference, rule)| {
            let places = match rule.files {
                [] => "nowhere".to_owned(),
                files => format!("only in {}", files.join(", ")),
            };
            let text = format!("{} may be named {places}: {}", rule.path, rule.why);
            violation(source, reference.line, &text)
        })
        .collect()
}

/// What is compiled for one target only is chosen in two lines of `lib.rs`.
pub fn feature_lines(sources: &[Source]) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut in_lib = 0;
    for source in sources {
        for (line, text) in source.text.lines().enumerate() {
            let code = text.split("//").next().unwrap_or_default();
            if !(code.contains("cfg") && code.contains("feature")) {
                continue;
            }
            in_lib += usize::from(source.path == "src/lib.rs");
            if source.path != "src/lib.rs" || in_lib > 2 {
                let text = "only two lines of src/lib.rs choose by feature: a module is on one target or on both";
                found.push(violation(source, line + 1, text));
            }
        }
    }
    found
}

pub fn lengths(source: &Source) -> Vec<Violation> {
    let lines = source.text.lines().count();
    let file = (lines > LONGEST_FILE).then(|| {
        let text = format!("{lines} lines; a file has at most {LONGEST_FILE}, so that it can be read in one sitting");
        violation(source, lines, &text)
    });
    let functions = source.functions().into_iter();
    let functions = functions
        .filter(|function| function.lines > LONGEST_FUNCTION)
        .map(|function| {
            let text = format!(
                "`{}` has {} lines; a function has at most {LONGEST_FUNCTION}, so that it does one thing",
                function.name, function.lines
            );
            violation(source, function.line, &text)
        });
    file.into_iter().chain(functions).collect()
}

/// The compiler keeps the session token in: it cannot be copied, written out or sent.
pub fn token(source: &Source) -> Vec<Violation> {
    let why = "the session token cannot be copied, written out or sent to a browser";
    let refuse = |name: &str, line: usize| {
        let text = format!("{name} for SessionToken: {why}");
        violation(source, line, &text)
    };
    let mut found: Vec<_> = derives_of_the_token(&source.text)
        .into_iter()
        .filter(|(name, _)| !TRAITS_OF_THE_TOKEN.contains(&name.as_str()))
        .map(|(name, line)| refuse(&name, line))
        .collect();
    for implemented in source.impls() {
        let of_token = implemented.head.iter().any(|part| part == "SessionToken");
        let Some(before_for) = implemented.head.iter().position(|part| part == "for") else {
            continue;
        };
        let harmless = implemented.head[..before_for]
            .iter()
            .any(|part| TRAITS_OF_THE_TOKEN.contains(&part.as_str()));
        if of_token && !harmless {
            found.push(refuse(
                &implemented.head[..before_for].concat(),
                implemented.line,
            ));
        }
    }
    found
}

/// The names in the `derive` attributes right above `struct SessionToken`, with their lines.
fn derives_of_the_token(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let Some(at) = lines
        .iter()
        .position(|line| line.contains("struct SessionToken"))
    else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let above = (0..at).rev().map(|line| (line, lines[line].trim()));
    for (line, text) in
        above.take_while(|(_, text)| text.starts_with("#[") || text.starts_with("//"))
    {
        let Some(names) = text.strip_prefix("#[derive(") else {
            continue;
        };
        let names = names.trim_end_matches(")]").split(',');
        let last_part = |name: &str| {
            name.rsplit("::")
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned()
        };
        found.extend(names.map(|name| (last_part(name), line + 1)));
    }
    found
}

/// Whether the type is there at all: a renamed token would else be checked by nobody.
pub fn has_token(sources: &[Source]) -> bool {
    sources.iter().any(|source| {
        source.path == "src/server/token.rs" && source.text.contains("pub struct SessionToken(")
    })
}

pub fn banned_crates(lock: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    for (line, text) in lock.lines().enumerate() {
        let name = text
            .strip_prefix("name = \"")
            .and_then(|rest| rest.strip_suffix('"'));
        let banned = BANNED_CRATES
            .iter()
            .find(|(banned, _)| Some(*banned) == name);
        if let Some((name, why)) = banned {
            found.push(format!(
                "Cargo.lock:{}: {name} is not linked: {why}",
                line + 1
            ));
        }
    }
    found
}

/// Made-up offences: a check that has never failed has never checked anything.
#[cfg(test)]
mod tests {
    use super::*;

    fn offends(violations: &[Violation], expected: &str) {
        let found = violations
            .iter()
            .any(|violation| violation.contains(expected));
        assert!(found, "{expected:?} is missing in {violations:#?}");
    }

    fn doors_of(path: &str, text: &str) -> Vec<Violation> {
        doors(&Source::new(path, text))
    }

    fn uses_of(path: &str, text: &str) -> Vec<Violation> {
        only_where_allowed(&Source::new(path, text))
    }

    #[test]
    fn shut_doors_are_seen() {
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
                "use crate::server::guard;",
                "crate::server::guard",
            ),
            (
                "src/api/auth.rs",
                "fn f() { use crate::server::{auth, store}; }",
                "crate::server::store",
            ),
            (
                "src/server/auth.rs",
                "use super::{Core, cookie};",
                "crate::server::cookie",
            ),
            (
                "src/server/sessions.rs",
                "use super::http::AppState;",
                "crate::server::http",
            ),
            (
                "src/server/store/users.rs",
                "use super::super::sessions;",
                "crate::server::sessions",
            ),
            (
                "src/server/db.rs",
                "fn f() { super::store::users::list() }",
                "crate::server::store",
            ),
            (
                "src/server/guard.rs",
                "use super::{store};",
                "crate::server::store",
            ),
            (
                "src/server/config.rs",
                "use super::db;\nfn f() { db::open() }",
                "src/server/config.rs:2: crate::server::db::open",
            ),
            ("src/server/cookie.rs", "use crate::app;", "crate::app"),
            (
                "src/server/cli/user.rs",
                "use crate::pages::login;",
                "crate::pages",
            ),
            (
                "src/main.rs",
                "fn main() { vestibule::server::http::serve() }",
                "crate::server::http",
            ),
            ("src/server/novelty.rs", "", "no room has this file"),
        ] {
            offends(&doors_of(path, text), expected);
        }
    }

    #[test]
    fn open_doors_are_left_open() {
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
                "src/server/auth.rs",
                "use super::{Core, sessions, store};\nfn f() { store::users::list() }",
            ),
            ("src/server/config.rs", "mod reader;\nuse reader::Reader;"),
            ("src/server/config/tests.rs", "use crate::server::cli;"),
            (
                "src/pages/login.rs",
                "#[cfg(test)]\nmod tests { use crate::server::cli; }",
            ),
        ] {
            assert_eq!(doors_of(path, text), Vec::<Violation>::new(), "{path}");
        }
    }

    #[test]
    fn crates_in_the_wrong_room_are_seen() {
        for (path, text, expected) in [
            (
                "src/server/auth.rs",
                "use sqlx::SqlitePool;",
                "src/server/auth.rs:1: sqlx may be named only in",
            ),
            (
                "src/server/cli/user.rs",
                "fn f() { sqlx::query(\"\") }",
                "all SQL is in the store",
            ),
            (
                "src/server/users.rs",
                "use axum::http::HeaderMap;",
                "axum may be named",
            ),
            (
                "src/server/sessions.rs",
                "use leptos::prelude::*;",
                "leptos may be named",
            ),
            (
                "src/server/store/users.rs",
                "use argon2::Argon2;",
                "argon2 may be named",
            ),
            (
                "src/server/sessions.rs",
                "use std::time::{Duration, SystemTime};",
                "time is handed in",
            ),
            (
                "src/server/sessions.rs",
                "use std::time;\nfn f() { time::Instant::now() }",
                "sessions.rs:2: std::time::Instant",
            ),
            (
                "src/server/cleanup.rs",
                "fn f() { jiff::Timestamp::now() }",
                "jiff may be named",
            ),
            (
                "src/server/auth.rs",
                "use rand::rngs::SysRng;",
                "randomness is handed in",
            ),
            (
                "src/server/http.rs",
                "fn f() { std::env::var(\"X\") }",
                "settings are read once",
            ),
            (
                "src/server/http.rs",
                "use std::{env, io};\nfn f() { env::var(\"X\") }",
                "std::env may be named",
            ),
            (
                "src/server/cli/serve.rs",
                "fn f() { std::env::var(\"X\") }",
                "std::env may be named",
            ),
            (
                "src/server/http.rs",
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
    fn crates_in_their_room_and_namesakes_pass() {
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
            ("src/server/sessions.rs", "use std::time::Duration;"),
            ("src/server/config/tests.rs", "use sqlx::Any;"),
        ] {
            assert_eq!(uses_of(path, text), Vec::<Violation>::new(), "{path}");
        }
    }

    #[test]
    fn a_third_choice_by_feature_is_seen() {
        let choice = "#[cfg(feature = \"ssr\")]\nmod a;\n";
        let lib = Source::new("src/lib.rs", &choice.repeat(2));
        assert!(feature_lines(&[lib]).is_empty());
        let lib = Source::new("src/lib.rs", &choice.repeat(3));
        offends(&feature_lines(&[lib]), "src/lib.rs:5");
        let page = Source::new(
            "src/pages/login.rs",
            "fn f() { if cfg!(feature = \"ssr\") {} }",
        );
        offends(&feature_lines(&[page]), "src/pages/login.rs:1");
    }

    #[test]
    fn long_files_and_functions_are_seen() {
        let long = Source::new("src/a.rs", &"\n".repeat(LONGEST_FILE + 1));
        offends(&lengths(&long), "src/a.rs:451: 451 lines");
        let body = "\n".repeat(LONGEST_FUNCTION);
        let long = Source::new(
            "src/a.rs",
            &format!("fn f() {{\n}}\n    async fn g() {{{body}}}"),
        );
        offends(&lengths(&long), "src/a.rs:3: `g` has 81 lines");
        let body = "\n".repeat(LONGEST_FUNCTION - 1);
        assert!(lengths(&Source::new("src/a.rs", &format!("fn f() {{{body}}}"))).is_empty());
    }

    #[test]
    fn a_token_that_could_leave_is_seen() {
        let file = |text: &str| token(&Source::new("src/server/token.rs", text));
        offends(
            &file("#[derive(Clone, ZeroizeOnDrop)]\npub struct SessionToken([u8; 32]);"),
            "Clone for SessionToken",
        );
        offends(
            &file(
                "#[derive(serde::Serialize)]\n/// Text.\n#[derive(ZeroizeOnDrop)]\npub struct SessionToken([u8; 32]);",
            ),
            "token.rs:1: Serialize",
        );
        offends(&file("impl Clone for SessionToken {}"), "Clone");
        offends(&file("impl fmt::Display for SessionToken {}"), "Display");
        offends(&file("impl From<SessionToken> for String {}"), "From");
        assert!(file("#[derive(ZeroizeOnDrop)]\npub struct SessionToken([u8; 32]);\nimpl fmt::Debug for SessionToken {}\nimpl SessionToken {}").is_empty());
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
}
