//! Every command, as an administrator types it.

use crate::{
    on_both_engines,
    program::{Home, Outcome},
    support::{PASSWORD, database::Engine},
};
use sqlx::Connection;
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::PathBuf,
};

/// Marks of living scripts, many without a combining class, belong to names.
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
            .fails(1, &["The name has an invisible character"]);
    }
}

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

        for typed in ["Ada", "ADA", "ada@EXAMPLE.org"] {
            assert_eq!(home.run(&["user", "show", typed, "--json"]).succeeds().json(), created);
        }
        let listed = home.run(&["user", "list", "--json"]).succeeds().json();
        assert_eq!(listed.len(), 2);
        assert_eq!(listed[0], created[0]);
        assert_eq!(listed[1]["display_name"], "grace", "the name is shown where there is none");
        assert!(listed[1]["email"].is_null());
        let everything = format!("{listed:?}");
        assert!(!everything.contains("hash") && !everything.contains("argon2"), "{everything}");

        let table = home.run(&["user", "list"]).succeeds().stdout;
        let lines: Vec<_> = table.lines().collect();
        assert!(lines[0].starts_with("NAME ") && lines.len() == 3, "{table}");
        assert!(lines[1].starts_with("Ada ") && lines[1].contains("administrator"), "{table}");
        assert!(lines[2].starts_with("grace ") && lines[2].contains("member"), "{table}");
        home.run(&["user", "show", "nobody"]).fails(1, &["there is no account with this name"]);
    }

    async fn a_taken_name_or_address_is_refused(database: TestDatabase) {
        let home = Home::new(database);
        create_with(&home, PASSWORD).succeeds();
        home.run_with_input(&["user", "create", "ADA", "--password-stdin"], PASSWORD)
            .fails(1, &["the name or the e-mail address is taken"]);
        let same_address = ["user", "create", "grace", "--email", "Lovelace@EXAMPLE.org", "--password-stdin"];
        home.run_with_input(&same_address, PASSWORD)
            .fails(1, &["the name or the e-mail address is taken"]);
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
        home.run(&["user", "disable", "ADA"]).succeeds().says("ada is disabled; 0 sessions ended");
        state(true);
        home.run(&["user", "disable", "ada"]).succeeds();
        home.run(&["user", "enable", "ada"]).succeeds().says("ada can sign in again");
        state(false);
        home.run(&["user", "enable", "ada"]).succeeds();
        let set_password = ["user", "set-password", "ada", "--password-stdin"];
        home.run_with_input(&set_password, "another horse, another battery")
            .succeeds()
            .says("ada has a new password");
        home.run_with_input(&set_password, "too short").fails(1, &["at least 15 characters"]);
        home.run_with_input(&set_password, "").fails(1, &["no password"]);
        home.run(&["user", "set-password", "ada"]).fails(1, &["--password-stdin"]);
        for command in ["disable", "enable", "show"] {
            home.run(&["user", command, "nobody"]).fails(1, &["there is no account"]);
        }
        let set_password = ["user", "set-password", "nobody", "--password-stdin"];
        home.run_with_input(&set_password, PASSWORD).fails(1, &["there is no account"]);
    }

    async fn sessions_are_listed_for_programs_and_for_people(database: TestDatabase) {
        let home = Home::new(database);
        home.create_user("ada");
        home.create_user("grace");
        assert_eq!(home.run(&["session", "list", "--json"]).succeeds().stdout, "");
        let server = home.serve();
        let mut ada = server.signed_in("ada").await;
        let grace = server.signed_in("grace").await;
        ada.post_form("/api/logout", &[]).await;

        let all = home.run(&["session", "list", "--json"]).succeeds();
        for secret in [ada.session(), grace.session()].into_iter().flatten() {
            assert!(!all.stdout.contains(secret), "a list holds no token");
        }
        let all = all.json();
        assert_eq!(all.len(), 2);
        for session in &all {
            for key in ["id", "user", "created_at", "last_seen_at", "ended_at", "end_reason", "remember", "address"] {
                assert!(session.get(key).is_some(), "{key} is missing in {session}");
            }
            let created = session["created_at"].as_str().unwrap();
            assert!(created.ends_with('Z') && created.contains('T'), "RFC 3339: {created}");
            assert_eq!(session["address"], "127.0.0.1");
        }
        assert_eq!((&all[0]["user"], &all[1]["user"]), (&"grace".into(), &"ada".into()), "the newest first");
        assert!(all[0]["ended_at"].is_null());
        assert_eq!(all[1]["end_reason"], "signed_out");

        let live = home.run(&["session", "list", "--live", "--json"]).succeeds().json();
        assert_eq!(live, all[..1]);
        let of_ada = home.run(&["session", "list", "--user", "ADA", "--json"]).succeeds().json();
        assert_eq!(of_ada, all[1..]);
        home.run(&["session", "list", "--user", "nobody"]).fails(1, &["there is no account"]);

        let table = home.run(&["session", "list"]).succeeds().stdout;
        assert_eq!(table.lines().count(), 3, "{table}");
        assert!(table.starts_with("ID ") && table.contains("signed_out"), "{table}");
        assert!(table.contains(all[0]["id"].as_str().unwrap()), "{table}");
    }

    async fn sessions_are_ended_by_id_and_by_account(database: TestDatabase) {
        let home = Home::new(database);
        home.create_user("ada");
        let server = home.serve();
        for _ in 0..3 {
            server.signed_in("ada").await;
        }
        let reasons = || {
            let listed = home.run(&["session", "list", "--json"]).succeeds().json();
            listed.iter().map(|session| session["end_reason"].clone()).collect::<Vec<_>>()
        };
        let listed = home.run(&["session", "list", "--json"]).succeeds().json();
        let id = listed[1]["id"].as_str().unwrap();
        home.run(&["session", "end", id]).succeeds().says("is ended");
        assert_eq!(reasons(), [None, Some("ended_by_admin"), None].map(serde_json::Value::from));
        home.run(&["session", "end", id]).succeeds().says("had ended before");
        home.run(&["session", "end", "--user", "ada"]).succeeds().says("2 sessions of ada are ended");
        assert_eq!(reasons(), ["ended_by_admin"; 3]);
        home.run(&["session", "end", "no-such-id"]).fails(1, &["there is no session with this id"]);
        home.run(&["session", "end", "--user", "nobody"]).fails(1, &["there is no account"]);
        home.run(&["session", "end"]).fails(2, &["required"]);
        home.run(&["session", "end", id, "--user", "ada"]).fails(2, &["cannot be used with"]);
    }

    async fn what_a_newer_version_has_added_is_left_alone_and_what_it_has_removed_is_missed(database: TestDatabase) {
        let home = Home::new(database);
        home.create_user("ada");
        apply(&home, 9998, "labels of sessions").await;
        home.run(&["user", "list"]).succeeds();
        let server = home.serve();
        server.lets_in(server.signed_in("ada").await.session().unwrap()).await;
        let log = server.stop();
        assert!(log.contains("brought up to date by a newer version"), "{log}");

        apply(&home, 9999, "no more descriptions needs 9998").await;
        for arguments in [&["user", "list"][..], &["session", "list"], &["user", "disable", "ada"], &["serve"], &[]] {
            home.run(arguments).fails(1, &["newer version of Vestibule", "restore a backup"]);
        }
    }
}

/// A migration of a version to come, by its number and the name of its file.
async fn apply(home: &Home, version: i64, name: &str) {
    let insert =
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)";
    match home.database.engine {
        Engine::Sqlite => {
            let mut connection = sqlx::SqliteConnection::connect(&home.database.address)
                .await
                .unwrap();
            let sql = format!("{insert} VALUES ({version}, '{name}', 1, x'00', 1)");
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
                .execute(&mut connection)
                .await
                .unwrap();
            connection.close().await.unwrap();
        }
        Engine::Postgres => {
            let mut connection = sqlx::PgConnection::connect(&home.database.address)
                .await
                .unwrap();
            let sql = format!("{insert} VALUES ({version}, '{name}', true, '\\x00', 1)");
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
                .execute(&mut connection)
                .await
                .unwrap();
        }
    }
}

#[tokio::test]
async fn names_that_break_the_grammar_are_refused() {
    let home = Home::on_sqlite().await;
    for name in ["a b", "a@example.org", ".a", "a..b", "", &"a".repeat(65)] {
        home.run_with_input(&["user", "create", name, "--password-stdin"], PASSWORD)
            .fails(1, &["A name "]);
    }
    let turned = ["user", "create", "a\u{202e}b", "--password-stdin"];
    home.run_with_input(&turned, PASSWORD)
        .fails(1, &["The name has an invisible character"]);
    let wrong_address = [
        "user",
        "create",
        "ada",
        "--email",
        "a@evil.example,b@good.example",
        "--password-stdin",
    ];
    home.run_with_input(&wrong_address, PASSWORD)
        .fails(1, &["This is not an e-mail address."]);
    let wrong_display_name = [
        "user",
        "create",
        "ada",
        "--display-name",
        "a\u{1b}[31m",
        "--password-stdin",
    ];
    home.run_with_input(&wrong_display_name, PASSWORD)
        .fails(1, &["A display name "]);
    home.run(&["user", "list"])
        .fails(1, &["there is no database"]);
}

#[tokio::test]
async fn weak_passwords_are_refused_with_the_reason() {
    let home = Home::on_sqlite().await;
    for (password, reason) in [
        ("fourteen chars", "at least 15 characters"),
        ("passwordpassword\n", "common passwords"),
        ("1234567890123456\n", "common passwords"),
        ("Lovelace@example.org", "must not be the name"),
        ("adaadaadaadaada", "must not be the name"),
        ("vestibulevestibule", "must not be the name"),
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
        create_with(&home, nothing).fails(1, &["standard input holds no password"]);
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

#[tokio::test]
async fn without_a_database_nothing_is_listed_and_nothing_created() {
    let home = Home::on_sqlite().await;
    let commands = [
        &["user", "list"][..],
        &["user", "show", "ada"],
        &["user", "disable", "ada"],
        &["user", "enable", "ada"],
        &["user", "set-password", "ada", "--password-stdin"],
        &["session", "list"],
        &["session", "end", "--user", "ada"],
    ];
    for command in commands {
        home.run_with_input(command, PASSWORD).fails(
            1,
            &[
                "there is no database at",
                "`vestibule user create` makes one",
            ],
        );
    }
    assert!(!home.database_file().parent().unwrap().exists());
    assert_eq!(fs::read_dir(&home.folder).unwrap().count(), 0);
}

#[tokio::test]
async fn the_database_is_made_for_its_owner_alone() {
    let home = Home::on_sqlite()
        .await
        .with("VESTIBULE_DATABASE_URL", "sqlite:data/own.db");
    home.create_user("ada");
    let mode = |path: &str| {
        fs::metadata(home.folder.join(path))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!((mode("data"), mode("data/own.db")), (0o700, 0o600));
}

/// Even root would lock the owner out, by the files that appear beside the database.
#[tokio::test]
async fn a_database_of_another_user_is_refused_with_the_remedy() {
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    let own = home.database_file();
    // As root the file is given away; anybody else finds one that root owns.
    let (home, foreign) = match chown(&own, Some(65_534), None) {
        Ok(()) => (home, own),
        Err(_) => (
            home.with("VESTIBULE_DATABASE_URL", "sqlite:/etc/passwd"),
            PathBuf::from("/etc/passwd"),
        ),
    };
    let owner = fs::metadata(&foreign).unwrap().uid();
    let remedy = format!("sudo -u '#{owner}' vestibule");
    let commands = [
        &["user", "list"][..],
        &["session", "list"],
        &["serve"],
        &["user", "create", "grace", "--password-stdin"],
    ];
    for command in commands {
        home.run_with_input(command, PASSWORD)
            .fails(1, &["belongs to another user", &remedy]);
    }
}

#[tokio::test]
async fn every_mistake_in_the_configuration_is_told_at_once() {
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
async fn a_good_configuration_is_said_to_be_good() {
    let home = Home::on_sqlite().await;
    let good = home.run(&["config", "check"]).succeeds();
    assert!(
        good.stdout.contains("good: the defaults, SQLite in"),
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
    // Behind the command as well, and by a variable.
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
    // What the environment says counts more than the file.
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
    assert!(good.stdout.contains("good: Leptos.toml"), "{good:?}");
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

/// Help shows how settings are named, never what they hold.
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

/// What a database's server answers is told, with its address but without its password.
#[tokio::test]
async fn a_database_that_does_not_answer_is_told_without_its_password() {
    let home = Home::on_sqlite().await.with(
        "VESTIBULE_DATABASE_URL",
        "postgres://app:s3cret@127.0.0.1:1/auth",
    );
    let refused = home
        .run(&["user", "list"])
        .fails(1, &["the database does not open"]);
    assert!(!refused.stderr.contains("s3cret"), "{refused:?}");
}

#[tokio::test]
async fn without_a_command_it_serves() {
    let home = Home::on_sqlite().await;
    let server = home.serve_by(&[]);
    assert_eq!(server.browser().get("/healthz").await.status, 200);
    assert!(server.stop().contains("Stopped."));
}
