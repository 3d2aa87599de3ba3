//! The events that an open page receives about its session.

use super::{
    browser::SessionCookie,
    client::{NoAnswer, Request, TIMEOUT},
    examination::Examination,
    report::{Check, Verdict, check, expect},
};
use std::time::Duration;

const PASS_ON: &str =
    "Let the proxy pass Origin and Sec-Fetch-Site on as they came, and keep no answers";
const AT_ONCE: &str = "Let the proxy hand text/event-stream on as it comes (proxy_buffering off in nginx, flush_interval -1 in Caddy)";

const OWN_PAGES: Check = check(
    "events_for_own_pages",
    "F9",
    "No page of another site can watch a session",
    PASS_ON,
);
const NEED_SESSION: Check = check(
    "events_need_a_session",
    "F9",
    "Without a live session there is nothing to watch",
    PASS_ON,
);
const BEGIN: Check = check(
    "events_come_at_once",
    "E5",
    "An open page hears how long its session lives, and nothing on the way holds that back",
    AT_ONCE,
);
const END: Check = check(
    "events_tell_the_end",
    "E5",
    "An open page hears at once that its session has ended",
    AT_ONCE,
);

pub const CHECKS: &[&Check] = &[&NEED_SESSION, &OWN_PAGES, &BEGIN, &END];

const PATH: &str = "/session/events";

/// The promise is one second; the rest is for slow lines.
const EVENT_TIMEOUT: Duration = Duration::from_secs(5);

fn stream_request(session: Option<&SessionCookie>) -> Request {
    let pair = session.map(SessionCookie::pair);
    Request::new("GET", PATH)
        .header("accept", "text/event-stream")
        .maybe("cookie", pair.as_deref())
}

pub async fn examine(exam: &mut Examination) -> Result<(), NoAnswer> {
    let mut browser = exam.known_browser();
    if exam.sign_in(&mut browser).await?.is_none() {
        return Ok(());
    }
    let Some(session) = browser.session() else {
        return Ok(());
    };
    let mut verdict = Ok(());
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let request = stream_request(Some(&session)).header(name, value);
        let refused = is_refused(exam, request).await?;
        verdict = verdict.and(refused.map_err(|seen| format!("{seen} for {name}: {value}")));
    }
    exam.record(&OWN_PAGES, verdict);
    let own = stream_request(Some(&session)).header("sec-fetch-site", "same-origin");
    let opened = exam.client.open_stream(own, EVENT_TIMEOUT).await;
    let mut events = match opened {
        Ok((answer, mut events)) => {
            let begins = events.read_until("event: session", EVENT_TIMEOUT).await;
            exam.record(&BEGIN, expect(begins, || describe(&answer.describe())));
            begins.then_some(events)
        }
        Err(no_answer) => {
            exam.record(&BEGIN, Err(no_answer.to_string()));
            None
        }
    };
    browser.submit(&exam.client, "/api/logout", &[]).await?;
    match &mut events {
        Some(events) => {
            let ends = events.read_until("event: ended", EVENT_TIMEOUT).await;
            exam.record(
                &END,
                expect(ends, || describe("the session was signed out")),
            );
        }
        None => exam.report.skip(&END, "nothing was heard before"),
    }
    let anonymous = is_refused(exam, stream_request(None)).await?;
    let dead = is_refused(exam, stream_request(Some(&session))).await?;
    exam.record(&NEED_SESSION, anonymous.and(dead));
    Ok(())
}

fn describe(before: &str) -> String {
    let seconds = EVENT_TIMEOUT.as_secs();
    format!("{before}, and nothing was said of it in {seconds} s")
}

/// Only the head is read: an answer that is no refusal has no end.
async fn is_refused(exam: &Examination, request: Request) -> Result<Verdict, NoAnswer> {
    let (answer, _) = exam.client.open_stream(request, TIMEOUT).await?;
    let refused = (400..500).contains(&answer.status);
    Ok(expect(refused, || answer.describe()))
}
