//! The body of a form, through all layers to the server function and back. The first byte chooses
//! the function and the caller.
#![no_main]

#[path = "../../tests/invariants/mod.rs"]
mod invariants;
#[path = "../server.rs"]
mod server;
#[path = "../../tests/support/mod.rs"]
mod support;

use axum::http::header;
use invariants::forms::{FUNCTIONS, Observed, Sender, check};
use libfuzzer_sys::fuzz_target;
use server::{Sent, Server, headers};
use std::sync::LazyLock;
use support::http::{ACCEPT_PAGE, FORM};

/// The server, and the cookie of a signed-in person.
static GIVEN: LazyLock<(Server, String)> = LazyLock::new(|| {
    let server = Server::start();
    let session = server.sign_in("ada");
    (server, session)
});

fuzz_target!(init: { LazyLock::force(&GIVEN); }, |bytes: &[u8]| {
    let Some((&choice, form)) = bytes.split_first() else {
        return;
    };
    let (server, session) = &*GIVEN;
    let function = &FUNCTIONS[usize::from(choice) % FUNCTIONS.len()];
    let sender = Sender {
        is_plain: choice / 5 % 2 == 1,
        // Signing out needs no form, and would end the session.
        is_signed_in: choice / 10 % 2 == 1 && function.path != "/api/logout",
    };
    let accept = if sender.is_plain { ACCEPT_PAGE } else { "application/json" };
    let cookie = if sender.is_signed_in { session } else { "a=b" };
    let answer = server.send(Sent {
        method: "POST",
        path: function.path,
        headers: headers([
            (header::CONTENT_TYPE, FORM),
            (header::ACCEPT, accept),
            (header::COOKIE, cookie),
        ]),
        body: form,
    });
    let observed = Observed {
        status: answer.status,
        content_type: answer.text(&header::CONTENT_TYPE),
        location: answer.text(&header::LOCATION),
        set_cookies: answer.set_cookies(),
        body: &answer.body,
    };
    check(function, form, sender, &observed);
});
