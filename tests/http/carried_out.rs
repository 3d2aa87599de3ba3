//! A request that was sent whole is completed, although its connection closes before the answer.

use crate::{
    app::{TestApp, function_paths},
    on_both_engines,
    support::{
        self, PASSWORD,
        database::Engine,
        http::{Browser, Closing, Request, SESSION_COOKIE, credentials, send},
    },
};
use Closing::{Fin, Reset};
use axum::{Extension, Router, middleware::from_fn_with_state, routing::post};
use leptos::config::LeptosOptions;
use sqlx::Connection as _;
use std::{sync::Arc, time::Duration};
use tokio::{
    net::TcpListener,
    sync::{Semaphore, mpsc},
};
use vestibule::{
    domain::session::Session,
    server::{
        config,
        core::{
            accounts::{
                access_keys, password_links, setup,
                users::{self, UserDraft},
            },
            actor::{self, Actor},
        },
        web::{
            layers::forms,
            listener::{self, ListenerOptions},
            router::layered,
            state::{AppState, MAX_RUNNING_FUNCTIONS_PER_ADDRESS},
            target::Target,
        },
    },
};

const NEW: &str = "a new password, long enough";

/// Polls the condition, for as long as a busy machine may need.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..300 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what}");
}

async fn with_root(database: crate::support::database::TestDatabase) -> TestApp {
    let app = TestApp::new(database).await;
    let draft = UserDraft {
        username: "root".to_owned(),
        is_admin: true,
        ..UserDraft::default()
    };
    let draft = draft.check().expect("a valid draft");
    let password = crate::support::password(PASSWORD);
    let created = users::create(&app.core, &actor::on_this_machine(), &draft, &password).await;
    created.expect("the account is created");
    app
}

/// A person with two browsers, the first of which is known.
struct Person {
    name: String,
    id: String,
    laptop: Browser,
    phone: Session,
}

impl Person {
    async fn new(app: &TestApp, name: String) -> Self {
        app.create_user(&name).await;
        let laptop = app.signed_in(&name).await;
        let form = Request::form("/api/login", &credentials(&name, PASSWORD));
        let mut phone = app.browser();
        let answer = phone.send(form.header("user-agent", "a phone")).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        let id = app.user(&name).await.id;
        let mut sessions = app.sessions().await.into_iter();
        let phone = sessions.find(|one| one.user_id == id && one.user_agent == "a phone");
        Self {
            name,
            id: id.0,
            laptop,
            phone: phone.expect("a session"),
        }
    }
}

/// The browser that sends the form to `function`, so that it changes data of `person`.
async fn form_of(
    app: &TestApp,
    function: &str,
    person: &Person,
) -> (Browser, Vec<(&'static str, String)>) {
    let root = async || app.signed_in("root").await;
    let own = person.laptop.clone();
    let (user, phone) = (person.id.clone(), person.phone.id.0.clone());
    let password = PASSWORD.to_owned();
    match function {
        "/api/logout"
        | "/api/end_other_sessions"
        | "/api/end_all_sessions"
        | "/api/stay_signed_in" => (own, vec![]),
        "/api/end_session" | "/api/recognise_sign_in" | "/api/disown_sign_in" => {
            (own, vec![("id", phone)])
        }
        "/api/name_device" => (own, vec![("id", phone), ("name", "Kitchen".to_owned())]),
        "/api/login_with_key" => {
            let (_, text) = app.access_key(&person.name, "profile:read").await;
            (app.browser(), vec![("key", text)])
        }
        "/api/make_access_key" => (
            own,
            vec![
                ("name", "A program".to_owned()),
                ("profile_read", "on".to_owned()),
            ],
        ),
        "/api/revoke_access_key" => {
            let (key, _) = app.access_key(&person.name, "profile:read").await;
            (own, vec![("id", key.0)])
        }
        "/api/confirm_access_key" => {
            let (key, _) = app.access_key(&person.name, "profile:read").await;
            access_keys::suspend_all(&app.core, &Actor::server())
                .await
                .unwrap();
            (own, vec![("id", key.0)])
        }
        "/api/change_user_key" => {
            let (key, _) = app.access_key(&person.name, "profile:read").await;
            let change = "revoke".to_owned();
            (
                root().await,
                vec![("id", user), ("key", key.0), ("change", change)],
            )
        }
        "/api/confirm_password" => (own, vec![("password", password)]),
        "/api/change_password" => (
            own,
            vec![
                ("current_password", password),
                ("new_password", NEW.to_owned()),
            ],
        ),
        "/api/update_profile" => {
            let email = format!("{}@example.org", person.name);
            (
                own,
                vec![
                    ("display_name", "Another".to_owned()),
                    ("email", email),
                    ("description", String::new()),
                ],
            )
        }
        "/api/use_password_link" => {
            let user = app.user(&person.name).await;
            let link = password_links::make(&app.core, &actor::on_this_machine(), &user)
                .await
                .unwrap();
            let secret = link.secret.reveal().to_owned();
            (
                app.browser(),
                vec![("secret", secret), ("new_password", NEW.to_owned())],
            )
        }
        "/api/invite_user" => (
            root().await,
            vec![("username", format!("guest.of.{}", person.name))],
        ),
        "/api/edit_user" => (
            root().await,
            vec![("id", user), ("username", format!("{}.x", person.name))],
        ),
        "/api/change_user" => (
            root().await,
            vec![("id", user), ("change", "disable".to_owned())],
        ),
        "/api/end_user_session" => (root().await, vec![("id", user), ("session", phone)]),
        "/api/delete_user" => (
            root().await,
            vec![("id", user), ("name", person.name.clone())],
        ),
        other => panic!("{other} changes something: what?"),
    }
}

on_both_engines! {
    async fn every_change_is_carried_out_although_its_connection_closes(database: TestDatabase) {
        let app = with_root(database).await;
        let functions = function_paths().into_iter();
        // Sign-ins need their browser: see below.
        let sign_ins = ["/api/login", "/api/login_with_key", "/api/set_up"];
        // They only set a cookie.
        let cookies = ["/api/open_password_link", "/api/theme"];
        let functions = functions.filter(|path| !sign_ins.contains(path) && !cookies.contains(path));
        for (number, function) in functions.enumerate() {
            for closing in [Fin, Reset] {
                let person = Person::new(&app, format!("person{number}{closing:?}")).await;
                let (browser, fields) = form_of(&app, function, &person).await;
                let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                // Shorter than the interval of "last seen".
                app.core.clock.set(app.core.clock.now().after(Duration::from_millis(10)));
                let before = app.rows().await;
                browser.post_and_close(function, &fields, closing).await;
                let thrown_away = format!("{function} was thrown away with its connection ({closing:?})");
                until(&thrown_away, async || app.rows().await != before).await;
            }
        }
    }

    /// Sign out has to work although the window closes.
    async fn signing_out_and_closing_the_window_signs_out(database: TestDatabase) {
        let app = TestApp::new(database).await;
        for round in 0..48 {
            let browser = app.signed_in("ada").await;
            let closing = if round % 2 == 0 { Fin } else { Reset };
            let target = if round < 24 { "/api/logout" } else { "/api/v1/logout" };
            browser.post_and_close(target, &[], closing).await;
            let mut copy = app.browser();
            copy.set_cookie(SESSION_COOKIE, browser.session().unwrap());
            let words = format!("{target}, round {round}: the cookie still lives ({closing:?})");
            until(&words, async || copy.get("/dashboard").await.status == 303).await;
        }
    }

    /// The account is created; the session whose token no client has ends.
    async fn a_first_account_is_made_and_its_session_ends(database: TestDatabase) {
        let app = TestApp::empty(database).await;
        let code = setup::new_code(&app.core).await.unwrap().unwrap();
        let fields = [("code", code.reveal()), ("username", "ada"), ("password", PASSWORD)];
        app.browser().post_and_close("/api/set_up", &fields, Fin).await;
        until("the set-up was thrown away", async || !app.sessions().await.is_empty()).await;
        until("a session without a client still lives", async || app.endings().await[0].is_some()).await;
        assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 200);
    }

    /// A sign-in needs its browser.
    async fn a_sign_in_stops_with_its_connection(database: TestDatabase) {
        // A sign-in that started before its connection closed counts as a guess.
        let mut core = support::core(&database).await;
        core.throttle.limits.account_failures = u32::MAX;
        support::create_user(&core, "ada").await;
        let app = TestApp::start(database, core, |_| ()).await;
        for round in 0..40 {
            let fields = credentials("ada", PASSWORD);
            let closing = if round % 2 == 0 { Fin } else { Reset };
            app.browser().post_and_close("/api/login", &fields, closing).await;
        }
        // At most one for each thread may have started.
        let mut kept = app.signed_in("ada").await;
        until("a session without a client", async || {
            app.endings().await.iter().filter(|ending| ending.is_none()).count() == 1
        })
        .await;
        assert_eq!(kept.get("/dashboard").await.status, 200);
        assert!(app.sessions().await.len() <= 4, "they were hashed without a client");
    }
}

/// Work in progress counts against its address until it ends, and a panic in it is a 500.
#[tokio::test(flavor = "multi_thread")]
async fn work_for_one_address_is_limited() {
    let app = TestApp::sqlite().await;
    let config = config::read("", None, &config::Environment::default()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let options = LeptosOptions::builder().output_name("vestibule").build();
    let state = AppState::new(app.core.clone(), &config, options, false, address.port());
    let gate = Arc::new(Semaphore::new(0));
    let opened = Arc::clone(&gate);
    let waits = post(move || {
        let opened = Arc::clone(&opened);
        async move { drop(opened.acquire().await.unwrap()) }
    });
    let panics = post(async || -> &'static str { panic!("in the middle of the work") });
    let run = from_fn_with_state(state.clone(), forms::run_function);
    let routes = Router::new()
        .route("/api/logout", waits)
        .route("/api/set_up", panics)
        .layer(run)
        .layer(Extension(Target::Function("/api/logout")));
    let router = layered(routes, state);
    let never = std::future::pending();
    let options = ListenerOptions::default();
    let server = tokio::spawn(listener::serve(
        listener,
        router,
        config.http,
        options,
        never,
    ));
    let asks = |path| send(address, Request::post(path, b""));
    assert_eq!(asks("/api/set_up").await.status, 500);
    let (answers, mut answered) = mpsc::unbounded_channel();
    for _ in 0..MAX_RUNNING_FUNCTIONS_PER_ADDRESS + 12 {
        let (asked, answers) = (asks("/api/logout"), answers.clone());
        tokio::spawn(async move { drop(answers.send(asked.await)) });
    }
    // If no request is refused, each waits for the timeout, and then no further answer comes.
    drop(answers);
    for _ in 0..12 {
        let answer = answered.recv().await.unwrap();
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (503, Some("5"))
        );
    }
    gate.add_permits(1);
    for _ in 0..MAX_RUNNING_FUNCTIONS_PER_ADDRESS {
        assert_eq!(answered.recv().await.unwrap().status, 200);
    }
    server.abort();
}

/// A commit that was already sent happens: then its session ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_whose_client_has_disconnected_ends() {
    const HOLD: &str = "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS \
        $$ BEGIN PERFORM pg_advisory_xact_lock(7); RETURN NULL; END $$; \
        CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON sessions DEFERRABLE INITIALLY DEFERRED \
        FOR EACH ROW EXECUTE FUNCTION hold(); SELECT pg_advisory_lock(7);";
    let database = crate::support::database::TestDatabase::new(Engine::Postgres).await;
    let mut holder = sqlx::PgConnection::connect(&database.address)
        .await
        .unwrap();
    let app = TestApp::new(database).await;
    sqlx::raw_sql(HOLD).execute(&mut holder).await.unwrap();
    let mut connection = crate::support::http::Connection::open(app.address).await;
    let request = Request::form("/api/login", &credentials("ada", PASSWORD));
    let host = format!("localhost:{}", app.address.port());
    assert!(
        connection
            .send(&request.header("host", &host).to_bytes())
            .await
    );
    const WAITING: &str = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    loop {
        let waiting: i64 = sqlx::query_scalar(WAITING)
            .fetch_one(&mut holder)
            .await
            .unwrap();
        if waiting == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(connection);
    // Until the server has detected the closed connection.
    tokio::time::sleep(Duration::from_millis(500)).await;
    sqlx::raw_sql("SELECT pg_advisory_unlock(7)")
        .execute(&mut holder)
        .await
        .unwrap();
    until("the session was not committed", async || {
        !app.sessions().await.is_empty()
    })
    .await;
    until("a session without a client still lives", async || {
        app.endings().await[0].is_some()
    })
    .await;
}
