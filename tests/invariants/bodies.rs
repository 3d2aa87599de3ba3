//! The answer of an operation of the JSON API to a body that no client of ours has sent.

use axum::http::StatusCode;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::Value;
use std::{
    collections::HashSet,
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
};

/// An operation, and the members of its body.
#[derive(Debug)]
pub struct Operation {
    pub method: &'static str,
    /// `{id}` is that of an account.
    pub path: &'static str,
    pub required: &'static [&'static str],
    pub optional: &'static [&'static str],
    pub encoding: Encoding,
    pub success: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Json,
    /// JSON with exactly one of the members.
    JsonChoice,
    /// Unknown parameters are ignored (RFC 6749, 3.2).
    Form,
}

pub const OPERATIONS: [Operation; 5] = [
    Operation {
        method: "POST",
        path: "/api/v1/users",
        required: &["username"],
        optional: &["email", "display_name", "administrator"],
        encoding: Encoding::Json,
        success: 201,
    },
    Operation {
        method: "PATCH",
        path: "/api/v1/users/{id}",
        required: &[],
        optional: &["disabled", "administrator"],
        encoding: Encoding::JsonChoice,
        success: 200,
    },
    Operation {
        method: "POST",
        path: "/api/v1/keys",
        required: &["name", "scopes"],
        optional: &["last_day", "networks"],
        encoding: Encoding::Json,
        success: 201,
    },
    Operation {
        method: "POST",
        path: "/api/v1/introspect",
        required: &["token"],
        optional: &[],
        encoding: Encoding::Form,
        success: 200,
    },
    Operation {
        method: "POST",
        path: "/api/v1/token",
        required: &["grant_type", "username", "password"],
        optional: &["scope"],
        encoding: Encoding::Form,
        success: 200,
    },
];

/// The sender of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    Nobody,
    /// An administrator, in a session.
    Session,
    /// The same, with an access key that has every scope.
    Key,
}

pub const SENDERS: [Sender; 3] = [Sender::Session, Sender::Key, Sender::Nobody];

/// The answer of the server.
pub struct Observed<'a> {
    pub status: u16,
    pub content_type: Option<&'a str>,
    pub set_cookies: Vec<&'a str>,
    pub body: &'a [u8],
}

impl Operation {
    /// The media type of its bodies.
    pub const fn media_type(&self) -> &'static str {
        match self.encoding {
            Encoding::Json | Encoding::JsonChoice => "application/json",
            Encoding::Form => "application/x-www-form-urlencoded",
        }
    }

    fn admits(&self, sender: Sender) -> bool {
        match self.path {
            "/api/v1/token" => sender == Sender::Nobody,
            "/api/v1/introspect" => sender == Sender::Key,
            "/api/v1/keys" => sender == Sender::Session,
            _ => sender != Sender::Nobody,
        }
    }

    fn members(&self) -> impl Iterator<Item = &'static str> {
        let members = self.required.iter().chain(self.optional);
        members.copied()
    }
}

/// A success or a problem, and a success only for a sender who may, a body of this media type, and each documented
/// member at most once.
pub fn check(
    operation: &Operation,
    (sender, is_typed): (Sender, bool),
    body: &[u8],
    observed: &Observed,
) {
    let status = observed.status;
    let shown = String::from_utf8_lossy(observed.body);
    let what = format!("{operation:?} {sender:?} {status} {shown}");
    // Nobody knows the password.
    let is_sign_in = |line: &&str| line.contains("session=") && !line.contains("session=;");
    assert!(!observed.set_cookies.iter().any(is_sign_in), "{what}");
    let is_success = status < 400;
    if is_success {
        assert_eq!(status, operation.success, "{what}");
        assert_eq!(observed.content_type, Some("application/json"), "{what}");
    } else {
        check_problem(operation, body, observed, &what);
    }
    // The members were read: a rule was broken, or the password is wrong.
    let is_attempt = operation.path == "/api/v1/token" && matches!(status, 401 | 429);
    let is_read = is_success || status == 422 || is_attempt;
    if !operation.admits(sender) || !is_typed {
        assert!(!is_read, "{what}");
    } else if is_read {
        assert_members(operation, body, &what);
    }
}

/// Our own text, whatever was sent.
fn check_problem(operation: &Operation, body: &[u8], observed: &Observed, what: &str) {
    let status = observed.status;
    assert!((400..500).contains(&status), "{what}");
    let kind = observed.content_type;
    assert_eq!(kind, Some("application/problem+json"), "{what}");
    let problem: Value = serde_json::from_slice(observed.body).expect("JSON");
    let text = |member: &str| problem[member].as_str().unwrap_or_default();
    let code = text("code");
    let is_word = code.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'_'));
    assert!(is_word && (5..40).contains(&code.len()), "{what}");
    assert_eq!(
        text("type"),
        format!("urn:vestibule:problem:{code}"),
        "{what}"
    );
    assert_eq!(problem["status"], status, "{what}");
    let reason = StatusCode::from_u16(status).ok();
    let reason = reason.and_then(|status| status.canonical_reason());
    assert_eq!(Some(text("title")), reason, "{what}");
    if let Some(field) = problem.get("field") {
        let is_member = operation.members().any(|member| field == member);
        assert!(is_member, "{what}");
    }
    let members = problem.as_object().map_or(0, serde_json::Map::len);
    let optional = ["field", "errors"].map(|member| usize::from(problem.get(member).is_some()));
    assert_eq!(members, 5 + optional.iter().sum::<usize>(), "{what}");
    let errors = problem["errors"].as_array().into_iter().flatten();
    let details = errors.map(|error| error["detail"].as_str().unwrap_or_default());
    for detail in details.chain([text("detail")]) {
        let is_repeated = repeats(operation, body, detail);
        assert!(!is_repeated, "it repeats a part of the body: {what}");
    }
}

/// As many bytes of a body in a text are no accident.
const PIECE: usize = 12;

/// Whether a text has a piece of the body. libFuzzer learns what the server compares, and writes it into bodies: so
/// documented names, paths, media types and scopes are left out, and the pieces are compared by their hashes here.
fn repeats(operation: &Operation, body: &[u8], text: &str) -> bool {
    let hash = |piece: &[u8]| {
        let mut hasher = DefaultHasher::new();
        piece.hash(&mut hasher);
        hasher.finish()
    };
    let without_names = |text: &str| {
        let mut text = text.to_owned();
        for member in operation.members() {
            text = text.replace(member, "\n");
        }
        text
    };
    let words = text.split(' ').filter(|word| !word.contains(['/', ':']));
    let own = without_names(&words.collect::<Vec<_>>().join(" "));
    let own: HashSet<u64> = own.as_bytes().windows(PIECE).map(hash).collect();
    let sent = String::from_utf8_lossy(body).into_owned() + "\n" + &decoded(operation, body);
    let sent = without_names(&sent);
    let mut pieces = sent.as_bytes().windows(PIECE);
    pieces.any(|piece| own.contains(&hash(piece)))
}

/// The texts in a body, without their escapes.
fn decoded(operation: &Operation, body: &[u8]) -> String {
    let mut texts = String::new();
    if operation.encoding == Encoding::Form {
        for (name, value) in url::form_urlencoded::parse(body) {
            texts.extend([&*name, "\n", &*value, "\n"]);
        }
    } else if let Ok(value) = serde_json::from_slice(body) {
        collect(&value, &mut texts);
    }
    texts
}

fn collect(value: &Value, texts: &mut String) {
    match value {
        Value::String(text) => texts.extend([text, "\n"]),
        Value::Array(values) => values.iter().for_each(|value| collect(value, texts)),
        Value::Object(members) => {
            for (name, value) in members {
                texts.extend([name, "\n"]);
                collect(value, texts);
            }
        }
        _ => {}
    }
}

/// Each member that the operation demands is in the body once, and no member is in it twice: of two, a filter in front of
/// us would have checked another one. In JSON there is no further member either.
fn assert_members(operation: &Operation, body: &[u8], what: &str) {
    let names: Vec<String> = if operation.encoding == Encoding::Form {
        let pairs = url::form_urlencoded::parse(body);
        pairs.map(|(name, _)| name.into_owned()).collect()
    } else {
        let names: Names = serde_json::from_slice(body).expect("an object");
        names.0
    };
    let shown = String::from_utf8_lossy(body);
    let times = |member: &str| names.iter().filter(|name| *name == member).count();
    for name in &names {
        assert_eq!(times(name), 1, "{name} in {shown:?}: {what}");
        let is_known = operation.members().any(|member| member == name);
        let may_be_unknown = operation.encoding == Encoding::Form;
        assert!(is_known || may_be_unknown, "{name} in {shown:?}: {what}");
    }
    for member in operation.required {
        assert_eq!(times(member), 1, "{member} in {shown:?}: {what}");
    }
    if operation.encoding == Encoding::JsonChoice {
        assert_eq!(names.len(), 1, "{shown:?}: {what}");
    }
}

/// The names of an object's members, repeated ones included.
struct Names(Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Names, M::Error> {
                let mut names = Vec::new();
                while let Some((name, _)) = map.next_entry::<String, Value>()? {
                    names.push(name);
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_map(Object)
    }
}
