//! A copied cookie is worthless from the moment that the session ended, for any events of the
//! server in between.

mod each_end;

use crate::{
    on_both_engines,
    program::{Home, Server, sign_in},
    support::{
        PASSWORD,
        http::{ACCEPT_PAGE, Browser, Request, SESSION_COOKIE},
    },
};
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Signs out; returns once the server has answered success.
async fn sign_out(browser: &mut Browser) {
    let answer = browser.post_form("/api/logout", &[]).await;
    assert_eq!((answer.status, answer.location()), (303, "/signed-out"));
    assert_eq!(browser.session(), None);
}

fn copied_cookie(browser: &Browser) -> String {
    browser.session().expect("signed in").to_owned()
}

/// A server with one account, and the cookies of two signed-in browsers.
async fn two_signed_in(home: &Home) -> (Server, Browser, Browser) {
    home.create_user("ada");
    let server = home.serve();
    let (one, other) = (server.signed_in("ada").await, server.signed_in("ada").await);
    server.lets_in(&copied_cookie(&one)).await;
    server.lets_in(&copied_cookie(&other)).await;
    (server, one, other)
}

/// The sign-in page shows the reason to the holder of the dead cookie.
async fn is_refused_with(server: &Server, token: &str, reason: &str) {
    let mut browser = server.browser();
    browser.set_cookie(SESSION_COOKIE, token);
    let page = browser.get("/login").await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains(reason), "{reason:?} is missing");
}

on_both_engines! {
    async fn a_copied_cookie_is_dead_after_signing_out(database: TestDatabase) {
        let home = Home::new(database);
        let (server, mut browser, other) = two_signed_in(&home).await;
        let copy = copied_cookie(&browser);
        sign_out(&mut browser).await;
        for _ in 0..3 {
            server.refuses(&copy).await;
        }
        server.lets_in(&copied_cookie(&other)).await;
    }

    /// Two servers on one database notice an end at once: neither caches sessions.
    async fn a_copied_cookie_is_dead_at_every_server(database: TestDatabase) {
        let home = Home::new(database);
        let (one, mut browser, staying) = two_signed_in(&home).await;
        let other = home.serve();
        let copy = copied_cookie(&browser);
        other.lets_in(&copy).await;
        sign_out(&mut browser).await;
        other.refuses(&copy).await;
        one.refuses(&copy).await;
        for server in [&one, &other] {
            server.lets_in(&copied_cookie(&staying)).await;
        }
    }

    async fn a_copied_cookie_is_dead_after_a_restart(database: TestDatabase) {
        let home = Home::new(database);
        let (server, mut browser, other) = two_signed_in(&home).await;
        let copy = copied_cookie(&browser);
        sign_out(&mut browser).await;
        server.stop();
        let server = home.serve();
        server.refuses(&copy).await;
        server.lets_in(&copied_cookie(&other)).await;
    }

    /// `kill -9` directly after the answer: the answered end is on the disk.
    async fn a_copied_cookie_is_dead_after_a_crash(database: TestDatabase) {
        let home = Home::new(database);
        let (server, mut browser, other) = two_signed_in(&home).await;
        let copy = copied_cookie(&browser);
        sign_out(&mut browser).await;
        server.kill();
        let server = home.serve();
        server.refuses(&copy).await;
        server.lets_in(&copied_cookie(&other)).await;
    }

    /// A crash while many people sign out: every answered sign-out counts, and nobody who did not
    /// sign out loses a session.
    async fn every_answered_sign_out_outlives_a_crash(database: TestDatabase) {
        let home = Home::new(database);
        home.create_user("ada");
        let mut server = home.serve();
        for round in 1..=3_u64 {
            let mut leaving = Vec::new();
            for _ in 0..6 {
                leaving.push(copied_cookie(&server.signed_in("ada").await));
            }
            let staying = copied_cookie(&server.signed_in("ada").await);
            let (address, copies) = (server.address, leaving.clone());
            let signing_out = tokio::spawn(async move {
                let mut answered = 0;
                while answered < leaving.len() && signs_out(address, &leaving[answered]).await {
                    answered += 1;
                }
                answered
            });
            // At another moment each time.
            tokio::time::sleep(Duration::from_millis(7 * round)).await;
            server.kill();
            let answered = signing_out.await.unwrap();
            server = home.serve();
            for copy in &copies[..answered] {
                server.refuses(copy).await;
            }
            server.lets_in(&staying).await;
        }
    }

    async fn a_live_session_outlives_restarts_and_crashes(database: TestDatabase) {
        let home = Home::new(database);
        let (server, browser, _) = two_signed_in(&home).await;
        let copy = copied_cookie(&browser);
        server.stop();
        let server = home.serve();
        server.lets_in(&copy).await;
        server.kill();
        home.serve().lets_in(&copy).await;
    }

    /// The command line and the server share only the database.
    async fn disabling_from_the_command_line_holds_at_the_next_request(database: TestDatabase) {
        let home = Home::new(database);
        let (server, one, other) = two_signed_in(&home).await;
        home.run(&["user", "disable", "ada"]).succeeds().reports("2 sessions ended");
        for browser in [&one, &other] {
            server.refuses(&copied_cookie(browser)).await;
        }
        is_refused_with(&server, &copied_cookie(&one), "An administrator signed you out.").await;
        home.run(&["user", "enable", "ada"]).succeeds();
        server.refuses(&copied_cookie(&one)).await;
        server.signed_in("ada").await;
    }

    async fn a_new_password_from_the_command_line_holds_at_the_next_request(database: TestDatabase) {
        let home = Home::new(database);
        let (server, one, other) = two_signed_in(&home).await;
        let new = "another horse, another battery";
        home.run_with_input(&["user", "set-password", "ada", "--password-stdin"], new)
            .succeeds()
            .reports("2 sessions ended");
        for browser in [&one, &other] {
            server.refuses(&copied_cookie(browser)).await;
        }
        is_refused_with(&server, &copied_cookie(&one), "your password was changed").await;
        let mut browser = server.browser();
        let old = sign_in(&mut browser, "ada", PASSWORD).await;
        assert_eq!((old.status, browser.session()), (303, None), "the old password is refused");
        sign_in(&mut browser, "ada", new).await;
        server.lets_in(&copied_cookie(&browser)).await;
    }

    async fn ending_from_the_command_line_holds_at_the_next_request(database: TestDatabase) {
        let home = Home::new(database);
        let (server, one, other) = two_signed_in(&home).await;
        let sessions = home.run(&["session", "list", "--json"]).succeeds().json();
        // The newest first: that is the other browser's.
        let id = sessions[0]["id"].as_str().unwrap();
        home.run(&["session", "end", id]).succeeds();
        server.refuses(&copied_cookie(&other)).await;
        server.lets_in(&copied_cookie(&one)).await;
        home.run(&["session", "end", "--user", "ADA@example.org"]).fails(1, &["no account"]);
        server.lets_in(&copied_cookie(&one)).await;
        home.run(&["session", "end", "--user", "ADA"]).succeeds().reports("Ended 1 session of ada.");
        server.refuses(&copied_cookie(&one)).await;
    }

    async fn signing_in_again_ends_the_session_before(database: TestDatabase) {
        let home = Home::new(database);
        let (server, mut browser, other) = two_signed_in(&home).await;
        let copy = copied_cookie(&browser);
        // With a cookie the sign-in page redirects; the form itself can still be sent.
        sign_in(&mut browser, "ada", PASSWORD).await;
        server.refuses(&copy).await;
        server.lets_in(&copied_cookie(&browser)).await;
        server.lets_in(&copied_cookie(&other)).await;
    }
}

/// Whether the server lived long enough to answer the sign-out.
async fn signs_out(address: SocketAddr, token: &str) -> bool {
    let host = format!("localhost:{}", address.port());
    let request = Request::form("/api/logout", &[])
        .header("host", &host)
        .header("origin", &format!("http://{host}"))
        .header("accept", ACCEPT_PAGE)
        .header("cookie", &format!("{SESSION_COOKIE}={token}"))
        .header("connection", "close");
    let Ok(mut stream) = TcpStream::connect(address).await else {
        return false;
    };
    let mut answer = Vec::new();
    // A killed server breaks off anywhere; only the received part counts.
    let _ = stream.write_all(&request.to_bytes()).await;
    let _ = stream.read_to_end(&mut answer).await;
    answer.starts_with(b"HTTP/1.1 303")
}
