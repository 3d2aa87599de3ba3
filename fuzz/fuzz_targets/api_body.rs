//! The body of an operation of the JSON API, through all layers and back. The first byte chooses the operation, the caller
//! and the media type.
#![no_main]

#[path = "../../tests/invariants/mod.rs"]
mod invariants;
#[path = "../server.rs"]
mod server;
#[path = "../../tests/support/mod.rs"]
mod support;

use axum::http::header;
use invariants::bodies::{OPERATIONS, Observed, SENDERS, Sender, check};
use libfuzzer_sys::fuzz_target;
use server::{Sent, Server, headers};
use std::sync::LazyLock;

const EVERY: &str = "profile:read sessions:read sessions:end users:read users:write activity:read tokens:introspect";

struct Given {
    server: Server,
    session: String,
    /// With the scheme.
    key: String,
    /// Of the account that is changed.
    id: String,
}

static GIVEN: LazyLock<Given> = LazyLock::new(|| {
    let server = Server::start();
    server.create_user("root", true);
    Given {
        session: server.sign_in("root"),
        key: format!("Bearer {}", server.access_key("root", EVERY)),
        id: server.create_user("eve", false),
        server,
    }
});

fuzz_target!(init: { LazyLock::force(&GIVEN); }, |bytes: &[u8]| {
    let Some((&choice, body)) = bytes.split_first() else {
        return;
    };
    let operation = &OPERATIONS[usize::from(choice % 5)];
    let sender = SENDERS[usize::from(choice / 5 % 3)];
    let is_typed = choice < 240;
    let kind = if is_typed { operation.media_type() } else { "text/plain" };
    let mut sent = headers([(header::CONTENT_TYPE, kind)]);
    match sender {
        Sender::Nobody => {}
        Sender::Session => sent.extend(headers([(header::COOKIE, &GIVEN.session)])),
        Sender::Key => sent.extend(headers([(header::AUTHORIZATION, &GIVEN.key)])),
    }
    let answer = GIVEN.server.send(Sent {
        method: operation.method,
        path: &operation.path.replace("{id}", &GIVEN.id),
        headers: sent,
        body,
    });
    let observed = Observed {
        status: answer.status,
        content_type: answer.text(&header::CONTENT_TYPE),
        set_cookies: answer.set_cookies(),
        body: &answer.body,
    };
    check(operation, (sender, is_typed), body, &observed);
});
