//! Redirects: they stay on this site.

use super::{
    client::{Answer, NoAnswer, Request},
    examination::Examination,
    report::{Check, Verdict, check, expect},
};
use std::rc::Rc;

const PASS_ON: &str = "Let the proxy rewrite no Location (proxy_redirect off in nginx), and pass the query on as it came";
const CLOSED: &str =
    "Let nothing keep pages or put cookies into requests, and install an unchanged release";

const PRIVATE: Check = check(
    "private_pages_closed",
    "C2",
    "Without a session every private page leads to /login, which remembers it, and shows nothing",
    CLOSED,
);
const NEXT: Check = check(
    "next_when_signed_in",
    "H1",
    "No value of next leads somebody who is signed in away from this site",
    PASS_ON,
);
const NEXT_FIELD: Check = check(
    "next_in_the_form",
    "H1",
    "The sign-in form carries no hostile value of next on",
    PASS_ON,
);
const NEXT_AT_SIGN_IN: Check = check(
    "next_at_sign_in",
    "H1",
    "A hostile next that is sent with the password leads to a page of this site",
    PASS_ON,
);
const PATHS: Check = check(
    "paths_stay",
    "H1",
    "No path is answered with a redirect to another site",
    PASS_ON,
);
const ERRORS: Check = check(
    "errors_not_from_the_query",
    "H2",
    "No text out of the query is shown as a message",
    "Install an unchanged release",
);
const TOKEN_IN_QUERY: Check = check(
    "token_from_the_cookie_only",
    "C15",
    "A token in the query or in another header signs nobody in",
    "Let the proxy make no cookies out of queries or headers",
);

pub const CHECKS: &[&Check] = &[
    &PRIVATE,
    &NEXT_FIELD,
    &ERRORS,
    &PATHS,
    &NEXT,
    &TOKEN_IN_QUERY,
    &NEXT_AT_SIGN_IN,
];

/// Encoded as in a query.
const HOSTILE: [&str; 10] = [
    "//evil.example",
    "///evil.example",
    "/%5Cevil.example",
    "%5C%5Cevil.example",
    "/%09/evil.example",
    "/%0A/evil.example",
    "https://evil.example/",
    "https:evil.example",
    "javascript:alert(1)",
    "/x%0D%0ALocation:%20https://evil.example",
];

pub async fn examine(exam: &mut Examination) -> Result<(), NoAnswer> {
    closed(exam).await?;
    form(exam).await?;
    paths(exam).await?;
    let Some(mut browser) = exam.signed_in().await? else {
        return Ok(());
    };
    let mut verdict = Ok(());
    // The password was confirmed just now, so the page that asks for it redirects too.
    for page in ["/login", "/account/confirm"] {
        for value in HOSTILE {
            let path = format!("{page}?next={value}");
            let answer = browser.open(&exam.client, &path).await?;
            verdict = verdict.and_then(|()| stays(exam, &answer));
        }
    }
    exam.record(&NEXT, verdict);
    tokens(exam).await?;
    let mut browser = exam.known_browser();
    let form = Request::form("/api/login", &[]);
    let next = [("next", "//evil.example/x")];
    if let Some(answer) = exam.sign_in_by(&mut browser, form, &next).await? {
        let verdict = stays(exam, &answer)
            .and_then(|()| expect(!answer.location().contains("evil"), || answer.describe()));
        exam.record(&NEXT_AT_SIGN_IN, verdict);
    }
    Ok(())
}

fn stays(exam: &Examination, answer: &Answer) -> Verdict {
    let location = answer.location();
    let stays = location.is_empty() || exam.client.target.is_same_origin(location);
    expect(stays, || answer.describe())
}

async fn closed(exam: &mut Examination) -> Result<(), NoAnswer> {
    let mut verdict = Ok(());
    let deployment = Rc::clone(&exam.client.target.deployment);
    let pages = deployment.private_pages.iter().map(|path| (*path, *path));
    // A file redirects to the page that links it.
    for (path, page) in pages.chain(deployment.files.iter().copied()) {
        let answer = exam
            .client
            .send(Request::get(&format!("{path}?doctor=1")))
            .await?;
        let holds = answer.status == 303
            && answer.location() == format!("/login?next={page}?doctor=1")
            && answer.body.is_empty();
        verdict = verdict.and_then(|()| {
            expect(holds, || {
                format!("{}, with {} bytes", answer.describe(), answer.body.len())
            })
        });
    }
    for path in &deployment.streams {
        let answer = exam.client.send(Request::new("HEAD", path)).await?;
        verdict = verdict.and_then(|()| expect(answer.status == 401, || answer.describe()));
    }
    exam.record(&PRIVATE, verdict);
    Ok(())
}

async fn form(exam: &mut Examination) -> Result<(), NoAnswer> {
    let mut verdict = Ok(());
    for value in HOSTILE {
        let path = format!("/login?next={value}");
        let page = exam.client.send(Request::get(&path)).await?;
        let field = hidden_value(&page.body, "next").unwrap_or("none");
        let holds = page.status == 200 && field == "/dashboard";
        verdict = verdict.and_then(|()| {
            expect(holds, || {
                format!("{}, whose next is “{field}”", page.describe())
            })
        });
    }
    exam.record(&NEXT_FIELD, verdict);
    const CANARY: &str = "the-query-said-this";
    let path = format!("/login?__path=/api/login&__err={CANARY}&error={CANARY}");
    let page = exam.client.send(Request::get(&path)).await?;
    exam.record(
        &ERRORS,
        expect(!page.body.contains(CANARY), || page.describe()),
    );
    Ok(())
}

/// The value of a hidden field.
fn hidden_value<'p>(page: &'p str, name: &str) -> Option<&'p str> {
    let mut fields = page.split("<input").skip(1);
    let field = fields.find(|field| field.contains(&format!("name=\"{name}\"")))?;
    let field = field.split('>').next()?;
    field.split("value=\"").nth(1)?.split('"').next()
}

async fn paths(exam: &mut Examination) -> Result<(), NoAnswer> {
    let paths = [
        "//evil.example/",
        "//evil.example/login/",
        "/\\evil.example/",
        "///evil.example//",
        "/%2f%2fevil.example/",
        "/login//evil.example/",
        "/https://evil.example/",
        "/login/",
    ];
    let mut verdict = Ok(());
    for path in paths {
        let request = Request::get(path).proxy_may_answer();
        if let Some(answer) = exam.client.send_unless_closed(request).await? {
            verdict = verdict.and_then(|()| stays(exam, &answer));
        }
    }
    exam.record(&PATHS, verdict);
    Ok(())
}

/// A proxy may log addresses, so this session has no other use, and ends at once.
async fn tokens(exam: &mut Examination) -> Result<(), NoAnswer> {
    let mut browser = exam.known_browser();
    if exam.sign_in(&mut browser).await?.is_none() {
        return Ok(());
    }
    let Some(session) = browser.session() else {
        return Ok(());
    };
    let pair = session.pair();
    exam.report.redact(&session.token);
    let home = super::examination::HOME;
    let requests = [
        Request::get(&format!("{home}?{pair}")),
        Request::get(&format!("{home}?session={}", session.token)),
        Request::get(home).header("authorization", &format!("Bearer {}", session.token)),
        Request::get(home).header("x-session", &session.token),
        Request::get(home).header("x-cookie", &pair),
    ];
    let mut opened = 0;
    for request in requests {
        // The answer may repeat the address, and with it the token that was put there on purpose.
        let answer = exam.client.send(request.proxy_may_answer()).await?;
        opened += usize::from(answer.status == 200);
    }
    browser.submit(&exam.client, "/api/logout", &[]).await?;
    exam.record(
        &TOKEN_IN_QUERY,
        expect(opened == 0, || {
            format!("{opened} of 5 such requests opened the dashboard")
        }),
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::hidden_value;

    #[test]
    fn a_hidden_field_is_found() {
        let page =
            "<input name=\"a\" value=\"1\"><input type=\"hidden\" name=\"next\" value=\"/x\"/>";
        assert_eq!(hidden_value(page, "next"), Some("/x"));
        assert_eq!(hidden_value(page, "b"), None);
    }
}
