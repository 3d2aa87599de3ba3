//! What GET must not do, and requests that must be refused.

use super::{
    client::{FORM, NoAnswer, Request},
    examination::Examination,
    report::{Check, check, expect},
};

const PASS_ON: &str = "Let the proxy pass the method, the path and Content-Type on as they came";
const VERSION: &str =
    "Install an unchanged release, and let the proxy answer for no path of its own here";

const GET: Check = check(
    "get_changes_nothing",
    "F5",
    "A GET or HEAD of a function is refused and changes nothing",
    PASS_ON,
);
const LOGOUT_PAGE: Check = check(
    "get_only_asks",
    "F5",
    "Opening /logout only asks: a link signs nobody out",
    PASS_ON,
);
const OVERRIDE: Check = check(
    "no_method_override",
    "F5",
    "No header turns a GET into a POST",
    PASS_ON,
);
const METHODS: Check = check(
    "other_methods",
    "F5",
    "PUT, PATCH, DELETE and TRACE are refused",
    "Let the proxy refuse them too, or pass them on as they came",
);
const TYPES: Check = check(
    "forms_only",
    "F6",
    "Functions read forms only: what other encodings carry is refused",
    PASS_ON,
);
const UNKNOWN_FUNCTION: Check = check(
    "unknown_functions",
    "H3",
    "A function that is in no table is a 404",
    VERSION,
);
const UNKNOWN_PAGE: Check = check(
    "unknown_pages",
    "H3",
    "A page that is in no table is a 404, for anybody",
    VERSION,
);
const NO_SESSION: Check = check(
    "functions_need_a_session",
    "C2",
    "Without a session private functions answer 401",
    VERSION,
);
const TOO_LARGE: Check = check(
    "body_limit",
    "H6",
    "A body of a megabyte is refused",
    "Lower http.max_body_kib, and the limit of the proxy (client_max_body_size in nginx)",
);

pub const CHECKS: &[&Check] = &[
    &GET,
    &LOGOUT_PAGE,
    &OVERRIDE,
    &METHODS,
    &TYPES,
    &UNKNOWN_FUNCTION,
    &UNKNOWN_PAGE,
    &NO_SESSION,
    &TOO_LARGE,
];

const PRIVATE_FUNCTIONS: [&str; 12] = [
    "/api/change_password",
    "/api/confirm_access_key",
    "/api/confirm_password",
    "/api/disown_sign_in",
    "/api/end_all_sessions",
    "/api/end_other_sessions",
    "/api/end_session",
    "/api/make_access_key",
    "/api/name_device",
    "/api/recognise_sign_in",
    "/api/revoke_access_key",
    "/api/update_profile",
];

pub async fn examine(exam: &mut Examination) -> Result<(), NoAnswer> {
    let get = |method: &str, path: &str| Request::new(method, path).header("accept", "*/*");
    let reads = [
        get("GET", "/api/logout"),
        get("HEAD", "/api/logout"),
        get(
            "GET",
            "/api/login?username=doctor&password=nobody-has-this-one",
        ),
        get("GET", "/api/logout?_method=POST"),
    ];
    harmless(exam, &GET, &reads, |status| matches!(status, 404 | 405)).await?;
    let asks = [Request::get("/logout")];
    harmless(exam, &LOGOUT_PAGE, &asks, |status| status == 200).await?;
    let names = [
        "x-http-method-override",
        "x-http-method",
        "x-method-override",
    ];
    let overrides = names.map(|name| get("GET", "/api/logout").header(name, "POST"));
    harmless(exam, &OVERRIDE, &overrides, |status| {
        matches!(status, 404 | 405)
    })
    .await?;
    let is_refused = |status| (400..500).contains(&status) || status == 501;
    let methods = ["PUT", "PATCH", "DELETE", "TRACE"];
    let others = methods.map(|method| Request::new(method, "/api/logout").proxy_may_answer());
    harmless(exam, &METHODS, &others, is_refused).await?;
    let types = [
        "text/plain",
        "application/json",
        "multipart/form-data; boundary=x",
        "application/cbor",
    ];
    let encodings = types.map(|kind| post("/api/logout", kind, b"x"));
    harmless(exam, &TYPES, &encodings, |status| status == 415).await?;
    unknown(exam).await?;
    without_session(exam).await?;
    let large = post("/api/logout", FORM, &vec![b'a'; 1_048_576]).proxy_may_answer();
    harmless(exam, &TOO_LARGE, &[large], is_refused).await
}

fn post(path: &str, kind: &str, body: &[u8]) -> Request {
    Request::new("POST", path)
        .header("content-type", kind)
        .body(body.to_vec())
}

/// Each gets the expected status, sets no cookie, and the session of its browser lives on.
async fn harmless(
    exam: &mut Examination,
    check: &'static Check,
    requests: &[Request],
    is_right: impl Fn(u16) -> bool,
) -> Result<(), NoAnswer> {
    let mut verdict = Ok(());
    for request in requests {
        let Some(session) = exam.signed_in().await?.and_then(|own| own.session()) else {
            return Ok(());
        };
        let request = request
            .clone()
            .header("sec-fetch-site", "same-origin")
            .header("cookie", &session.pair());
        // A closed connection is a refusal too.
        let Some(answer) = exam.client.send_unless_closed(request).await? else {
            continue;
        };
        let lives = exam.recheck_session(&session).await?;
        let sets_cookie = !answer.all("set-cookie").is_empty();
        verdict = verdict.and_then(|()| {
            expect(lives && !sets_cookie && is_right(answer.status), || {
                let end = if lives { "" } else { ", and the session ended" };
                format!("{}{end}", answer.describe())
            })
        });
    }
    exam.record(check, verdict);
    Ok(())
}

async fn unknown(exam: &mut Examination) -> Result<(), NoAnswer> {
    let mut verdict = Ok(());
    for path in ["/api/nothing", "/api/end_everything", "/api/login/x"] {
        let answer = exam.client.send(post(path, FORM, b"")).await?;
        verdict = verdict.and_then(|()| expect(answer.status == 404, || answer.describe()));
    }
    exam.record(&UNKNOWN_FUNCTION, verdict);
    let mut verdict = Ok(());
    let cookie = exam.signed_in().await?.and_then(|own| own.cookie_header());
    for path in ["/nowhere", "/login/x", "/.env", "/.git/config", "/LOGIN"] {
        for cookie in [None, cookie.as_deref()] {
            let request = Request::get(path).maybe("cookie", cookie);
            let answer = exam.client.send(request).await?;
            verdict = verdict.and_then(|()| expect(answer.status == 404, || answer.describe()));
        }
    }
    exam.record(&UNKNOWN_PAGE, verdict);
    Ok(())
}

async fn without_session(exam: &mut Examination) -> Result<(), NoAnswer> {
    let mut verdict = Ok(());
    for path in PRIVATE_FUNCTIONS {
        // No form, so that a function that is reached nevertheless refuses it.
        let call = post(path, "text/plain", b"x").header("sec-fetch-site", "same-origin");
        let answer = exam.client.send(call).await?;
        verdict = verdict.and_then(|()| expect(answer.status == 401, || answer.describe()));
    }
    exam.record(&NO_SESSION, verdict);
    Ok(())
}
