//! Behind the real nginx and the real Caddy, over TLS, with the files of `docs/proxies`.

mod cache;
mod closed;
mod doctor;
pub mod front;
mod mistakes;
mod smuggling;

use crate::{
    program::{Home, Server, free_port, sign_in},
    support::{
        PASSWORD, SEALING_KEY,
        database::{Engine, TestDatabase},
        http::{ACCEPT_PAGE, Answer, Request, SESSION_COOKIE},
    },
};
use front::{BOTH, Change, Front, Kind, NAME, origin_at};
use std::{fs, time::Duration};

/// The machine of the visitors: another loopback address than the proxy's.
const PERSON: &str = "127.0.0.2";

const TRUSTED: &str = "127.0.0.1, ::1";

const APPENDS: [Change; 1] = [(
    "X-Forwarded-For $remote_addr",
    "X-Forwarded-For $proxy_add_x_forwarded_for",
)];

/// A server, a proxy in front of it, and two accounts.
struct Site {
    // They are dropped in this order: the folder is deleted after the last write.
    front: Front,
    server: Server,
    home: Home,
}

/// The server with an `https` address at this port.
async fn home_and_server(port: u16, trusted: &str) -> (Home, Server) {
    home_and_server_on(Engine::Sqlite, port, trusted).await
}

async fn home_and_server_on(engine: Engine, port: u16, trusted: &str) -> (Home, Server) {
    let home = Home::new(TestDatabase::new(engine).await)
        .with("VESTIBULE_PUBLIC_URL", &origin_at(port))
        .with("VESTIBULE_HTTP__TRUSTED_PROXIES", trusted)
        .with("VESTIBULE_SITE_ROOT", "site");
    let home = match engine {
        Engine::Sqlite => home,
        Engine::Postgres => home.with("VESTIBULE_TOKENS__SEALING_KEY", SEALING_KEY),
    };
    fs::create_dir_all(home.folder.join("site/pkg")).unwrap();
    home.create_user("ada");
    let create = ["user", "create", "root", "--admin", "--password-stdin"];
    home.run_with_input(&create, &format!("{PASSWORD}\n"))
        .succeeds();
    let server = home.serve();
    (home, server)
}

impl Site {
    async fn new(kind: Kind, trusted: &str, changes: &[Change<'_>]) -> Self {
        Self::on(Engine::Sqlite, kind, trusted, changes).await
    }

    async fn on(engine: Engine, kind: Kind, trusted: &str, changes: &[Change<'_>]) -> Self {
        let port = free_port();
        let (home, server) = home_and_server_on(engine, port, trusted).await;
        let front = Front::start(kind, &home, port, server.address, changes);
        Self {
            front,
            server,
            home,
        }
    }

    async fn documented(kind: Kind) -> Self {
        Self::new(kind, TRUSTED, &[]).await
    }

    /// The address of the newest session in the session list.
    fn newest_address(&self) -> String {
        let list = self
            .home
            .run(&["session", "list", "--json"])
            .succeeds()
            .json();
        list[0]["address"].as_str().unwrap().to_owned()
    }

    /// The administrator's page of how the server is reached, through the proxy.
    async fn system_page(&mut self) -> String {
        let mut browser = self.front.browser(PERSON).await;
        let answer = sign_in(&mut browser, "root", PASSWORD).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        let page = browser.get("/admin/system").await;
        assert_whole(&page);
        page.text()
    }
}

#[track_caller]
fn assert_whole(page: &Answer) {
    let html = page.text();
    assert_eq!(page.status, 200, "{html}");
    assert!(html.starts_with("<!DOCTYPE html>"), "{html}");
    // The values that it was rendered from come last.
    assert!(html.ends_with("</script></body></html>"), "{html}");
}

#[track_caller]
fn assert_says(html: &str, words: &str) {
    assert!(html.contains(words), "{words:?} is missing in {html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_signs_in_and_out_behind_each_proxy() {
    for kind in BOTH {
        let mut site = Site::documented(kind).await;
        let mut browser = site.front.browser(PERSON).await;
        assert_whole(&browser.follow("/dashboard").await);
        let refused = sign_in(&mut browser, "ada", "a wrong password").await;
        assert_eq!((refused.status, browser.session()), (303, None));
        assert_whole(&browser.get("/login").await);
        let answer = sign_in(&mut browser, "ada", PASSWORD).await;
        let page = browser.follow(answer.location()).await;
        assert_whole(&page);
        assert_says(&page.text(), "Hello, <bdi>ada");
        assert_says(&page.text(), PERSON);
        assert!(page.header("strict-transport-security").is_some());
        assert_eq!(page.header("cache-control"), Some("no-store, no-transform"));
        assert_eq!(site.newest_address(), PERSON, "{kind:?}");

        let token = browser.session().unwrap().to_owned();
        let mut copy = site.front.browser(PERSON).await;
        copy.set_cookie(SESSION_COOKIE, &token);
        assert_whole(&copy.get("/dashboard").await);
        let answer = browser.post_form("/api/logout", &[]).await;
        assert_eq!((answer.status, browser.session()), (303, None));
        assert_whole(&browser.follow(answer.location()).await);
        assert_eq!(copy.get("/dashboard").await.status, 303, "{kind:?}");

        let foreign = Request::form("/api/login", &[]).header("sec-fetch-site", "cross-site");
        assert_eq!(browser.send(foreign).await.status, 403, "{kind:?}");
        let other = Request::get("/login").header("host", &format!("{NAME}.evil.example"));
        // Caddy does not forward it, and answers with an empty body.
        assert!(
            !browser
                .send(other)
                .await
                .text()
                .contains("Username or email"),
            "{kind:?}"
        );
        let html = site.system_page().await;
        assert_says(&html, "How this server is reached");
        assert!(!html.contains("notice-warning"), "{kind:?}: {html}");
        let log = site.server.stop();
        assert!(!log.contains("the trusted proxy"), "{log}");
    }
}

/// A client's own headers, in every spelling, change nothing: neither if the proxy overwrites, nor
/// if it appends.
#[tokio::test(flavor = "multi_thread")]
async fn a_forged_address_does_not_count() {
    let set_ups: [(Kind, &[Change]); 3] = [
        (Kind::Nginx, &[]),
        (Kind::Nginx, &APPENDS),
        (Kind::Caddy, &[]),
    ];
    for (kind, changes) in set_ups {
        let mut site = Site::new(kind, TRUSTED, changes).await;
        for (name, value) in [
            ("X-Forwarded-For", "192.0.2.66"),
            ("X-Forwarded-For", "192.0.2.66, 127.0.0.1"),
            ("X-Forwarded-For", "\"unknown, [::1"),
            ("Forwarded", "for=192.0.2.66"),
            ("Forwarded", "for=\"192.0.2.66"),
            ("X_Forwarded_For", "192.0.2.66"),
            ("X-Real-IP", "192.0.2.66"),
        ] {
            let mut browser = site.front.browser(PERSON).await;
            let fields = [("username", "ada"), ("password", PASSWORD)];
            let request = Request::form("/api/login", &fields).header("accept", ACCEPT_PAGE);
            let twice = request.header(name, value).header(name, value);
            let answer = browser.send(twice).await;
            assert_eq!(answer.status, 303, "{kind:?} {name}: {}", answer.text());
            assert!(browser.session().is_some(), "{kind:?} {name}: {value}");
            assert_eq!(site.newest_address(), PERSON, "{kind:?} {name}: {value}");
        }
    }
}

/// Caddy in front of nginx in front of the server: the outer one overwrites, the inner one appends.
#[tokio::test(flavor = "multi_thread")]
async fn several_proxies_in_a_row_lead_back_to_the_person() {
    const OVER_TLS: [Change; 1] = [(
        "reverse_proxy 127.0.0.1:3000 {",
        "reverse_proxy https://127.0.0.1:3000 {\ntransport http {\ntls_insecure_skip_verify\n}",
    )];
    let (outer_port, inner_port) = (free_port(), free_port());
    let (home, server) = home_and_server(outer_port, TRUSTED).await;
    let _inner = Front::start(Kind::Nginx, &home, inner_port, server.address, &APPENDS);
    let inner = ([127, 0, 0, 1], inner_port).into();
    let front = Front::start(Kind::Caddy, &home, outer_port, inner, &OVER_TLS);
    let mut site = Site {
        front,
        server,
        home,
    };
    let mut browser = site.front.browser(PERSON).await;
    let fields = [("username", "ada"), ("password", PASSWORD)];
    let forged = Request::form("/api/login", &fields).header("x-forwarded-for", "192.0.2.66");
    assert_eq!(browser.send(forged).await.status, 303);
    assert_eq!(site.newest_address(), PERSON);
    let html = site.system_page().await;
    assert!(!html.contains("notice-warning"), "{html}");
}

/// The documented files remove `Forwarded`. If that line is missing a forgery is refused, and the
/// log gives the remedy.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_header_that_the_proxy_lets_through_is_refused() {
    for (kind, line) in [
        (Kind::Nginx, "proxy_set_header Forwarded \"\";"),
        (Kind::Caddy, "header_up -Forwarded"),
    ] {
        let mut site = Site::new(kind, TRUSTED, &[(line, "")]).await;
        let mut browser = site.front.browser(PERSON).await;
        let forged = Request::get("/login").header("forwarded", "for=192.0.2.66");
        let answer = browser.send(forged).await;
        assert_eq!(answer.status, 400, "{kind:?}: {}", answer.text());
        site.server
            .log_with("let the proxy write one of them and remove the other");
        assert_whole(&browser.get("/login").await);
    }
}

/// Over HTTP/1.1 a browser opens six connections to a site, and each visible window keeps one.
#[tokio::test(flavor = "multi_thread")]
async fn browsers_are_offered_http_2() {
    for kind in BOTH {
        let site = Site::documented(kind).await;
        let chosen = site.front.protocol().await;
        assert_eq!(chosen.as_deref(), Some(b"h2".as_slice()), "{kind:?}");
    }
}

/// With the documented files the proxy does not buffer it.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_is_notified_at_once_of_the_end_of_its_session() {
    for kind in BOTH {
        let mut site = Site::documented(kind).await;
        let mut browser = site.front.browser(PERSON).await;
        sign_in(&mut browser, "ada", PASSWORD).await;
        let mut events = browser.watch().await;
        assert_eq!(events.answer.status, 200, "{kind:?}");
        assert_eq!(events.answer.header("cache-control"), Some("no-store"));
        assert_eq!(events.answer.header("content-encoding"), None);
        events.lives().await;
        let end = ["session", "end", "--user", "ada"];
        site.home.run(&end).succeeds();
        let reason = tokio::time::timeout(Duration::from_secs(10), events.ended()).await;
        assert_eq!(
            reason.expect("notified in time"),
            "ended_by_admin",
            "{kind:?}"
        );
        assert_eq!(browser.watch().await.answer.status, 401, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_on_ipv6_has_that_address() {
    for kind in BOTH {
        // Only the proxy's own address: otherwise ::1 is one of the proxies.
        let mut site = Site::new(kind, "127.0.0.1", &[]).await;
        let mut browser = site.front.browser("::1").await;
        sign_in(&mut browser, "ada", PASSWORD).await;
        assert_eq!(site.newest_address(), "::1", "{kind:?}");
    }
}

/// Buffered or streamed, small or large, many at once: the answers arrive unchanged.
#[tokio::test(flavor = "multi_thread")]
async fn answers_arrive_whole() {
    let set_ups: [(Kind, &[Change]); 4] = [
        (Kind::Nginx, &[]),
        (
            Kind::Nginx,
            &[(
                "proxy_http_version",
                "proxy_buffering off;\nproxy_http_version",
            )],
        ),
        (Kind::Caddy, &[]),
        (
            Kind::Caddy,
            &[(
                "header_up -Forwarded",
                "header_up -Forwarded\nflush_interval -1",
            )],
        ),
    ];
    for (kind, changes) in set_ups {
        let mut site = Site::new(kind, TRUSTED, changes).await;
        let large: Vec<u8> = (0..3_000_017_u32)
            .map(|n| (n.wrapping_mul(n) >> 7) as u8)
            .collect();
        fs::write(site.home.folder.join("site/pkg/large.wasm"), &large).unwrap();
        let mut ada = site.front.browser(PERSON).await;
        sign_in(&mut ada, "ada", PASSWORD).await;
        let visits = (0..30).map(|number| {
            let mut browser = ada.clone();
            tokio::spawn(async move {
                if number % 10 == 0 {
                    return (number, browser.get("/pkg/large.wasm").await);
                }
                (number, browser.get("/dashboard").await)
            })
        });
        for visit in visits.collect::<Vec<_>>() {
            let (number, answer) = visit.await.unwrap();
            if number % 10 == 0 {
                assert_eq!(answer.status, 200);
                assert!(
                    answer.body == large,
                    "{kind:?} {changes:?}: {} bytes",
                    answer.body.len()
                );
            } else {
                assert_whole(&answer);
                assert_says(&answer.text(), "Hello, <bdi>ada");
            }
        }
        let too_large = Request::post("/api/login", &vec![b'a'; 200_000]);
        let answer = ada
            .send(too_large.header("content-type", "application/x-www-form-urlencoded"))
            .await;
        assert_eq!(answer.status, 413, "{kind:?}: {}", answer.text());
    }
}
