//! While the database fails: nobody is let in, nothing is lost, nothing hangs, and the same process
//! recovers by itself when the fault is over.

pub mod cluster;
mod file;
mod links;
mod postgres;
mod relay;
mod standby;

use crate::{
    program::{Home, Server, sign_in},
    support::{
        PASSWORD,
        http::{Answer, Browser, SESSION_COOKIE},
    },
};
use std::{
    future::Future,
    time::{Duration, Instant},
};

/// The longest wait that any of our limits allows, with a margin for a busy machine. It is shorter
/// than `http.request_timeout`, which is the last resort.
const LIMIT: Duration = Duration::from_secs(20);

/// The time in which the server recovers after its database.
const SECONDS_TO_RECOVER: u64 = 15;

/// A write afterwards: two seconds, and twice as long again for a busy machine.
const WRITE: Duration = Duration::from_secs(6);

const UNAVAILABLE: &str = "The service is not available right now.";

/// The answer, which has to come within the limit.
async fn in_time(answer: impl Future<Output = Answer>) -> Answer {
    let asked = Instant::now();
    let answer = answer.await;
    assert!(asked.elapsed() < LIMIT, "{:?}: {answer:?}", asked.elapsed());
    answer
}

/// Asserts a 503 with the time to wait, which keeps the session cookie.
#[track_caller]
fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}\n{}", answer.text());
    assert!(answer.header("retry-after").is_some(), "{answer:?}");
    assert!(answer.set_cookies(SESSION_COOKIE).is_empty(), "{answer:?}");
    let is_told =
        answer.text().contains(UNAVAILABLE) || answer.text() == r#"{"failed":"unavailable"}"#;
    assert!(is_told, "{}", answer.text());
}

/// Neither by the form nor by the script.
async fn nobody_signs_in(server: &Server) {
    let mut browser = server.browser();
    assert_unavailable(&in_time(sign_in(&mut browser, "ada", PASSWORD)).await);
    assert_unavailable(&in_time(browser.fetch_login("ada", PASSWORD)).await);
    assert_eq!(browser.session(), None);
}

/// A sign-out that could not be written is not answered as done, and can be retried.
async fn nobody_signs_out(browser: &mut Browser) {
    let token = browser.session().expect("signed in").to_owned();
    assert_unavailable(&in_time(browser.post_logout()).await);
    assert_unavailable(&in_time(browser.fetch_logout()).await);
    assert_eq!(
        browser.session(),
        Some(token.as_str()),
        "the cookie is kept"
    );
}

/// Signed-in people still are, can sign out permanently, and sign in again: in the same process.
async fn all_is_well(server: &Server, browser: &mut Browser) {
    let token = browser.session().expect("signed in").to_owned();
    recovers(server, &token).await;
    // Writes have connections of their own. Even if all of them are dead, the first write succeeds.
    let asked = Instant::now();
    let answer = in_time(browser.post_logout()).await;
    assert_eq!(
        (answer.status, browser.session()),
        (303, None),
        "after {:?}: {}",
        asked.elapsed(),
        answer.text()
    );
    assert!(asked.elapsed() < WRITE, "it took {:?}", asked.elapsed());
    assert_eq!(browser.get("/readyz").await.status, 200);
    server.refuses(&token).await;
    *browser = server.signed_in("ada").await;
}

/// The time limit of a notification, with a margin for a busy machine.
const NOTICE_TIMEOUT: Duration = Duration::from_secs(10);

/// Ends the session with this name in a stream.
fn end_by_command(home: &Home, name: &str) {
    let sessions = home.run(&["session", "list", "--json"]).succeeds().json();
    let mut ids = sessions.iter().filter_map(|row| row["id"].as_str());
    let id = ids.find(|id| id.ends_with(name));
    home.run(&["session", "end", id.expect("a session")])
        .succeeds();
}

/// Polls until the server accepts a live session again. Until then it answers 503.
async fn recovers(server: &Server, token: &str) {
    let over = Instant::now();
    loop {
        let answer = in_time(server.dashboard_with(token)).await;
        if answer.status == 200 {
            return;
        }
        assert_unavailable(&answer);
        let waited = over.elapsed().as_secs();
        assert!(waited < SECONDS_TO_RECOVER, "not well after {waited} s");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The fault affected the answers and not the process.
async fn the_process_is_well(server: &Server) {
    assert_eq!(server.browser().get("/healthz").await.status, 200);
}
