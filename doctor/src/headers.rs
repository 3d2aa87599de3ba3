//! The headers of every answer.

use super::{
    client::Answer,
    examination::Examination,
    report::{Check, Verdict, check, expect},
    target::Target,
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
const LINKS: Check = check(
    "links_lead_here",
    "G1",
    "No Link header asks browsers to load anything from another site",
    "Let the proxy add no Link headers (early hints, preloads)",
);
const WORKER: Check = check(
    "no_service_worker_allowed",
    "G1",
    "No answer lets a service worker take over the site (Service-Worker-Allowed)",
    "Let the proxy add no Service-Worker-Allowed",
);
const NO_TRANSFORM: Check = check(
    "no_transform",
    "G10",
    "Every page asks by Cache-Control: no-transform to be passed on unchanged",
    "Let the proxy pass Cache-Control on as it came",
);
const VERSION: Check = check(
    "no_server_version",
    "H5",
    "No answer names the version of a server",
    "Turn it off at the proxy (server_tokens off in nginx), so that it need not be guessed which holes it has",
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
    &LINKS,
    &WORKER,
    &NO_TRANSFORM,
    &VERSION,
];

pub fn check_answers(exam: &mut Examination) {
    let answers = exam.client.own_answers();
    for (check, name, value) in [
        (&NOSNIFF, "x-content-type-options", "nosniff"),
        (&REFERRER, "referrer-policy", "same-origin"),
        (&FRAMES, "x-frame-options", "DENY"),
        (&OPENER, "cross-origin-opener-policy", "same-origin"),
        (&RESOURCE, "cross-origin-resource-policy", "same-origin"),
    ] {
        let verdict = all(&answers, |answer| has_value(answer, name, value));
        exam.record(check, verdict);
    }
    exam.record(&TYPES, all(&answers, has_type));
    exam.record(&CORS, all(&answers, has_no_cors));
    exam.record(&REQUEST_ID, all(&answers, has_id));
    exam.record(&GENERIC, all(&answers, is_generic));
    let target = exam.client.target.clone();
    exam.record(&LINKS, all(&answers, |answer| links_here(answer, &target)));
    exam.record(&WORKER, all(&answers, allows_no_worker));
    exam.record(&NO_TRANSFORM, all(&answers, forbids_changes));
    // No promise covers it, so it is a note.
    exam.report
        .note(&VERSION, all(&exam.client.answers(), names_no_version));
}

fn all(answers: &[Rc<Answer>], judge: impl Fn(&Answer) -> Verdict) -> Verdict {
    answers.iter().try_for_each(|answer| judge(answer))
}

fn has_value(answer: &Answer, name: &str, value: &str) -> Verdict {
    let holds = answer
        .only(name)
        .is_some_and(|own| own.eq_ignore_ascii_case(value));
    expect(holds, || {
        let own = match &answer.all(name)[..] {
            [] => format!("without {name}"),
            values => format!("with {name}: {}", values.join(" and ")),
        };
        format!("{}, {own}", answer.describe())
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
        format!("{}, with the Content-Type “{kind}”", answer.describe())
    })
}

/// The operator may have named origins for the API. Its answers then have other headers of CORS too, which permit nothing
/// without this one.
fn has_no_cors(answer: &Answer) -> Verdict {
    let opens = if answer.path.starts_with("/api/v1/") {
        "access-control-allow-origin"
    } else {
        "access-control-"
    };
    let mut names = answer.headers.iter().map(|(name, _)| name);
    match names.find(|name| name.starts_with(opens)) {
        Some(name) => Err(format!("{}, with {name}", answer.describe())),
        None => Ok(()),
    }
}

fn has_id(answer: &Answer) -> Verdict {
    let id = answer.only("x-request-id").unwrap_or_default();
    expect(id.len() == 32, || {
        format!("{}, with the x-request-id “{id}”", answer.describe())
    })
}

/// Words that only internals of a server use.
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
        Err(format!("{}, which says “{word}”", answer.describe()))
    })
}

/// `Link: <address>; rel=preload, <address>; …`.
fn links_here(answer: &Answer, target: &Target) -> Verdict {
    let links = answer.all("link").join(", ");
    let addresses = links.split('<').skip(1);
    let mut addresses = addresses.filter_map(|rest| rest.split('>').next());
    let foreign = addresses.find(|address| !target.is_same_origin(address));
    foreign.map_or(Ok(()), |address| {
        Err(format!("{}, with a Link to {address}", answer.describe()))
    })
}

fn allows_no_worker(answer: &Answer) -> Verdict {
    let scope = answer.all("service-worker-allowed").join(", ");
    expect(scope.is_empty(), || {
        format!(
            "{}, with Service-Worker-Allowed: {scope}",
            answer.describe()
        )
    })
}

fn forbids_changes(answer: &Answer) -> Verdict {
    let policy = answer.all("cache-control").join(", ");
    let says_so = policy.split(',').any(|word| word.trim() == "no-transform");
    expect(!answer.is_document() || says_so, || {
        format!("{}, with the Cache-Control “{policy}”", answer.describe())
    })
}

fn names_no_version(answer: &Answer) -> Verdict {
    let products = ["server", "x-powered-by"].map(|name| answer.all(name).join(", "));
    let version = products
        .iter()
        .find(|product| product.contains(|c: char| c.is_ascii_digit()));
    version.map_or(Ok(()), |product| {
        Err(format!("{}, by “{product}”", answer.describe()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(name: &str, value: &str) -> Answer {
        Answer {
            headers: vec![(name.to_owned(), value.to_owned())],
            ..Answer::default()
        }
    }

    #[test]
    fn link_headers_to_other_sites_are_found() {
        let target = Target::example("https://id.example.org");
        let judged = |value| links_here(&answer("link", value), &target);
        assert_eq!(judged("</pkg/x.js>; rel=preload; as=script"), Ok(()));
        let both = "</pkg/x.js>; rel=preload, <https://evil.test/x.js>; rel=preload";
        assert!(judged(both).is_err());
        assert!(judged("<//evil.test>; rel=preconnect").is_err());
    }

    #[test]
    fn versions_in_product_headers_are_found() {
        assert!(names_no_version(&answer("server", "nginx")).is_ok());
        assert!(names_no_version(&answer("server", "nginx/1.14.0")).is_err());
        assert!(names_no_version(&answer("x-powered-by", "PHP/8.1")).is_err());
    }
}
