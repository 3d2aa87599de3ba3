//! `vestibule user …`.

use super::{create_with, names};
use crate::{on_both_engines, program::Home, support::PASSWORD};

on_both_engines! {
    async fn an_account_is_created_listed_and_shown(database: TestDatabase) {
        let home = Home::new(database);
        let arguments = [
            "user", "create", "Ada", "--email", "ada@example.org", "--display-name", "Ada Lovelace",
            "--description", "Counts", "--admin", "--password-stdin", "--json",
        ];
        let created = home.run_with_input(&arguments, PASSWORD).succeeds().json();
        assert_eq!(created.len(), 1);
        let ada = &created[0];
        assert_eq!(ada["username"], "Ada");
        assert_eq!(ada["email"], "ada@example.org");
        assert_eq!(ada["display_name"], "Ada Lovelace");
        assert_eq!(ada["description"], "Counts");
        assert_eq!(ada["admin"], true);
        assert_eq!(ada["disabled"], false);
        home.create_user("grace");

        for input in ["Ada", "ADA", "ada@EXAMPLE.org"] {
            assert_eq!(home.run(&["user", "show", input, "--json"]).succeeds().json(), created);
        }
        let listed = home.run(&["user", "list", "--json"]).succeeds().json();
        assert_eq!(listed.len(), 2);
        assert_eq!(listed[0], created[0]);
        assert_eq!(listed[1]["display_name"], "grace", "without one the name is shown");
        assert!(listed[1]["email"].is_null());
        let everything = format!("{listed:?}");
        assert!(!everything.contains("hash") && !everything.contains("argon2"), "{everything}");

        let table = home.run(&["user", "list"]).succeeds().stdout;
        let lines: Vec<_> = table.lines().collect();
        assert!(lines[0].starts_with("USERNAME ") && lines.len() == 3, "{table}");
        assert!(lines[1].starts_with("Ada ") && lines[1].contains("administrator"), "{table}");
        assert!(lines[2].starts_with("grace ") && lines[2].contains("member"), "{table}");
        home.run(&["user", "show", "nobody"]).fails(1, &["there is no account with this username"]);
    }

    async fn a_taken_name_or_address_is_refused(database: TestDatabase) {
        let home = Home::new(database);
        create_with(&home, PASSWORD).succeeds();
        home.run_with_input(&["user", "create", "ADA", "--password-stdin"], PASSWORD)
            .fails(1, &["This username belongs to another account"]);
        let same_address = ["user", "create", "grace", "--email", "Lovelace@EXAMPLE.org", "--password-stdin"];
        home.run_with_input(&same_address, PASSWORD)
            .fails(1, &["This email address belongs to another account"]);
        assert_eq!(names(&home), ["ada"]);
    }

    async fn an_account_is_disabled_enabled_and_gets_a_password(database: TestDatabase) {
        let home = Home::new(database);
        home.create_user("ada");
        let state = |expected: bool| {
            let shown = home.run(&["user", "show", "ada", "--json"]).succeeds().json();
            assert_eq!(shown[0]["disabled"], expected);
        };
        state(false);
        home.run(&["user", "disable", "ADA"]).succeeds().reports("ada is disabled; 0 sessions ended");
        state(true);
        home.run(&["user", "disable", "ada"]).succeeds();
        home.run(&["user", "enable", "ada"]).succeeds().reports("ada can sign in again");
        state(false);
        home.run(&["user", "enable", "ada"]).succeeds();
        let set_password = ["user", "set-password", "ada", "--password-stdin"];
        home.run_with_input(&set_password, "another horse, another battery")
            .succeeds()
            .reports("ada has a new password");
        home.run_with_input(&set_password, "too short").fails(1, &["at least 15 characters"]);
        home.run_with_input(&set_password, "").fails(1, &["no password"]);
        home.run(&["user", "set-password", "ada"]).fails(1, &["--password-stdin"]);
        for command in ["disable", "enable", "show"] {
            home.run(&["user", command, "nobody"]).fails(1, &["there is no account"]);
        }
        let set_password = ["user", "set-password", "nobody", "--password-stdin"];
        home.run_with_input(&set_password, PASSWORD).fails(1, &["there is no account"]);
    }
}

/// Combining marks of living scripts, many without a combining class, belong to names.
#[tokio::test]
async fn names_are_not_refused_for_their_marks() {
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    for name in [
        "สมศักดิ์",
        "เล็ก",
        "พัฒน์",
        "ປັນຍ໌",
        "វឌ្ឍន៍",
        "ធម៌",
        "हिन्दी",
        "ಕನ್ನಡ",
        "தமிழ்",
    ] {
        let email = format!("{name}@{name}.example");
        let invited = home.run(&["user", "invite", name, "--email", &email]);
        invited.succeeds();
        assert!(names(&home).contains(&name.to_owned()), "{name}");
    }
    for unseen in ["\u{200b}", "\u{feff}", "\u{ad}", "\u{2060}"] {
        home.run(&["user", "invite", &format!("a{unseen}b")])
            .fails(1, &["The username has an invisible character"]);
    }
}

#[tokio::test]
async fn names_that_break_the_grammar_are_refused() {
    let home = Home::on_sqlite().await;
    let (grammar, length) = (
        "A username has letters and digits",
        "Enter a username of at most 64 characters",
    );
    for (name, words) in [
        ("a b", grammar),
        ("a@example.org", grammar),
        (".a", grammar),
        ("a..b", grammar),
        ("", length),
        (&"a".repeat(65), length),
    ] {
        home.run_with_input(&["user", "create", name, "--password-stdin"], PASSWORD)
            .fails(1, &[words]);
    }
    let reversed = ["user", "create", "a\u{202e}b", "--password-stdin"];
    home.run_with_input(&reversed, PASSWORD)
        .fails(1, &["The username has an invisible character"]);
    let wrong_address = [
        "user",
        "create",
        "ada",
        "--email",
        "a@evil.example,b@good.example",
        "--password-stdin",
    ];
    home.run_with_input(&wrong_address, PASSWORD).fails(
        1,
        &["Enter an email address, for example name@example.com."],
    );
    let wrong_display_name = [
        "user",
        "create",
        "ada",
        "--display-name",
        "a\u{1b}[31m",
        "--password-stdin",
    ];
    home.run_with_input(&wrong_display_name, PASSWORD)
        .fails(1, &["A full name "]);
    home.run(&["user", "list"])
        .fails(1, &["there is no database"]);
}

#[tokio::test]
async fn weak_passwords_are_refused_with_the_reason() {
    let home = Home::on_sqlite().await;
    for (password, reason) in [
        ("fourteen chars", "at least 15 characters"),
        ("passwordpassword\n", "too common"),
        ("1234567890123456\n", "too common"),
        ("Lovelace@example.org", "must not be the username"),
        ("adaadaadaadaada", "must not be the username"),
        ("vestibulevestibule", "must not be the username"),
        (&"long ".repeat(300), "at most 1024 bytes"),
    ] {
        let refused = create_with(&home, password).fails(1, &[reason]);
        assert!(!refused.stderr.contains(password.trim()), "{refused:?}");
    }
    assert!(names(&home).is_empty());
    create_with(&home, "fifteen chars !\n").succeeds();
}

#[tokio::test]
async fn without_a_password_there_is_no_account() {
    let home = Home::on_sqlite().await;
    for nothing in ["", "\n", "\r\n", "\nsecond line of text\n"] {
        create_with(&home, nothing).fails(1, &["standard input has no password"]);
    }
    home.run_with_input(&["user", "create", "ada"], PASSWORD)
        .fails(1, &["there is no terminal", "--password-stdin"]);
    // A password is never an argument: every user of the machine could read it.
    home.run(&["user", "create", "ada", "--password", PASSWORD])
        .fails(2, &["--password"]);
    let refused = home.run(&["user", "create", "ada", PASSWORD]);
    let refused = refused.fails(2, &["unexpected argument found"]);
    assert!(!refused.stderr.contains(PASSWORD), "nor is it repeated");
    assert!(names(&home).is_empty());
}

/// White space at its ends belongs to a password; the line break does not.
#[tokio::test]
async fn a_password_is_exactly_one_line() {
    let home = Home::on_sqlite().await;
    create_with(&home, "  spaces belong to it  \r\nthis is not read\n").succeeds();
    let server = home.serve();
    let mut browser = server.browser();
    crate::program::sign_in(&mut browser, "ada", "spaces belong to it").await;
    assert_eq!(browser.session(), None);
    crate::program::sign_in(&mut browser, "ada", "  spaces belong to it  ").await;
    assert!(browser.session().is_some());
}
