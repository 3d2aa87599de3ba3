//! Generated `Authorization` headers, on the JSON API.

use crate::{
    app::TestApp,
    invariants::bearer::{Attempt, Credentials, Observed},
    on_both_engines,
    support::http::{Request, SESSION_COOKIE, send},
};
use axum::http::header;
use proptest::{collection::vec, prelude::*};
use tokio::{runtime::Handle, task::block_in_place};

const ME: &str = "/api/v1/me";

/// Parts of headers; the bytes below 7 stand for a real key or token, whole, changed at a place, or cut there.
const PARTS: &[&[u8]] = &[
    b"Bearer ",
    b"bearer  ",
    b"Bearer",
    b"Basic ",
    b"\x01",
    b"\x02",
    b"\x03\x00\x07\x01",
    b"\x03\x00\x6d\x01",
    b"\x04\x00\x10\x20",
    b"\x04\x02\x10\x01",
    b"\x05\x00\x6c",
    b"\x06\x01\x20",
    b"\n",
    b" ",
    b"\t",
    b",",
    b".",
    b"=",
    b"\"",
    b"vst_",
    b"eyJ",
    b"\xff",
];

fn any_header() -> impl Strategy<Value = Vec<u8>> {
    let parts = vec(prop::sample::select(PARTS), 0..5).prop_map(|parts| parts.concat());
    // Mostly right, so that one defect decides.
    let nearly = (
        prop::sample::select(&PARTS[..4]),
        prop::sample::select(&PARTS[4..12]),
        parts,
    )
        .prop_map(|(scheme, credential, behind)| [scheme, credential, &behind].concat());
    let whole = prop_oneof![
        1 => Just(b"Bearer \x01".to_vec()),
        1 => Just(b"bearer \x02".to_vec()),
        4 => nearly,
        1 => vec(any::<u8>(), 0..60),
    ];
    (0..3_u8, whole).prop_map(|(cookie, header)| [vec![cookie], header].concat())
}

async fn ask(app: &TestApp, attempt: &Attempt<'_>) {
    let mut request = Request::get(ME);
    for name in [header::AUTHORIZATION, header::COOKIE] {
        for value in attempt.headers.get_all(&name) {
            request = request.header_bytes(name.as_str(), value.as_bytes());
        }
    }
    let answer = send(app.address, request).await;
    attempt.check(&Observed {
        status: answer.status,
        content_type: answer.header("content-type"),
        challenge: answer.header("www-authenticate"),
        body: &answer.body,
    });
}

on_both_engines! {
    /// The key and the token count alone and in one spelling (RFC 6750, 2.1).
    async fn any_header_is_a_credential_or_none(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        let (mut ada, eve) = (app.signed_in("ada").await, app.signed_in("eve").await);
        let cookie = |session: Option<&str>| format!("{SESSION_COOKIE}={}", session.unwrap());
        let credentials = Credentials {
            key: app.access_key("ada", "profile:read").await.1,
            token: crate::api::token_of(&mut ada).await,
            session: cookie(ada.session()),
            other_session: cookie(eve.session()),
        };
        let config = ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() };
        proptest!(config, |(bytes in any_header())| {
            let attempt = Attempt::of(&bytes, &credentials);
            block_in_place(|| Handle::current().block_on(ask(&app, &attempt)));
        });
        assert_eq!(app.endings().await, [None, None], "no session has ended");
    }
}
