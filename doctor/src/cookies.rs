//! The session cookie: its attributes, and the source of its token.

mod checks;

pub use checks::{CHECKS, LAST};

use super::{
    browser::{Browser, SessionCookie, SetCookie, session_lines},
    client::{Answer, NoAnswer, Request},
    examination::{Examination, HOME, NOT_SIGNED_IN, PROBE},
    report::{Verdict, expect},
};
use checks::{
    BROWSER_SESSION, DOMAIN, DUPLICATE, FRESH, GRAMMAR, HTTP_ONLY, LENGTH, NAME, NOT_ADOPTED,
    ONE_COOKIE, OTHERS, PATH, REMEMBERED, REPLACED, SAME_SITE, SECURE, SIGN_IN,
};
use std::rc::Rc;

pub async fn examine(exam: &mut Examination) -> Result<(), NoAnswer> {
    let mut first = Browser::default();
    let Some(answer) = exam.sign_in(&mut first).await? else {
        let seen = exam.refusal().unwrap_or(NOT_SIGNED_IN).to_owned();
        exam.record(&SIGN_IN, Err(seen));
        return Ok(());
    };
    let Some(session) = first.session() else {
        return Ok(());
    };
    exam.adopt_device(&first);
    let dashboard = first.open(&exam.client, HOME).await?;
    exam.record(
        &SIGN_IN,
        expect(dashboard.status == 200, || dashboard.describe()),
    );
    attributes(exam, &answer);
    tampered_cookies(exam, &session).await?;
    session_fixation(exam, &session).await?;
    second_sign_in(exam, first).await?;
    remembered(exam).await
}

fn attributes(exam: &mut Examination, answer: &Rc<Answer>) {
    let lines = session_lines(answer);
    let description = || {
        let lines = lines.iter().map(SetCookie::describe);
        format!("Set-Cookie: {}", lines.collect::<Vec<_>>().join(" and "))
    };
    let every = |holds: &dyn Fn(&SetCookie) -> bool| expect(lines.iter().all(holds), description);
    let same_site = |line: &SetCookie| {
        let value = line.attribute("samesite").unwrap_or_default();
        value.eq_ignore_ascii_case("lax") || value.eq_ignore_ascii_case("strict")
    };
    let long = |line: &SetCookie| is_long_enough(line.value);
    exam.record(&NAME, every(&|line| line.name.starts_with("__Host-")));
    exam.record(&SECURE, every(&|line| line.has("secure")));
    exam.record(&PATH, every(&|line| line.attribute("path") == Some("/")));
    exam.record(&DOMAIN, every(&|line| !line.has("domain")));
    exam.record(&HTTP_ONLY, every(&|line| line.has("httponly")));
    exam.record(&SAME_SITE, every(&same_site));
    let lasts = |line: &SetCookie| line.has("max-age") || line.has("expires");
    exam.record(&BROWSER_SESSION, every(&|line| !lasts(line)));
    exam.record(&ONE_COOKIE, expect(lines.len() == 1, description));
    exam.record(&LENGTH, every(&long));
}

/// 256 bits in base64 are 43 characters; in hexadecimal they are more.
fn is_long_enough(token: &str) -> bool {
    let letters: std::collections::BTreeSet<_> = token.chars().collect();
    token.len() >= 43 && letters.len() > 10
}

/// Cookies that only an attacker sends.
async fn tampered_cookies(exam: &mut Examination, session: &SessionCookie) -> Result<(), NoAnswer> {
    let SessionCookie { name, token } = session;
    let pair = session.pair();
    let twice = format!("{pair}; {pair}");
    exam.record(&DUPLICATE, ignored(exam, &[twice]).await?);
    let forms = [
        format!("{name}=\"{token}\""),
        format!("$Version=1; ${pair}"),
        format!("={pair}"),
        format!("{}={token}", name.to_uppercase()),
        format!("{pair}a"),
        format!("{name}%3D{token}"),
        format!("\u{2000}{pair}"),
    ];
    let verdict = ignored(exam, &forms).await?;
    exam.record(&GRAMMAR, verdict);
    Ok(())
}

async fn ignored(exam: &Examination, cookies: &[String]) -> Result<Verdict, NoAnswer> {
    for cookie in cookies {
        let request = Request::get(PROBE).header("cookie", cookie);
        let answer = exam.client.send(request).await?;
        if answer.status == 200 {
            let seen = format!("{} for the Cookie {cookie}", answer.describe());
            return Ok(Err(seen));
        }
    }
    Ok(Ok(()))
}

async fn session_fixation(exam: &mut Examination, session: &SessionCookie) -> Result<(), NoAnswer> {
    // Well-formed and unknown: the characters of a real token in another order.
    let token: String = session.token.chars().rev().collect();
    let planted = SessionCookie {
        name: session.name.clone(),
        token,
    };
    exam.report.redact(&planted.token);
    let mut victim = exam.known_browser();
    victim.put(&planted.name, &planted.token);
    if exam.sign_in(&mut victim).await?.is_none() {
        return Ok(());
    }
    let is_fresh = victim.session().is_some_and(|own| own != *session);
    exam.record(
        &FRESH,
        expect(is_fresh, || "two sign-ins were given one token".to_owned()),
    );
    let is_adopted = victim.session().as_ref() == Some(&planted) || exam.is_live(&planted).await?;
    exam.record(
        &NOT_ADOPTED,
        expect(!is_adopted, || {
            "the planted token opens the account".to_owned()
        }),
    );
    victim
        .submit(&exam.client, "/api/logout", &[])
        .await
        .map(drop)
}

/// Signs in again in the browser of the first sign-in.
async fn second_sign_in(exam: &mut Examination, mut browser: Browser) -> Result<(), NoAnswer> {
    let Some(before) = browser.session() else {
        return Ok(());
    };
    if exam.sign_in(&mut browser).await?.is_none() {
        return Ok(());
    }
    let lives = exam.is_live(&before).await?;
    exam.record(
        &REPLACED,
        expect(!lives, || "the session before is still live".to_owned()),
    );
    browser
        .submit(&exam.client, "/api/logout", &[])
        .await
        .map(drop)
}

async fn remembered(exam: &mut Examination) -> Result<(), NoAnswer> {
    const MAX_AGE_LIMIT: u64 = 400 * 86_400;
    let mut browser = exam.known_browser();
    let form = Request::form("/api/login", &[]);
    let Some(answer) = exam
        .sign_in_by(&mut browser, form, &[("remember", "on")])
        .await?
    else {
        return Ok(());
    };
    let lines = session_lines(&answer);
    let age = |line: &SetCookie| line.attribute("max-age")?.parse::<u64>().ok();
    let bounded =
        |line: &SetCookie| age(line).is_some_and(|age| (1..=MAX_AGE_LIMIT).contains(&age));
    let description = || lines.iter().map(SetCookie::describe).collect();
    let holds = lines.iter().all(bounded);
    exam.record(&REMEMBERED, expect(holds, description));
    browser
        .submit(&exam.client, "/api/logout", &[])
        .await
        .map(drop)
}

/// Checks every cookie that was set during the examination.
pub fn check_answers(exam: &mut Examination) {
    let answers = exam.client.own_answers();
    let lines = answers.iter().flat_map(|answer| answer.all("set-cookie"));
    let others = lines
        .map(SetCookie::parse)
        .filter(|line| !line.is_session());
    let broken = others.filter(|line| {
        let same_site = line.attribute("samesite").unwrap_or_default();
        !(line.name.starts_with("__Host-")
            && line.has("secure")
            && line.has("httponly")
            && !line.has("domain")
            && line.attribute("path") == Some("/")
            && (same_site.eq_ignore_ascii_case("lax") || same_site.eq_ignore_ascii_case("strict")))
    });
    let verdict = match broken.map(|line| line.describe()).next() {
        Some(description) => Err(format!("Set-Cookie: {description}")),
        None => Ok(()),
    };
    exam.record(&OTHERS, verdict);
}
