//! The `Authorization` headers of a request to the JSON API, through all layers and back. The first byte chooses the cookie
//! beside them; bytes that no header can have stand for a real key or token.
#![no_main]

#[path = "../../tests/invariants/mod.rs"]
mod invariants;
#[path = "../server.rs"]
mod server;
#[path = "../../tests/support/mod.rs"]
mod support;

use axum::http::{HeaderMap, header};
use invariants::bearer::{Attempt, Credentials, Observed};
use libfuzzer_sys::fuzz_target;
use server::{Sent, Server, headers};
use std::sync::LazyLock;

static GIVEN: LazyLock<(Server, Credentials)> = LazyLock::new(|| {
    let server = Server::start();
    server.create_user("eve", false);
    let session = server.sign_in("ada");
    let refreshed = server.send(Sent {
        method: "POST",
        path: "/api/v1/token/refresh",
        headers: headers([(header::COOKIE, &session)]),
        body: b"",
    });
    let token: serde_json::Value = serde_json::from_slice(&refreshed.body).expect("JSON");
    let token = token["access_token"].as_str().expect("a token");
    let credentials = Credentials {
        key: server.access_key("ada", "profile:read"),
        token: token.to_owned(),
        session,
        other_session: server.sign_in("eve"),
    };
    (server, credentials)
});

fn ask(headers: HeaderMap) -> server::Answer {
    GIVEN.0.send(Sent {
        method: "GET",
        path: "/api/v1/me",
        headers,
        body: b"",
    })
}

fuzz_target!(init: { LazyLock::force(&GIVEN); }, |bytes: &[u8]| {
    let attempt = Attempt::of(bytes, &GIVEN.1);
    let answer = ask(attempt.headers.clone());
    attempt.check(&Observed {
        status: answer.status,
        content_type: answer.text(&header::CONTENT_TYPE),
        challenge: answer.text(&header::WWW_AUTHENTICATE),
        body: &answer.body,
    });
});
