//! Many slow clients: the others are served.

use crate::{
    app::TestApp,
    support::{
        PASSWORD,
        http::{Connection, FORM},
    },
};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(600);

/// Without a time limit, so that only the crowd matters.
async fn patient_app(max_connections: usize) -> TestApp {
    TestApp::sqlite_with(|config| {
        config.http.max_connections = max_connections;
        config.http.header_timeout = LONG;
        config.http.request_timeout = LONG;
    })
    .await
}

async fn half_a_header(app: &TestApp) -> Connection {
    let mut slow = Connection::open(app.address).await;
    slow.send(b"GET /login HTTP/1.1\r\nhost: local").await;
    slow
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_slow_connections_keeps_nobody_out() {
    let app = patient_app(16).await;
    let ada = app.signed_in("ada").await;
    let mut streams = [ada.watch().await, ada.listen("/api/v1/events").await];
    for stream in &mut streams {
        stream.lives().await;
    }
    let mut crowd = Vec::new();
    for _ in 0..64 {
        crowd.push(half_a_header(&app).await);
    }
    let mut visitor = app.browser();
    let answer = tokio::time::timeout(Duration::from_secs(15), visitor.get("/login"));
    assert_eq!(answer.await.expect("a slot").status, 200);
    assert_eq!(visitor.fetch_login("ada", PASSWORD).await.status, 200);
    // The oldest connections of all have a session.
    for stream in &mut streams {
        // It learns of the sign-in above, and stays open.
        let event = tokio::time::timeout(Duration::from_millis(300), stream.next()).await;
        let is_open = event
            .as_ref()
            .is_ok_and(|event| event.as_ref().is_some_and(|(name, _)| name == "session"));
        assert!(is_open || event.is_err(), "{event:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn below_the_limit_no_connection_is_closed() {
    let app = patient_app(64).await;
    let mut crowd = Vec::new();
    for _ in 0..40 {
        crowd.push(half_a_header(&app).await);
    }
    assert_eq!(app.browser().get("/login").await.status, 200);
    for slow in &mut crowd {
        slow.send(format!("host:{}\r\n\r\n", app.address.port()).as_bytes())
            .await;
        assert!(slow.answer().await.is_some(), "it was closed");
    }
}

/// Single bytes at long intervals are no form in progress.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_has_to_come_at_some_speed() {
    let app = patient_app(64).await;
    let mut slow = Connection::open(app.address).await;
    let head = format!(
        "POST /api/login HTTP/1.1\r\nhost: localhost:{}\r\ncontent-type: {FORM}\r\naccept: application/json\r\n\
         content-length: 500\r\n\r\n",
        app.address.port()
    );
    slow.send(head.as_bytes()).await;
    let (answer, mut sent) = (slow.answer(), 0);
    tokio::pin!(answer);
    let answer = loop {
        tokio::select! {
            answer = &mut answer => break answer,
            () = tokio::time::sleep(Duration::from_secs(1)) => sent += 1,
        }
    };
    let answer = answer.expect("an answer");
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (408, r#"{"failed":"timeout"}"#)
    );
    assert!(sent >= 3, "it had {sent} seconds");
}

/// A header has one time limit in all, for any rate of bytes; so has the second on a connection.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_header_has_one_time_limit_in_all() {
    let limit = Duration::from_secs(1);
    let app = TestApp::sqlite_with(|config| config.http.header_timeout = limit).await;
    let whole = format!(
        "GET /healthz HTTP/1.1\r\nhost: localhost:{}\r\n\r\n",
        app.address.port()
    );
    for answered in [false, true] {
        let mut slow = Connection::open(app.address).await;
        if answered {
            slow.send(whole.as_bytes()).await;
            assert_eq!(slow.answer().await.expect("an answer").status, 200);
        }
        let started = Instant::now();
        slow.send(b"GET /login HTTP/1.1\r\nx: ").await;
        while slow.send(b"a").await {
            assert!(started.elapsed() < 20 * limit, "it keeps its slot");
            tokio::time::sleep(limit / 20).await;
        }
        assert!(started.elapsed() > limit / 2, "it had no time");
    }
}

/// One address gets its share of the memory for bodies, and no more.
#[tokio::test(flavor = "multi_thread")]
async fn bodies_have_a_budget() {
    let app = TestApp::sqlite_with(|config| {
        config.http.header_timeout = LONG;
        config.http.request_timeout = Duration::from_secs(12);
    })
    .await;
    let body = "a".repeat(63 * 1024);
    let head = format!(
        "POST /api/login HTTP/1.1\r\nhost: localhost:{}\r\ncontent-type: {FORM}\r\naccept: application/json\r\n\
         content-length: {}\r\n\r\n",
        app.address.port(),
        body.len() + 1
    );
    let mut crowd = Vec::new();
    for _ in 0..80 {
        let mut connection = Connection::open(app.address).await;
        connection.send(head.as_bytes()).await;
        connection.send(body.as_bytes()).await;
        crowd.push(connection);
    }
    // 4 MiB are 65 of them; those that fit run out of time later.
    let mut refused = 0;
    for mut connection in crowd {
        match connection.answer().await.map(|answer| answer.status) {
            Some(503) | None => refused += 1,
            Some(408) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!((15..=40).contains(&refused), "{refused} were refused");
    assert_eq!(
        app.fetch_login("ada", PASSWORD).await.status,
        200,
        "it is released"
    );
}
