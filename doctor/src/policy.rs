//! The content security policy of every answer.

use super::{
    client::Answer,
    examination::Examination,
    report::{Check, Verdict, check, expect},
};
use std::{collections::BTreeSet, rc::Rc};

const PASS_ON: &str =
    "Let the proxy pass Content-Security-Policy on as it came, and set none itself";
const NOT_KEPT: &str = "Let nothing keep pages: each belongs to one request, and so does its nonce";
const UNCHANGED: &str =
    "Let nothing put scripts into pages on the way, and install an unchanged release";

const DEFAULT: Check = check(
    "policy_default",
    "G1",
    "Every answer has one policy, which begins with default-src 'none'",
    PASS_ON,
);
const SCRIPTS: Check = check(
    "policy_scripts",
    "G1",
    "Pages run scripts with their nonce and what those load, and nothing else",
    PASS_ON,
);
const SOURCES: Check = check(
    "policy_sources",
    "G1",
    "No policy names unsafe-inline, unsafe-eval, another host or a whole scheme",
    PASS_ON,
);
const BASE: Check = check(
    "policy_base",
    "G1",
    "Every policy says base-uri 'none'",
    PASS_ON,
);
const FORMS: Check = check(
    "policy_forms",
    "G1",
    "Every policy lets forms go to this site only",
    PASS_ON,
);
const FRAMES: Check = check(
    "frame_ancestors",
    "G6",
    "Every policy says frame-ancestors 'none'",
    PASS_ON,
);
const FRESH: Check = check("nonce_fresh", "G1", "No nonce comes twice", NOT_KEPT);
const LONG: Check = check(
    "nonce_long",
    "G1",
    "A nonce has at least 128 bits",
    UNCHANGED,
);
const FAILURES: Check = check(
    "failures_run_nothing",
    "G8",
    "Failures have no script but the one that follows the session, and their policy lets no other run",
    PASS_ON,
);

pub const CHECKS: &[&Check] = &[
    &DEFAULT, &SCRIPTS, &SOURCES, &BASE, &FORMS, &FRAMES, &FRESH, &LONG, &FAILURES,
];

/// A parsed policy.
struct Policy<'a>(Vec<(&'a str, Vec<&'a str>)>);

impl<'a> Policy<'a> {
    fn of(answer: &'a Answer) -> Self {
        let text = answer.only("content-security-policy").unwrap_or_default();
        let directives = text.split(';').filter_map(|directive| {
            let mut words = directive.split_ascii_whitespace();
            Some((words.next()?, words.collect()))
        });
        Self(directives.collect())
    }

    /// The sources of a directive. Of two with one name the first counts, as in browsers.
    fn sources(&self, wanted: &str) -> Option<&[&'a str]> {
        let found = self.0.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, sources)| sources.as_slice())
    }

    fn has_source(&self, directive: &str, source: &str) -> bool {
        self.sources(directive) == Some(&[source])
    }

    fn nonce(&self) -> Option<&'a str> {
        let sources = self.sources("script-src")?;
        let mut nonces = sources.iter().filter_map(|source| {
            let nonce = source.strip_prefix("'nonce-")?;
            nonce.strip_suffix('\'')
        });
        nonces.next()
    }
}

/// The nonce of an answer's policy.
pub fn nonce_of(answer: &Answer) -> Option<&str> {
    Policy::of(answer).nonce()
}

pub fn check_answers(exam: &mut Examination) {
    let answers = exam.client.own_answers();
    let all = |judge: fn(&Answer) -> Verdict| answers.iter().try_for_each(|answer| judge(answer));
    let pages = |judge: fn(&Answer) -> Verdict| {
        let mut pages = answers.iter().filter(|answer| answer.is_page());
        pages.try_for_each(|answer| judge(answer))
    };
    let verdicts = [
        (
            &DEFAULT,
            all(|answer| keeps(answer, "default-src", "'none'")),
        ),
        (&BASE, all(|answer| keeps(answer, "base-uri", "'none'"))),
        (&FORMS, all(|answer| keeps(answer, "form-action", "'self'"))),
        (
            &FRAMES,
            all(|answer| keeps(answer, "frame-ancestors", "'none'")),
        ),
        (&SOURCES, all(has_narrow_sources)),
        (&SCRIPTS, pages(has_script_sources)),
        (&LONG, pages(has_long_nonce)),
        (&FAILURES, all(fails_without_scripts)),
        (&FRESH, fresh(&answers)),
    ];
    for (check, verdict) in verdicts {
        exam.record(check, verdict);
    }
}

fn describe(answer: &Answer) -> String {
    let policy = answer.all("content-security-policy").join(" and ");
    format!("{}, with the policy “{policy}”", answer.describe())
}

fn keeps(answer: &Answer, directive: &str, source: &str) -> Verdict {
    expect(Policy::of(answer).has_source(directive, source), || {
        describe(answer)
    })
}

/// No page needs wider sources. A socket for reloading exists under `cargo leptos watch` only.
fn has_narrow_sources(answer: &Answer) -> Verdict {
    let policy = Policy::of(answer);
    let mut sources = policy.0.iter().flat_map(|(_, sources)| sources);
    let is_wide = |source: &&&str| {
        matches!(
            **source,
            "'unsafe-inline'" | "'unsafe-eval'" | "'unsafe-hashes'"
        ) || source.contains('*')
            || (source.contains(':') && **source != "data:")
            || source.contains('.')
    };
    let wide = sources.find(is_wide);
    wide.map_or(Ok(()), |source| {
        Err(format!("{} allows {source}", answer.describe()))
    })
}

fn has_script_sources(answer: &Answer) -> Verdict {
    let policy = Policy::of(answer);
    let sources = policy.sources("script-src").unwrap_or_default();
    let known = |source: &&str| {
        source.starts_with("'nonce-")
            // Another check reports sources that are too wide.
            || matches!(*source, "'strict-dynamic'" | "'wasm-unsafe-eval'" | "'unsafe-inline'" | "'unsafe-eval'")
    };
    let holds = policy.nonce().is_some()
        && sources.contains(&"'strict-dynamic'")
        && sources.iter().all(known);
    expect(holds, || describe(answer))
}

/// 128 bits in base64 are 22 characters.
fn has_long_nonce(answer: &Answer) -> Verdict {
    let policy = Policy::of(answer);
    let nonce = policy.nonce().unwrap_or_default();
    expect(nonce.trim_end_matches('=').len() >= 22, || {
        format!("{}, with the nonce “{nonce}”", answer.describe())
    })
}

/// A failure that shows who is signed in has one script, which leaves the page when their session ends. The answer to
/// HEAD has its policy alone.
fn fails_without_scripts(answer: &Answer) -> Verdict {
    let policy = Policy::of(answer);
    let scripts = answer.body.matches("<script").count();
    let follows = |nonce: &str| {
        let sources = format!("'nonce-{nonce}'");
        let beginning = answer.body.split("<script defer src=\"/follow.js?").nth(1);
        let attributes = beginning.and_then(|rest| rest.split('>').next());
        let is_ours = attributes.is_some_and(|rest| rest.contains(&format!("nonce=\"{nonce}\"")));
        policy.has_source("script-src", &sources) && (scripts == 0 || scripts == 1 && is_ours)
    };
    let runs = policy.sources("script-src").is_some() || scripts > 0;
    let holds = answer.status < 400 || !runs || policy.nonce().is_some_and(follows);
    expect(holds, || describe(answer))
}

fn fresh(answers: &[Rc<Answer>]) -> Verdict {
    let mut seen = BTreeSet::new();
    for answer in answers.iter().filter(|answer| answer.is_page()) {
        let policy = Policy::of(answer);
        let nonce = policy.nonce().unwrap_or_default();
        expect(nonce.is_empty() || seen.insert(nonce.to_owned()), || {
            format!("{} has a nonce that came before", answer.describe())
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(policy: &str, body: &str) -> Answer {
        Answer {
            method: "GET".to_owned(),
            path: "/login".to_owned(),
            status: 200,
            headers: vec![
                ("content-type".to_owned(), "text/html".to_owned()),
                ("content-security-policy".to_owned(), policy.to_owned()),
            ],
            body: body.to_owned(),
            ..Answer::default()
        }
    }

    #[test]
    fn sources_that_are_too_wide_are_found() {
        for source in [
            "'unsafe-inline'",
            "'unsafe-eval'",
            "https:",
            "http:",
            "*",
            "cdn.example",
            "https://cdn.example",
            "wss://x",
        ] {
            let page = page(&format!("style-src 'self' {source}"), "");
            assert!(has_narrow_sources(&page).is_err(), "{source}");
        }
        let page = page(
            "script-src 'nonce-a' 'wasm-unsafe-eval'; img-src 'self' data:",
            "",
        );
        assert!(has_narrow_sources(&page).is_ok());
    }

    #[test]
    fn a_failure_has_the_script_that_follows_the_session_and_no_other() {
        let follow = r#"<script defer src="/follow.js?0" nonce="a"></script>"#;
        let policy = "default-src 'none'; script-src 'nonce-a'";
        let judge = |policy: &str, body: &str| {
            let answer = Answer {
                status: 404,
                ..page(policy, body)
            };
            fails_without_scripts(&answer).is_ok()
        };
        for (policy, body) in [("default-src 'none'", ""), (policy, follow), (policy, "")] {
            assert!(judge(policy, body), "{policy}: {body}");
        }
        for (policy, body) in [
            ("script-src 'nonce-a' 'self'", follow),
            ("script-src 'self'", ""),
            (policy, "<script nonce=\"a\">1</script>"),
            (policy, &format!("{follow}<script nonce=\"a\">1</script>")),
            ("script-src 'nonce-b'", follow),
            ("default-src 'none'", follow),
        ] {
            assert!(!judge(policy, body), "{policy}: {body}");
        }
    }

    #[test]
    fn the_first_directive_of_a_name_counts() {
        let page = page("default-src *; default-src 'none'", "");
        assert!(keeps(&page, "default-src", "'none'").is_err());
    }
}
