//! Other sites and the API: no permission by CORS, and no operation by the cookie of a visitor.

use super::{
    call::{self, LOGOUT, ME, REFRESH, SESSIONS, TOKEN},
    published::{JWKS, METADATA},
    tokens::sign_in,
};
use crate::{
    client::{Answer, NoAnswer, Request},
    examination::Examination,
    report::{Check, Verdict, check, expect},
};

const PASS_ON: &str = "Let the proxy pass Origin and Sec-Fetch-Site on as they came";

const NO_CORS: Check = check(
    "api_no_cors",
    "F7",
    "No origin that the server does not know is permitted to read the API, or anything else (CORS)",
    "Let the proxy add no Access-Control headers; name origins in [api] allowed_origins, one by one",
);
const REFRESH_FORGED: Check = check(
    "forged_refresh",
    "F1",
    "Another site gets no access token for the cookie of a visitor",
    PASS_ON,
);
const SIGN_OUT_FORGED: Check = check(
    "forged_api_sign_out",
    "F1",
    "Another site cannot sign a visitor out by the API",
    PASS_ON,
);
const SIGN_IN_FORGED: Check = check(
    "forged_api_sign_in",
    "L9",
    "Another site cannot sign anybody in by /api/v1/token",
    PASS_ON,
);

pub const CHECKS: &[&Check] = &[&NO_CORS, &REFRESH_FORGED, &SIGN_OUT_FORGED, &SIGN_IN_FORGED];

const EVIL: &str = "https://evil.example";

/// What browsers send for a script or a form of another site.
const FOREIGN: [(&str, &str); 4] = [
    ("origin", EVIL),
    ("origin", "null"),
    ("sec-fetch-site", "cross-site"),
    ("sec-fetch-site", "same-site"),
];

pub async fn examine(exam: &mut Examination) -> Result<(), NoAnswer> {
    no_permission(exam).await?;
    for (check, path) in [(&REFRESH_FORGED, REFRESH), (&SIGN_OUT_FORGED, LOGOUT)] {
        by_cookie(exam, check, path).await?;
    }
    by_password(exam).await
}

/// Preflights, and requests with the cookie of a visitor: as browsers send them for a script.
async fn no_permission(exam: &mut Examination) -> Result<(), NoAnswer> {
    let Some(session) = exam.signed_in().await?.and_then(|own| own.session()) else {
        return Ok(());
    };
    let mut verdict = Ok(());
    for origin in [EVIL, "null"] {
        for path in [ME, SESSIONS, TOKEN, REFRESH, LOGOUT, JWKS, METADATA] {
            let asks = Request::new("OPTIONS", path)
                .header("origin", origin)
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "authorization");
            // A proxy may refuse it by itself.
            let answer = exam
                .client
                .send_unless_closed(asks.proxy_may_answer())
                .await?;
            verdict = verdict.and_then(|()| answer.map_or(Ok(()), |answer| permits_none(&answer)));
        }
        for path in [ME, JWKS, METADATA, "/login", "/dashboard"] {
            let reads = Request::get(path)
                .header("origin", origin)
                .header("cookie", &session.pair());
            let answer = exam.client.send(reads).await?;
            verdict = verdict.and_then(|()| permits_none(&answer));
        }
    }
    exam.record(&NO_CORS, verdict);
    Ok(())
}

/// Without this header all others of CORS permit nothing (Fetch, CORS check).
fn permits_none(answer: &Answer) -> Verdict {
    let permitted = answer.all("access-control-allow-origin").join(", ");
    expect(permitted.is_empty(), || {
        format!(
            "{}, with Access-Control-Allow-Origin: {permitted}",
            answer.describe()
        )
    })
}

/// Each is refused, and the session of the visitor lives on.
async fn by_cookie(
    exam: &mut Examination,
    check: &'static Check,
    path: &str,
) -> Result<(), NoAnswer> {
    let mut verdict = Ok(());
    for (name, value) in FOREIGN {
        let Some(session) = exam.signed_in().await?.and_then(|own| own.session()) else {
            return Ok(());
        };
        let forged = call::to("POST", path)
            .header(name, value)
            .header("cookie", &session.pair());
        let answer = exam.client.send(forged).await?;
        let lives = exam.recheck_session(&session).await?;
        verdict = verdict.and_then(|()| {
            expect(lives && answer.status == 403, || {
                let end = if lives { "" } else { ", and the session ended" };
                format!("{} for {name}: {value}{end}", call::describe(&answer))
            })
        });
    }
    exam.record(check, verdict);
    Ok(())
}

/// With the right password, so that no refused attempt is counted if the server carries it out.
async fn by_password(exam: &mut Examination) -> Result<(), NoAnswer> {
    if exam.signed_in().await?.is_none() {
        return Ok(());
    }
    let mut verdict = Ok(());
    for (name, value) in FOREIGN {
        let answer = exam.client.send(sign_in(exam).header(name, value)).await?;
        let is_refused = answer.status == 403 && answer.all("set-cookie").is_empty();
        verdict = verdict.and_then(|()| {
            expect(is_refused, || {
                format!("{} for {name}: {value}", call::describe(&answer))
            })
        });
    }
    exam.record(&SIGN_IN_FORGED, verdict);
    Ok(())
}
