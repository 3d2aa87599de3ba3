//! Generated bodies, sent to every server function.

use crate::{
    app::TestApp,
    invariants::forms::{FUNCTIONS, Function, Observed, Sender, check},
    on_both_engines,
    support::{
        self,
        http::{ACCEPT_PAGE, Connection, FORM, Request},
    },
};
use proptest::{collection::vec, prelude::*};
use tokio::{runtime::Handle, task::block_in_place};

/// Parts of forms: fields, separators and encodings, and characters that break them.
const PARTS: &[&[u8]] = &[
    b"username",
    b"password",
    b"remember",
    b"next",
    b"code",
    b"email",
    b"display_name",
    b"description",
    b"current_password",
    b"new_password",
    b"=",
    b"=",
    b"&",
    b"&",
    b"&&",
    b";",
    b"+",
    b"[",
    b"]",
    b"[]",
    b"[0]",
    b"[a]",
    b"[reveal]",
    b"%",
    b"%3D",
    b"%26",
    b"%5B",
    b"%00",
    b"%ff",
    b"%c0%80",
    b"%zz",
    b"%u0061",
    b"\0",
    b"\r\n",
    b"\xff",
    b"\xc3\x28",
    "é".as_bytes(),
    b"ada",
    b"on",
    b"ada@example.org",
    b"//evil.example",
    b"<b>",
    b"\"",
    b"{\"username\":\"ada\"}",
];

fn any_body() -> impl Strategy<Value = Vec<u8>> {
    let parts = vec(prop::sample::select(PARTS), 0..16).prop_map(|parts| parts.concat());
    prop_oneof![3 => parts, 1 => vec(any::<u8>(), 0..200)]
}

/// Values that may break the parser of a field.
const UNUSUAL_TEXTS: &[&str] = &[
    "\0",
    "\r\n",
    "\u{1b}[31m",
    "\u{7f}",
    "\u{202e}",
    "\u{3164}",
    "e\u{301}",
    "漢",
    "🗝",
    "a",
    "@",
    ".",
    "%",
    "<",
    "\"",
    " ",
];

/// A form with each of its fields, with any values and possibly a suffix.
fn any_form(function: &'static Function) -> impl Strategy<Value = Vec<u8>> {
    let fields: Vec<_> = [function.required, function.optional].concat();
    let unusual = vec(prop::sample::select(UNUSUAL_TEXTS), 0..8).prop_map(|parts| parts.concat());
    let texts = vec(prop_oneof!["\\PC{0,24}", unusual], fields.len());
    let behind = prop_oneof![4 => Just(Vec::new()), 1 => any_body()];
    (texts, behind).prop_map(move |(texts, behind)| {
        let pairs = fields
            .iter()
            .zip(&texts)
            .map(|(field, text)| (*field, text.as_str()));
        let form = support::http::encode_form(&pairs.collect::<Vec<_>>());
        [form.into_bytes(), behind].join(b"&".as_slice())
    })
}

fn any_request() -> impl Strategy<Value = (&'static Function, Vec<u8>, bool, bool)> {
    let function = prop::sample::select(FUNCTIONS.iter().collect::<Vec<_>>());
    function.prop_flat_map(|function| {
        let body = prop_oneof![any_form(function), any_body()];
        (Just(function), body, any::<bool>(), any::<bool>())
    })
}

/// Sends the body on a connection of its own, and checks the whole answer.
async fn ask(app: &TestApp, session: &str, function: &Function, body: &[u8], is_plain: bool) {
    let is_signed_in = !session.is_empty();
    let host = format!("localhost:{}", app.address.port());
    let cookie = format!("__Host-Http-session={session}");
    let request = Request::post(function.path, body)
        .header("host", &host)
        .header("content-type", FORM)
        .header(
            "accept",
            if is_plain {
                ACCEPT_PAGE
            } else {
                "application/json"
            },
        )
        .header("sec-fetch-site", "same-origin")
        .header("connection", "close")
        .maybe_header("cookie", is_signed_in.then_some(cookie.as_str()));
    let mut connection = Connection::open(app.address).await;
    connection.send(&request.to_bytes()).await;
    let answer = connection.answer().await.expect("an answer");
    assert!(connection.answer().await.is_none(), "one answer");
    let observed = Observed {
        status: answer.status,
        content_type: answer.header("content-type"),
        location: answer.header("location"),
        set_cookies: answer.header_all("set-cookie"),
        body: &answer.body,
    };
    check(
        function,
        body,
        Sender {
            is_plain,
            is_signed_in,
        },
        &observed,
    );
}

on_both_engines! {
    /// No body causes an internal error, a sign-in, or an ambiguous reading.
    async fn any_body_gets_one_clear_answer(database: TestDatabase) {
        let mut core = support::core(&database).await;
        // Every attempt is verified, although one address makes them all.
        core.throttle.limits.account_failures = u32::MAX;
        core.throttle.limits.address_failures = u32::MAX;
        support::create_user(&core, "ada").await;
        let app = TestApp::start(database, core, |_| ()).await;
        let browser = app.signed_in("ada").await;
        let session = browser.session().unwrap().to_owned();
        let config = ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() };
        proptest!(config, |((function, body, is_plain, signed_in) in any_request())| {
            // Signing out needs no form, and would end the session.
            let with_session = signed_in && function.path != "/api/logout";
            let session = if with_session { session.as_str() } else { "" };
            block_in_place(|| Handle::current().block_on(ask(&app, session, function, &body, is_plain)));
        });
        assert_eq!(app.endings().await, [None], "one session was there, and lives");
    }
}
