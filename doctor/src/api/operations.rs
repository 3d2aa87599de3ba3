//! Every operation of the API, without a credential.

use super::call::{self, API, DOCUMENT, LOGOUT, ME, TOKEN};
use crate::{
    client::{Answer, NoAnswer},
    examination::Examination,
    report::{Check, check, expect},
};

const CLOSED: Check = check(
    "operations_need_a_credential",
    "L8",
    "Without a credential every operation of the API answers 401, but for signing in and out",
    "Install an unchanged release, and let the proxy add no Authorization or Cookie of its own",
);

pub const CHECKS: &[&Check] = &[&CLOSED];

/// Signing in and out needs no credential; the operator may publish the document.
const PUBLIC: [&str; 3] = [TOKEN, LOGOUT, DOCUMENT];

/// An id that nobody has.
const UNKNOWN: &str = "00000000-0000-7000-8000-000000000000";

pub async fn examine(exam: &mut Examination) -> Result<(), NoAnswer> {
    let Some(mut browser) = exam.signed_in().await? else {
        return Ok(());
    };
    let document = browser.send(&exam.client, call::get(DOCUMENT)).await?;
    let operations = operations_in(&document);
    if !operations.iter().any(|(_, path)| path == ME) {
        let seen = format!("{}, which lists no operations", document.describe());
        exam.record(&CLOSED, Err(seen));
        return Ok(());
    }
    let mut verdict = Ok(());
    for (method, path) in operations {
        if PUBLIC.contains(&path.as_str()) {
            continue;
        }
        // Without a body, so that an operation that is reached nevertheless refuses it and changes nothing.
        let request = call::to(&method, &path).header("sec-fetch-site", "same-origin");
        let answer = exam.client.send(request).await?;
        verdict = verdict.and_then(|()| expect(answer.status == 401, || call::describe(&answer)));
    }
    exam.record(&CLOSED, verdict);
    Ok(())
}

/// Methods and paths, from the description of the API (OpenAPI 3.1).
fn operations_in(document: &Answer) -> Vec<(String, String)> {
    const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
    let body = call::json(document);
    let paths = body["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, item)| {
        let methods = METHODS
            .into_iter()
            .filter(|method| !item[*method].is_null());
        methods.map(|method| (method.to_ascii_uppercase(), filled(path)))
    });
    let own = operations.filter(|(_, path)| path.starts_with(API));
    own.collect()
}

/// The path with an id for each parameter in braces.
fn filled(path: &str) -> String {
    let segments = path.split('/').map(|segment| {
        if segment.starts_with('{') {
            UNKNOWN
        } else {
            segment
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operations_of_this_release_are_found() {
        let document = Answer {
            body: include_str!("../../../docs/openapi.json").to_owned(),
            ..Answer::default()
        };
        let operations = operations_in(&document);
        let has = |method: &str, path: &str| {
            let wanted = (method.to_owned(), path.to_owned());
            operations.contains(&wanted)
        };
        assert!(operations.len() >= 20, "{operations:?}");
        assert!(has("GET", ME) && has("PATCH", &format!("/api/v1/users/{UNKNOWN}")));
        assert!(has(
            "DELETE",
            &format!("/api/v1/users/{UNKNOWN}/sessions/{UNKNOWN}")
        ));
        assert_eq!(operations_in(&Answer::default()), []);
    }
}
