//! Breaks of routing: functions, redirects, the proxy and files.

use super::{
    all_are_found_at_once, each_is_found,
    message::{Inbound, Tamper},
    tampering::{Action, Break, breaks},
};
use crate::support::http::FLASH_COOKIE;

/// Turns a request of this kind into a sign-out.
fn carries_out(
    what: &'static str,
    check: &'static str,
    is_meant: impl Fn(&Inbound) -> bool + Send + Sync + 'static,
) -> Break {
    breaks(what, &[check]).asking(move |inbound| {
        if is_meant(inbound) {
            "POST".clone_into(&mut inbound.method);
            "/api/logout".clone_into(&mut inbound.target);
            inbound.set("content-type", "application/x-www-form-urlencoded");
            inbound.set("sec-fetch-site", "same-origin");
            inbound.body.clear();
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn renamed_functions_are_found() {
    let names_method = |inbound: &Inbound| {
        inbound
            .headers
            .iter()
            .any(|(name, _)| name.contains("method"))
    };
    let all = vec![
        carries_out(
            "answers GET on a function",
            "get_changes_nothing",
            move |inbound| inbound.is("GET", "/api/logout") && !names_method(inbound),
        ),
        carries_out(
            "honours another method in a header",
            "no_method_override",
            names_method,
        ),
        carries_out("signs out by a link", "get_only_asks", |inbound| {
            inbound.is("GET", "/logout") && inbound.token().is_some()
        }),
        carries_out("reads other encodings", "forms_only", |inbound| {
            inbound.is("POST", "/api/logout")
                && inbound.header("content-type") == Some("text/plain")
        }),
        carries_out("takes any body", "body_limit", |inbound| {
            inbound.body.len() > 1_000_000
        }),
    ];
    all_are_found_at_once(all).await;
}

/// Answers with a text of its own.
fn forges(
    what: &'static str,
    check: &'static str,
    status: u16,
    is_meant: impl Fn(&Inbound) -> bool + Send + Sync + 'static,
) -> Break {
    breaks(what, &[check]).answering(move |inbound, answer| {
        if is_meant(inbound) {
            answer.become_text(status, "a text of another server");
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_another_server_are_found() {
    let all = vec![
        forges("echoes TRACE", "other_methods", 200, |inbound| {
            inbound.method == "TRACE"
        }),
        forges(
            "has another function",
            "unknown_functions",
            200,
            |inbound| inbound.is("POST", "/api/end_everything"),
        ),
        forges("serves its own folder", "unknown_pages", 200, |inbound| {
            inbound.is("GET", "/.env")
        }),
        forges(
            "calls a function without a session",
            "functions_need_a_session",
            415,
            |inbound| {
                let is_anonymous = inbound.token().is_none() && inbound.bearer().is_none();
                inbound.is("POST", "/api/update_profile") && is_anonymous
            },
        ),
        breaks(
            "shows a private page to anybody",
            &["private_pages_closed", "closed_after_a_visit"],
        )
        .answering(|inbound, answer| {
            if inbound.path() == "/account/profile" && inbound.header("cookie").is_none() {
                answer.become_text(200, "a text of another server");
            }
        }),
        forges("opens the set-up", "setup_closed", 200, |inbound| {
            inbound.is("GET", "/setup")
        }),
        forges("lists a folder", "no_listing", 200, |inbound| {
            inbound.is("GET", "/pkg/")
        }),
        forges("leads out of the folder", "no_traversal", 200, |inbound| {
            inbound.target.contains("..%2f")
        }),
        forges("is not alive", "healthz", 500, |inbound| {
            inbound.is("GET", "/healthz")
        }),
        forges("is not ready", "readyz", 503, |inbound| {
            inbound.is("GET", "/readyz")
        }),
    ];
    all_are_found_at_once(all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_found() {
    let all = vec![
        // It is no 404 either.
        breaks("fails", &["no_server_errors", "unknown_pages"]).answering(|inbound, answer| {
            if inbound.is("GET", "/.git/config") {
                answer.status = 500;
            }
        }),
        breaks("hangs up", &["everything_answered"]).before(|inbound, _| {
            if inbound.is("GET", "/signed-out") {
                Action::HangUp
            } else {
                Action::Forward
            }
        }),
    ];
    each_is_found(all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opened_redirects_are_found() {
    const EVIL: &str = "https://evil.example/";
    let all = vec![
        breaks("follows next", &["next_when_signed_in"]).answering(|inbound, answer| {
            if inbound.is("GET", "/login?next=//evil.example") && answer.status == 303 {
                answer.set("location", "//evil.example");
            }
        }),
        breaks("follows next at the sign-in", &["next_at_sign_in"]).answering(|inbound, answer| {
            if inbound.is("POST", "/api/login") && inbound.text().contains("evil") {
                answer.set("location", EVIL);
            }
        }),
        breaks("carries next on", &["next_in_the_form"]).answering(|inbound, answer| {
            if inbound.is("GET", "/login?next=//evil.example") {
                answer.replace_body("value=\"/dashboard\"", "value=\"//evil.example\"");
            }
        }),
        breaks("takes a path for a host", &["paths_stay"]).answering(|inbound, answer| {
            if inbound.target.starts_with("//evil.example/login") {
                answer.status = 308;
                answer.set("location", "//evil.example/login");
            }
        }),
        breaks(
            "shows an error out of the query",
            &["errors_not_from_the_query"],
        )
        .answering(|inbound, answer| {
            if let Some((_, error)) = inbound.target.split_once("__err=") {
                let text = format!("<p>{error}</p></body>");
                answer.replace_body("</body>", &text);
            }
        }),
        breaks("follows the Referer", &["referer_not_followed"]).answering(|inbound, answer| {
            if inbound.header("referer").is_some() && answer.status == 303 {
                answer.set("location", EVIL);
            }
        }),
    ];
    all_are_found_at_once(all).await;
}

/// The unknown name is as long as `ada`.
const UNKNOWN: &str = "username=zzz";

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_distinguish_accounts_are_found() {
    let all = vec![
        breaks("reveals unknown names", &["refusals_are_the_same"]).answering(|inbound, answer| {
            if inbound.is("POST", "/api/login") && inbound.text().contains(UNKNOWN) {
                answer.set("location", "/login?unknown");
            }
        }),
        breaks("words it otherwise", &["refusal_pages_are_the_same"])
            .before(|inbound, memory| {
                if inbound.is("POST", "/api/login") {
                    memory.count = usize::from(inbound.text().contains(UNKNOWN));
                }
                Action::Forward
            })
            .after(|inbound, answer, memory| {
                let cookie = inbound.header("cookie").unwrap_or_default();
                if cookie.contains(FLASH_COOKIE) && memory.count == 1 {
                    answer.replace_body("Wrong username or password", "Wrong username");
                }
            }),
        breaks(
            "hides the fields from password managers",
            &["sign_in_fields"],
        )
        .answering(|inbound, answer| {
            if inbound.is("GET", "/login") {
                answer.replace_body("autocomplete=\"current-password\"", "autocomplete=\"off\"");
            }
        }),
    ];
    all_are_found_at_once(all).await;
}

/// The client's own header.
fn claimed(inbound: &Inbound, name: &str) -> Option<String> {
    inbound.header(&format!("was-{name}")).map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_set_up_wrong_is_found() {
    let all = vec![
        breaks("passes any Host", &["unknown_host"]).asking(|inbound| {
            let host = inbound.header("host").unwrap_or_default().to_owned();
            if let Some(own) = host.strip_suffix(".evil.example") {
                inbound.set("host", own);
            }
        }),
        breaks("believes X-Forwarded-Host", &["forwarded_host"]).answering(|inbound, answer| {
            if let Some(host) = inbound.header("x-forwarded-host") {
                let there = format!("https://{host}/login");
                answer.replace("location", "/login", &there);
            }
        }),
        breaks(
            "passes on the address that a visitor claims",
            &["forged_address"],
        )
        .asking(|inbound| {
            if let Some(address) = claimed(inbound, "x-forwarded-for") {
                inbound.set("x-forwarded-for", &address);
            }
        }),
        breaks(
            "believes the scheme that a visitor claims",
            &["forged_scheme"],
        )
        .answering(|inbound, answer| {
            if inbound.header("x-forwarded-proto") == Some("http") {
                answer.change_session(|line| line.replace("; Secure", ""));
            }
        }),
        breaks("has another time", &["clock"]).answering(|_, answer| {
            answer.set("date", "Mon, 21 Sep 2020 14:13:20 GMT");
        }),
    ];
    all_are_found_at_once(all).await;
}

/// An administrator sees whether the server trusts its proxy.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_reports_of_a_proxy_are_found() {
    let all = vec![
        breaks("does not send the client address", &["believed_address"])
            .asking(|inbound| inbound.remove("x-forwarded-for"))
            .for_account("root"),
        breaks("reports another scheme", &["believed_scheme"])
            .asking(|inbound| inbound.set("x-forwarded-proto", "http"))
            .for_account("root"),
        breaks("reports another host", &["believed_host"])
            .asking(|inbound| inbound.set("x-forwarded-host", "inner.example"))
            .for_account("root"),
    ];
    all_are_found_at_once(all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_files_are_found() {
    let is = |inbound: &Inbound, end: &str| {
        inbound.target.starts_with("/pkg/") && inbound.target.ends_with(end)
    };
    let all = vec![
        breaks("has lost a file", &["files_are_there"]).answering(move |inbound, answer| {
            if is(inbound, ".css") {
                answer.status = 404;
                answer.set("cache-control", "no-store");
            }
        }),
        breaks("calls a script a text", &["file_types"]).answering(move |inbound, answer| {
            if is(inbound, ".js") {
                answer.set("content-type", "text/plain; charset=utf-8");
            }
        }),
        breaks("has files asked for every time", &["files_kept"]).answering(
            move |inbound, answer| {
                if is(inbound, ".wasm") {
                    answer.set("cache-control", "no-cache");
                }
            },
        ),
        breaks("sets a cookie with a file", &["files_without_cookies"]).answering(
            move |inbound, answer| {
                if is(inbound, ".js") {
                    let line = "__Host-x=y; Secure; HttpOnly; SameSite=Lax; Path=/";
                    answer.add("set-cookie", line);
                }
            },
        ),
    ];
    all_are_found_at_once(all).await;
}
