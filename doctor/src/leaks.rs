//! Searches every answer for tokens and the password, verbatim and in other encodings.

use super::{
    api::issued::{self, Issued},
    browser::SetCookie,
    client::Answer,
    encodings::{base64, decode_token, hexadecimal},
    examination::Examination,
    report::{Check, Verdict, check, expect},
};
use std::rc::Rc;

const TOKEN_IN_BODY: Check = check(
    "token_in_no_body",
    "C16",
    "No token is in the body of any answer, whole or in half, plain, in base64 or in hexadecimal",
    "Install an unchanged release, and let the proxy echo no headers",
);
const TOKEN_IN_HEADER: Check = check(
    "token_in_no_url",
    "C15",
    "No token is in a Location or any header but its own Set-Cookie, in any of these spellings",
    "Let the proxy rewrite no addresses, and echo no headers",
);
const PASSWORD: Check = check(
    "password_in_no_answer",
    "B5",
    "The password comes back in no answer",
    "Let the proxy echo no forms; install an unchanged release",
);
const CREDENTIAL: Check = check(
    "credential_nowhere_else",
    "L6",
    "An access token or an access key is in the answer that issues it, and in no other body, header or cookie",
    "Install an unchanged release, and let the proxy echo no headers",
);

pub const CHECKS: &[&Check] = &[&TOKEN_IN_BODY, &TOKEN_IN_HEADER, &PASSWORD, &CREDENTIAL];

pub fn check_answers(exam: &mut Examination) {
    // Including answers that a proxy may have given by itself: it may have seen a token.
    let answers = exam.client.answers();
    let tokens = exam.tokens();
    let needles: Vec<_> = tokens.iter().map(|token| Needles::of(token)).collect();
    let has_token = |text: &str| {
        let runs = long_runs(text);
        needles.iter().any(|needles| needles.are_in(&runs))
    };
    let in_body = all(&answers, |answer| {
        expect(!has_token(&answer.body), || answer.describe())
    });
    // A request with a token in its address is excluded: the answer may repeat the address.
    let own_answers = exam.client.own_answers();
    let in_header = all(&own_answers, |answer| {
        let mut headers = answer.headers.iter();
        let found = headers.find(|(name, value)| match name.as_str() {
            "set-cookie" => {
                let runs = long_runs(SetCookie::parse(value).value);
                // A cookie may hold its own token, but none of another cookie.
                let others = needles
                    .iter()
                    .filter(|one| one.token != SetCookie::parse(value).value);
                others.into_iter().any(|needles| needles.are_in(&runs))
            }
            _ => has_token(value),
        });
        found.map_or(Ok(()), |(name, _)| {
            Err(format!("{}, in {name}", answer.describe()))
        })
    });
    let password = exam.account.password.reveal();
    let echoes = |answer: &Answer| {
        let in_header = |(_, value): &(String, String)| value.contains(password);
        answer.body.contains(password) || answer.headers.iter().any(in_header)
    };
    let echoed = all(&answers, |answer| {
        expect(!echoes(answer), || answer.describe())
    });
    for token in &tokens {
        exam.report.redact(token);
    }
    exam.record(&TOKEN_IN_BODY, in_body);
    exam.record(&TOKEN_IN_HEADER, in_header);
    exam.record(&PASSWORD, echoed);
    let all_issued = issued::in_answers(&answers);
    if all_issued.is_empty() {
        let why = "neither a token nor a key was issued";
        exam.report.skip(&CREDENTIAL, why);
    } else {
        exam.record(&CREDENTIAL, are_issued_once(&answers, &all_issued));
    }
}

/// Access tokens and keys.
fn are_issued_once(answers: &[Rc<Answer>], all_issued: &[Issued]) -> Verdict {
    let needles = |issued| (issued, Needles::of(Issued::secret(issued)));
    let all_issued: Vec<_> = all_issued.iter().map(needles).collect();
    all(answers, |answer| {
        let headers = answer.headers.iter();
        // As above: such an answer may repeat the address, which has the token.
        let headers = headers.filter(|_| !answer.may_be_from_proxy);
        let in_headers = headers.map(|(_, value)| long_runs(value));
        let in_headers = in_headers.collect::<Vec<_>>().join(" ");
        let in_body = long_runs(&answer.body);
        let found = all_issued.iter().any(|(issued, needles)| {
            let is_issuing = Rc::ptr_eq(&issued.by, answer);
            needles.are_in(&in_headers) || (!is_issuing && needles.are_in(&in_body))
        });
        expect(!found, || answer.describe())
    })
}

fn all(answers: &[Rc<Answer>], judge: impl Fn(&Rc<Answer>) -> Verdict) -> Verdict {
    answers.iter().try_for_each(judge)
}

/// Shorter strings may occur by chance, or in a name.
const MIN_CHARS: usize = 16;

/// The parts of a token in other encodings.
struct Needles<'a> {
    token: &'a str,
    encodings: Vec<String>,
}

impl<'a> Needles<'a> {
    fn of(token: &'a str) -> Self {
        let (first, second) = token.split_at(token.floor_char_boundary(token.len() / 2));
        let mut encodings = vec![
            to_standard_base64(token),
            to_standard_base64(first),
            to_standard_base64(second),
        ];
        // Its base64 depends on its offset within the encoded text: there are three.
        for offset in 0..3 {
            let padded = [&b"\0\0"[..offset], first.as_bytes()].concat();
            let encoded = base64(&padded);
            // Characters that also depend on the neighbouring bytes.
            let (before, behind) = ((offset * 8).div_ceil(6), padded.len() * 8 / 6);
            encodings.extend(encoded.get(before..behind).map(str::to_owned));
        }
        encodings.push(hexadecimal(first.as_bytes()));
        let bytes = decode_token(token).unwrap_or_default();
        encodings.push(hexadecimal(&bytes[..bytes.len() / 2]));
        let upper = |text: &String| text.to_ascii_uppercase();
        let upper: Vec<_> = encodings.iter().rev().take(2).map(upper).collect();
        encodings.extend(upper);
        encodings.retain(|one| one.len() >= MIN_CHARS);
        Self { token, encodings }
    }

    fn are_in(&self, runs: &str) -> bool {
        self.encodings.iter().any(|one| runs.contains(one.as_str()))
    }
}

/// base64url as base64.
fn to_standard_base64(text: &str) -> String {
    text.replace('-', "+").replace('_', "/")
}

/// The parts of a text that may contain an encoding: long, and without a blank.
fn long_runs(text: &str) -> String {
    let is_code = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_');
    let runs = text
        .split(|c| !is_code(c))
        .filter(|run| run.len() >= MIN_CHARS);
    to_standard_base64(&runs.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "Zx-3_kQp0aV9bT2mWnYcRd7eUfLgHhJi5sKo8tNq1Xw";

    #[test]
    fn every_encoding_of_a_token_is_found() {
        let needles = Needles::of(TOKEN);
        let is_found = |text: &str| needles.are_in(&long_runs(text));
        let cookie = |before: &str| base64(format!("{before}{TOKEN}; x=y").as_bytes());
        let bytes = decode_token(TOKEN).unwrap();
        let mut leaks = vec![
            TOKEN.to_owned(),
            TOKEN[..22].to_owned(),
            TOKEN[21..].to_owned(),
            to_standard_base64(TOKEN),
            base64(&bytes),
            hexadecimal(&bytes),
            hexadecimal(TOKEN.as_bytes()),
            hexadecimal(TOKEN.as_bytes()).to_uppercase(),
        ];
        leaks.extend(["", "a", "ab", "session="].map(cookie));
        leaks.push(cookie("a").replace('+', "-").replace('/', "_"));
        for leak in leaks {
            assert!(is_found(&format!("<!-- {leak} -->")), "{leak}");
        }
        let other: String = TOKEN.chars().rev().collect();
        for text in [other.as_str(), &cookie("")[..12], &TOKEN[..12]] {
            assert!(!is_found(text), "{text}");
        }
    }
}
