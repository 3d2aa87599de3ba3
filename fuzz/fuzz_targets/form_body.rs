//! The body of a form, through all layers to the server function and back. The first byte chooses
//! the function and the caller.
#![no_main]

#[path = "../../tests/invariants/mod.rs"]
mod invariants;
#[path = "../../tests/support/mod.rs"]
mod support;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, header},
};
use invariants::forms::{FUNCTIONS, Function, Observed, Sender, check};
use leptos::config::LeptosOptions;
use libfuzzer_sys::fuzz_target;
use std::{net::SocketAddr, sync::LazyLock};
use support::{
    PASSWORD,
    database::{Engine, TestDatabase},
    http::{ACCEPT_PAGE, FORM, credentials, encode_form},
};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;
use vestibule::server::{
    config,
    core::sessions::pending::PendingSession,
    web::{connection::Peer, router::router, state::AppState},
};

const PORT: u16 = 3000;

struct Server {
    runtime: Runtime,
    router: Router,
    /// The cookie of a signed-in person.
    session: String,
    _database: TestDatabase,
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let (database, router) = runtime.block_on(start());
    let mut server = Server {
        runtime,
        router,
        session: String::new(),
        _database: database,
    };
    let form = encode_form(&credentials("ada", PASSWORD));
    let anonymous = Sender {
        is_plain: false,
        is_signed_in: false,
    };
    let (_, headers, _) = server.send(&FUNCTIONS[0], form.as_bytes(), anonymous);
    let cookies = headers.get_all(header::SET_COOKIE).iter();
    let mut cookies = cookies.filter_map(|line| line.to_str().ok()?.split(';').next());
    let session = cookies.find(|pair| pair.starts_with("__Host-Http-session="));
    server.session = session.expect("a session").to_owned();
    server
});

async fn start() -> (TestDatabase, Router) {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let mut core = support::core(&database).await;
    // The clock does not move: after one failure everything is checked except hashes.
    core.throttle.limits.account_failures = 1;
    core.throttle.limits.address_failures = 1;
    support::create_user(&core, "ada").await;
    let config =
        config::read("", None, &config::Environment::default()).expect("the defaults are valid");
    let options = LeptosOptions::builder().output_name("vestibule").build();
    let state = AppState::new(core, &config, options, false, PORT);
    (database, router(state))
}

impl Server {
    fn send(&self, function: &Function, form: &[u8], sender: Sender) -> (u16, HeaderMap, Vec<u8>) {
        let request = Request::post(function.path)
            .header(header::HOST, format!("localhost:{PORT}"))
            .header(header::CONTENT_TYPE, FORM)
            .header(
                header::ACCEPT,
                if sender.is_plain {
                    ACCEPT_PAGE
                } else {
                    "application/json"
                },
            )
            .header(
                header::COOKIE,
                if sender.is_signed_in {
                    &self.session
                } else {
                    "a=b"
                },
            )
            .header("sec-fetch-site", "same-origin")
            .extension(Peer(SocketAddr::from(([127, 0, 0, 1], 4711))))
            .body(Body::from(form.to_vec()));
        let request = request.expect("a request");
        self.runtime.block_on(async {
            let Ok(mut response) = self.router.clone().oneshot(request).await;
            // The listener does this when it sends an answer; a session whose answer is not sent ends.
            if let Some(pending) = response.extensions_mut().remove::<PendingSession>() {
                pending.release();
            }
            let (parts, body) = response.into_parts();
            let body = to_bytes(body, usize::MAX).await.expect("a whole body");
            (parts.status.as_u16(), parts.headers, body.to_vec())
        })
    }
}

fuzz_target!(init: { LazyLock::force(&SERVER); }, |bytes: &[u8]| {
    let Some((&choice, form)) = bytes.split_first() else {
        return;
    };
    let function = &FUNCTIONS[usize::from(choice) % FUNCTIONS.len()];
    let sender = Sender {
        is_plain: choice / 5 % 2 == 1,
        // Signing out needs no form, and would end the session.
        is_signed_in: choice / 10 % 2 == 1 && function.path != "/api/logout",
    };
    let (status, headers, body) = SERVER.send(function, form, sender);
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let set_cookies = headers.get_all(header::SET_COOKIE).iter();
    let observed = Observed {
        status,
        content_type: text(header::CONTENT_TYPE),
        location: text(header::LOCATION),
        set_cookies: set_cookies.filter_map(|line| line.to_str().ok()).collect(),
        body: &body,
    };
    check(function, form, sender, &observed);
});
