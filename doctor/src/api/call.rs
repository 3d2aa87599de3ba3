//! Requests to the API, and what its answers say.

use crate::client::{Answer, Request};
use serde_json::Value;

pub const API: &str = "/api/v1/";
pub const ME: &str = "/api/v1/me";
pub const KEYS: &str = "/api/v1/keys";
pub const SESSIONS: &str = "/api/v1/sessions";
pub const TOKEN: &str = "/api/v1/token";
pub const REFRESH: &str = "/api/v1/token/refresh";
pub const LOGOUT: &str = "/api/v1/logout";
pub const EVENTS: &str = "/api/v1/events";
pub const DOCUMENT: &str = "/api/v1/openapi.json";

pub fn to(method: &str, path: &str) -> Request {
    Request::new(method, path).header("accept", "application/json")
}

pub fn get(path: &str) -> Request {
    to("GET", path)
}

/// A request with a token or a key.
pub fn bearer(method: &str, path: &str, credential: &str) -> Request {
    to(method, path).header("authorization", &format!("Bearer {credential}"))
}

/// The JSON of an answer; null if it is none.
pub fn json(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_default()
}

/// The code of a problem (RFC 9457); empty if the answer is none.
pub fn code(answer: &Answer) -> String {
    text(&json(answer), "code").to_owned()
}

/// A member that is a text; empty if it is none.
pub fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    object[member].as_str().unwrap_or_default()
}

/// For findings: the answer, its code and its challenge.
pub fn describe(answer: &Answer) -> String {
    let code = match code(answer).as_str() {
        "" => String::new(),
        code => format!(" {code}"),
    };
    let challenge = match answer.all("www-authenticate").join(" and ").as_str() {
        "" => String::new(),
        challenge => format!(", with WWW-Authenticate: {challenge}"),
    };
    format!("{}{code}{challenge}", answer.describe())
}

/// A parameter of the one challenge of an answer, if it is of the scheme Bearer (RFC 6750, 3).
pub fn challenge<'a>(answer: &'a Answer, wanted: &str) -> Option<&'a str> {
    let parameters = parameters(answer)?;
    let mut pairs = parameters
        .split(',')
        .filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
    Some(value.trim_matches('"'))
}

/// Whether the answer has exactly one challenge, of the scheme Bearer.
pub fn is_challenged(answer: &Answer) -> bool {
    parameters(answer).is_some()
}

fn parameters(answer: &Answer) -> Option<&str> {
    let (scheme, parameters) = answer.only("www-authenticate")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(values: &[&str]) -> Answer {
        let headers = values.iter().map(|value| {
            let name = "www-authenticate".to_owned();
            (name, (*value).to_owned())
        });
        Answer {
            headers: headers.collect(),
            ..Answer::default()
        }
    }

    #[test]
    fn challenges_are_parsed() {
        let one = with(&["Bearer realm=\"Vestibule\", error=\"invalid_token\""]);
        assert_eq!(challenge(&one, "realm"), Some("Vestibule"));
        assert_eq!(challenge(&one, "error"), Some("invalid_token"));
        assert_eq!(challenge(&one, "scope"), None);
        assert!(is_challenged(&one));
        for values in [
            &["Basic realm=\"x\""][..],
            &["Bearer"],
            &["Bearer a=b", "Basic a=b"],
            &[],
        ] {
            assert!(!is_challenged(&with(values)), "{values:?}");
        }
    }
}
