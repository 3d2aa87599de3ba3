//! The log is the server's own word (ASVS V16.4.1).

use crate::{
    program::{Home, sign_in},
    support::http::{Connection, Request, send},
};

/// What would begin a line of its own, colour a terminal, or end a JSON text.
const HOSTILE: &str = "x\u{9b}31m\u{85}\u{2028}\",\"level\":\"FORGED\"}";

/// Each line begins as the server begins it, and holds no control character.
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
            // Refused or answered: the log is looked at.
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
