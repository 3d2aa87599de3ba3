//! Only the server writes the log (ASVS V16.4.1).

use crate::{
    program::{Home, Server, free_port, sign_in},
    support::{
        PASSWORD,
        http::{Browser, Connection, FORM, Request, send},
    },
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs::OpenOptions,
    io::{self, BufRead, BufReader},
    net::{SocketAddr, TcpStream},
    process::{Child, Stdio},
    time::{Duration, Instant},
};
use tokio::{io::AsyncWriteExt, net::TcpSocket, time::timeout};

/// Bytes that would begin a new line, colour a terminal, or end a JSON text.
const HOSTILE: &str = "x\u{9b}31m\u{85}\u{2028}\",\"level\":\"FORGED\"}";

/// Each line begins with the server's prefix, and holds no control character.
#[tokio::test]
async fn no_client_writes_a_line_of_the_log() {
    for format in ["text", "json"] {
        let home = Home::on_sqlite()
            .await
            .with("VESTIBULE_LOG__FORMAT", format)
            .with("VESTIBULE_HTTP__TRUSTED_PROXIES", "127.0.0.1");
        home.create_user("ada");
        let server = home.serve();
        sign_in(
            &mut server.browser(),
            &format!("\r\n\u{1b}[31m{HOSTILE}"),
            HOSTILE,
        )
        .await;
        for name in [
            "user-agent",
            "cookie",
            "x-forwarded-for",
            "forwarded",
            "x-forwarded-host",
        ] {
            let request = Request::get("/login").header(name, HOSTILE);
            send(server.address, request.header("x-forwarded-proto", HOSTILE)).await;
        }
        let disagreeing = Request::get("/login").header("forwarded", "for=192.0.2.7");
        send(
            server.address,
            disagreeing.header("x-forwarded-for", HOSTILE),
        )
        .await;
        for target in [
            "/%0d%0aFORGED%1b[31m",
            "/x?a=%0d%0aFORGED",
            "/x\r\nFORGED",
            "/\u{1b}[31m",
            "/\u{85}\u{2028}\u{9b}31m",
            "/x\tFORGED\"",
        ] {
            let mut connection = Connection::open(server.address).await;
            let head = format!("GET {target} HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
            connection.send(head.as_bytes()).await;
            // Refused or answered: the log is checked.
            let _ = connection.answer().await;
        }
        let log = server.stop();
        assert!(log.contains("name different clients"), "{log}");
        assert_eq!(
            log.find(|c: char| c.is_control() && c != '\n'),
            None,
            "{log:?}"
        );
        assert_eq!(log.find(['\u{2028}', '\u{2029}']), None, "{log:?}");
        for line in log.lines() {
            let begins_well = match format {
                "json" => serde_json::from_str::<serde_json::Value>(line)
                    .is_ok_and(|entry| entry["level"] != "FORGED"),
                _ => line.starts_with("20"),
            };
            // The few lines at the start and the end are plain text in both.
            let is_greeting = [
                "Vestibule answers",
                "Its database",
                "It listens",
                "Stopped.",
            ]
            .iter()
            .any(|own| line.starts_with(own));
            assert!(begins_well || is_greeting, "{line:?}");
        }
    }
}

/// The time for a server to start and to stop.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Each of them leaves [`LONG_PATH`] bytes in the log.
const REQUESTS: usize = 500;
const LONG_PATH: usize = 4_000;

/// The disk of the log is full from the first line on.
fn full() -> Stdio {
    let full = OpenOptions::new().write(true).open("/dev/full");
    full.expect("a device of this name").into()
}

/// The reader of the log has gone (`vestibule serve 2>&1 | head -n 0`).
fn without_a_reader() -> Stdio {
    let (_, writer) = io::pipe().expect("a pipe");
    writer.into()
}

fn wait_for_a_listener(address: SocketAddr) {
    let deadline = Instant::now() + TIMEOUT;
    while TcpStream::connect(address).is_err() {
        assert!(Instant::now() < deadline, "nothing listens on {address}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn stopped(mut server: Child) -> Option<i32> {
    kill_process(Pid::from_child(&server), Signal::TERM).expect("a running server");
    let deadline = Instant::now() + TIMEOUT;
    loop {
        if let Some(status) = server.try_wait().expect("a child") {
            return status.code();
        }
        if Instant::now() > deadline {
            server.kill().expect("a child to kill");
            panic!("it does not stop");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A line that cannot be written is lost, and the answer is sent: the log is not essential.
#[tokio::test]
async fn a_log_that_cannot_be_written_costs_no_answer() {
    let logs: [fn() -> Stdio; 2] = [full, without_a_reader];
    for log in logs {
        for format in ["text", "json"] {
            let port = free_port();
            let address = SocketAddr::from(([127, 0, 0, 1], port));
            let home = Home::on_sqlite()
                .await
                .with("LEPTOS_SITE_ADDR", &address.to_string())
                .with("RUST_LOG", "debug")
                .with("VESTIBULE_LOG__FORMAT", format);
            home.create_user("ada");
            let server = home.serve_onto(log());
            wait_for_a_listener(address);
            let mut browser = Browser::new(address);
            assert_eq!(browser.get("/healthz").await.status, 200);
            assert_eq!(browser.get("/nowhere").await.status, 404);
            let refused = sign_in(&mut browser, "ada", "not the password").await;
            assert_eq!(refused.location(), "/login");
            sign_in(&mut browser, "ada", PASSWORD).await;
            assert_eq!(browser.get("/dashboard").await.status, 200);
            let mut copy = browser.clone();
            assert_eq!(browser.post_logout().await.status, 303);
            assert_eq!(copy.get("/dashboard").await.status, 303);
            assert_eq!(stopped(server), Some(0));
        }
    }
}

/// The reader of the log stops reading (Ctrl-S in a terminal, a collector that hangs). At the end
/// it continues, or does not.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_the_log_that_stops_reading_costs_no_answer() {
    for reads_on in [true, false] {
        let port = free_port();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let home = Home::on_sqlite()
            .await
            .with("LEPTOS_SITE_ADDR", &address.to_string());
        home.create_user("ada");
        let path = format!("/pkg/{}", "a".repeat(LONG_PATH));
        let (reader, writer) = io::pipe().expect("a pipe");
        let server = home.serve_onto(writer.into());
        wait_for_a_listener(address);
        // More than a pipe holds (64 KiB) and more than may wait (1 MiB).
        for _ in 0..REQUESTS {
            let answer = timeout(TIMEOUT, send(address, Request::get(&path))).await;
            assert_eq!(answer.expect("nothing waits for the log").status, 404);
        }
        let mut browser = Browser::new(address);
        sign_in(&mut browser, "ada", PASSWORD).await;
        assert_eq!(browser.post_logout().await.status, 303);
        if reads_on {
            let (found, report) = std::sync::mpsc::channel();
            let reading = std::thread::spawn(move || {
                let mut lines = BufReader::new(reader).lines().map_while(Result::ok);
                if lines.any(|line| line.contains("log lines before this one were lost")) {
                    found.send(()).expect("the test waits");
                }
                lines.collect::<Vec<_>>()
            });
            let is_reported = report.recv_timeout(TIMEOUT).is_ok();
            assert_eq!(stopped(server), Some(0));
            let rest = reading.join().unwrap();
            assert!(is_reported, "{rest:?}");
            let stop = rest.iter().find(|line| line.contains("asked to stop"));
            assert!(stop.is_some(), "{rest:?}");
            assert_eq!(rest.last().map(String::as_str), Some("Stopped."));
        } else {
            assert_eq!(stopped(server), Some(0));
        }
    }
}

/// Mail programs that write `#` as `%23` put the secret of a link into a path; people paste codes
/// after addresses. The person is redirected to the page, and the log contains nothing of it.
#[tokio::test]
async fn the_secret_of_a_link_is_not_logged() {
    let home = Home::on_sqlite().await.with("RUST_LOG", "trace");
    home.create_user("ada");
    let made = home.run(&["user", "reset", "ada", "--json"]).succeeds();
    let link = made.json()[0]["link"].as_str().expect("a link").to_owned();
    let (_, secret) = link.split_once('#').expect("a secret");
    let server = home.serve();
    let mut browser = server.browser();
    let bare = secret.replace('-', "");
    for (path, page) in [
        (format!("/password-link%23{secret}"), Some("/password-link")),
        (
            format!("/password-link%2523{secret}"),
            Some("/password-link"),
        ),
        (format!("/password-link/{bare}"), Some("/password-link")),
        (format!("/password-link%23{bare}/"), Some("/password-link")),
        (format!("/setup%23{secret}"), Some("/setup")),
        (format!("/setup/{secret}"), Some("/setup")),
        (format!("/{secret}"), None),
        (format!("/x/{bare}"), None),
        (format!("/api/{secret}"), None),
        (format!("/pkg/%23{secret}"), None),
        (format!("/password-link?{secret}"), None),
    ] {
        for method in ["GET", "HEAD", "POST"] {
            let answer = browser.send(Request::new(method, &path)).await;
            if let Some(page) = page.filter(|_| method != "POST") {
                assert_eq!((answer.status, answer.location()), (303, page), "{path}");
            }
            let text = format!("{:?} {}", answer.headers, answer.text());
            assert!(
                !text.contains(secret) && !text.contains(&bare),
                "{path}: {text}"
            );
        }
    }
    let page = browser.get("/password-link").await;
    assert!(
        page.text().contains("Paste the whole link"),
        "{}",
        page.text()
    );
    let log = server.stop();
    assert!(log.contains("path=\"/password-link\"}"), "{log}");
    let group = &secret[..5];
    assert!(!log.contains(group), "{log}");
}

const WARNING: &str = "is it a proxy that is not in http.trusted_proxies?";
const MAX_CONNECTIONS: u8 = 16;

/// The addresses of connections, each with half a header; behind a trusted proxy after a whole one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    OneAddress,
    /// A proxy that is missing in `trusted_proxies`: most of its connections are open pages.
    OneAddressAndPages,
    HalfFromOne,
    ManyAddresses,
    TrustedProxy,
    VisitorsOfATrustedProxy,
}

impl Origin {
    const fn is_suspected(self) -> bool {
        matches!(self, Self::OneAddress | Self::OneAddressAndPages)
    }

    const fn is_proxy(self) -> bool {
        matches!(self, Self::TrustedProxy | Self::VisitorsOfATrustedProxy)
    }

    /// The last part of the address of a connection.
    const fn last(self, number: u8) -> u8 {
        match self {
            Self::ManyAddresses => 2 + number,
            Self::HalfFromOne if number % 2 == 1 => 2 + number,
            _ => 1,
        }
    }

    fn bytes(self, server: &Server, number: u8) -> String {
        let host = format!("host: {}\r\n", server.address);
        match self {
            Self::VisitorsOfATrustedProxy => format!(
                "POST /api/login HTTP/1.1\r\n{host}x-forwarded-for: 192.0.2.{number}\r\n\
                 content-type: {FORM}\r\ncontent-length: 9\r\n\r\nx"
            ),
            _ => format!("GET /login HTTP/1.1\r\n{host}"),
        }
    }
}

/// An untrusted proxy makes all visitors appear as one, so connections of all of them are closed.
#[tokio::test(flavor = "multi_thread")]
async fn the_log_asks_whether_an_address_with_nearly_all_connections_is_a_proxy() {
    for origin in [
        Origin::OneAddress,
        Origin::OneAddressAndPages,
        Origin::HalfFromOne,
        Origin::ManyAddresses,
        Origin::TrustedProxy,
        Origin::VisitorsOfATrustedProxy,
    ] {
        let trusted = if origin.is_proxy() { "127.0.0.1" } else { "" };
        let home = Home::on_sqlite()
            .await
            .with(
                "VESTIBULE_HTTP__MAX_CONNECTIONS",
                &MAX_CONNECTIONS.to_string(),
            )
            .with("VESTIBULE_HTTP__HEADER_TIMEOUT", "10m")
            .with("VESTIBULE_HTTP__TRUSTED_PROXIES", trusted);
        home.create_user("ada");
        let server = home.serve();
        let mut pages = Vec::new();
        if origin == Origin::OneAddressAndPages {
            let browser = server.signed_in("ada").await;
            for _ in 0..MAX_CONNECTIONS / 2 {
                let mut page = browser.watch().await;
                page.lives().await;
                pages.push(page);
            }
        }
        let mut crowd = Vec::new();
        for number in u8::try_from(pages.len()).unwrap()..MAX_CONNECTIONS - 2 {
            let socket = TcpSocket::new_v4().unwrap();
            let own = [127, 0, 0, origin.last(number)];
            socket.bind((own, 0).into()).unwrap();
            let mut connection = socket.connect(server.address).await.unwrap();
            let bytes = origin.bytes(&server, number);
            connection.write_all(bytes.as_bytes()).await.unwrap();
            crowd.push(connection);
        }
        // Accepted after all others.
        assert_eq!(server.browser().get("/healthz").await.status, 200);
        drop((crowd, pages));
        let log = server.stop();
        let asked = usize::from(origin.is_suspected());
        assert_eq!(log.matches(WARNING).count(), asked, "{origin:?}: {log}");
        assert_eq!(log.matches("address=127.0.0.1").count(), asked, "{log}");
    }
}
