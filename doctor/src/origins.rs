//! Cross-site requests, with the cookie of a signed-in user.

use super::{
    browser::session_lines,
    client::{FORM, NoAnswer, Request},
    examination::Examination,
    report::{Check, check, expect},
};

const PASS_ON: &str = "Let the proxy pass Origin and Sec-Fetch-Site on as they came";
const PUBLIC_URL: &str =
    "Set public_url to the address that people type, and let the proxy pass Origin on as it came";

const CROSS_SITE: Check = check(
    "cross_site",
    "F1",
    "What a browser calls cross-site is refused",
    PASS_ON,
);
const SAME_SITE: Check = check(
    "same_site",
    "F1",
    "What comes from a neighbour under the same domain (same-site) is refused",
    PASS_ON,
);
const SILENT: Check = check(
    "no_origin",
    "F1",
    "With a session and neither Sec-Fetch-Site nor Origin nothing is done",
    PASS_ON,
);
const FOREIGN: Check = check(
    "foreign_origin",
    "F3",
    "The Origin of another site is refused",
    PASS_ON,
);
const SIMILAR: Check = check(
    "near_origin",
    "F3",
    "An Origin that only resembles ours is refused: another scheme, port or ending",
    PUBLIC_URL,
);
const NULL: Check = check("null_origin", "F2", "Origin: null is another site", PASS_ON);
const TWICE: Check = check(
    "origin_twice",
    "F3",
    "Two Origins are nobody's word",
    PASS_ON,
);
const SIGN_IN: Check = check(
    "forged_sign_in",
    "A13",
    "Another site cannot sign anybody in",
    PASS_ON,
);
const SPELLINGS: Check = check(
    "forged_spellings",
    "F4",
    "No other spelling of the address is exempt",
    "Let the proxy rewrite no paths",
);

const PREFLIGHTS: Check = check(
    "no_cors_preflight",
    "F7",
    "No preflight of another site is answered with a permission (Access-Control headers on OPTIONS)",
    "Let the proxy answer no OPTIONS itself, and add no Access-Control headers",
);

pub const CHECKS: &[&Check] = &[
    &CROSS_SITE,
    &SAME_SITE,
    &SILENT,
    &FOREIGN,
    &SIMILAR,
    &NULL,
    &TWICE,
    &SIGN_IN,
    &SPELLINGS,
    &PREFLIGHTS,
];

type Headers = Vec<(&'static str, String)>;

pub async fn examine(exam: &mut Examination) -> Result<(), NoAnswer> {
    let own = exam.client.target.origin();
    let evil = || "https://evil.example".to_owned();
    let site = |value: &str| vec![("sec-fetch-site", value.to_owned())];
    let origin = |value: String| vec![("origin", value)];
    let forgeries: [(&'static Check, Vec<Headers>); 7] = [
        (&CROSS_SITE, vec![site("cross-site")]),
        (&SAME_SITE, vec![site("same-site")]),
        (&SILENT, vec![Vec::new()]),
        (&FOREIGN, vec![origin(evil())]),
        (
            &SIMILAR,
            similar_origins(&own).into_iter().map(origin).collect(),
        ),
        (&NULL, vec![origin("null".to_owned())]),
        (
            &TWICE,
            vec![vec![("origin", own.clone()), ("origin", evil())]],
        ),
    ];
    for (check, forgeries) in forgeries {
        let requests = forgeries
            .iter()
            .map(|headers| forged("/api/logout", headers));
        refused(exam, check, requests.collect()).await?;
    }
    let spellings = [
        "/api/logout/",
        "//api/logout",
        "/API/LOGOUT",
        "/api/%6cogout",
        "/api/logout?x",
        "/api/logout;x",
        "/api/./logout",
    ];
    let cross_site = site("cross-site");
    let requests = spellings
        .iter()
        .map(|path| forged(path, &cross_site).proxy_may_answer());
    refused(exam, &SPELLINGS, requests.collect()).await?;
    preflights(exam).await?;
    forged_sign_in(exam).await
}

/// The preflight request of a browser for a script of another site.
async fn preflights(exam: &mut Examination) -> Result<(), NoAnswer> {
    let mut verdict = Ok(());
    for path in ["/api/login", "/api/logout", "/dashboard", "/login"] {
        let asks = Request::new("OPTIONS", path)
            .header("origin", "https://evil.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type");
        // A proxy may refuse it by itself.
        let Some(answer) = exam
            .client
            .send_unless_closed(asks.proxy_may_answer())
            .await?
        else {
            continue;
        };
        let mut names = answer.headers.iter().map(|(name, _)| name);
        let opens = names.find(|name| name.starts_with("access-control-"));
        verdict = verdict.and_then(|()| {
            expect(opens.is_none(), || {
                format!(
                    "{}, with {}",
                    answer.describe(),
                    opens.map_or("", String::as_str)
                )
            })
        });
    }
    exam.record(&PREFLIGHTS, verdict);
    Ok(())
}

/// Origins that resemble the site's own.
fn similar_origins(own: &str) -> Vec<String> {
    let (scheme, host) = own.split_once("://").unwrap_or(("https", own));
    let other = if scheme == "https" { "http" } else { "https" };
    vec![
        format!("{other}://{host}"),
        format!("{own}.evil.example"),
        format!("{own}0"),
        format!("{scheme}://sub.{host}"),
        format!("{own}/"),
    ]
}

fn forged(path: &str, headers: &Headers) -> Request {
    let request = Request::new("POST", path).header("content-type", FORM);
    headers.iter().fold(request, |request, (name, value)| {
        request.header(name, value)
    })
}

/// Checks that each is refused, and that the session of its browser lives on.
async fn refused(
    exam: &mut Examination,
    check: &'static Check,
    requests: Vec<Request>,
) -> Result<(), NoAnswer> {
    let mut verdict = Ok(());
    for request in requests {
        let Some(session) = exam.signed_in().await?.and_then(|own| own.session()) else {
            return Ok(());
        };
        let forged = request.header("cookie", &session.pair());
        // A closed connection is a refusal too.
        let Some(answer) = exam.client.send_unless_closed(forged).await? else {
            continue;
        };
        let lives = exam.recheck_session(&session).await?;
        let passed = |status: u16| !(400..500).contains(&status);
        verdict = verdict.and_then(|()| {
            expect(lives && !passed(answer.status), || {
                let end = if lives { "" } else { ", and the session ended" };
                format!("{}{end}", answer.describe())
            })
        });
    }
    exam.record(check, verdict);
    Ok(())
}

/// With the right password, so that no refused attempt is counted if the server carries it out.
async fn forged_sign_in(exam: &mut Examination) -> Result<(), NoAnswer> {
    if exam.signed_in().await?.is_none() {
        return Ok(());
    }
    let mut verdict = Ok(());
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let request = Request::form("/api/login", &exam.credentials()).header(name, value);
        let answer = exam.client.send(request).await?;
        let began = session_lines(&answer).iter().any(|line| !line.clears());
        let description = || format!("{} for {name}: {value}", answer.describe());
        verdict = verdict.and_then(|()| expect(!began && answer.status == 403, description));
    }
    exam.record(&SIGN_IN, verdict);
    Ok(())
}
