//! The server from its start to its stop, and its behaviour while its database is gone.

use crate::{
    on_both_engines,
    program::{Home, Server, note, sign_in},
    support::{
        PASSWORD,
        database::{Engine, TestDatabase},
        http::{ACCEPT_PAGE, Closing, Connection, FORM, Request, SESSION_COOKIE, encode_form},
    },
};
use sqlx::Connection as _;
use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
    process::Command,
    time::Duration,
};
use tokio::{net::TcpListener, time::timeout};
use vestibule::server::db::{self, Db, IfMissing, Pool};

/// A sign-in whose body the server is waiting for: its handler runs, which the answer to `Expect`
/// proves. Returns the rest of the request.
async fn half_a_sign_in(server: &Server) -> (Connection, String) {
    let host = format!("localhost:{}", server.address.port());
    let body = encode_form(&[("username", "ada"), ("password", PASSWORD)]);
    let request = Request::new("POST", "/api/login")
        .header("host", &host)
        .header("origin", &format!("http://{host}"))
        .header("accept", ACCEPT_PAGE)
        .header("content-type", FORM)
        .header("content-length", &body.len().to_string())
        .header("expect", "100-continue");
    let mut connection = Connection::open(server.address).await;
    assert!(connection.send(&request.to_bytes()).await);
    let go_on = connection.answer().await.expect("100 Continue");
    assert_eq!(go_on.status, 100);
    (connection, body)
}

const ASKED_TO_STOP: &str = "asked to stop";

#[tokio::test]
async fn a_request_under_way_is_finished_before_the_end() {
    if ignores_hang_up() {
        note("SIGHUP was not tried: these tests run under nohup");
        return;
    }
    for ask in [
        Server::terminate,
        Server::interrupt,
        Server::hang_up,
        Server::quit,
    ] {
        let home = Home::on_sqlite().await;
        home.create_user("ada");
        let server = home.serve();
        let (mut connection, body) = half_a_sign_in(&server).await;
        ask(&server);
        server.log_with(ASKED_TO_STOP);
        assert!(connection.send(body.as_bytes()).await);
        let answer = connection.answer().await.expect("an answer");
        assert_eq!(answer.status, 303);
        let token = answer.session_token().expect("signed in");
        let (status, log) = server.ended();
        assert_eq!(status.code(), Some(0), "{log}");
        assert!(log.contains("Stopped."), "{log}");
        home.serve().lets_in(&token).await;
    }
}

/// The client has disconnected before the answer, and the sign-out is not lost with the server
/// either.
#[tokio::test]
async fn work_for_a_disconnected_client_finishes_before_the_stop() {
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    let server = home.serve();
    let browser = server.signed_in("ada").await;
    let mut writer = sqlx::SqliteConnection::connect(&home.database.address)
        .await
        .unwrap();
    let begin = sqlx::raw_sql("BEGIN IMMEDIATE");
    begin.execute(&mut writer).await.unwrap();
    let closing = Closing::Fin;
    browser.post_and_close("/api/logout", &[], closing).await;
    // Until it waits for the file.
    tokio::time::sleep(Duration::from_millis(500)).await;
    server.terminate();
    server.log_with(ASKED_TO_STOP);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let end = sqlx::raw_sql("ROLLBACK");
    end.execute(&mut writer).await.unwrap();
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0), "{log}");
    home.serve().refuses(browser.session().unwrap()).await;
}

/// Whether the parent process ignores it, which programs inherit.
fn ignores_hang_up() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    u64::from_str_radix(ignored.unwrap().trim(), 16).unwrap() & 1 == 1
}

/// People use `nohup` to keep a server running after they log out.
#[tokio::test]
async fn under_nohup_the_end_of_the_terminal_is_not_the_servers() {
    let home = Home::on_sqlite().await;
    let server = home.serve_after("trap '' HUP");
    server.hang_up();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.browser().get("/healthz").await.status, 200);
    server.stop();
}

/// Nor does an idle connection.
#[tokio::test]
async fn a_request_without_end_does_not_hold_the_server_up() {
    let home = Home::on_sqlite()
        .await
        .with("VESTIBULE_HTTP__SHUTDOWN_TIMEOUT", "1s");
    home.create_user("ada");
    let server = home.serve();
    let (_never_finished, _) = half_a_sign_in(&server).await;
    let _idle = Connection::open(server.address).await;
    let log = server.stop();
    assert!(
        log.contains("some requests did not finish in time"),
        "{log}"
    );
    assert!(log.contains("Stopped."), "{log}");
}

#[tokio::test]
async fn idle_connections_are_closed_at_once() {
    let home = Home::on_sqlite()
        .await
        .with("VESTIBULE_HTTP__SHUTDOWN_TIMEOUT", "25s");
    let server = home.serve();
    let mut kept = Connection::open(server.address).await;
    kept.send(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(kept.answer().await.unwrap().status, 200);
    let log = server.stop();
    assert!(!log.contains("did not finish in time"), "{log}");
    assert!(kept.answer().await.is_none());
}

#[tokio::test]
async fn slow_headers_are_cut_off() {
    let home = Home::on_sqlite()
        .await
        .with("VESTIBULE_HTTP__HEADER_TIMEOUT", "1s");
    let server = home.serve();
    let mut silent = Connection::open(server.address).await;
    let mut half = Connection::open(server.address).await;
    half.send(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-slow: ")
        .await;
    assert!(silent.answer().await.is_none() && half.answer().await.is_none());

    // Single bytes keep nothing open: the time limit is for the whole header.
    let mut slow = Connection::open(server.address).await;
    slow.send(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-slow: ")
        .await;
    let mut cut_off = false;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if !slow.send(b"a").await {
            cut_off = true;
            break;
        }
    }
    assert!(cut_off, "ten times the limit, and still connected");
    assert_eq!(server.browser().get("/healthz").await.status, 200);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_slot() {
    let home = Home::on_sqlite()
        .await
        .with("VESTIBULE_HTTP__MAX_CONNECTIONS", "2")
        .with("VESTIBULE_HTTP__HEADER_TIMEOUT", "10m");
    let server = home.serve();
    let ask = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let (mut first, mut second) = (
        Connection::open(server.address).await,
        Connection::open(server.address).await,
    );
    for connection in [&mut first, &mut second] {
        connection.send(ask).await;
        assert_eq!(connection.answer().await.unwrap().status, 200);
    }
    let mut third = Connection::open(server.address).await;
    third.send(ask).await;
    let early = timeout(Duration::from_millis(500), third.answer()).await;
    assert!(
        early.is_err(),
        "a third is served although two are the limit"
    );
    // Accepted connections are served.
    first.send(ask).await;
    assert_eq!(first.answer().await.unwrap().status, 200);
    drop(second);
    assert_eq!(third.answer().await.expect("its turn").status, 200);
}

/// Browsers drop the session cookie there: nobody could stay signed in, and the reason would be
/// invisible.
#[tokio::test]
async fn plain_http_for_another_name_is_refused_at_the_start() {
    let home = Home::on_sqlite()
        .await
        .with("VESTIBULE_PUBLIC_URL", "http://sign-in.example.org");
    home.run(&["serve"]).fails(
        1,
        &[
            "VESTIBULE_PUBLIC_URL must be https",
            "browsers drop the session cookie",
        ],
    );
    for allowed in [
        "http://localhost:3000",
        "http://127.0.0.1:3000",
        "https://sign-in.example.org",
    ] {
        let home = Home::on_sqlite()
            .await
            .with("VESTIBULE_PUBLIC_URL", allowed);
        home.run(&["config", "check"]).succeeds();
    }
}

#[tokio::test]
async fn a_port_in_use_is_reported_with_the_remedy() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let home = Home::on_sqlite().await.with("LEPTOS_SITE_ADDR", &address);
    home.run(&["serve"]).fails(
        1,
        &[
            &format!("cannot listen on {address}"),
            "Set `site_addr` to another port",
        ],
    );
}

on_both_engines! {
    async fn without_an_account_the_way_to_create_one_is_shown(database: TestDatabase) {
        let home = Home::new(database);
        let server = home.serve();
        let log = server.log_with("user create USERNAME --admin");
        assert!(log.contains("There are no accounts yet."), "{log}");
        assert!(log.contains(env!("CARGO_BIN_EXE_vestibule")), "a command to copy: {log}");
        let mut browser = server.browser();
        let page = browser.follow("/").await.text();
        assert!(page.contains("vestibule user create USERNAME --admin"), "{page}");
        assert!(!page.contains("type=\"password\""), "nobody could sign in");

        home.create_user("ada");
        let page = browser.get("/login").await.text();
        assert!(page.contains("type=\"password\"") && !page.contains("user create"), "{page}");
        server.stop();
        let server = home.serve();
        assert_eq!(server.browser().get("/readyz").await.status, 200);
        let log = server.stop();
        assert!(!log.contains("There are no accounts yet."), "{log}");
    }

    /// The tables are gone and come back: meanwhile nobody is let in, and nobody is signed out by
    /// it.
    async fn without_its_tables_nobody_is_let_in(database: TestDatabase) {
        let home = Home::new(database);
        home.create_user("ada");
        let server = home.serve();
        let token = server.signed_in("ada").await.session().unwrap().to_owned();
        server.lets_in(&token).await;
        let db = db::open(&home.database.url(), IfMissing::Refuse).await.unwrap();

        execute(&db, "ALTER TABLE users RENAME TO users_away").await;
        nobody_is_let_in(&server, &token).await;

        execute(&db, "ALTER TABLE users_away RENAME TO users").await;
        server.lets_in(&token).await;
        assert_eq!(server.browser().get("/readyz").await.status, 200);
        server.signed_in("ada").await;
    }

    /// The log at its most verbose level contains no credential.
    async fn the_log_holds_no_password_and_no_token(database: TestDatabase) {
        for format in ["text", "json"] {
            let home = Home::new(TestDatabase::new(database.engine).await)
                .with("VESTIBULE_LOG__FILTER", "trace")
            .with("VESTIBULE_LOG__FORMAT", format);
            home.create_user("ada");
            let server = home.serve();
            let wrong = "canary of a wrong password";
            let by_mistake = "canary in the wrong field";
            let mut browser = server.browser();
            sign_in(&mut browser, "ada", wrong).await;
            sign_in(&mut browser, by_mistake, wrong).await;
            browser.get(&format!("/dashboard?password={}", wrong.replace(' ', "+"))).await;
            let mut browser = server.signed_in("ada").await;
            let token = browser.session().unwrap().to_owned();
            server.lets_in(&token).await;
            sign_in(&mut browser, "ada", PASSWORD).await;
            let second = browser.session().unwrap().to_owned();
            let passwords = [("current_password", wrong), ("new_password", by_mistake)];
            assert_eq!(browser.post_form("/api/change_password", &passwords).await.status, 303);
            browser.post_form("/api/logout", &[("password", wrong)]).await;
            server.refuses(&second).await;
            let log = server.stop();
            assert!(log.contains("/api/login") && log.contains("answered"), "the log is there: {log}");
            let digest = |token: &str| {
                let token = vestibule::server::token::SessionToken::parse(token.as_bytes()).unwrap();
                token.digest().as_str().to_owned()
            };
            for secret in [
                PASSWORD,
                wrong,
                by_mistake,
                &wrong.replace(' ', "+"),
                &PASSWORD.replace(' ', "+"),
                &token,
                &second,
                &digest(&token),
                "$argon2id$",
            ] {
                assert!(!log.contains(secret), "{secret:?} is in the log ({format})");
            }
        }
    }
}

/// No page, no sign-in, no false sign-out; the process itself is healthy.
async fn nobody_is_let_in(server: &Server, token: &str) {
    let page = server.dashboard_with(token).await;
    assert_eq!(page.status, 503, "{}", page.text());
    assert!(page.header("retry-after").is_some(), "{page:?}");
    let mut browser = server.browser();
    assert_eq!(browser.get("/login").await.status, 503);
    let answer = sign_in(&mut browser, "ada", PASSWORD).await;
    assert_ne!((answer.status, answer.location()), (303, "/dashboard"));
    assert_eq!(browser.session(), None, "{answer:?}");
    browser.set_cookie(SESSION_COOKIE, token);
    let answer = browser.post_form("/api/logout", &[]).await;
    assert_eq!(
        answer.status, 503,
        "a sign-out that was not written is not answered as done"
    );
    assert_eq!(browser.session(), Some(token), "and the cookie is kept");
    assert_eq!(browser.get("/healthz").await.status, 200);
    assert_eq!(browser.get("/readyz").await.status, 503);
}

#[tokio::test]
async fn without_its_postgres_database_nobody_is_let_in() {
    let home = Home::new(TestDatabase::new(Engine::Postgres).await);
    home.create_user("ada");
    let server = home.serve();
    let token = server.signed_in("ada").await.session().unwrap().to_owned();
    let address = url::Url::parse(&home.database.address).unwrap();
    let name = address.path().trim_start_matches('/').to_owned();
    let mut beside = address.clone();
    beside.set_path("/postgres");
    let mut connection = sqlx::PgConnection::connect(beside.as_str()).await.unwrap();
    let drop_database = sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
    sqlx::raw_sql(drop_database)
        .execute(&mut connection)
        .await
        .unwrap();
    nobody_is_let_in(&server, &token).await;
}

/// Signed-in people can read; nobody can sign in, and no sign-out is answered as done.
#[tokio::test]
async fn on_a_read_only_file_nobody_signs_in() {
    const NOBODY: u32 = 65_534;
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    let server = home.serve();
    let token = server.signed_in("ada").await.session().unwrap().to_owned();
    server.stop();
    let file = home.database.address.trim_start_matches("sqlite:");
    fs::set_permissions(file, fs::Permissions::from_mode(0o444)).unwrap();
    // Root can write to every file, so the server runs as another user.
    let is_foreign = chown(file, Some(NOBODY), None).is_ok();
    let server = if is_foreign {
        chown(Path::new(file).parent().unwrap(), Some(NOBODY), None).unwrap();
        home.serve_as(NOBODY)
    } else {
        home.serve()
    };
    let mut browser = server.browser();
    let answer = sign_in(&mut browser, "ada", PASSWORD).await;
    assert_eq!(browser.session(), None, "{answer:?}");
    server.lets_in(&token).await;
    browser.set_cookie(SESSION_COOKIE, &token);
    let answer = browser.post_form("/api/logout", &[]).await;
    assert_eq!(
        (answer.status, browser.session()),
        (503, Some(token.as_str()))
    );
    assert_eq!(browser.get("/healthz").await.status, 200);
}

/// Another program that holds the file's write lock.
#[tokio::test]
async fn a_sign_out_that_cannot_be_written_is_reported_and_can_be_retried() {
    let home = Home::on_sqlite().await;
    home.create_user("ada");
    let server = home.serve();
    let mut browser = server.signed_in("ada").await;
    let token = browser.session().unwrap().to_owned();
    let mut writer = sqlx::SqliteConnection::connect(&home.database.address)
        .await
        .unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut writer)
        .await
        .unwrap();
    let answer = browser.post_form("/api/logout", &[]).await;
    assert_eq!(
        (answer.status, browser.session()),
        (503, Some(token.as_str()))
    );
    server.lets_in(&token).await;
    sqlx::raw_sql("ROLLBACK")
        .execute(&mut writer)
        .await
        .unwrap();
    let answer = browser.post_form("/api/logout", &[]).await;
    assert_eq!((answer.status, browser.session()), (303, None));
    server.refuses(&token).await;
}

async fn execute(db: &Db, sql: &'static str) {
    match &db.writer {
        Pool::Sqlite(pool) => drop(sqlx::raw_sql(sql).execute(pool).await.unwrap()),
        Pool::Postgres(pool) => drop(sqlx::raw_sql(sql).execute(&**pool).await.unwrap()),
    }
}

/// Background work is interrupted at that moment, which is no failure.
#[tokio::test]
async fn stopping_at_once_warns_of_nothing() {
    let home = Home::on_sqlite().await;
    for _ in 0..30 {
        let log = home.serve().stop();
        assert!(
            !log.contains("the clean-up will be retried") && !log.contains("ERROR"),
            "{log}"
        );
    }
}

/// `make run` starts the server in a step. A variable of the build tools that looks like a setting would be refused.
#[test]
fn the_steps_of_make_set_no_settings() {
    let step = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/step");
    let output = Command::new(step)
        .args(["a step", "a remedy", "env"])
        .output()
        .expect("bash is installed");
    assert!(output.status.success(), "{output:?}");
    let output = String::from_utf8(output.stdout).expect("ASCII");
    assert!(output.contains("PATH="), "{output}");
    let settings = output
        .lines()
        .filter(|line| line.starts_with("VESTIBULE_") || line.starts_with("LEPTOS_"));
    assert_eq!(settings.collect::<Vec<_>>(), [""; 0]);
}
