//! Reachability, health and clock.

use super::{
    client::{Answer, Client, NoAnswer, Request, milliseconds_between, to_the_second},
    examination::Examination,
    report::{Check, Verdict, check, expect},
};
use std::{collections::BTreeMap, rc::Rc};

const TLS: Check = check(
    "tls",
    "I1",
    "It is reached over TLS, with a certificate for its name that is believed",
    "Give the proxy a certificate for this name that has not expired, together with those between it and its authority; a private authority is named by --ca",
);
const PLAIN: Check = check(
    "plain_http",
    "I1",
    "By plain http nothing is shown: nobody answers, or leads on to https",
    "Let the proxy lead from port 80 to https and do nothing else there",
);
const HSTS: Check = check(
    "hsts",
    "G3",
    "Every answer asks browsers to come by https for at least a year",
    "Set public_url to an address with https, and let the proxy pass Strict-Transport-Security on",
);
const ALIVE: Check = check(
    "healthz",
    "J3",
    "The process says that it runs",
    "Look at the log, and start the service",
);
const READY: Check = check(
    "readyz",
    "J3",
    "The database answers",
    "Look at the log: “When the database fails” in the operations manual",
);
const ANSWERED: Check = check(
    "everything_answered",
    "J4",
    "Every request was answered",
    "Look at the logs of the server and of the proxy for what they say of the time of this run",
);
const CLOCK: Check = check(
    "clock",
    "C7",
    "Its clock differs from ours by less than a minute: sessions end by it",
    "Let NTP set the clocks of both machines",
);
const FAILURES: Check = check(
    "no_server_errors",
    "J4",
    "No request was answered with a failure of the server (5xx)",
    "Look at the proxy's log for why the server did not answer it, and in the server's for the x-request-id of the answer",
);

pub const CHECKS: &[&Check] = &[&TLS, &PLAIN, &ALIVE, &READY, &CLOCK];

/// Checked on every answer, at the end.
pub const LAST: &[&Check] = &[&HSTS, &ANSWERED, &FAILURES];

/// For `clock`: the duration of the request is part of the difference.
const MAX_SKEW_SECONDS: u64 = 60;

pub async fn examine(exam: &mut Examination) -> Result<(), NoAnswer> {
    let before = Client::now();
    let page = exam.client.send(Request::get("/login")).await?;
    if exam.client.target.is_https() {
        // The TLS handshake, with the certificate verified, came first.
        exam.record(&TLS, Ok(()));
    } else {
        let why = "the address is this machine's own, where plain http is safe";
        exam.report.skip_rest(&[&TLS, &PLAIN, &HSTS], why);
    }
    let date = page.only("date").unwrap_or_default();
    let skew = jiff::fmt::rfc2822::parse(date)
        .ok()
        .map(|date| milliseconds_between(date.timestamp(), before));
    let holds = skew.is_some_and(|skew| skew < MAX_SKEW_SECONDS * 1_000);
    exam.record(
        &CLOCK,
        expect(holds, || {
            format!("it has {date} where we have {}", to_the_second(before))
        }),
    );
    health(exam, &ALIVE, "/healthz").await?;
    health(exam, &READY, "/readyz").await?;
    plain_http(exam).await;
    Ok(())
}

async fn health(exam: &mut Examination, check: &'static Check, path: &str) -> Result<(), NoAnswer> {
    let answer = exam
        .client
        .send(Request::get(path).proxy_may_answer())
        .await?;
    match answer.status {
        401 | 403 | 404 => {
            let why = format!("the proxy keeps {path} to itself");
            exam.report.skip(check, &why);
        }
        status => {
            let holds = status == 200 && answer.body == "ok\n";
            exam.record(check, expect(holds, || answer.describe()));
        }
    }
    Ok(())
}

async fn plain_http(exam: &mut Examination) {
    let Some(plain) = exam.client.target.over_plain_http() else {
        let why = "the address has a port of its own, so browsers do not come by port 80";
        exam.report.skip(&PLAIN, why);
        return;
    };
    let answer = exam
        .client
        .send_to(&plain, Request::get("/login").proxy_may_answer())
        .await;
    let origin = exam.client.target.origin();
    exam.record(&PLAIN, leads_to_tls(answer.ok().as_deref(), &origin));
}

fn leads_to_tls(answer: Option<&Answer>, origin: &str) -> Verdict {
    let Some(answer) = answer else {
        return Ok(());
    };
    let leads_on =
        matches!(answer.status, 301 | 302 | 307 | 308) && answer.location().starts_with(origin);
    let is_refused = (400..500).contains(&answer.status);
    expect(leads_on || is_refused, || {
        format!("by http, {}", answer.describe())
    })
}

pub fn check_answers(exam: &mut Examination) {
    let answers = exam.client.own_answers();
    if exam.client.target.is_https() {
        let verdict = answers.iter().try_for_each(has_hsts);
        exam.record(&HSTS, verdict);
    }
    let unanswered = exam.client.unanswered();
    exam.record(
        &ANSWERED,
        expect(unanswered == 0, || {
            format!("{unanswered} requests were not")
        }),
    );
    match failure_rate(&exam.client.answers()) {
        Some(seen) => exam.report.lead_with(&FAILURES, seen),
        None => exam.record(&FAILURES, Ok(())),
    }
}

/// The one finding if the certificate is not trusted: no request was sent.
pub fn record_untrusted(exam: &mut Examination, failure: &NoAnswer) {
    exam.record(&TLS, Err(failure.to_string()));
}

/// The rate of failed requests (5xx), without those that a proxy may refuse by itself.
fn failure_rate(answers: &[Rc<Answer>]) -> Option<String> {
    let requested: Vec<_> = answers
        .iter()
        .filter(|answer| !answer.may_be_from_proxy && !answer.refuses_tokens())
        .collect();
    let mut failures = BTreeMap::new();
    for answer in requested.iter().filter(|answer| answer.status >= 500) {
        *failures.entry(answer.status).or_insert(0_usize) += 1;
    }
    let first = requested.iter().find(|answer| answer.status >= 500)?;
    let counts = failures
        .iter()
        .map(|(status, count)| format!("{status} to {count}"));
    let counts = counts.collect::<Vec<_>>().join(" and ");
    Some(format!(
        "The site answered {counts} of {} requests, first to {} {}",
        requested.len(),
        first.method,
        first.path
    ))
}

fn has_hsts(answer: &Rc<Answer>) -> Verdict {
    const A_YEAR: u64 = 31_536_000;
    let value = answer.only("strict-transport-security").unwrap_or_default();
    let ages = value
        .split(';')
        .filter_map(|part| part.trim().strip_prefix("max-age="));
    let age = ages.filter_map(|age| age.parse::<u64>().ok()).next();
    expect(age.is_some_and(|age| age >= A_YEAR), || {
        format!("{}, with “{value}”", answer.describe())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, location: &str) -> Answer {
        Answer {
            method: "GET".to_owned(),
            path: "/login".to_owned(),
            status,
            headers: vec![("location".to_owned(), location.to_owned())],
            may_be_from_proxy: true,
            ..Answer::default()
        }
    }

    #[test]
    fn failures_are_counted_by_status() {
        let failed = |status, may_be_from_proxy| {
            Rc::new(Answer {
                may_be_from_proxy,
                ..answer(status, "")
            })
        };
        assert_eq!(failure_rate(&[failed(200, false), failed(502, true)]), None);
        let answers = [200, 502, 303, 503, 502].map(|status| failed(status, false));
        let expected = "The site answered 502 to 2 and 503 to 1 of 5 requests, first to GET /login";
        assert_eq!(failure_rate(&answers).as_deref(), Some(expected));
    }

    #[test]
    fn plain_http_redirects_to_https_or_refuses() {
        let origin = "https://id.example.org";
        let judge = |status, location| leads_to_tls(Some(&answer(status, location)), origin);
        assert!(leads_to_tls(None, origin).is_ok(), "nobody answers");
        assert!(judge(301, "https://id.example.org/login").is_ok());
        assert!(judge(421, "").is_ok());
        assert!(judge(200, "").is_err());
        assert!(judge(303, "/login").is_err());
        assert!(judge(301, "https://evil.example/").is_err());
    }
}
