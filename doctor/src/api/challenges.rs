//! How the API refuses, checked on every answer.

use super::call::{self, API, challenge};
use crate::{
    client::Answer,
    examination::Examination,
    report::{Check, Verdict, check, expect},
};
use std::rc::Rc;

const PASS_ON: &str = "Let the proxy pass WWW-Authenticate on as it came, and ask for no password of its own at /api/v1/";

const WITHOUT: Check = check(
    "challenge_without_credential",
    "L13",
    "Without a credential the API answers 401 with a challenge that names no error (RFC 6750)",
    PASS_ON,
);
const INVALID: Check = check(
    "challenge_invalid_token",
    "L13",
    "For a token or a key that is not valid the challenge names invalid_token (RFC 6750)",
    PASS_ON,
);
const SCOPE: Check = check(
    "challenge_scope",
    "L13",
    "For a missing scope the API answers 403 with a challenge that names it (RFC 6750)",
    PASS_ON,
);
const PROBLEMS: Check = check(
    "problems",
    "L13",
    "Every refusal of the API is a problem with its status and a code (RFC 9457)",
    "Let the proxy show the server's own refusals of /api/v1/, with their Content-Type",
);

pub const CHECKS: &[&Check] = &[&WITHOUT, &INVALID, &SCOPE, &PROBLEMS];

type Judge = fn(&Answer) -> bool;

pub fn check_answers(exam: &mut Examination) {
    let mut refusals = exam.client.own_answers();
    refusals.retain(|answer| answer.path.starts_with(API) && answer.status >= 400);
    let of_401 = |sent_bearer: bool| {
        let refusals = refusals.iter();
        let found = refusals
            .filter(move |answer| answer.status == 401 && answer.sent_bearer == sent_bearer);
        found.collect::<Vec<_>>()
    };
    let lacks = |answer: &&Rc<Answer>| call::code(answer) == "insufficient_scope";
    let verdicts: [(&Check, Vec<_>, Judge); 4] = [
        (&WITHOUT, of_401(false), has_plain_challenge),
        (&INVALID, of_401(true), names_invalid_token),
        (&SCOPE, refusals.iter().filter(lacks).collect(), names_scope),
        (&PROBLEMS, refusals.iter().collect(), is_problem),
    ];
    for (check, answers, judge) in verdicts {
        if answers.is_empty() {
            exam.report.skip(check, "the API gave no such answer");
        } else {
            exam.record(check, all(&answers, judge));
        }
    }
}

fn all(answers: &[&Rc<Answer>], judge: Judge) -> Verdict {
    answers.iter().try_for_each(|answer| {
        expect(judge(answer), || {
            let kind = answer.all("content-type").join(" and ");
            format!("{}, as {kind}", call::describe(answer))
        })
    })
}

/// Without a credential there is no error to name (RFC 6750, 3.1).
fn has_plain_challenge(answer: &Answer) -> bool {
    call::is_challenged(answer) && challenge(answer, "error").is_none()
}

fn names_invalid_token(answer: &Answer) -> bool {
    challenge(answer, "error") == Some("invalid_token")
}

fn names_scope(answer: &Answer) -> bool {
    answer.status == 403
        && challenge(answer, "error") == Some("insufficient_scope")
        && challenge(answer, "scope").is_some_and(|scope| !scope.is_empty())
}

/// HEAD has no body.
fn is_problem(answer: &Answer) -> bool {
    let kind = answer.only("content-type").unwrap_or_default();
    let body = call::json(answer);
    let says = body["status"] == answer.status && !call::text(&body, "code").is_empty();
    kind == "application/problem+json" && (says || answer.method == "HEAD")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, challenge: &str) -> Answer {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Answer {
            status,
            headers: vec![
                header("www-authenticate", challenge),
                header("content-type", "application/problem+json"),
            ],
            body: format!("{{\"status\": {status}, \"code\": \"not_signed_in\"}}"),
            ..Answer::default()
        }
    }

    #[test]
    fn each_refusal_has_its_challenge() {
        let plain = answer(401, "Bearer realm=\"x\"");
        let invalid = answer(401, "Bearer realm=\"x\", error=\"invalid_token\"");
        let scope = "Bearer realm=\"x\", error=\"insufficient_scope\", scope=\"users:read\"";
        let scope = answer(403, scope);
        assert!(has_plain_challenge(&plain) && !has_plain_challenge(&invalid));
        assert!(names_invalid_token(&invalid) && !names_invalid_token(&plain));
        assert!(names_scope(&scope) && !names_scope(&invalid));
        let empty = "Bearer realm=\"x\", error=\"insufficient_scope\", scope=\"\"";
        assert!(!names_scope(&answer(403, empty)));
    }

    #[test]
    fn a_problem_has_its_type_its_status_and_a_code() {
        let problem = answer(404, "");
        assert!(is_problem(&problem));
        let page = Answer {
            headers: vec![("content-type".to_owned(), "text/html".to_owned())],
            ..answer(404, "")
        };
        assert!(!is_problem(&page));
        for body in [
            "{\"status\": 403, \"code\": \"x\"}",
            "{\"status\": 404}",
            "",
        ] {
            let body = body.to_owned();
            assert!(!is_problem(&Answer {
                body,
                ..answer(404, "")
            }));
        }
    }
}
