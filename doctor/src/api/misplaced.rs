//! Tokens and keys where they do not count: at what takes a cookie, beside the cookie of another session, outside of the
//! one header.

use super::{
    call::{self, EVENTS, ME, REFRESH},
    keys::Key,
};
use crate::{
    browser::Browser,
    client::{NoAnswer, Request},
    examination::{Examination, HOME},
    report::{Check, check, expect},
};

const ONE_HEADER: &str = "Let the proxy pass Authorization and Cookie on as they came, and make neither out of the other or out of a query";

const COOKIE_ONLY: Check = check(
    "cookie_only",
    "L1",
    "Neither a token nor a key gets a new token or follows a session: that takes the cookie",
    ONE_HEADER,
);
const NO_PAGE: Check = check(
    "bearer_opens_no_page",
    "L7",
    "Neither a token nor a key opens a page or calls a function of the pages",
    ONE_HEADER,
);
const ONE_PLACE: Check = check(
    "bearer_in_one_header",
    "L7",
    "A token in the query, or in one of two Authorization headers, does not count",
    ONE_HEADER,
);
const BESIDE_COOKIE: Check = check(
    "token_beside_cookie",
    "L7",
    "A token beside the cookie of another session is refused, and beside its own it counts",
    ONE_HEADER,
);

pub const CHECKS: &[&Check] = &[&COOKIE_ONLY, &NO_PAGE, &ONE_PLACE, &BESIDE_COOKIE];

/// Of a token that opens something.
pub const OF_TOKEN: &[&Check] = &[&ONE_PLACE, &BESIDE_COOKIE];

/// `owner` has the session of the token.
pub async fn examine(
    exam: &mut Examination,
    owner: &Browser,
    token: Option<&str>,
    key: Option<&Key>,
) -> Result<(), NoAnswer> {
    let key = key.map(|key| key.text.as_str());
    let credentials: Vec<_> = token.into_iter().chain(key).collect();
    if credentials.is_empty() {
        let why = "there is neither a token nor a key";
        exam.report.skip_rest(CHECKS, why);
        return Ok(());
    }
    where_a_cookie_belongs(exam, &credentials).await?;
    match token {
        Some(token) => {
            outside_of_the_header(exam, token).await?;
            beside_a_cookie(exam, owner, token).await
        }
        None => Ok(()),
    }
}

async fn where_a_cookie_belongs(
    exam: &mut Examination,
    credentials: &[&str],
) -> Result<(), NoAnswer> {
    let (mut operations, mut pages) = (Ok(()), Ok(()));
    for &credential in credentials {
        // Of the stream only the head: it has no end.
        for (method, path) in [("POST", REFRESH), ("HEAD", EVENTS)] {
            let request = call::bearer(method, path, credential);
            let answer = exam.client.send(request).await?;
            let is_refused = matches!(answer.status, 401 | 403);
            operations = operations.and_then(|()| expect(is_refused, || call::describe(&answer)));
        }
        let value = format!("Bearer {credential}");
        let page = Request::get(HOME).header("authorization", &value);
        // No form, so that a function that is reached nevertheless refuses it and changes nothing.
        let function = Request::new("POST", "/api/update_profile")
            .header("content-type", "text/plain")
            .header("sec-fetch-site", "same-origin")
            .header("authorization", &value)
            .body(b"x".to_vec());
        for (request, status) in [(page, 303), (function, 401)] {
            let answer = exam.client.send(request).await?;
            let is_refused = answer.status == status;
            pages = pages.and_then(|()| expect(is_refused, || answer.describe()));
        }
    }
    exam.record(&COOKIE_ONLY, operations);
    exam.record(&NO_PAGE, pages);
    Ok(())
}

/// A proxy may log addresses. The session of this token ends in a moment, and the token with it.
async fn outside_of_the_header(exam: &mut Examination, token: &str) -> Result<(), NoAnswer> {
    let twice = call::bearer("GET", ME, token).header("authorization", &format!("Bearer {token}"));
    let requests = [
        call::get(&format!("{ME}?access_token={token}")),
        call::get(ME).header("x-access-token", token),
        twice,
    ];
    let mut verdict = Ok(());
    for request in requests {
        // A proxy refuses two of the header by itself. The answer may repeat the address.
        let answer = exam
            .client
            .send_unless_closed(request.proxy_may_answer())
            .await?;
        let Some(answer) = answer else {
            continue;
        };
        let is_refused = (400..500).contains(&answer.status);
        verdict = verdict.and_then(|()| {
            expect(is_refused, || {
                format!(
                    "GET {ME} with such a token was answered with {}",
                    answer.status
                )
            })
        });
    }
    exam.record(&ONE_PLACE, verdict);
    Ok(())
}

async fn beside_a_cookie(
    exam: &mut Examination,
    owner: &Browser,
    token: &str,
) -> Result<(), NoAnswer> {
    let Some(other) = exam.signed_in().await? else {
        return Ok(());
    };
    let mut verdict = Ok(());
    for (browser, whose, status) in [(owner, "its own", 200), (&other, "another", 401)] {
        let cookie = browser.session().map(|session| session.pair());
        let request = call::bearer("GET", ME, token).maybe("cookie", cookie.as_deref());
        let answer = exam.client.send(request).await?;
        verdict = verdict.and_then(|()| {
            expect(answer.status == status, || {
                let seen = call::describe(&answer);
                format!("beside the cookie of {whose} session {seen}")
            })
        });
    }
    exam.record(&BESIDE_COOKIE, verdict);
    Ok(())
}
