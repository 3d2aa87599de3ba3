//! The same site over HTTP/2, which browsers prefer if it is offered.
//!
//! The checks of every answer, such as headers and policies, apply to these answers too.

use super::{
    browser::{SetCookie, session_lines},
    client::{Answer, NoAnswer, Request},
    examination::{Examination, HOME, PROBE},
    report::{Check, check, expect},
};

const ALIKE: &str = "Let the proxy treat HTTP/2 as HTTP/1.1: one server block, with the same headers and the same cache";

const ANSWERS: Check = check(
    "http2_answers",
    "I1",
    "Over HTTP/2 the account signs in and its cookie opens the dashboard",
    "Let the proxy join the Cookie fields of HTTP/2 to one (RFC 9113, 8.2.3), and pass forms on",
);
const COOKIE: Check = check(
    "http2_cookie",
    "D1",
    "Over HTTP/2 the session cookie has the attributes that it has over HTTP/1.1",
    ALIKE,
);
const CLOSED: Check = check(
    "http2_closed",
    "C2",
    "Over HTTP/2 a private page leads to /login without a session",
    ALIKE,
);
const REPLAY: Check = check(
    "http2_replay",
    "C5",
    "Over HTTP/2 a copy of the cookie opens nothing after signing out",
    ALIKE,
);

pub const CHECKS: &[&Check] = &[&ANSWERS, &COOKIE, &CLOSED, &REPLAY];

pub async fn examine(exam: &mut Examination) -> Result<(), NoAnswer> {
    if !exam.client.target.is_https() {
        exam.report
            .skip_rest(CHECKS, "browsers speak HTTP/2 over TLS only");
        return Ok(());
    }
    if !exam.client.speaks_http2().await? {
        exam.report
            .skip_rest(CHECKS, "the site does not offer HTTP/2");
        return Ok(());
    }
    let anonymous = exam.client.send(Request::get(HOME).over_http2()).await?;
    exam.record(
        &CLOSED,
        expect(is_refused(&anonymous), || describe(&anonymous)),
    );
    let over_http1 = attributes(&exam.client.answers());
    let mut browser = exam.known_browser();
    let form = Request::form("/api/login", &[]).over_http2();
    let Some(answer) = exam.sign_in_by(&mut browser, form, &[]).await? else {
        return Ok(());
    };
    let own = attributes(std::slice::from_ref(&answer));
    // Attributes that are also wrong over HTTP/1.1 are findings of other checks.
    exam.record(
        &COOKIE,
        expect(own == over_http1, || own.unwrap_or_default()),
    );
    let page = browser
        .send(&exam.client, Request::get(HOME).over_http2())
        .await?;
    exam.record(&ANSWERS, expect(page.status == 200, || describe(&page)));
    let Some(copy) = browser.session() else {
        return Ok(());
    };
    browser.submit(&exam.client, "/api/logout", &[]).await?;
    let mut verdict = Ok(());
    for path in [HOME, PROBE] {
        let replay = Request::get(path).header("cookie", &copy.pair());
        let answer = exam.client.send(replay.over_http2()).await?;
        verdict = verdict.and_then(|()| expect(is_refused(&answer), || describe(&answer)));
    }
    exam.record(&REPLAY, verdict);
    Ok(())
}

fn is_refused(answer: &Answer) -> bool {
    answer.status == 303 && answer.location().starts_with("/login") && answer.body.is_empty()
}

fn describe(answer: &Answer) -> String {
    format!("over HTTP/2 {}", answer.describe())
}

/// The first line that starts a session without "stay signed in", without its token.
fn attributes(answers: &[std::rc::Rc<Answer>]) -> Option<String> {
    let lines = answers.iter().flat_map(|answer| session_lines(answer));
    let mut begun = lines.filter(|line| !line.clears());
    begun.next().as_ref().map(SetCookie::describe)
}
