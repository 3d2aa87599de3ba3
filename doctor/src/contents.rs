//! The content of pages, checked on every document.

use super::{
    addresses::{forms_lead_here, refers_to_this_site},
    client::Answer,
    encodings::digest_field,
    examination::Examination,
    page::{Element, Page},
    report::{Check, Verdict, check, expect},
    scripts,
    target::Target,
};
use std::rc::Rc;

const AS_SENT: &str = "Turn off what rewrites pages on the way (a CDN's optimiser, script injection, mail obfuscation, a minifier): \
    Cache-Control: no-transform asks for it";
const UNCHANGED: &str =
    "Let nothing put scripts into pages on the way, and install an unchanged release";
const NO_REFRESH: &str = "Let the proxy add no Refresh, and nothing change pages on the way";

const DIGEST: Check = check(
    "pages_as_sent",
    "G10",
    "Every page arrives as it was sent: its body has the digest that its Repr-Digest names",
    AS_SENT,
);
const MARKED: Check = check(
    "nonce_on_scripts",
    "G1",
    "Every script of a page carries the nonce of its policy",
    UNCHANGED,
);
const SCRIPTS: Check = check(
    "known_scripts",
    "G1",
    "Pages have the scripts that this release writes, and no others",
    UNCHANGED,
);
const INLINE: Check = check(
    "no_inline_code",
    "G9",
    "No page has code in attributes, styles in its text, a frame or a base",
    UNCHANGED,
);
const OWN: Check = check(
    "pages_refer_to_this_site",
    "G1",
    "Everything that a page loads, and every link in it but the owner's, is of this site",
    UNCHANGED,
);
const FORMS: Check = check(
    "forms_lead_here",
    "H1",
    "Every form leads to a function or a page of this site, and the sign-in form to the sign-in",
    "Let nothing change pages on the way: a form that leads elsewhere hands a password over",
);
const REFRESH: Check = check(
    "no_refresh",
    "H1",
    "No answer leads on by Refresh, in a header or in a page",
    NO_REFRESH,
);

pub const CHECKS: &[&Check] = &[&DIGEST, &MARKED, &SCRIPTS, &INLINE, &OWN, &FORMS, &REFRESH];

pub type Judge = fn(&Answer, &Page, &Target) -> Verdict;

pub fn check_answers(exam: &mut Examination) {
    let answers = exam.client.own_answers();
    let documents = answers.iter().filter(|answer| answer.is_document());
    let documents: Vec<_> = documents
        .map(|answer| (Rc::clone(answer), Page::parse(&answer.body)))
        .collect();
    let judges: [(&Check, Judge); 7] = [
        (&DIGEST, as_sent),
        (&MARKED, marks_scripts),
        (&SCRIPTS, has_known_scripts),
        (&INLINE, has_no_inline_code),
        (&OWN, refers_to_this_site),
        (&FORMS, forms_lead_here),
        (&REFRESH, does_not_refresh),
    ];
    for (check, judge) in judges {
        let mut all = documents.iter();
        let verdict = all.try_for_each(|(answer, page)| judge(answer, page, &exam.client.target));
        let verdict = if check.name == REFRESH.name {
            verdict.and_then(|()| {
                answers
                    .iter()
                    .try_for_each(|answer| has_no_refresh_header(answer))
            })
        } else {
            verdict
        };
        exam.record(check, verdict);
    }
}

fn as_sent(answer: &Answer, _: &Page, _: &Target) -> Verdict {
    let digest = answer.only("repr-digest").unwrap_or_default();
    expect(digest == digest_field(&answer.bytes), || {
        let why = if digest.is_empty() {
            "without a Repr-Digest"
        } else {
            "and was changed on its way"
        };
        format!("{}, {why}", answer.describe())
    })
}

fn marks_scripts(answer: &Answer, page: &Page, _: &Target) -> Verdict {
    let nonce = super::policy::nonce_of(answer).unwrap_or_default();
    let mut scripts = page.elements.iter().filter(|one| one.is("script"));
    let bare = scripts.find(|one| one.attribute("nonce") != Some(nonce));
    bare.map_or(Ok(()), |script| Err(found(answer, script)))
}

fn has_known_scripts(answer: &Answer, page: &Page, target: &Target) -> Verdict {
    let known = scripts::KnownScripts::of(&target.deployment);
    let mut scripts = page.elements.iter().filter(|one| one.is("script"));
    let foreign = scripts.find(|one| !known.has(one));
    foreign.map_or(Ok(()), |script| Err(found(answer, script)))
}

/// For findings: the tag, and the beginning of its text.
pub fn found(answer: &Answer, element: &Element) -> String {
    const SHOWN_CHARS: usize = 60;
    let attributes = element.attributes();
    // The nonce differs with each page.
    let shown = attributes.filter(|(name, _)| *name != "nonce");
    let attributes: String = shown
        .map(|(name, value)| format!(" {name}=“{value}”"))
        .collect();
    let text: String = element.text.chars().take(SHOWN_CHARS).collect();
    format!(
        "{}, with <{}{attributes}>{text}",
        answer.describe(),
        element.name
    )
}

/// Every attribute that begins with `on` may be code, including those that no browser supports today.
fn has_no_inline_code(answer: &Answer, page: &Page, _: &Target) -> Verdict {
    const ELEMENTS: [&str; 8] = [
        "applet", "base", "embed", "frame", "frameset", "iframe", "object", "style",
    ];
    let is_code = |(name, value): (&str, &str)| {
        name.starts_with("on") || matches!(name, "style" | "srcdoc") || is_script_address(value)
    };
    let mut elements = page.elements.iter();
    let code =
        elements.find(|one| ELEMENTS.contains(&one.name.as_str()) || one.attributes().any(is_code));
    code.map_or(Ok(()), |element| Err(found(answer, element)))
}

/// Browsers ignore blanks and control characters in and before the scheme.
fn is_script_address(value: &str) -> bool {
    let letters = value
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control());
    let begins: String = letters.take("javascript:".len()).collect();
    begins.eq_ignore_ascii_case("javascript:")
}

/// Without script the page of the audit log reloads itself: a number of seconds, without an address.
fn does_not_refresh(answer: &Answer, page: &Page, _: &Target) -> Verdict {
    let refreshes = |one: &&Element| {
        let does = one.attribute("http-equiv");
        let does = does.is_some_and(|what| what.trim().eq_ignore_ascii_case("refresh"));
        let content = one.attribute("content").unwrap_or_default();
        let only_itself = content.chars().all(|c| c.is_ascii_digit());
        one.is("meta") && does && !(one.is_in_noscript && only_itself)
    };
    let found_one = page.elements.iter().find(refreshes);
    found_one.map_or(Ok(()), |element| Err(found(answer, element)))
}

fn has_no_refresh_header(answer: &Answer) -> Verdict {
    let headers = answer.all("refresh");
    expect(headers.is_empty(), || {
        format!(
            "{}, with Refresh: {}",
            answer.describe(),
            headers.join(" and ")
        )
    })
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn judged(judge: Judge, body: &str) -> Verdict {
        let answer = Answer {
            path: "/login".to_owned(),
            headers: vec![(
                "content-security-policy".to_owned(),
                "script-src 'nonce-abc'".to_owned(),
            )],
            ..Answer::default()
        };
        let target = Target::example("https://id.example.org");
        judge(&answer, &Page::parse(body), &target)
    }

    #[test]
    fn a_script_without_the_nonce_is_found() {
        let marked = "<script nonce=\"abc\">1</script>";
        assert!(judged(marks_scripts, marked).is_ok());
        let bare = format!("{marked}<SCRIPT >2</script>");
        assert!(judged(marks_scripts, &bare).is_err());
    }

    #[test]
    fn code_in_attributes_is_found() {
        for code in [
            "<p onfocus=x>",
            "<p/onToggle='x'>",
            "<a href=' java\nscript:x'>",
            "<p style=\"\">",
            "<style>",
            "<IFRAME>",
            "<noscript><p onclick=x></noscript>",
        ] {
            assert!(judged(has_no_inline_code, code).is_err(), "{code}");
        }
        let text = "<p title=\"onclick=x\">onclick=x &lt;style&gt; <script>' onclick='</script>";
        assert_eq!(judged(has_no_inline_code, text), Ok(()));
    }

    #[test]
    fn a_refresh_is_found() {
        let anew = "<meta http-equiv=refresh content=5>";
        assert!(judged(does_not_refresh, anew).is_err());
        let noscript = format!("<noscript>{anew}</noscript>");
        assert_eq!(judged(does_not_refresh, &noscript), Ok(()));
        let away = noscript.replace("content=5", "content='5;url=//evil.test'");
        assert!(judged(does_not_refresh, &away).is_err());
    }
}
