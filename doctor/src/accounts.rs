//! User enumeration: what a client without a session can learn about accounts.

use super::{
    browser::{Browser, SetCookie, session_lines},
    client::{Answer, Client, NoAnswer, Request, milliseconds_between},
    examination::Examination,
    report::{Check, check, expect},
    target::encode_form,
};
use std::rc::Rc;

const UNCHANGED: &str =
    "Install an unchanged release, and let the proxy show the server's own answers";

const SAME: Check = check(
    "refusals_are_the_same",
    "A9",
    "Unknown names and wrong passwords are answered alike",
    UNCHANGED,
);
const SAME_PAGE: Check = check(
    "refusal_pages_are_the_same",
    "A9",
    "The page after these two refusals is the same, but for the name that was typed",
    UNCHANGED,
);
const SAME_TIME: Check = check(
    "refusals_take_as_long",
    "A9",
    "A known name is not refused measurably later or earlier than an unknown one",
    "Let nothing in front of the server look names up, delay or repeat sign-ins",
);
const REFERER: Check = check(
    "referer_not_followed",
    "H2",
    "A refused form leads to the sign-in page, never to the Referer, with no error in the address",
    "Let the proxy rewrite no Location",
);
const SETUP: Check = check(
    "setup_closed",
    "A10",
    "The page for the first account is closed",
    "There is an account, so /setup has to be a 404: let one database serve this name",
);
const FIELDS: Check = check(
    "sign_in_fields",
    "A6",
    "Password managers find the fields of the sign-in form",
    UNCHANGED,
);

pub const CHECKS: &[&Check] = &[&FIELDS, &SETUP, &SAME, &SAME_PAGE, &SAME_TIME, &REFERER];

const WRONG_PASSWORD: &str = "a-password-that-nobody-has";

pub async fn examine(exam: &mut Examination) -> Result<(), NoAnswer> {
    let page = exam.client.send(Request::get("/login")).await?;
    let expected = [
        "autocomplete=\"username",
        "autocomplete=\"current-password\"",
        "type=\"password\"",
    ];
    let missing = expected.iter().find(|mark| !page.body.contains(**mark));
    exam.record(
        &FIELDS,
        missing.map_or(Ok(()), |mark| Err(format!("no {mark} on /login"))),
    );
    let setup = exam.client.send(Request::get("/setup")).await?;
    exam.record(&SETUP, expect(setup.status == 404, || setup.describe()));
    refusals(exam).await
}

/// Two refused attempts, or eight if their times differ. They come from a browser that the account has signed in with,
/// so they count against that browser only and throttle nobody else.
async fn refusals(exam: &mut Examination) -> Result<(), NoAnswer> {
    if exam.signed_in().await?.is_none() {
        return Ok(());
    }
    let account = exam.account.name.clone();
    // The length of the account name, so that the length makes no difference.
    let unknown = "z".repeat(account.chars().count());
    let (known, known_page, known_ms) = refused(exam, &account).await?;
    let (other, other_page, other_ms) = refused(exam, &unknown).await?;
    if known.status == 429 || other.status == 429 {
        let why = "sign-ins are being slowed at the moment";
        exam.report
            .skip_rest(&[&SAME, &SAME_PAGE, &SAME_TIME, &REFERER], why);
        return Ok(());
    }
    let (one, two) = (visible_parts(&known), visible_parts(&other));
    exam.record(
        &SAME,
        expect(one == two, || {
            format!("wrong password: {one}; unknown name: {two}")
        }),
    );
    let (one, two) = (
        comparable(&known_page, &account),
        comparable(&other_page, &unknown),
    );
    exam.record(
        &SAME_PAGE,
        expect(one == two, || {
            let (one, two) = first_difference(&one, &two);
            format!("wrong password: “{one}”; unknown name: “{two}”")
        }),
    );
    let leads_back = |answer: &Answer| {
        let location = answer.location();
        location.starts_with("/login") && !location.contains("err")
    };
    let holds = leads_back(&known) && leads_back(&other);
    exam.record(&REFERER, expect(holds, || known.describe()));
    compare_times(exam, [&account, &unknown], [known_ms, other_ms]).await
}

/// Noise from the network and the load of the machine stays below this.
const MAX_NOISE_MS: u64 = 250;

/// Measures again if the first two differ, and compares the minimum of four samples each. Noise only adds time, and
/// seldom to all four.
async fn compare_times(
    exam: &mut Examination,
    names: [&str; 2],
    first: [u64; 2],
) -> Result<(), NoAnswer> {
    let mut shortest = first;
    for _ in 0..3 {
        if shortest[0].abs_diff(shortest[1]) < MAX_NOISE_MS {
            break;
        }
        for (name, shortest) in names.into_iter().zip(&mut shortest) {
            let (answer, _, elapsed) = refused(exam, name).await?;
            if answer.status == 429 {
                let why = "sign-ins are being slowed at the moment";
                exam.report.skip(&SAME_TIME, why);
                return Ok(());
            }
            *shortest = elapsed.min(*shortest);
        }
    }
    let [known, unknown] = shortest;
    let is_alike = known.abs_diff(unknown) < MAX_NOISE_MS;
    exam.record(
        &SAME_TIME,
        expect(is_alike, || {
            format!("of four times each the shortest: {known} ms for the account, {unknown} ms for nobody's name")
        }),
    );
    Ok(())
}

/// Returns the refusal, the page after it, and the duration of the refusal in milliseconds.
async fn refused(
    exam: &mut Examination,
    name: &str,
) -> Result<(Rc<Answer>, Rc<Answer>, u64), NoAnswer> {
    let mut browser: Browser = exam.known_browser();
    let fields = [("username", name), ("password", WRONG_PASSWORD)];
    let form = Request::form("/api/login", &[])
        .header("origin", &exam.client.target.origin())
        .header("referer", "https://evil.example/phishing")
        .body(encode_form(&fields).into_bytes());
    let before = Client::now();
    let answer = browser.send(&exam.client, form).await?;
    let elapsed = milliseconds_between(Client::now(), before);
    let page = browser.open(&exam.client, "/login").await?;
    Ok((answer, page, elapsed))
}

/// The parts of an answer that must not differ: status, location, names of headers and cookies.
fn visible_parts(answer: &Answer) -> String {
    let mut names: Vec<_> = answer
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    names.sort_unstable();
    let cookies = answer.all("set-cookie").into_iter().map(|line| {
        let cookie = SetCookie::parse(line);
        format!("{} of {} letters", cookie.describe(), cookie.value.len())
    });
    let begins = session_lines(answer).len();
    format!(
        "{}, {}, {} bytes, {begins} session cookies, {}, {}",
        answer.status,
        answer.location(),
        answer.body.len(),
        cookies.collect::<Vec<_>>().join(" "),
        names.join(" "),
    )
}

/// The page without the parts that belong to one request: the nonce and the submitted name.
fn comparable(page: &Answer, name: &str) -> String {
    let body = page.body.replace(&format!("\"{name}\""), "NAME");
    // The serialised values behind the page escape the quotes of JSON.
    let body = body.replace(&format!("\\\"{name}\\\""), "NAME");
    // A proxy may add a policy of its own. There are several nonces then, different in each answer.
    let policies = page.all("content-security-policy").join("; ");
    let nonces = policies.split("'nonce-").skip(1);
    let nonces = nonces.filter_map(|rest| rest.split('\'').next());
    let body = nonces
        .filter(|nonce| !nonce.is_empty())
        .fold(body, |body, nonce| body.replace(nonce, "NONCE"));
    format!("{} {body}", page.status)
}

fn first_difference<'a>(one: &'a str, two: &'a str) -> (&'a str, &'a str) {
    let same = one.chars().zip(two.chars()).take_while(|(a, b)| a == b);
    let start: usize = same.map(|(c, _)| c.len_utf8()).sum();
    let part = |text: &'a str| {
        let rest = text.get(start..).unwrap_or_default();
        let end = rest.char_indices().nth(60).map_or(rest.len(), |(at, _)| at);
        &rest[..end]
    };
    (part(one), part(two))
}

#[cfg(test)]
mod tests {
    use super::{Answer, comparable, first_difference};

    #[test]
    fn nonces_are_left_out_of_the_comparison() {
        let page = |own: &str, second: &str| {
            let policy = |nonce: &str| {
                let value = format!("script-src 'nonce-{nonce}' 'strict-dynamic'");
                ("content-security-policy".to_owned(), value)
            };
            Answer {
                headers: vec![policy(own), policy(second)],
                body: format!(
                    "<script nonce=\"{own}\">1</script><script nonce=\"{second}\">2</script>"
                ),
                ..Answer::default()
            }
        };
        let one = comparable(&page("abcd", "efgh"), "ada");
        assert_eq!(one, comparable(&page("ijkl", "mnop"), "ada"));
    }

    #[test]
    fn the_first_difference_is_shown() {
        assert_eq!(first_difference("é same a", "é same b"), ("a", "b"));
        assert_eq!(first_difference("a", "ab"), ("", "b"));
        assert_eq!(first_difference("a", "a"), ("", ""));
    }
}
