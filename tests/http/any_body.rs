//! Generated bodies, sent to every operation of the JSON API that takes one.

use crate::{
    app::TestApp,
    invariants::bodies::{Encoding, OPERATIONS, Observed, Operation, SENDERS, Sender, check},
    on_both_engines,
    support::{
        PASSWORD,
        http::{Request, SESSION_COOKIE, encode_form, send},
        password,
    },
};
use proptest::{collection::vec, prelude::*};
use tokio::{runtime::Handle, task::block_in_place};
use vestibule::server::core::{
    accounts::users::{self, UserDraft},
    actor,
};

const EVERY: &str = "profile:read sessions:read sessions:end users:read users:write activity:read tokens:introspect";

/// Parts of bodies: members, values and separators, and characters that break them.
const PARTS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b"\"",
    b":",
    b",",
    b"null",
    b"true",
    b"-1",
    b"1e999",
    b"\\ud800",
    b"\\u0000",
    b"&",
    b"=",
    b"%",
    b"%00",
    b"\"username\"",
    b"\"disabled\"",
    b"\"scopes\"",
    b"\"canary-canary\"",
    b"token",
    b"grant_type=password",
    b"\0",
    b"\xff",
    "é".as_bytes(),
    b" ",
];

fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let parts = vec(prop::sample::select(PARTS), 0..16).prop_map(|parts| parts.concat());
    prop_oneof![3 => parts, 1 => vec(any::<u8>(), 0..200)]
}

/// A value as it may be written in JSON.
fn any_value() -> impl Strategy<Value = String> {
    let text = "\\PC{0,24}".prop_map(|text| serde_json::Value::from(text).to_string());
    let word = prop::sample::select(&[
        "true",
        "null",
        "7",
        "[]",
        "[\"profile:read\"]",
        "[\"canary-canary\"]",
        "{\"canary-canary\":1}",
        "\"2026-12-31\"",
        "\"eve@example.org\"",
        "[\"192.0.2.0/24\"]",
        "\"a\\u0000b\"",
        "\"password\"",
    ]);
    prop_oneof![text, word.prop_map(str::to_owned)]
}

/// Members of the operation, each with any value, one possibly twice, and possibly an unknown one.
fn any_members(operation: &'static Operation) -> impl Strategy<Value = Vec<u8>> {
    let names: Vec<_> = [operation.required, operation.optional, &["canary-canary"]].concat();
    let others = vec((prop::sample::select(names), any_value()), 0..3);
    let required = vec(any_value(), operation.required.len());
    (required, others).prop_map(move |(required, others)| {
        let required = operation.required.iter().copied().zip(required);
        let pairs: Vec<_> = required.chain(others).collect();
        if operation.encoding == Encoding::Form {
            let texts: Vec<_> = pairs
                .iter()
                .map(|(name, value)| (*name, value.trim_matches('"')))
                .collect();
            return encode_form(&texts).into_bytes();
        }
        let members: Vec<_> = pairs
            .iter()
            .map(|(name, value)| format!("\"{name}\":{value}"))
            .collect();
        format!("{{{}}}", members.join(",")).into_bytes()
    })
}

fn any_request() -> impl Strategy<Value = (&'static Operation, Sender, bool, Vec<u8>)> {
    let operation = prop::sample::select(OPERATIONS.iter().collect::<Vec<_>>());
    operation.prop_flat_map(|operation| {
        let body = prop_oneof![3 => any_members(operation), 1 => any_bytes()];
        let sender = prop::sample::select(&SENDERS[..]);
        (Just(operation), sender, prop::bool::weighted(0.9), body)
    })
}

/// The credentials of an administrator, and the account that is changed.
struct Given {
    session: String,
    key: String,
    id: String,
}

async fn ask(
    app: &TestApp,
    given: &Given,
    (operation, sender, is_typed, body): (&Operation, Sender, bool, &[u8]),
) {
    let mut request = Request::post(&operation.path.replace("{id}", &given.id), body);
    operation.method.clone_into(&mut request.method);
    let kind = if is_typed {
        operation.media_type()
    } else {
        "text/plain"
    };
    let request = request
        .header("content-type", kind)
        .header("sec-fetch-site", "same-origin");
    let request = match sender {
        Sender::Nobody => request,
        Sender::Session => request.header("cookie", &format!("{SESSION_COOKIE}={}", given.session)),
        Sender::Key => request.header("authorization", &format!("Bearer {}", given.key)),
    };
    let answer = send(app.address, request).await;
    let observed = Observed {
        status: answer.status,
        content_type: answer.header("content-type"),
        set_cookies: answer.header_all("set-cookie"),
        body: &answer.body,
    };
    check(operation, (sender, is_typed), body, &observed);
}

/// A text of the body would be found in a problem, without its escapes too.
#[test]
#[should_panic(expected = "it repeats a part of the body")]
fn a_repeated_text_is_noticed() {
    let problem = r#"{"type":"urn:vestibule:problem:wrong_members","title":"Bad Request","status":400,
        "detail":"There is no member canary-canary-7.","code":"wrong_members"}"#;
    let observed = Observed {
        status: 400,
        content_type: Some("application/problem+json"),
        set_cookies: Vec::new(),
        body: problem.as_bytes(),
    };
    let body = br#"{"canary-c\u0061nary-7":1}"#;
    check(&OPERATIONS[0], (Sender::Session, true), body, &observed);
}

on_both_engines! {
    /// No body causes an internal error, is repeated in a problem, or is read in two ways.
    async fn any_body_is_carried_out_or_a_problem(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let draft = UserDraft { username: "root".to_owned(), is_admin: true, ..UserDraft::default() };
        let draft = draft.check().unwrap();
        users::create(&app.core, &actor::on_this_machine(), &draft, &password(PASSWORD)).await.unwrap();
        let given = Given {
            session: app.signed_in("root").await.session().unwrap().to_owned(),
            key: app.access_key("root", EVERY).await.1,
            id: app.user("ada").await.id.to_string(),
        };
        let config = ProptestConfig { cases: 384, failure_persistence: None, ..ProptestConfig::default() };
        proptest!(config, |((operation, sender, is_typed, body) in any_request())| {
            let request = (operation, sender, is_typed, body.as_slice());
            block_in_place(|| Handle::current().block_on(ask(&app, &given, request)));
        });
        assert_eq!(app.endings().await, [None], "one session was there, and lives");
    }
}
