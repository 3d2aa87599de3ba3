//! Every command, with an administrator's arguments.

mod accounts;
mod configuration;
mod database;
mod sessions;

use crate::program::{Home, Outcome};
use std::fs;

/// Creates `ada` with this password.
fn create_with(home: &Home, password: &str) -> Outcome {
    let arguments = [
        "user",
        "create",
        "ada",
        "--email",
        "lovelace@example.org",
        "--password-stdin",
    ];
    home.run_with_input(&arguments, password)
}

fn names(home: &Home) -> Vec<String> {
    let users = home.run(&["user", "list", "--json"]).succeeds().json();
    users
        .iter()
        .map(|user| user["username"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn arguments_that_are_not_understood_are_status_two() {
    let home = Home::on_sqlite().await;
    for arguments in [
        &["fly"][..],
        &["--fast"],
        &["user"],
        &["user", "fly"],
        &["user", "create"],
        &["user", "disable"],
        &["user", "list", "--user", "ada"],
        &["session", "list", "--user"],
        &["config"],
        &["serve", "quickly"],
    ] {
        home.run(arguments).fails(2, &["help"]);
    }
    assert_eq!(fs::read_dir(&home.folder).unwrap().count(), 0);
}

/// Help shows the names of settings, never their values.
#[tokio::test]
async fn help_and_version_hold_no_secret() {
    let home = Home::on_sqlite().await.with(
        "VESTIBULE_DATABASE_URL",
        "postgres://app:s3cret@db.example/auth",
    );
    let pages = [
        &["--help"][..],
        &["user", "--help"],
        &["user", "create", "--help"],
        &["user", "set-password", "--help"],
        &["session", "--help"],
        &["session", "end", "--help"],
        &["config", "--help"],
        &["setup-code", "--help"],
        &["serve", "--help"],
    ];
    for page in pages {
        let shown = home.run(page).succeeds();
        assert!(shown.stdout.contains("Usage:"), "{shown:?}");
        assert!(!format!("{shown:?}").contains("s3cret"), "{shown:?}");
    }
    let version = home.run(&["--version"]).succeeds();
    assert_eq!(
        version.stdout,
        format!("vestibule {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[tokio::test]
async fn help_names_the_permissions_of_access_keys() {
    let home = Home::on_sqlite().await;
    let help = home.run(&["key", "create", "--help"]).succeeds().stdout;
    for scope in ["profile:read", "users:write", "tokens:introspect"] {
        assert!(help.contains(scope), "{help}");
    }
}

#[tokio::test]
async fn without_a_command_it_serves() {
    let home = Home::on_sqlite().await;
    let server = home.serve_by(&[]);
    assert_eq!(server.browser().get("/healthz").await.status, 200);
    assert!(server.stop().contains("Stopped."));
}
