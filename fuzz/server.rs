//! The server of the targets: all layers, and a database of its own. The clock does not move.

use crate::support::{
    self, PASSWORD,
    database::{Engine, TestDatabase},
    http::{FORM, credentials, encode_form},
    password,
};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, HeaderName, Request, header},
};
use leptos::config::LeptosOptions;
use std::net::SocketAddr;
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;
use vestibule::{
    domain::access_key::AccessKeyDraft,
    server::{
        config,
        core::{
            Core,
            accounts::{
                access_keys,
                users::{self, UserDraft},
            },
            actor,
            sessions::pending::PendingSession,
        },
        web::{connection::Peer, router::router, state::AppState},
    },
};

const PORT: u16 = 3000;

/// A request without the headers that every one has.
pub struct Sent<'r> {
    pub method: &'r str,
    pub path: &'r str,
    pub headers: HeaderMap,
    pub body: &'r [u8],
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn text(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn set_cookies(&self) -> Vec<&str> {
        let lines = self.headers.get_all(header::SET_COOKIE).iter();
        lines.filter_map(|line| line.to_str().ok()).collect()
    }
}

pub struct Server {
    runtime: Runtime,
    router: Router,
    core: Core,
    _database: TestDatabase,
}

impl Server {
    /// With `ada`.
    pub fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        let (database, core) = runtime.block_on(prepare());
        let config = config::read("", None, &config::Environment::default())
            .expect("the defaults are valid");
        let options = LeptosOptions::builder().output_name("vestibule").build();
        let state = AppState::new(core.clone(), &config, options, false, PORT);
        Self {
            router: router(state),
            runtime,
            core,
            _database: database,
        }
    }

    pub fn send(&self, sent: Sent<'_>) -> Answer {
        let request = Request::builder().method(sent.method).uri(sent.path);
        let request = request
            .header(header::HOST, format!("localhost:{PORT}"))
            .header("sec-fetch-site", "same-origin")
            .extension(Peer(SocketAddr::from(([127, 0, 0, 1], 4711))))
            .body(Body::from(sent.body.to_vec()));
        let mut request = request.expect("a request");
        request.headers_mut().extend(sent.headers);
        self.runtime.block_on(async {
            let Ok(mut response) = self.router.clone().oneshot(request).await;
            // The listener does this when it sends an answer; a session whose answer is not sent ends.
            if let Some(pending) = response.extensions_mut().remove::<PendingSession>() {
                pending.release();
            }
            let (parts, body) = response.into_parts();
            let body = to_bytes(body, usize::MAX).await.expect("a whole body");
            Answer {
                status: parts.status.as_u16(),
                headers: parts.headers,
                body: body.to_vec(),
            }
        })
    }

    /// A new session, as a `Cookie` line.
    pub fn sign_in(&self, name: &str) -> String {
        let form = encode_form(&credentials(name, PASSWORD));
        let answer = self.send(Sent {
            method: "POST",
            path: "/api/login",
            headers: headers([
                (header::CONTENT_TYPE, FORM),
                (header::ACCEPT, "application/json"),
            ]),
            body: form.as_bytes(),
        });
        let pairs = answer.set_cookies().into_iter();
        let mut pairs = pairs.filter_map(|line| line.split(';').next());
        let session = pairs.find(|pair| pair.starts_with("__Host-Http-session="));
        session.expect("a session").to_owned()
    }

    /// Another account; its id.
    #[allow(dead_code, reason = "every target uses its own part")]
    pub fn create_user(&self, name: &str, is_admin: bool) -> String {
        let draft = UserDraft {
            username: name.to_owned(),
            is_admin,
            ..UserDraft::default()
        };
        let draft = draft.check().expect("a valid draft");
        let (core, operator) = (&self.core, actor::on_this_machine());
        let secret = password(PASSWORD);
        let created = users::create(core, &operator, &draft, &secret);
        self.runtime.block_on(created).expect("an account");
        let found = self.runtime.block_on(users::find(core, name));
        found.expect("an account").id.to_string()
    }

    /// A new access key.
    #[allow(dead_code, reason = "every target uses its own part")]
    pub fn access_key(&self, name: &str, scopes: &str) -> String {
        let draft = AccessKeyDraft {
            name: "A program".to_owned(),
            scopes: scopes.split(' ').map(str::to_owned).collect(),
            ..AccessKeyDraft::default()
        };
        let (core, operator) = (&self.core, actor::on_this_machine());
        self.runtime.block_on(async {
            let user = users::find(core, name).await.expect("an account");
            let made = access_keys::make_as_admin(core, &operator, &user, &draft).await;
            made.expect("a key").text.reveal().to_owned()
        })
    }
}

async fn prepare() -> (TestDatabase, Core) {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let mut core = support::core(&database).await;
    // After one failure everything is checked except hashes.
    core.throttle.limits.account_failures = 1;
    core.throttle.limits.address_failures = 1;
    support::create_user(&core, "ada").await;
    (database, core)
}

/// # Panics
/// For a value that HTTP does not permit.
pub fn headers<const N: usize>(pairs: [(HeaderName, &str); N]) -> HeaderMap {
    let pairs = pairs.into_iter();
    pairs
        .map(|(name, value)| (name, value.parse().expect("a value")))
        .collect()
}
