//! The proxy in front of the server, and which of its headers the server trusts.

use super::{
    client::{Answer, NoAnswer, Request},
    examination::{Examination, HOME, NOT_SIGNED_IN},
    report::{Check, Verdict, check, expect},
};
use std::rc::Rc;

const REACH: &str = "The dashboard of an administrator says what to change; see “Behind a proxy” in the operations manual";
const OVERWRITE: &str = "Let the proxy overwrite X-Forwarded-For and remove Forwarded, and name only proxies in http.trusted_proxies";
const HOSTS: &str = "Let the proxy answer for this name only, and pass Host on as it came";

const UNKNOWN_HOST: Check = check(
    "unknown_host",
    "I4",
    "A Host that is not ours gets no page of ours and starts no session",
    HOSTS,
);
const FORWARDED_HOST: Check = check(
    "forwarded_host",
    "I2",
    "No header but Host decides for which name the server answers",
    "Let the proxy overwrite X-Forwarded-Host, and install an unchanged release",
);
const FORGED_ADDRESS: Check = check(
    "forged_address",
    "I2",
    "An address that a visitor claims (X-Forwarded-For, Forwarded and their like) does not count",
    OVERWRITE,
);
const FORGED_SCHEME: Check = check(
    "forged_scheme",
    "I2",
    "A visitor who claims to come by plain http still gets a Secure cookie",
    "Install an unchanged release: the scheme is that of public_url",
);
const ADDRESS: Check = check(
    "believed_address",
    "I2",
    "The server sees where visitors come from, and not its proxy",
    REACH,
);
const SCHEME: Check = check(
    "believed_scheme",
    "I2",
    "The scheme that the proxy reports is that of the public address",
    REACH,
);
const HOST: Check = check(
    "believed_host",
    "I2",
    "The host that the proxy reports is that of the public address",
    REACH,
);

pub const CHECKS: &[&Check] = &[
    &UNKNOWN_HOST,
    &FORWARDED_HOST,
    &FORGED_ADDRESS,
    &FORGED_SCHEME,
    &ADDRESS,
    &SCHEME,
    &HOST,
];

/// The page that describes to administrators how requests reach the server.
const SYSTEM: &str = "/admin/system";

/// An address for documentation (RFC 5737): no client has it.
const SPOOFED_ADDRESS: &str = "192.0.2.66";

pub async fn examine(exam: &mut Examination) -> Result<(), NoAnswer> {
    hosts(exam).await?;
    forged_address(exam).await?;
    forged_scheme(exam).await?;
    let Some(mut browser) = exam.signed_in().await? else {
        exam.report
            .skip_rest(&[&ADDRESS, &SCHEME, &HOST], NOT_SIGNED_IN);
        return Ok(());
    };
    let home = browser.open(&exam.client, HOME).await?;
    let page = browser.open(&exam.client, SYSTEM).await?;
    proxy_diagnosis(exam, &home, &page);
    Ok(())
}

async fn hosts(exam: &mut Examination) -> Result<(), NoAnswer> {
    let own = exam.client.target.host();
    let mut verdict = Ok(());
    for host in [
        "evil.example".to_owned(),
        format!("{own}.evil.example"),
        format!("evil.example@{own}"),
        format!("{own}."),
    ] {
        for path in ["/login", "/"] {
            let request = Request::get(path).header("host", &host).proxy_may_answer();
            if let Some(answer) = exam.client.send_unless_closed(request).await? {
                verdict = verdict.and_then(|()| is_no_page_of_ours(&answer, &host));
            }
        }
    }
    exam.record(&UNKNOWN_HOST, verdict);
    let mut verdict = Ok(());
    for (name, value) in [
        ("x-forwarded-host", "evil.example"),
        ("x-host", "evil.example"),
        ("x-original-url", "/evil.example"),
    ] {
        for path in ["/login/", "/dashboard", "/login"] {
            let request = Request::get(path).header(name, value);
            let answer = exam.client.send(request).await?;
            let echoes =
                answer.location().contains("evil.example") || answer.body.contains("evil.example");
            let description = || format!("{} for {name}: {value}", answer.describe());
            verdict = verdict.and_then(|()| expect(!echoes, description));
        }
    }
    exam.record(&FORWARDED_HOST, verdict);
    Ok(())
}

fn is_no_page_of_ours(answer: &Answer, host: &str) -> Verdict {
    let is_ours = answer.body.contains("/api/login") || answer.location().starts_with("/login");
    let leads_there = answer.location().contains("evil.example");
    expect(!is_ours && !leads_there, || {
        format!("{} for the Host {host}", answer.describe())
    })
}

/// The dashboard shows which address the server trusts.
async fn forged_address(exam: &mut Examination) -> Result<(), NoAnswer> {
    let mut verdict = Ok(());
    for (name, value) in [
        ("x-forwarded-for", SPOOFED_ADDRESS.to_owned()),
        ("forwarded", format!("for={SPOOFED_ADDRESS}")),
        ("x-real-ip", SPOOFED_ADDRESS.to_owned()),
        ("true-client-ip", SPOOFED_ADDRESS.to_owned()),
    ] {
        let request = Request::get(HOME).header(name, &value);
        if exam.client.send(request).await?.status == 400 {
            // The server refuses headers that disagree, so it trusts none.
            continue;
        }
        let mut browser = exam.known_browser();
        let form = Request::form("/api/login", &[]).header(name, &value);
        if exam.sign_in_by(&mut browser, form, &[]).await?.is_none() {
            return Ok(());
        }
        let page = browser.open(&exam.client, HOME).await?;
        let address = seen_address(&page.body).unwrap_or("none");
        let description = || format!("with {name}: {value} the session's address is {address}");
        verdict = verdict.and_then(|()| expect(address != SPOOFED_ADDRESS, description));
        browser.submit(&exam.client, "/api/logout", &[]).await?;
    }
    exam.record(&FORGED_ADDRESS, verdict);
    Ok(())
}

async fn forged_scheme(exam: &mut Examination) -> Result<(), NoAnswer> {
    let mut browser = exam.known_browser();
    let form = Request::form("/api/login", &[]).header("x-forwarded-proto", "http");
    let Some(answer) = exam.sign_in_by(&mut browser, form, &[]).await? else {
        return Ok(());
    };
    let lines = super::browser::session_lines(&answer);
    let loses_it = lines.iter().any(|line| !line.has("secure"));
    // If no cookie is Secure at all, another check reports it.
    let is_downgraded = loses_it && exam.sets_secure_cookies();
    let stays = answer.location().starts_with('/');
    exam.record(
        &FORGED_SCHEME,
        expect(!is_downgraded && stays, || answer.describe()),
    );
    Ok(())
}

/// The card “How this server is reached”, which administrators see.
fn proxy_diagnosis(exam: &mut Examination, home: &Rc<Answer>, page: &Rc<Answer>) {
    let Some(card) = page.body.split("id=\"reach\"").nth(1) else {
        let seen = seen_address(&home.body).unwrap_or("unknown");
        let why = format!(
            "the account is not an administrator's, so no page shows it; its session's address is {seen}"
        );
        exam.report.skip_rest(&[&ADDRESS, &SCHEME, &HOST], &why);
        return;
    };
    let mut known = 0;
    for (check, about) in [(&SCHEME, "scheme"), (&HOST, "host"), (&ADDRESS, "address")] {
        let mut found = findings(card, about);
        known += found.len();
        // A server of another version may have warnings that this one does not know.
        if about == "address" && card.contains("notice-warning") && known == 0 {
            found.push("the page warns of something that this version does not know".to_owned());
        }
        exam.record(check, expect(found.is_empty(), || found.join(" ")));
    }
}

/// The findings on one subject, each a paragraph with `data-finding`.
fn findings(card: &str, about: &str) -> Vec<String> {
    let mark = format!("data-finding=\"{about}\"");
    let paragraphs = card
        .split(&mark)
        .skip(1)
        .filter_map(|rest| rest.split_once('>'));
    paragraphs.map(|(_, rest)| text_of(rest)).collect()
}

/// The text of a piece of HTML, up to the end of its paragraph.
fn text_of(html: &str) -> String {
    let html = html.split("</p>").next().unwrap_or_default();
    let mut text = String::new();
    for (number, part) in html.split('<').enumerate() {
        let words = if number == 0 {
            part
        } else {
            part.split_once('>').map_or("", |(_, words)| words)
        };
        text.push_str(words);
    }
    text.replace("&quot;", "\"").replace("&amp;", "&")
}

/// The address of the session, as its page shows it.
fn seen_address(page: &str) -> Option<&str> {
    let fact = page.split("data-fact=\"session-address\"").nth(1)?;
    let (_, value) = fact.split_once('>')?;
    Some(value.split('<').next()?.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_the_session_is_found() {
        let page = "<dd>other</dd><dt>Adresse</dt><dd data-fact=\"session-address\">203.0.113.5</dd><dd>other</dd>";
        assert_eq!(seen_address(page), Some("203.0.113.5"));
        assert_eq!(seen_address("<h2>"), None);
    }

    #[test]
    fn findings_are_identified_by_their_attribute() {
        let card = "<p data-finding=\"host\" class=x>one</p><p>scheme</p><p data-finding=\"scheme\">two</p>";
        assert_eq!(findings(card, "scheme"), ["two"]);
        assert_eq!(findings(card, "host"), ["one"]);
        assert!(findings(card, "address").is_empty());
    }

    #[test]
    fn the_text_of_a_paragraph_is_extracted() {
        let html = "write <b>x = [&quot;a&quot;]</b> here<!--hk-->.</p><p>not this";
        assert_eq!(text_of(html), "write x = [\"a\"] here.");
    }
}
