//! The headers that every answer has: looked at over everything that was answered.

use super::{
    client::Answer,
    examination::Examination,
    report::{Check, Verdict, check, expect},
};
use std::rc::Rc;

const PASS_ON: &str =
    "Let the proxy pass the headers of answers on as they came, and set none of these itself";
const NO_CORS: &str =
    "Let the proxy add no Access-Control headers: no other site has business here";

const NOSNIFF: Check = check(
    "nosniff",
    "G4",
    "Every answer says X-Content-Type-Options: nosniff",
    PASS_ON,
);
const TYPES: Check = check(
    "content_types",
    "G4",
    "Every answer with a body says what it is, and text in which letters",
    PASS_ON,
);
const REFERRER: Check = check(
    "referrer_policy",
    "G5",
    "Every answer says Referrer-Policy: same-origin",
    PASS_ON,
);
const FRAMES: Check = check(
    "x_frame_options",
    "G6",
    "Every answer says X-Frame-Options: DENY, for older browsers",
    PASS_ON,
);
const OPENER: Check = check(
    "cross_origin_opener_policy",
    "G7",
    "Every answer says Cross-Origin-Opener-Policy: same-origin",
    PASS_ON,
);
const RESOURCE: Check = check(
    "cross_origin_resource_policy",
    "F8",
    "Every answer says Cross-Origin-Resource-Policy: same-origin",
    PASS_ON,
);
const CORS: Check = check(
    "no_cors",
    "F7",
    "No answer opens itself to another origin by CORS",
    NO_CORS,
);
const REQUEST_ID: Check = check(
    "request_id",
    "H5",
    "Every answer carries the id under which the log has its details",
    PASS_ON,
);
const GENERIC: Check = check(
    "failures_are_generic",
    "H5",
    "No failure tells of the inside of the server",
    "Let the proxy show the server's own failures; install an unchanged release",
);
const TOKEN_IN_BODY: Check = check(
    "token_in_no_body",
    "C16",
    "No token is in the body of any answer",
    "Install an unchanged release, and let the proxy echo no headers",
);
const TOKEN_IN_HEADER: Check = check(
    "token_in_no_url",
    "C15",
    "No token is in a Location or any header but Set-Cookie",
    "Let the proxy rewrite no addresses, and echo no headers",
);
const PASSWORD: Check = check(
    "password_in_no_answer",
    "B5",
    "The password comes back in no answer",
    "Let the proxy echo no forms; install an unchanged release",
);

pub const CHECKS: &[&Check] = &[
    &NOSNIFF,
    &TYPES,
    &REFERRER,
    &FRAMES,
    &OPENER,
    &RESOURCE,
    &CORS,
    &REQUEST_ID,
    &GENERIC,
    &TOKEN_IN_BODY,
    &TOKEN_IN_HEADER,
    &PASSWORD,
];

pub fn look_back(exam: &mut Examination) {
    let answers = exam.client.own_answers();
    for (check, name, value) in [
        (&NOSNIFF, "x-content-type-options", "nosniff"),
        (&REFERRER, "referrer-policy", "same-origin"),
        (&FRAMES, "x-frame-options", "DENY"),
        (&OPENER, "cross-origin-opener-policy", "same-origin"),
        (&RESOURCE, "cross-origin-resource-policy", "same-origin"),
    ] {
        let verdict = all(&answers, |answer| says(answer, name, value));
        exam.settle(check, verdict);
    }
    exam.settle(&TYPES, all(&answers, has_type));
    exam.settle(&CORS, all(&answers, has_no_cors));
    exam.settle(&REQUEST_ID, all(&answers, has_id));
    exam.settle(&GENERIC, all(&answers, is_generic));
    secrets(exam);
}

fn all(answers: &[Rc<Answer>], judge: impl Fn(&Answer) -> Verdict) -> Verdict {
    answers.iter().try_for_each(|answer| judge(answer))
}

fn says(answer: &Answer, name: &str, value: &str) -> Verdict {
    let holds = answer
        .only(name)
        .is_some_and(|own| own.eq_ignore_ascii_case(value));
    expect(holds, || {
        let own = match &answer.all(name)[..] {
            [] => format!("without {name}"),
            values => format!("with {name}: {}", values.join(" and ")),
        };
        format!("{}, {own}", answer.told())
    })
}

fn has_type(answer: &Answer) -> Verdict {
    if answer.body.is_empty() {
        return Ok(());
    }
    let kind = answer.only("content-type").unwrap_or_default();
    let names_letters = !kind.starts_with("text/") || kind.contains("charset=utf-8");
    let is_true = !answer.body.starts_with("<!DOCTYPE") || kind.starts_with("text/html");
    expect(!kind.is_empty() && names_letters && is_true, || {
        format!("{}, with the Content-Type “{kind}”", answer.told())
    })
}

fn has_no_cors(answer: &Answer) -> Verdict {
    let mut names = answer.headers.iter().map(|(name, _)| name);
    match names.find(|name| name.starts_with("access-control-")) {
        Some(name) => Err(format!("{}, with {name}", answer.told())),
        None => Ok(()),
    }
}

fn has_id(answer: &Answer) -> Verdict {
    let id = answer.only("x-request-id").unwrap_or_default();
    expect(id.len() == 32, || {
        format!("{}, with the x-request-id “{id}”", answer.told())
    })
}

/// Words that only the inside of a server says.
fn is_generic(answer: &Answer) -> Verdict {
    const INSIDE: [&str; 6] = [
        "panicked at",
        "sqlx",
        "SQLITE",
        "backtrace",
        ".rs:",
        "SELECT ",
    ];
    if answer.status < 400 {
        return Ok(());
    }
    let word = INSIDE.iter().find(|word| answer.body.contains(**word));
    word.map_or(Ok(()), |word| {
        Err(format!("{}, which says “{word}”", answer.told()))
    })
}

fn secrets(exam: &mut Examination) {
    // Also those answers that a proxy may have given by itself: it may have seen a token.
    let answers = exam.client.answers();
    let tokens = exam.tokens();
    let has_token = |text: &str| tokens.iter().any(|token| text.contains(token.as_str()));
    let in_body = all(&answers, |answer| {
        expect(!has_token(&answer.body), || answer.told())
    });
    // Where a token was put into the address on purpose, the answer may repeat the address.
    let own_answers = exam.client.own_answers();
    let in_header = all(&own_answers, |answer| {
        let mut headers = answer.headers.iter();
        let found = headers.find(|(name, value)| name != "set-cookie" && has_token(value));
        found.map_or(Ok(()), |(name, _)| {
            Err(format!("{}, in {name}", answer.told()))
        })
    });
    let password = exam.account.password.reveal();
    let echoes = |answer: &Answer| {
        let in_header = |(_, value): &(String, String)| value.contains(password);
        answer.body.contains(password) || answer.headers.iter().any(in_header)
    };
    let echoed = all(&answers, |answer| expect(!echoes(answer), || answer.told()));
    for token in &tokens {
        exam.report.keep_secret(token);
    }
    exam.settle(&TOKEN_IN_BODY, in_body);
    exam.settle(&TOKEN_IN_HEADER, in_header);
    exam.settle(&PASSWORD, echoed);
}
