//! The life of an access key: it is made in a session, does what its scope names, and is refused once it is revoked.

use super::{
    ONE_DATABASE, PASS_ON,
    call::{self, KEYS, SESSIONS},
    opening,
};
use crate::{
    browser::Browser,
    client::{Answer, Client, NoAnswer, Request},
    encodings::hexadecimal,
    examination::Examination,
    report::{Check, Verdict, check, expect},
};
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const VERSION: &str =
    "Install an unchanged release, and let the proxy pass Authorization on as it came";

const MADE: Check = check(
    "key_made",
    "C22",
    "An access key is made in a session, has the documented form, and opens the account",
    PASS_ON,
);
const SCOPE: Check = check(
    "key_scopes",
    "C23",
    "An access key does nothing that its scopes do not name",
    VERSION,
);
const NO_KEYS: Check = check(
    "key_makes_no_keys",
    "L10",
    "An access key neither lists nor makes access keys",
    VERSION,
);
const REVOKED: Check = check(
    "key_revoked",
    "L5",
    "A revoked access key is refused at its next request",
    ONE_DATABASE,
);
const LEFT: Check = check(
    "no_key_left",
    "L5",
    "Every access key that this examination made is revoked",
    "Look for it by vestibule key list, and revoke it by vestibule key revoke ID",
);

pub const CHECKS: &[&Check] = &[&MADE, &SCOPE, &NO_KEYS, &REVOKED];

/// Checked last, even after failures.
pub const LAST: &[&Check] = &[&LEFT];

/// A key in its parts: `vst_<id>_<secret>_<checksum>`.
pub struct Key {
    pub text: String,
    pub id: String,
    pub secret: String,
}

impl Key {
    /// `None` for another form, or a wrong checksum: secret scanners would not recognise it.
    fn parse(text: &str) -> Option<Self> {
        let (id, rest) = text.strip_prefix("vst_")?.split_once('_')?;
        let (secret, _) = rest.split_once('_')?;
        // 256 bits (C22).
        let is_long = id.len() == 32 && secret.len() == 64;
        (is_long && text == assemble(id, secret)).then(|| Self {
            text: text.to_owned(),
            id: id.to_owned(),
            secret: secret.to_owned(),
        })
    }
}

/// A well-formed key of these parts, with the right checksum.
pub fn assemble(id: &str, secret: &str) -> String {
    let rest = format!("vst_{id}_{secret}");
    let checksum = hexadecimal(&Sha256::digest(&rest)[..4]);
    format!("{rest}_{checksum}")
}

/// A key that reads the account, and nothing else. `None` if none is made, or one that opens nothing.
pub async fn make(exam: &mut Examination, browser: &mut Browser) -> Result<Option<Key>, NoAnswer> {
    // By its name it is found and revoked, even if its answer is lost. Another run has another one.
    let name = format!("vestibule-doctor {}", Client::now());
    exam.unrevoked_key = Some(name.clone());
    let mut draft = json!({"name": name, "scopes": ["profile:read"], "last_day": tomorrow(exam)});
    let mut answer = browser.send(&exam.client, new_key(&draft)).await?;
    if call::code(&answer) == "last_day" {
        // Something on the way has another clock than the server.
        draft["last_day"] = Value::Null;
        answer = browser.send(&exam.client, new_key(&draft)).await?;
    }
    let why = match call::code(&answer).as_str() {
        "password_needed" => "the server wants a password that was entered even more recently",
        "too_many_keys" => "the account has as many access keys as it may have",
        _ => "",
    };
    if !why.is_empty() {
        exam.unrevoked_key = None;
        exam.report.skip_rest(CHECKS, why);
        skip_what_needs_one(exam, why);
        return Ok(None);
    }
    let key = Key::parse(call::text(&call::json(&answer), "key"));
    let (opens, seen) = match &key {
        Some(key) if answer.status == 201 => {
            let me = exam.client.send(opening(&key.text)).await?;
            (me.status == 200, call::describe(&me))
        }
        _ => (false, call::describe(&answer)),
    };
    exam.record(&MADE, expect(opens, || seen));
    if !opens {
        skip_what_needs_one(exam, "there is no access key that opens anything");
        return Ok(None);
    }
    // Its secret is on no page: that is checked on every answer.
    browser.open(&exam.client, "/account/keys").await?;
    Ok(key)
}

fn skip_what_needs_one(exam: &mut Examination, why: &str) {
    exam.report.skip_rest(OF_KEY, why);
    exam.report.skip_rest(super::forged::OF_KEY, why);
}

/// Of a key that opens something.
const OF_KEY: &[&Check] = &[&SCOPE, &NO_KEYS, &REVOKED];

fn new_key(draft: &Value) -> Request {
    call::to("POST", KEYS)
        .header("content-type", "application/json")
        .body(draft.to_string().into_bytes())
}

/// The earliest last day that a server accepts, by its own clock: a key that could not be revoked ends soon.
fn tomorrow(exam: &Examination) -> Option<String> {
    let answers = exam.client.answers();
    let date = answers
        .iter()
        .rev()
        .find_map(|answer| answer.only("date"))?;
    let now: Timestamp = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
    let tomorrow = now.checked_add(24.hours()).ok()?;
    Some(tomorrow.strftime("%Y-%m-%d").to_string())
}

/// Tries what the key must not do, revokes it, and tries it once more.
pub async fn revoke(
    exam: &mut Examination,
    browser: &mut Browser,
    key: &Key,
) -> Result<(), NoAnswer> {
    let sessions = call::bearer("GET", SESSIONS, &key.text);
    let answer = exam.client.send(sessions).await?;
    let is_refused = answer.status == 403 && call::code(&answer) == "insufficient_scope";
    exam.record(&SCOPE, expect(is_refused, || call::describe(&answer)));
    let mut verdict = Ok(());
    // Without a body, so that an operation that is reached nevertheless makes none.
    for method in ["GET", "POST"] {
        let request = call::bearer(method, KEYS, &key.text);
        let answer = exam.client.send(request).await?;
        let holds = answer.status == 403;
        verdict = verdict.and_then(|()| expect(holds, || call::describe(&answer)));
    }
    exam.record(&NO_KEYS, verdict);
    let path = format!("{KEYS}/{}", key.id);
    let ended = browser
        .send(&exam.client, call::to("DELETE", &path))
        .await?;
    let answer = exam.client.send(opening(&key.text)).await?;
    let is_refused = answer.status == 401;
    if is_refused {
        exam.unrevoked_key = None;
        exam.ended_credentials.push(key.text.clone());
    }
    exam.record(
        &REVOKED,
        expect(is_refused, || {
            let before = ended.describe();
            format!("{before}, and then {}", call::describe(&answer))
        }),
    );
    Ok(())
}

/// Revokes the key of this run, unless it was seen to be refused. For that it signs in once more.
pub async fn revoke_left(exam: &mut Examination) {
    let verdict = match exam.unrevoked_key.take() {
        Some(name) => by_name(exam, &name).await,
        None => Ok(()),
    };
    exam.record(&LEFT, verdict);
}

async fn by_name(exam: &mut Examination, name: &str) -> Verdict {
    let lives = |why: &str| format!("the key “{name}” may still be live: {why}");
    let mut browser = exam.known_browser();
    let signed_in = exam.sign_in(&mut browser).await;
    if !matches!(signed_in, Ok(Some(_))) {
        return Err(lives("the account could not be signed in again"));
    }
    for is_last in [false, true] {
        let list = browser.send(&exam.client, call::get(KEYS)).await;
        let list = list.map_err(|failure| lives(&failure.to_string()))?;
        let ids = live_ids(&list, name).ok_or_else(|| lives(&call::describe(&list)))?;
        if is_last && !ids.is_empty() {
            return Err(lives("it is on the list after it was revoked"));
        }
        for id in ids {
            let ends = call::to("DELETE", &format!("{KEYS}/{id}"));
            let ended = browser.send(&exam.client, ends).await;
            ended.map_err(|failure| lives(&failure.to_string()))?;
        }
    }
    Ok(())
}

/// The ids of the keys of this name that are not revoked; `None` if the answer is no list.
fn live_ids(answer: &Answer, name: &str) -> Option<Vec<String>> {
    let body = call::json(answer);
    let keys = body["items"].as_array()?.iter();
    let own = keys.filter(|key| key["name"] == name && key["state"] != "revoked");
    Some(own.map(|key| call::text(key, "id").to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_the_documented_form_and_its_checksum() {
        let (id, secret) = ("1".repeat(32), "a".repeat(64));
        let text = assemble(&id, &secret);
        let key = Key::parse(&text).unwrap();
        assert_eq!((key.id, key.secret), (id.clone(), secret.clone()));
        let mut changed = text.clone();
        changed.pop();
        for broken in [
            format!("{changed}g"),
            changed,
            text.replace("vst_", "key_"),
            assemble(&id, &secret[..63]),
            assemble(&id[..31], &secret),
        ] {
            assert!(Key::parse(&broken).is_none(), "{broken}");
        }
    }

    #[test]
    fn only_live_keys_of_this_run_are_left() {
        let answer = |body: &str| Answer {
            body: body.to_owned(),
            ..Answer::default()
        };
        let list = answer(
            "{\"items\": [{\"id\": \"1\", \"name\": \"run\", \"state\": \"live\"},\
             {\"id\": \"2\", \"name\": \"run\", \"state\": \"revoked\"},\
             {\"id\": \"3\", \"name\": \"backup\", \"state\": \"live\"}]}",
        );
        assert_eq!(live_ids(&list, "run"), Some(vec!["1".to_owned()]));
        assert_eq!(live_ids(&answer("{}"), "run"), None);
    }
}
