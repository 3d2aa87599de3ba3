//! Signing out, and the replay of a copied cookie.

use super::{
    browser::{Browser, SessionCookie, SetCookie, session_lines},
    client::{Answer, NoAnswer, Request},
    examination::{Examination, HOME, PROBE},
    report::{Check, Verdict, check, expect},
    revival,
};
use std::rc::Rc;

const CACHE: &str = "Let nothing between the browser and the server keep answers or put cookies in the place of others";
const VERSION: &str =
    "Install an unchanged release, and let every server of this name use the one database";

const SIGNED_OUT: Check = check(
    "sign_out",
    "C13",
    "Signing out by the plain form leads to the page that says so",
    "Let POST /api/logout pass to the server",
);
const BUTTON: Check = check(
    "sign_out_button",
    "C13",
    "Every private page has a form that signs out",
    "Let the proxy pass pages on unchanged",
);
const AGAIN: Check = check(
    "sign_out_again",
    "C13",
    "Signing out with a session that is over succeeds too",
    "Let POST /api/logout pass to the server",
);
const CLEARED: Check = check(
    "cookie_cleared",
    "E4",
    "Signing out clears the cookie with the attributes that set it",
    "Let the proxy pass Set-Cookie on as it came",
);
const NOT_CLEARED_SITE: Check = check(
    "no_clear_site_data",
    "E4",
    "Signing out sends no Clear-Site-Data",
    "Let the proxy add no Clear-Site-Data: it stalls browsers",
);
const REPLAY: Check = check(
    "replay_page",
    "C5",
    "After signing out a copy of the cookie does not open the dashboard",
    CACHE,
);
const REPLAY_EVERYWHERE: Check = check(
    "replay_everywhere",
    "C5",
    "After signing out a copy of the cookie opens no private page",
    CACHE,
);
const REPLAY_FUNCTION: Check = check(
    "replay_function",
    "C5",
    "After signing out a copy of the cookie calls no function",
    VERSION,
);
const REPLAY_LATER: Check = check(
    "replay_later",
    "C5",
    "The copy stays dead when the person signs in again",
    VERSION,
);
const IN_FLIGHT: Check = check(
    "replay_in_flight",
    "C6",
    "Requests that were under way while signing out do not revive the session",
    VERSION,
);
const CONDITIONAL: Check = check(
    "back_is_asked_again",
    "E3",
    "A page that Back asks for again after signing out is not called unchanged",
    CACHE,
);
const LEFT: Check = check(
    "nothing_left",
    "C5",
    "Every session that this examination began is over",
    "Look for it by vestibule session list --live, and end it by vestibule session end ID",
);

pub const CHECKS: &[&Check] = &[
    &BUTTON,
    &SIGNED_OUT,
    &CLEARED,
    &NOT_CLEARED_SITE,
    &REPLAY,
    &REPLAY_EVERYWHERE,
    &REPLAY_FUNCTION,
    &CONDITIONAL,
    &AGAIN,
    &REPLAY_LATER,
    &IN_FLIGHT,
];

/// Checked last, even after failures.
pub const LAST: &[&Check] = &[&LEFT];

pub async fn examine(exam: &mut Examination) -> Result<(), NoAnswer> {
    // Another session of the same user, which a replay must not be confused with.
    exam.signed_in().await?;
    let mut browser = exam.known_browser();
    if exam.sign_in(&mut browser).await?.is_none() {
        return Ok(());
    }
    let Some(copy) = browser.session() else {
        return Ok(());
    };
    let validators = sign_out_buttons(exam, &mut browser).await?;
    let answer = browser.submit(&exam.client, "/api/logout", &[]).await?;
    signed_out(exam, &answer);
    replays_are_refused(exam, &copy, &validators).await?;
    revival::by_head(exam, &copy).await?;
    let answer = Browser::with(&copy)
        .submit(&exam.client, "/api/logout", &[])
        .await?;
    let redirects = answer.status == 303 && answer.location() == "/signed-out";
    exam.record(&AGAIN, expect(redirects, || answer.describe()));
    replay_after_next_sign_in(exam, &copy).await
}

/// Opens every private page. Returns the validators of the last one, with which Back would revalidate.
async fn sign_out_buttons(
    exam: &mut Examination,
    browser: &mut Browser,
) -> Result<Validators, NoAnswer> {
    let mut verdict = Ok(());
    let mut validators = Validators::default();
    let deployment = Rc::clone(&exam.client.target.deployment);
    for &path in &deployment.private_pages {
        let page = browser.open(&exam.client, path).await?;
        let has_form = page.body.contains("action=\"/api/logout\"");
        // A page for administrators does not exist for other users.
        if page.is_page() && !has_form && verdict.is_ok() {
            verdict = Err(format!("{path} has none"));
        }
        if path == HOME {
            validators = Validators::of(&page);
        }
    }
    exam.record(&BUTTON, verdict);
    Ok(validators)
}

/// What a browser sends to revalidate a page.
#[derive(Default)]
struct Validators {
    etag: Option<String>,
    modified: Option<String>,
}

impl Validators {
    fn of(page: &Answer) -> Self {
        Self {
            etag: page.only("etag").map(str::to_owned),
            modified: page.only("last-modified").map(str::to_owned),
        }
    }

    fn add_to(&self, request: Request) -> Request {
        const ANY: &str = "*";
        const LATE: &str = "Fri, 31 Dec 2100 00:00:00 GMT";
        let etag = self.etag.as_deref().unwrap_or(ANY);
        request.header("if-none-match", etag).header(
            "if-modified-since",
            self.modified.as_deref().unwrap_or(LATE),
        )
    }
}

fn signed_out(exam: &mut Examination, answer: &Answer) {
    let redirects = answer.status == 303 && answer.location() == "/signed-out";
    exam.record(&SIGNED_OUT, expect(redirects, || answer.describe()));
    let lines = session_lines(answer);
    let complete = |line: &SetCookie| {
        line.clears()
            && line.attribute("path") == Some("/")
            && line.has("secure")
            && !line.has("domain")
    };
    let description = || match &lines[..] {
        [] => "no Set-Cookie for the session".to_owned(),
        lines => lines.iter().map(SetCookie::describe).collect(),
    };
    let cleared = !lines.is_empty() && lines.iter().all(complete);
    exam.record(&CLEARED, expect(cleared, description));
    let clears_site = answer.all("clear-site-data");
    exam.record(
        &NOT_CLEARED_SITE,
        expect(clears_site.is_empty(), || clears_site.join(", ")),
    );
}

/// Redirected to the sign-in page, without anything of the private page.
fn is_refused(answer: &Answer) -> bool {
    answer.status == 303 && answer.location().starts_with("/login") && answer.body.is_empty()
}

async fn replays_are_refused(
    exam: &mut Examination,
    copy: &SessionCookie,
    validators: &Validators,
) -> Result<(), NoAnswer> {
    let replay = exam.open_with(copy, HOME).await?;
    exam.record(&REPLAY, expect(is_refused(&replay), || replay.describe()));
    if is_refused(&replay) {
        exam.record_ended(copy, HOME);
    }
    let mut verdict: Verdict = Ok(());
    let deployment = Rc::clone(&exam.client.target.deployment);
    let files = deployment.files.iter().map(|(path, _)| *path);
    let pages = deployment.private_pages.iter().copied();
    let pages = pages.filter(|path| *path != HOME);
    for path in pages.chain(files) {
        let replay = exam.open_with(copy, path).await?;
        verdict = verdict.and_then(|()| expect(is_refused(&replay), || replay.describe()));
    }
    for path in &deployment.streams {
        // Only the head: the stream of a session that lives on has no end.
        let ask = Request::new("HEAD", path).header("cookie", &copy.pair());
        let replay = exam.client.send(ask).await?;
        verdict = verdict.and_then(|()| expect(replay.status == 401, || replay.describe()));
    }
    exam.record(&REPLAY_EVERYWHERE, verdict);
    // No form, so that a function that is reached nevertheless refuses it and changes nothing.
    let call = Request::new("POST", "/api/change_password")
        .header("content-type", "text/plain")
        .header("sec-fetch-site", "same-origin")
        .header("cookie", &copy.pair())
        .body(b"nothing".to_vec());
    let answer = exam.client.send(call).await?;
    exam.record(
        &REPLAY_FUNCTION,
        expect(answer.status == 401, || answer.describe()),
    );
    let request = Request::get(HOME).header("cookie", &copy.pair());
    let answer = exam.client.send(validators.add_to(request)).await?;
    exam.record(
        &CONDITIONAL,
        expect(answer.status != 304, || answer.describe()),
    );
    Ok(())
}

/// The user signs in again, and several pages are requested while that session ends.
async fn replay_after_next_sign_in(
    exam: &mut Examination,
    copy: &SessionCookie,
) -> Result<(), NoAnswer> {
    let mut browser = exam.known_browser();
    if exam.sign_in(&mut browser).await?.is_none() {
        return Ok(());
    }
    let replay = exam.open_with(copy, PROBE).await?;
    exam.record(
        &REPLAY_LATER,
        expect(is_refused(&replay), || replay.describe()),
    );
    let Some(session) = browser.session() else {
        return Ok(());
    };
    let (one, two, end, three, four) = tokio::join!(
        exam.open_with(&session, HOME),
        exam.open_with(&session, PROBE),
        browser.submit(&exam.client, "/api/logout", &[]),
        exam.open_with(&session, HOME),
        exam.open_with(&session, PROBE),
    );
    for answer in [one, two, end, three, four] {
        answer?;
    }
    let lives = exam.is_live(&session).await?;
    if !lives {
        exam.record_ended(&session, PROBE);
    }
    exam.record(
        &IN_FLIGHT,
        expect(!lives, || "the session lives again".to_owned()),
    );
    Ok(())
}

pub fn record_leftovers(exam: &mut Examination, verdict: Verdict) {
    exam.record(&LEFT, verdict);
}
