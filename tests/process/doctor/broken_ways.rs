//! Ways of breaking where requests go and where answers lead: functions, redirects, the proxy and files.

use super::{
    all_are_found_at_once, each_is_found,
    message::{Ask, Tamper},
    tampering::{Break, Way, breaks},
};
use crate::support::http::FLASH_COOKIE;

/// Turns a request of this kind into the form that signs out.
fn carries_out(
    what: &'static str,
    check: &'static str,
    is_meant: impl Fn(&Ask) -> bool + Send + Sync + 'static,
) -> Break {
    breaks(what, &[check]).asking(move |ask| {
        if is_meant(ask) {
            "POST".clone_into(&mut ask.method);
            "/api/logout".clone_into(&mut ask.target);
            ask.set("content-type", "application/x-www-form-urlencoded");
            ask.set("sec-fetch-site", "same-origin");
            ask.body.clear();
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_that_are_called_otherwise_are_found() {
    let names_method = |ask: &Ask| ask.headers.iter().any(|(name, _)| name.contains("method"));
    let all = vec![
        carries_out(
            "answers GET on a function",
            "get_changes_nothing",
            move |ask| ask.is("GET", "/api/logout") && !names_method(ask),
        ),
        carries_out(
            "honours another method in a header",
            "no_method_override",
            names_method,
        ),
        carries_out("signs out by a link", "get_only_asks", |ask| {
            ask.is("GET", "/logout") && ask.token().is_some()
        }),
        carries_out("reads other encodings", "forms_only", |ask| {
            ask.is("POST", "/api/logout") && ask.header("content-type") == Some("text/plain")
        }),
        carries_out("takes any body", "body_limit", |ask| {
            ask.body.len() > 1_000_000
        }),
    ];
    all_are_found_at_once(all).await;
}

/// Answers with a text of its own.
fn tells(
    what: &'static str,
    check: &'static str,
    status: u16,
    is_meant: impl Fn(&Ask) -> bool + Send + Sync + 'static,
) -> Break {
    breaks(what, &[check]).answering(move |ask, answer| {
        if is_meant(ask) {
            answer.become_text(status, "a text of somebody else");
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_somebody_else_are_found() {
    let all = vec![
        tells("echoes TRACE", "other_methods", 200, |ask| {
            ask.method == "TRACE"
        }),
        tells("has another function", "unknown_functions", 200, |ask| {
            ask.is("POST", "/api/end_everything")
        }),
        tells("serves its own folder", "unknown_pages", 200, |ask| {
            ask.is("GET", "/.env")
        }),
        tells(
            "calls a function without a session",
            "functions_need_a_session",
            415,
            |ask| ask.is("POST", "/api/update_profile") && ask.token().is_none(),
        ),
        breaks(
            "shows a private page to anybody",
            &["private_pages_closed", "closed_after_a_visit"],
        )
        .answering(|ask, answer| {
            if ask.path() == "/account/profile" && ask.header("cookie").is_none() {
                answer.become_text(200, "a text of somebody else");
            }
        }),
        tells("opens the set-up", "setup_closed", 200, |ask| {
            ask.is("GET", "/setup")
        }),
        tells("lists a folder", "no_listing", 200, |ask| {
            ask.is("GET", "/pkg/")
        }),
        tells("leads out of the folder", "no_traversal", 200, |ask| {
            ask.target.contains("..%2f")
        }),
        tells("is not alive", "healthz", 500, |ask| {
            ask.is("GET", "/healthz")
        }),
        tells("is not ready", "readyz", 503, |ask| {
            ask.is("GET", "/readyz")
        }),
    ];
    all_are_found_at_once(all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_found() {
    let all = vec![
        // It is no 404 either.
        breaks("fails", &["no_server_errors", "unknown_pages"]).answering(|ask, answer| {
            if ask.is("GET", "/.git/config") {
                answer.status = 500;
            }
        }),
        breaks("hangs up", &["everything_answered"]).before(|ask, _| {
            if ask.is("GET", "/signed-out") {
                Way::HangUp
            } else {
                Way::On
            }
        }),
    ];
    each_is_found(all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opened_redirects_are_found() {
    const EVIL: &str = "https://evil.example/";
    let all = vec![
        breaks("follows next", &["next_when_signed_in"]).answering(|ask, answer| {
            if ask.is("GET", "/login?next=//evil.example") && answer.status == 303 {
                answer.set("location", "//evil.example");
            }
        }),
        breaks("follows next at the sign-in", &["next_at_sign_in"]).answering(|ask, answer| {
            if ask.is("POST", "/api/login") && ask.text().contains("evil") {
                answer.set("location", EVIL);
            }
        }),
        breaks("carries next on", &["next_in_the_form"]).answering(|ask, answer| {
            if ask.is("GET", "/login?next=//evil.example") {
                answer.replace_body("value=\"/dashboard\"", "value=\"//evil.example\"");
            }
        }),
        breaks("takes a path for a host", &["paths_stay"]).answering(|ask, answer| {
            if ask.target.starts_with("//evil.example/login") {
                answer.status = 308;
                answer.set("location", "//evil.example/login");
            }
        }),
        breaks(
            "shows an error out of the query",
            &["errors_not_from_the_query"],
        )
        .answering(|ask, answer| {
            if let Some((_, error)) = ask.target.split_once("__err=") {
                let text = format!("<p>{error}</p></body>");
                answer.replace_body("</body>", &text);
            }
        }),
        breaks("follows the Referer", &["referer_not_followed"]).answering(|ask, answer| {
            if ask.header("referer").is_some() && answer.status == 303 {
                answer.set("location", EVIL);
            }
        }),
    ];
    all_are_found_at_once(all).await;
}

/// The name that nobody has is as long as `ada`.
const UNKNOWN: &str = "username=zzz";

#[tokio::test(flavor = "multi_thread")]
async fn what_tells_accounts_apart_is_found() {
    let all = vec![
        breaks("tells of unknown names", &["refusals_are_the_same"]).answering(|ask, answer| {
            if ask.is("POST", "/api/login") && ask.text().contains(UNKNOWN) {
                answer.set("location", "/login?unknown");
            }
        }),
        breaks("words it otherwise", &["refusal_pages_are_the_same"])
            .before(|ask, memory| {
                if ask.is("POST", "/api/login") {
                    memory.count = usize::from(ask.text().contains(UNKNOWN));
                }
                Way::On
            })
            .after(|ask, answer, memory| {
                let cookie = ask.header("cookie").unwrap_or_default();
                if cookie.contains(FLASH_COOKIE) && memory.count == 1 {
                    answer.replace_body("The name or the password", "The name");
                }
            }),
        breaks(
            "hides the fields from password managers",
            &["sign_in_fields"],
        )
        .answering(|ask, answer| {
            if ask.is("GET", "/login") {
                answer.replace_body("autocomplete=\"current-password\"", "autocomplete=\"off\"");
            }
        }),
    ];
    all_are_found_at_once(all).await;
}

/// What the visitor itself has claimed.
fn claimed(ask: &Ask, name: &str) -> Option<String> {
    ask.header(&format!("was-{name}")).map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_set_up_wrong_is_found() {
    let all = vec![
        breaks("passes any Host", &["unknown_host"]).asking(|ask| {
            let host = ask.header("host").unwrap_or_default().to_owned();
            if let Some(own) = host.strip_suffix(".evil.example") {
                ask.set("host", own);
            }
        }),
        breaks("believes X-Forwarded-Host", &["forwarded_host"]).answering(|ask, answer| {
            if let Some(host) = ask.header("x-forwarded-host") {
                let there = format!("https://{host}/login");
                answer.replace("location", "/login", &there);
            }
        }),
        breaks(
            "passes on the address that a visitor claims",
            &["forged_address"],
        )
        .asking(|ask| {
            if let Some(address) = claimed(ask, "x-forwarded-for") {
                ask.set("x-forwarded-for", &address);
            }
        }),
        breaks(
            "believes the scheme that a visitor claims",
            &["forged_scheme"],
        )
        .answering(|ask, answer| {
            if ask.header("x-forwarded-proto") == Some("http") {
                answer.change_session(|line| line.replace("; Secure", ""));
            }
        }),
        breaks("has another time", &["clock"]).answering(|_, answer| {
            answer.set("date", "Mon, 21 Sep 2020 14:13:20 GMT");
        }),
    ];
    all_are_found_at_once(all).await;
}

/// An administrator sees what the server believes of its proxy.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_proxy_reports_wrongly_is_found() {
    let all = vec![
        breaks("does not say who asks", &["believed_address"])
            .asking(|ask| ask.remove("x-forwarded-for"))
            .seen_by("root"),
        breaks("reports another scheme", &["believed_scheme"])
            .asking(|ask| ask.set("x-forwarded-proto", "http"))
            .seen_by("root"),
        breaks("reports another host", &["believed_host"])
            .asking(|ask| ask.set("x-forwarded-host", "inner.example"))
            .seen_by("root"),
    ];
    all_are_found_at_once(all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_files_are_found() {
    let is = |ask: &Ask, end: &str| ask.target.starts_with("/pkg/") && ask.target.ends_with(end);
    let all = vec![
        breaks("has lost a file", &["files_are_there"]).answering(move |ask, answer| {
            if is(ask, ".css") {
                answer.status = 404;
                answer.set("cache-control", "no-store");
            }
        }),
        breaks("calls a script a text", &["file_types"]).answering(move |ask, answer| {
            if is(ask, ".js") {
                answer.set("content-type", "text/plain; charset=utf-8");
            }
        }),
        breaks("has files asked for every time", &["files_kept"]).answering(move |ask, answer| {
            if is(ask, ".wasm") {
                answer.set("cache-control", "no-cache");
            }
        }),
        breaks("sets a cookie with a file", &["files_without_cookies"]).answering(
            move |ask, answer| {
                if is(ask, ".js") {
                    let line = "__Host-x=y; Secure; HttpOnly; SameSite=Lax; Path=/";
                    answer.add("set-cookie", line);
                }
            },
        ),
    ];
    all_are_found_at_once(all).await;
}
