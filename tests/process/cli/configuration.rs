//! The configuration that a command reads.

use super::create_with;
use crate::program::Home;
use std::fs;

#[tokio::test]
async fn every_mistake_in_the_configuration_is_reported_at_once() {
    let home = Home::on_sqlite()
        .await
        .with("VESTIBULE_HTTP__MAX_CONNECTIONS", "many")
        .with("VESTIBULE_SESSION_IDLE_TIMEOUT", "30m");
    let mistakes = "public_url = \"http://sign-in.example.org\"\ncolour = \"red\"\n\
        [session]\nidle_timeout = \"30\"\nabsolute_timeout = \"1s\"\n[password]\nmin_length = 7\n\
        [hashing]\nmemory_mib = 1\n[log]\nformat = \"xml\"\n";
    fs::write(home.folder.join("Leptos.toml"), mistakes).unwrap();
    let expected = [
        "the configuration has mistakes:",
        "public_url must be https",
        "unknown key `colour`",
        "session.idle_timeout must be a duration",
        "password.min_length must be at least 8",
        "hashing.memory_mib must be at least 19",
        "log.format must be",
        "VESTIBULE_HTTP__MAX_CONNECTIONS must be a whole number",
        "unknown variable `VESTIBULE_SESSION_IDLE_TIMEOUT` (did you mean `VESTIBULE_SESSION__IDLE_TIMEOUT`?)",
    ];
    for command in [&["config", "check"][..], &["serve"], &["user", "list"], &[]] {
        home.run(command).fails(1, &expected);
    }
    assert!(!home.database_file().exists(), "nothing was opened");
}

#[tokio::test]
async fn a_good_configuration_is_reported_as_good() {
    let home = Home::on_sqlite().await;
    let good = home.run(&["config", "check"]).succeeds();
    assert!(
        good.stdout.contains("valid: the defaults, SQLite in"),
        "{good:?}"
    );
    assert!(!home.database_file().exists(), "a check opens nothing");
    let home = home.with(
        "VESTIBULE_DATABASE_URL",
        "postgres://app:s3cret@db.example/auth",
    );
    let good = home.run(&["config", "check"]).succeeds();
    assert!(
        good.stdout.contains("PostgreSQL auth on db.example"),
        "{good:?}"
    );
    assert!(!good.stdout.contains("s3cret"), "{good:?}");
}

#[tokio::test]
async fn a_configuration_file_can_be_named() {
    let home = Home::on_sqlite().await;
    fs::write(
        home.folder.join("other.toml"),
        "[password]\nmin_length = 20\n",
    )
    .unwrap();
    let arguments = [
        "--config",
        "other.toml",
        "user",
        "create",
        "ada",
        "--password-stdin",
    ];
    home.run_with_input(&arguments, "sixteen letters!")
        .fails(1, &["at least 20 characters"]);
    // After the command as well, and by a variable.
    home.run_with_input(
        &[
            "user",
            "create",
            "ada",
            "--password-stdin",
            "--config",
            "other.toml",
        ],
        "sixteen letters!",
    )
    .fails(1, &["at least 20 characters"]);
    let home = home.with("VESTIBULE_CONFIG", "other.toml");
    create_with(&home, "sixteen letters!").fails(1, &["at least 20 characters"]);
    // The environment takes precedence over the file.
    let home = home.with("VESTIBULE_PASSWORD__MIN_LENGTH", "16");
    create_with(&home, "sixteen letters!").succeeds();
    home.run(&["--config", "missing.toml", "user", "list"])
        .fails(1, &["missing.toml cannot be read"]);
}

#[tokio::test]
async fn the_file_in_the_folder_is_read_unless_another_is_named() {
    let home = Home::on_sqlite().await;
    fs::write(
        home.folder.join("Leptos.toml"),
        "[password]\nmin_length = 30\n",
    )
    .unwrap();
    create_with(&home, "sixteen letters!").fails(1, &["at least 30 characters"]);
    let good = home.run(&["config", "check"]).succeeds();
    assert!(good.stdout.contains("valid: Leptos.toml"), "{good:?}");
}
