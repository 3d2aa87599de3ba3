//! The import rules and other rules of the architecture. `docs/architecture.md` has the reasons.
//!
//! The source is read as text. The tables are in `architecture/imports.rs` and `crates.rs`.
//! `architecture/checks/tests.rs` proves that each check can fail.

#[path = "architecture/checks.rs"]
mod checks;
#[path = "architecture/crates.rs"]
mod crates;
#[path = "architecture/documents.rs"]
mod documents;
#[path = "architecture/imports.rs"]
mod imports;
#[path = "architecture/pages.rs"]
mod pages;
#[path = "architecture/source.rs"]
mod source;
#[path = "architecture/start_your_own.rs"]
mod start_your_own;

use checks::Violation;
use source::Source;
use std::{fs, path::Path};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let sources = source::all_under(root(), "src");
    assert!(sources.len() > 40, "the source is there");
    sources
}

fn nothing_offends(violations: &[Violation]) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

fn in_every_file(check: fn(&Source) -> Vec<Violation>) {
    let violations: Vec<_> = sources().iter().flat_map(check).collect();
    nothing_offends(&violations);
}

#[test]
fn imports_follow_the_rules() {
    in_every_file(checks::imports);
}

#[test]
fn no_module_imports_a_higher_one() {
    in_every_file(checks::upwards);
}

#[test]
fn crates_clocks_and_randomness_stay_in_their_modules() {
    in_every_file(checks::only_where_allowed);
}

#[test]
fn one_line_chooses_the_target() {
    nothing_offends(&checks::feature_lines(&sources()));
}

#[test]
fn files_and_functions_are_within_their_limits() {
    in_every_file(checks::lengths);
    let doctor = source::all_under(root(), "doctor/src");
    assert!(doctor.len() > 20, "the source of the doctor is there");
    nothing_offends(&doctor.iter().flat_map(checks::lengths).collect::<Vec<_>>());
}

#[test]
fn files_of_tests_are_within_their_limit() {
    let tests = source::all_under(root(), "tests");
    nothing_offends(&tests.iter().filter_map(checks::length).collect::<Vec<_>>());
}

#[test]
fn the_session_token_cannot_leave() {
    assert!(
        checks::has_token(&sources()),
        "SessionToken is in src/server/token.rs"
    );
    in_every_file(checks::token);
}

#[test]
fn no_banned_crate_is_linked() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    assert!(lock.contains("name = \"sqlx\""), "the lock file is read");
    nothing_offends(&checks::banned_crates(&lock));
}

/// A file of tests that no `mod` names is never compiled, and seems to pass.
#[test]
fn every_file_of_tests_is_run() {
    for binary in ["store", "http", "process", "dist"] {
        let folder = root().join("tests").join(binary);
        let main = fs::read_to_string(folder.join("main.rs")).expect("a list of modules");
        for entry in fs::read_dir(&folder).expect("a folder") {
            let file = entry.expect("an entry").file_name();
            let Some(name) = file.to_str().and_then(|file| file.strip_suffix(".rs")) else {
                continue;
            };
            assert!(
                name == "main" || main.contains(&format!("\nmod {name};\n")),
                "tests/{binary}/{name}.rs is never run: add `mod {name};` to tests/{binary}/main.rs"
            );
        }
    }
}

/// Every row of the tables names files that exist: otherwise a typing error would disable it.
#[test]
fn every_row_of_the_tables_names_existing_files() {
    let sources = sources();
    let exists = |file: &str| {
        sources.iter().any(|source| {
            source.path == file || (file.ends_with('/') && source.path.starts_with(file))
        })
    };
    let imports = imports::RULES.iter().flat_map(|rule| rule.files);
    let crates = crates::ONLY.iter().flat_map(|rule| rule.files);
    for file in imports.chain(crates) {
        assert!(
            exists(file),
            "{file} does not exist: remove it from tests/architecture/{{imports,crates}}.rs"
        );
    }
}
