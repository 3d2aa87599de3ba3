//! The first start: the printed code, the command that prints another, and the cases without a
//! code.

use crate::{
    on_both_engines,
    program::{Home, Outcome, Server},
    support::{
        PASSWORD,
        http::{Answer, Browser},
    },
};

/// The code, copied from the terminal.
fn printed_code(server: &Server) -> String {
    const BEFORE: &str = "with the one-time code ";
    let log = server.log_with("user create USERNAME --admin");
    let rest = log.split_once(BEFORE).expect(BEFORE).1;
    rest.lines().next().expect("a code").to_owned()
}

#[track_caller]
fn assert_code(code: &str) {
    let groups: Vec<_> = code.split('-').collect();
    assert!(
        groups.len() == 4 && groups.iter().all(|group| group.len() == 5),
        "{code}"
    );
    assert!(
        code.bytes()
            .all(|c| b"0123456789ABCDEFGHJKMNPQRSTVWXYZ-".contains(&c)),
        "{code}"
    );
}

async fn set_up(browser: &mut Browser, code: &str, name: &str) -> Answer {
    let fields = [("code", code), ("username", name), ("password", PASSWORD)];
    browser.fetch_form("/api/set_up", &fields).await
}

fn setup_code(home: &Home) -> Outcome {
    home.run(&["setup-code"])
}

on_both_engines! {
    async fn the_printed_code_makes_the_first_account(database: TestDatabase) {
        let home = Home::new(database).with("RUST_LOG", "trace").with("VESTIBULE_LOG__FORMAT", "json");
        let server = home.serve();
        let code = printed_code(&server);
        assert_code(&code);
        let log = server.log_with("/setup");
        let address = format!("\n  http://localhost:{}/setup\n", server.address.port());
        assert!(log.contains(&address), "an address to open, on a line of its own: {log}");
        let mut browser = server.browser();
        let answer = set_up(&mut browser, &code.to_lowercase(), "ada").await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert!(browser.get("/dashboard").await.text().contains("Administrator"));
        assert_eq!(set_up(&mut server.browser(), &code, "eve").await.status, 404);
        // Plain, once, beside the log: no line of the log contains the code.
        let log = server.stop();
        let lines: Vec<_> = log.lines().filter(|line| line.contains(&code)).collect();
        assert_eq!(lines, [format!("  with the one-time code {code}")]);
        assert!(!log.contains(&code.to_lowercase()) && !log.contains(PASSWORD), "{log}");
        assert!(log.contains("\"/api/set_up\""), "the log is there: {log}");

        let log = home.serve().stop();
        assert!(!log.contains("one-time code") && !log.contains("/setup"), "{log}");
    }

    async fn a_new_code_voids_the_previous_one(database: TestDatabase) {
        let home = Home::new(database);
        let server = home.serve();
        let printed = printed_code(&server);
        let outcome = setup_code(&home).succeeds().reports("valid for one hour").reports("/setup");
        let code = outcome.stdout.trim_end().to_owned();
        assert_code(&code);
        assert_ne!(code, printed);
        assert!(!outcome.stderr.contains(&code), "the code is the data");
        let mut browser = server.browser();
        assert_eq!(set_up(&mut browser, &printed, "eve").await.status, 422);
        assert_eq!(set_up(&mut browser, &code, "ada").await.status, 200);
        setup_code(&home).fails(1, &["there is an account already", "vestibule user create"]);
    }

    async fn a_restart_prints_a_new_code(database: TestDatabase) {
        let home = Home::new(database);
        let server = home.serve();
        let before = printed_code(&server);
        server.stop();
        let server = home.serve();
        let code = printed_code(&server);
        assert_ne!(before, code);
        assert_eq!(set_up(&mut server.browser(), &before, "eve").await.status, 422);
        assert_eq!(set_up(&mut server.browser(), &code, "ada").await.status, 200);
    }

    async fn an_account_of_the_command_line_closes_the_page(database: TestDatabase) {
        let home = Home::new(database);
        let server = home.serve();
        let code = printed_code(&server);
        assert_eq!(server.browser().get("/setup").await.status, 200);
        home.create_user("ada");
        assert_eq!(server.browser().get("/setup").await.status, 404);
        assert_eq!(set_up(&mut server.browser(), &code, "eve").await.status, 404);
        setup_code(&home).fails(1, &["there is an account already"]);
    }
}

#[tokio::test]
async fn without_a_database_there_is_no_code() {
    let home = Home::on_sqlite().await;
    setup_code(&home).fails(1, &["there is no database"]);
}

/// The printed address is the public one, if configured.
#[tokio::test]
async fn the_public_address_is_the_one_to_open() {
    let home = Home::on_sqlite()
        .await
        .with("VESTIBULE_PUBLIC_URL", "https://sign-in.example.org");
    home.create_user("ada");
    setup_code(&home).fails(1, &["there is an account already"]);
    let home = Home::on_sqlite().await;
    home.serve().stop();
    let home = home.with("VESTIBULE_PUBLIC_URL", "https://sign-in.example.org");
    setup_code(&home)
        .succeeds()
        .reports("Create the first account at https://sign-in.example.org/setup.");
}
