//! The session cookie as attackers and other applications send it, byte by byte.

use crate::{
    app::TestApp,
    support::http::{Request, SESSION_COOKIE},
};

/// The identity of a request, by the dashboard.
#[derive(Debug, PartialEq, Eq)]
enum Caller {
    SignedIn,
    Anonymous,
}
use Caller::{Anonymous, SignedIn};

async fn caller(app: &TestApp, cookie_headers: &[&[u8]]) -> Caller {
    let headers = cookie_headers.iter();
    let request = headers.fold(Request::get("/dashboard"), |request, value| {
        request.header_bytes("cookie", value)
    });
    let answer = app.send(request).await;
    match (answer.status, answer.location()) {
        (200, "") => SignedIn,
        (303, "/login") => Anonymous,
        (status, location) => panic!("{status} {location}"),
    }
}

/// Our cookie is found beside any neighbours; every doubtful case is anonymous (V3.3.1).
#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_corpus() {
    let app = TestApp::sqlite().await;
    let value = app.signed_in("ada").await.session().unwrap().to_owned();
    let ours = format!("{SESSION_COOKIE}={value}");
    let mut flipped = value.clone().into_bytes();
    flipped[5] = if flipped[5] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    let many = "a=b; ".repeat(2_000);
    let long = "x".repeat(16_000);
    let with_bytes = |before: &[u8], after: &[u8]| [before, ours.as_bytes(), after].concat();
    let corpus: Vec<(&str, Vec<u8>, Caller)> = vec![
        ("alone", ours.clone().into(), SignedIn),
        ("among others", format!("a=b; {ours}; c=d").into(), SignedIn),
        ("without spaces", format!("a=b;{ours};c=d").into(), SignedIn),
        (
            "more spaces and tabs",
            format!("a=b;  \t{ours} \t; c=d").into(),
            SignedIn,
        ),
        ("empty pairs", format!(";;; ; {ours};;").into(), SignedIn),
        (
            "pairs without `=`",
            format!("lonely; {ours}; alone").into(),
            SignedIn,
        ),
        (
            "a neighbour beyond ASCII",
            with_bytes(b"odd=\xff\xfe\x80; ", b"; more=\xc3\x28"),
            SignedIn,
        ),
        (
            "a neighbour's name beyond ASCII",
            with_bytes(b"\xff=1; ", b""),
            SignedIn,
        ),
        (
            "a neighbour with quotes",
            format!("q=\"a; {ours}").into(),
            SignedIn,
        ),
        (
            "a neighbour with our value",
            format!("x={value}; {ours}").into(),
            SignedIn,
        ),
        (
            "a neighbour whose value is our name",
            format!("x={SESSION_COOKIE}; {ours}").into(),
            SignedIn,
        ),
        (
            "a neighbour with our name as a suffix",
            format!("x{ours}; {ours}").into(),
            SignedIn,
        ),
        (
            "JSON beside it",
            format!("j={{\"a\":[1,2]}}; {ours}").into(),
            SignedIn,
        ),
        (
            "two thousand neighbours",
            format!("{many}{ours}").into(),
            SignedIn,
        ),
        (
            "a long neighbour",
            format!("l={long}; {ours}").into(),
            SignedIn,
        ),
        ("nothing", b"".to_vec(), Anonymous),
        ("only separators", b"; ;=;==; =".to_vec(), Anonymous),
        (
            "twice the same",
            format!("{ours}; {ours}").into(),
            Anonymous,
        ),
        (
            "ours and an empty one",
            format!("{ours}; {SESSION_COOKIE}=").into(),
            Anonymous,
        ),
        (
            "an empty one and ours",
            format!("{SESSION_COOKIE}=; {ours}").into(),
            Anonymous,
        ),
        (
            "ours and nonsense",
            format!("{SESSION_COOKIE}=x; {ours}").into(),
            Anonymous,
        ),
        (
            "RFC 2109",
            format!("$Version=1; {ours}; $Path=/").into(),
            SignedIn,
        ),
        (
            "RFC 2109 name",
            format!("$Version=1; ${ours}").into(),
            Anonymous,
        ),
        (
            "RFC 2109 with commas",
            format!("$Version=1, {ours}").into(),
            Anonymous,
        ),
        (
            "a comma for a semicolon",
            format!("a=b, {ours}").into(),
            Anonymous,
        ),
        (
            "quoted value",
            format!("{SESSION_COOKIE}=\"{value}\"").into(),
            Anonymous,
        ),
        (
            "quoted name",
            format!("\"{SESSION_COOKIE}\"={value}").into(),
            Anonymous,
        ),
        (
            "U+2000 before the name",
            format!("\u{2000}{ours}").into(),
            Anonymous,
        ),
        (
            "U+00A0 before the name",
            format!("\u{a0}{ours}").into(),
            Anonymous,
        ),
        (
            "U+0085 before the name",
            format!("\u{85}{ours}").into(),
            Anonymous,
        ),
        ("NBSP as one byte", with_bytes(b"\xa0", b""), Anonymous),
        (
            "U+2000 after the name",
            format!("{SESSION_COOKIE}\u{2000}={value}").into(),
            Anonymous,
        ),
        (
            "U+FEFF before the value",
            format!("{SESSION_COOKIE}=\u{feff}{value}").into(),
            Anonymous,
        ),
        ("an empty name", format!("={ours}").into(), Anonymous),
        (
            "an empty name and spaces",
            format!("= {ours}").into(),
            Anonymous,
        ),
        (
            "encoded `=`",
            format!("{SESSION_COOKIE}%3D{value}").into(),
            Anonymous,
        ),
        (
            "encoded name",
            format!("%5F%5FHost-Http-session={value}").into(),
            Anonymous,
        ),
        (
            "encoded value",
            format!(
                "{SESSION_COOKIE}=%{:02X}{}",
                value.as_bytes()[0],
                &value[1..]
            )
            .into(),
            Anonymous,
        ),
        (
            "lower case",
            format!("{}={value}", SESSION_COOKIE.to_lowercase()).into(),
            Anonymous,
        ),
        (
            "upper case",
            format!("{}={value}", SESSION_COOKIE.to_uppercase()).into(),
            Anonymous,
        ),
        (
            "an older prefix",
            format!("__Host-session={value}").into(),
            Anonymous,
        ),
        (
            "another prefix",
            format!("__Secure-session={value}").into(),
            Anonymous,
        ),
        ("no prefix", format!("session={value}").into(), Anonymous),
        (
            "dots for underscores",
            format!("..Host-Http-session={value}").into(),
            Anonymous,
        ),
        (
            "an index",
            format!("{SESSION_COOKIE}[]={value}").into(),
            Anonymous,
        ),
        ("trailing letter", format!("{ours}A").into(), Anonymous),
        ("trailing padding", format!("{ours}=").into(), Anonymous),
        ("trailing comma", format!("{ours},").into(), Anonymous),
        ("trailing byte", with_bytes(b"", b"\x80"), Anonymous),
        ("cut short", ours[..ours.len() - 1].into(), Anonymous),
        (
            "one character is another",
            format!("{SESSION_COOKIE}={flipped}").into(),
            Anonymous,
        ),
        ("no value", format!("{SESSION_COOKIE}=").into(), Anonymous),
        ("no `=`", SESSION_COOKIE.into(), Anonymous),
        (
            "43 bytes beyond ASCII",
            [SESSION_COOKIE.as_bytes(), b"=", &[0xff; 43]].concat(),
            Anonymous,
        ),
        (
            "oversized",
            format!("{SESSION_COOKIE}={long}").into(),
            Anonymous,
        ),
        (
            "SQL",
            format!("{SESSION_COOKIE}=' OR '1'='1").into(),
            Anonymous,
        ),
        (
            "a JSON token",
            format!("{SESSION_COOKIE}=eyJhbGciOiJub25lIn0.e30.").into(),
            Anonymous,
        ),
        (
            "double assignment",
            format!("{SESSION_COOKIE}={SESSION_COOKIE}={value}").into(),
            Anonymous,
        ),
    ];
    for (what, header, expected) in corpus {
        assert_eq!(caller(&app, &[&header]).await, expected, "{what}");
    }
    let bytes = ours.as_bytes();
    assert_eq!(
        caller(&app, &[b"a=b", bytes]).await,
        SignedIn,
        "in a header of its own"
    );
    assert_eq!(
        caller(&app, &[bytes, bytes]).await,
        Anonymous,
        "in two headers"
    );
    assert_eq!(
        caller(&app, &[bytes, b"__Host-Http-session=x"]).await,
        Anonymous
    );
    assert_eq!(
        caller(&app, &[b"\xff", bytes, b""]).await,
        SignedIn,
        "beside a broken header"
    );
    assert_eq!(
        caller(&app, &[bytes]).await,
        SignedIn,
        "none of it ended the session"
    );
}

/// Any change of a single byte is anonymous, and no byte causes an internal error.
#[tokio::test(flavor = "multi_thread")]
async fn every_bit_of_the_token_counts() {
    let app = TestApp::sqlite().await;
    let value = app.signed_in("ada").await.session().unwrap().to_owned();
    for position in 0..value.len() {
        for bit in [0b1, 0b100, 0b10_0000, 0b1000_0000] {
            let mut changed = value.clone().into_bytes();
            changed[position] ^= bit;
            if changed[position] < b' ' || changed[position] == 0x7f {
                continue;
            }
            let header = [SESSION_COOKIE.as_bytes(), b"=", &changed].concat();
            assert_eq!(
                caller(&app, &[&header]).await,
                Anonymous,
                "{position} {bit}"
            );
        }
    }
}

/// The same doubtful cookies at sign-out: a foreign cookie signs nobody out.
#[tokio::test(flavor = "multi_thread")]
async fn doubtful_cookies_sign_nobody_out() {
    let app = TestApp::sqlite().await;
    let value = app.signed_in("ada").await.session().unwrap().to_owned();
    let ours = format!("{SESSION_COOKIE}={value}");
    for header in [
        format!("{ours}; {ours}"),
        format!("={ours}"),
        format!("\u{2000}{ours}"),
        format!("{SESSION_COOKIE}=\"{value}\""),
        format!("{}={value}", SESSION_COOKIE.to_lowercase()),
    ] {
        let request = Request::form("/api/logout", &[])
            .header("sec-fetch-site", "same-origin")
            .header_bytes("cookie", header.as_bytes());
        assert_eq!(app.send(request).await.status, 303, "{header}");
        assert_eq!(app.endings().await, [None], "{header}");
    }
}
