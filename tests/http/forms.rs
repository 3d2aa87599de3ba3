//! The forms that functions accept, and the refusals of all others.

use crate::{
    app::{TestApp, WRONG, assert_contains},
    support::{
        self, PASSWORD,
        database::{Engine, TestDatabase},
        http::{ACCEPT_PAGE, Connection, FORM, Request, credentials, encode_form},
    },
};
use std::time::{Duration, Instant};
use vestibule::server::hashing::{Capacity, Hasher};

/// A sign-in by a program, which names its format.
fn by_program(body: &[u8], content_type: Option<&str>) -> Request {
    Request::post("/api/login", body)
        .header("accept", "application/json")
        .maybe_header("content-type", content_type)
}

/// A form that no page of ours sends is the client's mistake, and never a sign-in.
#[tokio::test(flavor = "multi_thread")]
async fn malformed_forms_are_refused_clearly() {
    let app = TestApp::sqlite().await;
    let right = encode_form(&credentials("ada", PASSWORD));
    let many = "a=1&".repeat(15_000);
    let deep = format!("username{}=ada&password=x", "[a]".repeat(5_000));
    let bodies: [&[u8]; 17] = [
        b"",
        b"&",
        b"=",
        b"username=ada",
        b"password=correct",
        b"username&password",
        b"username[]=ada&password[]=x",
        b"username[a]=ada&password=x",
        b"password[reveal]=x&username=ada",
        b"username=%ff%fe&password=%ff",
        b"username=\xff\xfe&password=x",
        b"username=%&password=%zz",
        b"username=%u0061da&password=%c0%80",
        b"{\"username\":\"ada\"}",
        b"\0\0\0\0",
        many.as_bytes(),
        deep.as_bytes(),
    ];
    for body in bodies {
        for accept in ["application/json", ACCEPT_PAGE, "*/*"] {
            let request = Request::post("/api/login", body)
                .header("content-type", FORM)
                .header("accept", accept);
            let answer = app.browser().send(request).await;
            let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
            let refused_plainly = answer.status == 303 && answer.location() == "/login";
            assert!(
                (400..500).contains(&answer.status) || refused_plainly,
                "{shown:?}: {} {}",
                answer.status,
                answer.text()
            );
            assert_eq!(answer.session_token(), None, "{shown:?}");
        }
    }
    let missing = by_program(b"username=ada", Some(FORM));
    let answer = app.browser().send(missing).await;
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (400, r#"{"failed":"bad_request"}"#)
    );

    // A repeated field is not understood: it would be unclear which was checked.
    for twice in [
        format!("{right}&username=eve"),
        format!("{right}&password={WRONG}"),
        format!("username=eve&{right}"),
        // In another spelling of Leptos's parser.
        format!("{right}&[password]={WRONG}"),
        format!("%5Bpassword%5D={WRONG}&username=ada"),
        right.replace("password=", "[password]="),
    ] {
        let request = by_program(twice.as_bytes(), Some(FORM));
        assert_eq!(app.browser().send(request).await.status, 400, "{twice}");
    }
    assert!(app.sessions().await.is_empty());
}

/// Browsers that do not name HTML (elinks, Dillo, some readers) send forms too, and display the
/// answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_accept_json_gets_a_page() {
    let app = TestApp::patient().await;
    let navigates = ("sec-fetch-mode", "navigate");
    let fetches = ("sec-fetch-mode", "cors");
    let dillo = ("accept", "text/*,image/*,*/*;q=0.2");
    for (headers, is_shown) in [
        (&[][..], true),
        (&[("accept", "*/*")], true),
        (&[dillo], true),
        (&[("accept", "*/*"), navigates], true),
        (&[("accept", "*/*"), fetches], false),
        (&[("accept", "application/json")], false),
        (&[("accept", "application/json, text/plain, */*")], false),
    ] {
        let with_headers = |request: Request| {
            let headers = headers.iter();
            headers.fold(request, |request, (name, value)| {
                request.header(name, value)
            })
        };
        let login =
            |password| with_headers(Request::form("/api/login", &credentials("ada", password)));
        let mut browser = app.browser();
        let refused = browser.send(login(WRONG)).await;
        let expected = if is_shown { (303, "/login") } else { (401, "") };
        assert_eq!(
            (refused.status, refused.location()),
            expected,
            "{headers:?}"
        );
        let mut browser = app.browser();
        let accepted = browser.send(login(PASSWORD)).await;
        assert_eq!(
            accepted.status,
            if is_shown { 303 } else { 200 },
            "{headers:?}"
        );
        assert!(browser.session().is_some(), "{headers:?}");

        let missing = browser.send(with_headers(Request::get("/nowhere"))).await;
        let foreign = Request::form("/api/logout", &[]).header("sec-fetch-site", "cross-site");
        let foreign = browser.send(with_headers(foreign)).await;
        assert_eq!((missing.status, foreign.status), (404, 403));
        for failure in [missing, foreign] {
            let kind = failure.header("content-type").unwrap_or_default();
            let expected = if is_shown {
                "text/html; charset=utf-8"
            } else {
                "application/json"
            };
            assert_eq!(kind, expected, "{headers:?}");
        }
        let signed_out = browser
            .send(with_headers(Request::form("/api/logout", &[])))
            .await;
        assert_eq!(
            signed_out.status,
            if is_shown { 303 } else { 200 },
            "{headers:?}"
        );
    }
}

/// One encoding is accepted, so no other can bypass a check (controls F6).
#[tokio::test(flavor = "multi_thread")]
async fn only_forms_are_read() {
    let app = TestApp::sqlite().await;
    let form = encode_form(&credentials("ada", PASSWORD));
    let json = format!("{{\"username\":\"ada\",\"password\":\"{PASSWORD}\"}}");
    for content_type in [
        Some("application/json"),
        Some("text/plain"),
        Some("multipart/form-data; boundary=x"),
        Some("application/cbor"),
        Some("application/x-www-form-urlencodedx"),
        Some("application/x-www-form-urlencoded,text/plain"),
        Some("\"application/x-www-form-urlencoded\""),
        Some(""),
        None,
    ] {
        for body in [&form, &json] {
            let request = by_program(body.as_bytes(), content_type);
            let answer = app.browser().send(request).await;
            assert_eq!(
                (answer.status, answer.session_token()),
                (415, None),
                "{content_type:?}"
            );
            assert_eq!(answer.text(), r#"{"failed":"unsupported_media_type"}"#);
        }
    }
    for content_type in [
        FORM,
        "APPLICATION/X-WWW-FORM-URLENCODED",
        "application/x-www-form-urlencoded; charset=utf-8",
    ] {
        let request = by_program(form.as_bytes(), Some(content_type));
        assert_eq!(
            app.browser().send(request).await.status,
            200,
            "{content_type}"
        );
    }
}

/// The same in chunks, where no length reveals whether there is a body.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_in_chunks_needs_its_content_type_too() {
    let app = TestApp::sqlite().await;
    let form = encode_form(&credentials("ada", PASSWORD));
    for (content_type, expected) in [
        ("", 415),
        ("content-type: text/plain\r\n", 415),
        ("content-type: application/x-www-form-urlencoded\r\n", 200),
    ] {
        let mut connection = Connection::open(app.address).await;
        let head = format!(
            "POST /api/login HTTP/1.1\r\nhost: localhost:{}\r\naccept: application/json\r\n{content_type}transfer-encoding: chunked\r\n\r\n",
            app.address.port()
        );
        connection.send(head.as_bytes()).await;
        let chunk = format!("{:x}\r\n{form}\r\n0\r\n\r\n", form.len());
        connection.send(chunk.as_bytes()).await;
        let answer = connection.answer().await.expect("an answer");
        assert_eq!(
            answer.status,
            expected,
            "{content_type:?}: {}",
            answer.text()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_long_is_refused_as_such() {
    let app = TestApp::sqlite().await;
    let long = "x".repeat(65 * 1_024);
    let answer = app.fetch_login("ada", &long).await;
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (413, r#"{"failed":"too_large"}"#)
    );
    let answer = app.post_login("ada", &long).await;
    assert_eq!(answer.status, 413);
    assert_contains(&answer, "The request is too large.");
    // Without a length, the limit is reached while reading.
    let mut connection = Connection::open(app.address).await;
    let head = format!(
        "POST /api/login HTTP/1.1\r\nhost: localhost:{}\r\ncontent-type: {FORM}\r\ntransfer-encoding: chunked\r\n\r\n",
        app.address.port()
    );
    connection.send(head.as_bytes()).await;
    connection
        .send(format!("{:x}\r\n{long}\r\n0\r\n\r\n", long.len()).as_bytes())
        .await;
    let answer = connection.answer().await.expect("an answer");
    assert_eq!(answer.status, 413, "in chunks: {}", answer.text());
    assert_eq!(
        app.fetch_login("ada", PASSWORD).await.status,
        200,
        "the server continues"
    );
}

/// When all hashing threads are busy, people are asked to wait, and pages still answer.
#[tokio::test(flavor = "multi_thread")]
async fn too_many_sign_ins_at_once_have_to_wait() {
    let database = TestDatabase::new(Engine::Sqlite).await;
    let mut core = support::core(&database).await;
    support::create_user(&core, "ada").await;
    core.hasher = Hasher::start(Capacity {
        threads: 1,
        queue: 1,
    })
    .unwrap();
    let app = TestApp::start(database, core, |_| ()).await;
    let attempts: Vec<_> = (0..20)
        .map(|number| {
            let mut browser = app.browser();
            tokio::spawn(async move {
                if number % 2 == 0 {
                    browser.fetch_login("ada", PASSWORD).await
                } else {
                    browser.post_login("ada", PASSWORD).await
                }
            })
        })
        .collect();
    let asked = Instant::now();
    assert_eq!(app.browser().get("/login").await.status, 200);
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "pages do not wait for hashes"
    );
    let (mut busy, mut signed_in) = (0, 0);
    for attempt in attempts {
        let answer = attempt.await.unwrap();
        match answer.status {
            503 => {
                busy += 1;
                assert_eq!(answer.header("retry-after"), Some("2"));
                assert_eq!(answer.session_token(), None);
                let json = answer.header("content-type") == Some("application/json");
                let words = if json {
                    r#"{"failed":"busy"}"#
                } else {
                    "Many people are signing in right now."
                };
                assert_contains(&answer, words);
            }
            200 | 303 => {
                signed_in += 1;
                assert!(answer.session_token().is_some());
            }
            other => panic!("{other}: {}", answer.text()),
        }
    }
    assert!(
        busy > 0 && signed_in > 0,
        "{busy} were busy, {signed_in} signed in"
    );
    assert_eq!(app.sessions().await.len(), signed_in);
    assert_eq!(
        app.fetch_login("ada", PASSWORD).await.status,
        200,
        "it passes"
    );
}
