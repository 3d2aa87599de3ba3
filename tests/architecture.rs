//! The doors of the house: who may import whom. `docs/architecture.md` says why.
//!
//! The source is read as text. The tables are in `architecture/doors.rs` and `crates.rs`; that each check can fail is
//! proved beside it, in `architecture/checks/tests.rs`.

#[path = "architecture/checks.rs"]
mod checks;
#[path = "architecture/crates.rs"]
mod crates;
#[path = "architecture/documents.rs"]
mod documents;
#[path = "architecture/doors.rs"]
mod doors;
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
fn nobody_goes_through_a_shut_door() {
    in_every_file(checks::doors);
}

#[test]
fn no_room_imports_a_higher_one() {
    in_every_file(checks::upwards);
}

#[test]
fn crates_clocks_and_randomness_stay_in_their_rooms() {
    in_every_file(checks::only_where_allowed);
}

#[test]
fn one_line_chooses_what_is_built_for_the_server_alone() {
    nothing_offends(&checks::feature_lines(&sources()));
}

#[test]
fn files_and_functions_are_short_enough_to_read() {
    in_every_file(checks::lengths);
    let doctor = source::all_under(root(), "doctor/src");
    assert!(doctor.len() > 20, "the source of the doctor is there");
    nothing_offends(&doctor.iter().flat_map(checks::lengths).collect::<Vec<_>>());
}

#[test]
fn files_of_tests_are_short_enough_to_read() {
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

/// A file of tests that no `mod` names is compiled by nobody, and passes.
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
                "tests/{binary}/{name}.rs is run by nobody: add `mod {name};` to tests/{binary}/main.rs"
            );
        }
    }
}

/// Every room and every rule of the tables names files that exist: dead rows hide a typing error.
#[test]
fn every_row_of_the_tables_is_about_something() {
    let sources = sources();
    let exists = |file: &str| {
        sources.iter().any(|source| {
            source.path == file || (file.ends_with('/') && source.path.starts_with(file))
        })
    };
    let rooms = doors::ROOMS.iter().flat_map(|room| room.files);
    let rules = crates::ONLY.iter().flat_map(|rule| rule.files);
    for file in rooms.chain(rules) {
        assert!(
            exists(file),
            "{file} does not exist: take it out of tests/architecture/{{doors,crates}}.rs"
        );
    }
}
