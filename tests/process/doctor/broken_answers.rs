//! Breaks of answers: caching, headers and policies.

use super::{
    all_are_found_at_once, each_is_found,
    message::Tamper,
    tampering::{Break, breaks},
};
use crate::support::{PASSWORD, http::Answer};

/// Removes a header everywhere.
fn drops(header: &'static str, check: &'static str) -> Break {
    breaks(header, &[check]).answering(move |_, answer| answer.remove(header))
}

fn is_private(answer: &Answer) -> bool {
    answer.is_page() && answer.text().contains("action=\"/api/logout\"")
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_answers_are_found() {
    let all = vec![
        breaks("makes private pages cacheable", &["private_pages_not_kept"]).answering(
            |_, answer| {
                if is_private(answer) {
                    answer.set("cache-control", "private, max-age=60, no-transform");
                }
            },
        ),
        breaks(
            "makes the sign-in page cacheable",
            &["other_answers_not_kept"],
        )
        .answering(|inbound, answer| {
            if inbound.path() == "/login" && answer.header("set-cookie").is_none() {
                answer.set("cache-control", "public, max-age=300, no-transform");
            }
        }),
        breaks("makes cookies cacheable", &["cookies_not_kept"]).answering(|_, answer| {
            if answer.header("set-cookie").is_some() {
                answer.set("cache-control", "no-transform");
            }
        }),
        breaks("adds an age", &["made_anew"]).answering(|inbound, answer| {
            if inbound.is("GET", "/signed-out") {
                answer.set("age", "7");
            }
        }),
        breaks("gives private pages an ETag", &["back_keeps_nothing"]).answering(|_, answer| {
            if is_private(answer) {
                answer.set("etag", "\"one\"");
            }
        }),
    ];
    all_are_found_at_once(all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_headers_are_found() {
    let all = vec![
        drops("x-content-type-options", "nosniff"),
        drops("referrer-policy", "referrer_policy"),
        drops("x-frame-options", "x_frame_options"),
        drops("cross-origin-opener-policy", "cross_origin_opener_policy"),
        drops(
            "cross-origin-resource-policy",
            "cross_origin_resource_policy",
        ),
        drops("strict-transport-security", "hsts"),
        drops("x-request-id", "request_id"),
        breaks("opens itself to every origin", &["api_no_cors", "no_cors"]).answering(
            |inbound, answer| {
                if inbound.is("GET", "/dashboard") {
                    answer.set("access-control-allow-origin", "*");
                }
            },
        ),
        breaks("forgets the letters", &["content_types"]).answering(|inbound, answer| {
            if inbound.is("GET", "/logout") {
                answer.replace("content-type", "; charset=utf-8", "");
            }
        }),
    ];
    all_are_found_at_once(all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_reveal_too_much_are_found() {
    let all = vec![
        breaks("asks for https for a minute", &["hsts"]).answering(|_, answer| {
            answer.replace("strict-transport-security", "63072000", "60");
        }),
        breaks("leaks the token in a body", &["token_in_no_body"]).answering(|inbound, answer| {
            if let Some(token) = inbound.token().filter(|_| is_private(answer)) {
                answer.body.extend(format!("<!-- {token} -->").as_bytes());
            }
        }),
        breaks("leaks the token in a header", &["token_in_no_url"]).answering(|inbound, answer| {
            if let Some(token) = inbound.token().filter(|_| inbound.is("GET", "/dashboard")) {
                answer.set("x-debug", token);
            }
        }),
        breaks("gives the password back", &["password_in_no_answer"]).answering(
            |inbound, answer| {
                if inbound.is("POST", "/api/login") && answer.session_token().is_some() {
                    answer.set("x-debug", PASSWORD);
                }
            },
        ),
        breaks("reveals internals", &["failures_are_generic"]).answering(|inbound, answer| {
            if inbound.is("GET", "/nowhere") {
                answer
                    .body
                    .extend(b"thread 'main' panicked at src/main.rs:1");
            }
        }),
    ];
    all_are_found_at_once(all).await;
}

/// Changes a part of every policy.
fn policy(what: &'static str, check: &'static str, [before, after]: [&'static str; 2]) -> Break {
    breaks(what, &[check]).answering(move |_, answer| {
        answer.replace("content-security-policy", before, after);
    })
}

/// The nonce of an answer.
fn nonce_of(answer: &Answer) -> Option<String> {
    let policy = answer.header("content-security-policy")?;
    let nonce = policy.split("'nonce-").nth(1)?.split('\'').next()?;
    Some(nonce.to_owned())
}

fn with_nonce(answer: &mut Answer, new: &str) {
    if let Some(nonce) = nonce_of(answer) {
        answer.replace("content-security-policy", &nonce, new);
        answer.replace_body(&nonce, new);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn weak_policies_are_found() {
    let all = vec![
        // Before the code removes the text that it searches for.
        breaks("lets failures run scripts", &["failures_run_nothing"]).answering(
            |inbound, answer| {
                if inbound.is("GET", "/nowhere") {
                    let allows = "script-src 'self'; base-uri";
                    answer.replace("content-security-policy", "base-uri", allows);
                }
            },
        ),
        breaks("adds a script", &["nonce_on_scripts", "known_scripts"]).answering(
            |inbound, answer| {
                if inbound.is("GET", "/login") {
                    answer.replace_body("</body>", "<script>1</script></body>");
                }
            },
        ),
        breaks("adds code to an attribute", &["no_inline_code"]).answering(|inbound, answer| {
            if inbound.is("GET", "/login") {
                answer.replace_body("<body", "<body onload=\"x()\"");
            }
        }),
        policy(
            "allows inline styles",
            "policy_sources",
            ["style-src 'self'", "style-src 'self' 'unsafe-inline'"],
        ),
        policy(
            "allows everything of its own",
            "policy_default",
            ["default-src 'none'", "default-src 'self'"],
        ),
        policy("forgets base-uri", "policy_base", ["base-uri 'none'; ", ""]),
        policy(
            "forgets form-action",
            "policy_forms",
            ["form-action 'self'; ", ""],
        ),
        policy(
            "lets itself be framed",
            "frame_ancestors",
            ["frame-ancestors 'none'", "frame-ancestors 'self'"],
        ),
        policy(
            "trusts the site's scripts",
            "policy_scripts",
            ["'strict-dynamic'", "'self'"],
        ),
    ];
    all_are_found_at_once(all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nonces_that_are_no_nonces_are_found() {
    const ALWAYS: &str = "AAAABBBBCCCCDDDDEEEEFFFF";
    let all = vec![
        breaks("repeats the nonce", &["nonce_fresh"])
            .answering(|_, answer| with_nonce(answer, ALWAYS)),
        breaks("shortens the nonce", &["nonce_long"]).after(|_, answer, memory| {
            memory.count += 1;
            with_nonce(answer, &format!("n{}", memory.count));
        }),
        policy(
            "allows a host",
            "policy_sources",
            ["img-src 'self'", "img-src 'self' https://cdn.example"],
        ),
        breaks("keeps a page", &["made_anew", "nonce_fresh"]).after(|inbound, answer, memory| {
            if inbound.is("GET", "/signed-out") && answer.status == 200 {
                let kept = memory.kept.get_or_insert_with(|| answer.clone());
                *answer = kept.clone();
            }
        }),
    ];
    each_is_found(all).await;
}
