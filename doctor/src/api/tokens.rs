//! The life of an access token: it begins with a session, and ends with it.

use super::{
    ONE_DATABASE, PASS_ON,
    call::{self, LOGOUT, REFRESH, TOKEN},
    opening,
};
use crate::{
    browser::Browser,
    client::{Answer, NoAnswer, Request},
    examination::{Examination, PROBE},
    report::{Check, check, expect},
};
use serde_json::Value;

const ISSUED: Check = check(
    "token_issued",
    "L1",
    "A session gets an access token that opens its account",
    PASS_ON,
);
const KEEPS_COOKIE: Check = check(
    "refresh_keeps_cookie",
    "L3",
    "A new access token sets no cookie: several tabs sign nobody out",
    "Let the proxy add no Set-Cookie to answers of /api/v1/",
);
const DIES: Check = check(
    "token_dies_with_session",
    "L5",
    "After signing out the access token of the session is refused at its next request",
    ONE_DATABASE,
);
const NO_REFRESH: Check = check(
    "refresh_needs_live_session",
    "L5",
    "After signing out a copy of the cookie gets no access token",
    ONE_DATABASE,
);
const BY_PASSWORD: Check = check(
    "token_by_password",
    "L9",
    "A first-party page signs in by /api/v1/token, and gets a session and its token",
    PASS_ON,
);
const REPLACES_NONE: Check = check(
    "token_replaces_no_session",
    "L9",
    "With a live session in the browser /api/v1/token signs nobody in",
    "Let the proxy pass the cookie on with requests to /api/v1/token; install an unchanged release",
);
const SIGN_OUT: Check = check(
    "api_sign_out",
    "L5",
    "Signing out with an access token ends its session: the cookie and the token are refused",
    ONE_DATABASE,
);

pub const CHECKS: &[&Check] = &[
    &ISSUED,
    &KEEPS_COOKIE,
    &DIES,
    &NO_REFRESH,
    &REPLACES_NONE,
    &BY_PASSWORD,
    &SIGN_OUT,
];

/// Of the token that a session has got.
const OF_SESSION: &[&Check] = &[&KEEPS_COOKIE, &DIES, &NO_REFRESH];

/// A token of the browser's session; `None` if it gets none, or one that opens nothing.
pub async fn issue(
    exam: &mut Examination,
    browser: &mut Browser,
) -> Result<Option<String>, NoAnswer> {
    let answer = browser
        .send(&exam.client, call::to("POST", REFRESH))
        .await?;
    if answer.refuses_tokens() {
        let why = "the server issues no access tokens: it has no sealing key";
        exam.report
            .skip_rest(&[&ISSUED, &BY_PASSWORD, &SIGN_OUT], why);
        skip_what_needs_one(exam, why);
        return Ok(None);
    }
    let token = token_in(&answer);
    let (opens, seen) = match &token {
        Some(token) => {
            let me = exam.client.send(opening(token)).await?;
            let kind = call::json(&me)["credential"]["kind"] == "access_token";
            (me.status == 200 && kind, call::describe(&me))
        }
        None => (false, call::describe(&answer)),
    };
    exam.record(&ISSUED, expect(opens, || seen));
    if !opens {
        skip_what_needs_one(exam, "there is no access token that opens anything");
        return Ok(None);
    }
    let sets = answer.all("set-cookie");
    exam.record(
        &KEEPS_COOKIE,
        expect(sets.is_empty(), || {
            format!("{}, with a Set-Cookie", answer.describe())
        }),
    );
    Ok(token)
}

fn skip_what_needs_one(exam: &mut Examination, why: &str) {
    exam.report.skip_rest(OF_SESSION, why);
    exam.report.skip_rest(super::published::OF_TOKEN, why);
    exam.report.skip_rest(super::forged::OF_TOKEN, why);
    exam.report.skip_rest(super::misplaced::OF_TOKEN, why);
}

/// The token of a successful answer (RFC 6749, 5.1).
fn token_in(answer: &Answer) -> Option<String> {
    let body: Value = call::json(answer);
    let is_bearer = call::text(&body, "token_type").eq_ignore_ascii_case("bearer");
    let lives = body["expires_in"].as_u64().is_some_and(|lives| lives > 0);
    let token = call::text(&body, "access_token");
    let is_issued = answer.status == 200 && is_bearer && lives && !token.is_empty();
    is_issued.then(|| token.to_owned())
}

/// Signs the browser out by the form of the pages, and tries what its session gave once more.
pub async fn end(
    exam: &mut Examination,
    mut browser: Browser,
    token: Option<&str>,
) -> Result<(), NoAnswer> {
    let mut copy = browser.clone();
    browser.submit(&exam.client, "/api/logout", &[]).await?;
    let Some(token) = token else {
        return Ok(());
    };
    let answer = exam.client.send(opening(token)).await?;
    if answer.status == 401 {
        exam.ended_credentials.push(token.to_owned());
    }
    exam.record(
        &DIES,
        expect(answer.status == 401, || call::describe(&answer)),
    );
    let answer = copy.send(&exam.client, call::to("POST", REFRESH)).await?;
    exam.record(
        &NO_REFRESH,
        expect(answer.status == 401, || call::describe(&answer)),
    );
    Ok(())
}

/// Signs in by the API, and out by the token: the cookie has to end too.
pub async fn by_password(exam: &mut Examination) -> Result<(), NoAnswer> {
    replaces_no_session(exam).await?;
    if exam.refusal().is_some() {
        return Ok(());
    }
    let mut browser = exam.known_browser();
    let answer = browser.send(&exam.client, sign_in(exam)).await?;
    if answer.refuses_tokens() {
        return Ok(());
    }
    let (Some(token), Some(session)) = (token_in(&answer), browser.session()) else {
        exam.record(&BY_PASSWORD, Err(call::describe(&answer)));
        let why = "nobody was signed in by the API";
        exam.report.skip(&SIGN_OUT, why);
        return Ok(());
    };
    exam.record(&BY_PASSWORD, Ok(()));
    let ends = call::bearer("POST", LOGOUT, &token);
    let answer = exam.client.send(ends).await?;
    let lives = exam.is_live(&session).await?;
    if !lives {
        exam.record_ended(&session, PROBE);
    }
    let opens = exam.client.send(opening(&token)).await?;
    let seen = || match (lives, opens.status) {
        (true, _) => format!("{}, and the cookie opens pages", call::describe(&answer)),
        (false, 401) => call::describe(&answer),
        (false, _) => format!("afterwards {}", call::describe(&opens)),
    };
    if opens.status == 401 {
        exam.ended_credentials.push(token.clone());
    }
    let holds = answer.status == 204 && !lives && opens.status == 401;
    exam.record(&SIGN_OUT, expect(holds, seen));
    Ok(())
}

async fn replaces_no_session(exam: &mut Examination) -> Result<(), NoAnswer> {
    let Some(mut browser) = exam.signed_in().await? else {
        return Ok(());
    };
    let Some(session) = browser.session() else {
        return Ok(());
    };
    let answer = browser.send(&exam.client, sign_in(exam)).await?;
    let lives = exam.recheck_session(&session).await?;
    let is_refused = answer.status == 409 && answer.all("set-cookie").is_empty();
    exam.record(
        &REPLACES_NONE,
        expect(is_refused && lives, || call::describe(&answer)),
    );
    Ok(())
}

/// The form of OAuth's password grant, with the right password.
pub fn sign_in(exam: &Examination) -> Request {
    let [name, password] = exam.credentials();
    let fields = [("grant_type", "password"), name, password];
    Request::form(TOKEN, &fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_taken_from_a_complete_answer_only() {
        let answer = |status, body: &str| Answer {
            status,
            body: body.to_owned(),
            ..Answer::default()
        };
        let whole = "{\"access_token\":\"t\",\"token_type\":\"bearer\",\"expires_in\":300}";
        assert_eq!(token_in(&answer(200, whole)).as_deref(), Some("t"));
        assert_eq!(token_in(&answer(401, whole)), None);
        for broken in [
            whole.replace("bearer", "mac"),
            whole.replace("300", "0"),
            whole.replace("300", "\"300\""),
            whole.replace("\"t\"", "\"\""),
            String::new(),
        ] {
            assert_eq!(token_in(&answer(200, &broken)), None, "{broken}");
        }
    }
}
