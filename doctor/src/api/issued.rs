//! The access tokens and access keys that answers contain.

use super::call::{self, API};
use crate::{client::Answer, report::Report};
use std::rc::Rc;

/// A token or a key, and the one answer that may contain it.
pub struct Issued {
    pub text: String,
    pub by: Rc<Answer>,
}

impl Issued {
    /// The part without which it is worth nothing: the signature of a token, the secret of a key.
    pub fn secret(&self) -> &str {
        let secret = match self.text.strip_prefix("vst_") {
            Some(key) => key.split('_').nth(1),
            None => self.text.rsplit('.').next(),
        };
        secret.unwrap_or(&self.text)
    }
}

/// Also those that were issued by mistake, to a forged request.
pub fn in_answers(answers: &[Rc<Answer>]) -> Vec<Issued> {
    let issuing = answers
        .iter()
        .filter(|answer| answer.method == "POST" && answer.path.starts_with(API));
    let issued = issuing.flat_map(|answer| {
        let body = call::json(answer);
        let texts = ["access_token", "key"].map(|name| call::text(&body, name).to_owned());
        texts.map(|text| Issued {
            text,
            by: Rc::clone(answer),
        })
    });
    issued.filter(|issued| !issued.text.is_empty()).collect()
}

/// Keeps them out of the report.
pub fn redact(report: &mut Report, answers: &[Rc<Answer>]) {
    for issued in in_answers(answers) {
        report.redact(&issued.text);
        report.redact(issued.secret());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_keys_are_found_where_they_are_issued() {
        let answer = |method: &str, path: &str, body: &str| {
            Rc::new(Answer {
                method: method.to_owned(),
                path: path.to_owned(),
                body: body.to_owned(),
                ..Answer::default()
            })
        };
        let answers = [
            answer("POST", "/api/v1/token", "{\"access_token\": \"a.b.sig\"}"),
            answer(
                "POST",
                "/api/v1/keys",
                "{\"id\": \"1\", \"key\": \"vst_1_secret_sum\"}",
            ),
            answer("GET", "/api/v1/keys", "{\"items\": [{\"id\": \"1\"}]}"),
            answer("POST", "/api/login", ""),
        ];
        let issued = in_answers(&answers);
        let secrets: Vec<_> = issued.iter().map(Issued::secret).collect();
        assert_eq!(secrets, ["sig", "secret"]);
        assert!(Rc::ptr_eq(&issued[1].by, &answers[1]));
    }
}
