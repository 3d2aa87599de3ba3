//! Breaks of access tokens, of what verifies them, and of the API around them.

use super::{
    all_are_found_at_once,
    broken_sessions::{believes, fake_answer, revives},
    each_is_found,
    message::{Inbound, Tamper},
    tampering::{Action, Break, breaks},
};
use crate::support::http::Answer;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

const ME: &str = "/api/v1/me";
const TOKEN: &str = "/api/v1/token";
const REFRESH: &str = "/api/v1/token/refresh";
const LOGOUT: &str = "/api/v1/logout";
const JWKS: &str = "/.well-known/jwks.json";

/// A cache that knows requests by their credential. The given refusal, and those after it, become what the credential has
/// opened before.
pub fn keeps(
    what: &'static str,
    check: &'static str,
    beginning: &'static str,
    from: usize,
) -> Break {
    breaks(what, &[check]).after(move |inbound, answer, memory| {
        let credentials = inbound.headers.iter();
        let credentials = credentials.filter(|(name, _)| name == "authorization");
        let is_plain = credentials.count() == 1 && inbound.header("cookie").is_none();
        let Some(credential) = inbound.bearer().filter(|own| own.starts_with(beginning)) else {
            return;
        };
        if !(is_plain && inbound.is("GET", ME)) {
            return;
        }
        match (answer.status, memory.kept_by.get_mut(credential)) {
            (200, None) => {
                let kept = (answer.clone(), 0);
                memory.kept_by.insert(credential.to_owned(), kept);
            }
            (401, Some((kept, refusals))) => {
                *refusals += 1;
                if *refusals >= from {
                    let id = answer.header("x-request-id").unwrap().to_owned();
                    *answer = kept.clone();
                    answer.set("x-request-id", &id);
                }
            }
            _ => {}
        }
    })
}

fn is_token(inbound: &Inbound) -> bool {
    inbound.bearer().is_some_and(|own| own.starts_with("eyJ"))
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_outlive_their_session_are_found() {
    let all = vec![
        keeps(
            "keeps what a token opened",
            "token_dies_with_session",
            "eyJ",
            1,
        ),
        revives(
            "refreshes for the dead",
            "refresh_needs_live_session",
            |inbound, _| inbound.is("POST", REFRESH),
        ),
        breaks("keeps the sign-out of the API to itself", &["api_sign_out"]).before(
            |inbound, _| {
                if inbound.is("POST", LOGOUT) && is_token(inbound) {
                    return Action::Answer(Box::new(fake_answer(204, &[])));
                }
                Action::Forward
            },
        ),
        breaks("sets a cookie with a token", &["refresh_keeps_cookie"]).answering(
            |inbound, answer| {
                if inbound.is("POST", REFRESH) && answer.status == 200 {
                    let line = "__Host-x=y; Secure; HttpOnly; SameSite=Lax; Path=/";
                    answer.add("set-cookie", line);
                }
            },
        ),
        breaks("makes tokens cacheable", &["cookies_not_kept"]).answering(|inbound, answer| {
            if inbound.is("POST", TOKEN) && answer.status == 200 {
                answer.set("cache-control", "private, max-age=60");
            }
        }),
    ];
    all_are_found_at_once(all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_cannot_be_used_is_found() {
    // What it is answered then is the challenge to a request without a credential.
    let found_by = ["token_issued", "challenge_invalid_token"];
    let strips = breaks("strips Authorization", &found_by).asking(|inbound| {
        if inbound.is("GET", ME) && is_token(inbound) {
            inbound.remove("authorization");
        }
    });
    let is_own = |inbound: &Inbound| inbound.header("sec-fetch-site") == Some("same-origin");
    let signs_in = move |inbound: &Inbound| inbound.is("POST", TOKEN) && is_own(inbound);
    let blocks = vec![
        breaks("keeps /token to itself", &["token_by_password"]).before(move |inbound, _| {
            if signs_in(inbound) && inbound.token().is_none() {
                let kind = [("content-type", "text/plain; charset=utf-8")];
                return Action::Answer(Box::new(fake_answer(302, &kind)));
            }
            Action::Forward
        }),
        breaks(
            "signs in over a live session",
            &["token_replaces_no_session"],
        )
        .asking(move |inbound| {
            if signs_in(inbound) && inbound.token().is_some() {
                inbound.remove("cookie");
            }
        }),
        breaks(
            "makes refreshed tokens cacheable",
            &["other_answers_not_kept"],
        )
        .answering(|inbound, answer| {
            if inbound.is("POST", REFRESH) && answer.status == 200 {
                answer.set("cache-control", "private, max-age=60");
            }
        }),
        breaks("opens an operation", &["operations_need_a_credential"]).answering(
            |inbound, answer| {
                let is_anonymous = inbound.bearer().is_none() && inbound.token().is_none();
                if inbound.is("GET", "/api/v1/users") && is_anonymous {
                    answer.become_text(200, "a text of another server");
                }
            },
        ),
    ];
    each_is_found(vec![strips]).await;
    all_are_found_at_once(blocks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_challenges_are_found() {
    let all = vec![
        breaks("removes the challenge", &["challenge_without_credential"]).answering(
            |inbound, answer| {
                if inbound.bearer().is_none() {
                    answer.remove("www-authenticate");
                }
            },
        ),
        breaks(
            "hides that a token is invalid",
            &["challenge_invalid_token"],
        )
        .answering(|_, answer| {
            let error = ", error=\"invalid_token\"";
            answer.replace("www-authenticate", error, "");
        }),
        breaks("hides the scope", &["challenge_scope"]).answering(|_, answer| {
            let scope = ", scope=\"sessions:read\"";
            answer.replace("www-authenticate", scope, "");
        }),
        breaks("shows a refusal of its own", &["problems"]).answering(|inbound, answer| {
            if inbound.is("POST", REFRESH) && answer.status == 403 {
                answer.become_text(403, "Forbidden");
            }
        }),
    ];
    all_are_found_at_once(all).await;
}

/// Changes the text of a published document.
fn publishes(what: &'static str, check: &'static str, [before, after]: [&'static str; 2]) -> Break {
    breaks(what, &[check]).answering(move |inbound, answer| {
        if inbound.path().starts_with("/.well-known/") {
            answer.replace_body(before, after);
        }
    })
}

/// The proxy issues tokens for another server, and replaces them by the real ones.
fn changes_tokens() -> Break {
    breaks(
        "issues tokens for another server",
        &["token_claims", "jwks_verifies"],
    )
    .before(|inbound, memory| {
        if let Some((changed, real)) = memory.pair.split_once(' ') {
            inbound.replace_bearer(changed, real);
        }
        Action::Forward
    })
    .after(|inbound, answer, memory| {
        if !inbound.is("POST", REFRESH) || answer.status != 200 {
            return;
        }
        let real = memory.credentials.last().unwrap().clone();
        let claims = real.split('.').nth(1).unwrap();
        let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        let text = text.replace("/api/v1", "/api/v2");
        let changed = real.replace(claims, &BASE64_URL_SAFE_NO_PAD.encode(text));
        answer.replace_body(&real, &changed);
        memory.pair = format!("{changed} {real}");
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_that_mislead_applications_are_found() {
    let all = vec![
        publishes(
            "names another issuer",
            "metadata",
            ["\"issuer\":\"https", "\"issuer\":\"http"],
        ),
        publishes(
            "publishes a private key",
            "jwks_public",
            ["\"kty\"", "\"d\":\"AAAA\",\"kty\""],
        ),
        breaks("lets keys be kept for a year", &["jwks_kept_briefly"]).answering(
            |inbound, answer| {
                if inbound.path() == JWKS {
                    answer.set("cache-control", "public, max-age=31536000, immutable");
                }
            },
        ),
        publishes(
            "publishes the key of another server",
            "jwks_verifies",
            ["\"kid\":\"", "\"kid\":\"0"],
        ),
    ];
    all_are_found_at_once(all).await;
    let swaps = breaks("changes a key", &["jwks_verifies"]).answering(|inbound, answer| {
        if inbound.path() == JWKS {
            answer.replace_body("\"x\"", "\"z\"");
            answer.replace_body("\"y\"", "\"x\"");
            answer.replace_body("\"z\"", "\"y\"");
        }
    });
    each_is_found(vec![swaps, changes_tokens()]).await;
}

/// What the server of an application would send.
fn permits(answer: &mut Answer, origin: &str) {
    answer.set("access-control-allow-origin", origin);
    answer.set("access-control-allow-credentials", "true");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_other_sites_can_use_is_found() {
    let preflights =
        breaks("permits every preflight", &["api_no_cors"]).answering(|inbound, answer| {
            if inbound.is("OPTIONS", REFRESH) {
                answer.status = 200;
                permits(answer, "*");
            }
        });
    each_is_found(vec![preflights]).await;
    let reflects = |path: &'static str| {
        breaks("reflects the origin", &["api_no_cors", "no_cors"]).answering(
            move |inbound, answer| {
                if let Some(origin) = inbound.header("origin").filter(|_| inbound.is("GET", path)) {
                    permits(answer, origin);
                }
            },
        )
    };
    each_is_found(vec![reflects(ME), reflects("/login")]).await;
    let is_foreign = |inbound: &Inbound| inbound.header("origin") == Some("https://evil.example");
    let all = vec![
        believes(
            "refreshes for other sites",
            "forged_refresh",
            move |inbound| inbound.is("POST", REFRESH) && is_foreign(inbound),
        ),
        believes(
            "signs out for other sites",
            "forged_api_sign_out",
            |inbound| {
                inbound.is("POST", LOGOUT) && inbound.header("sec-fetch-site") == Some("cross-site")
            },
        ),
        believes(
            "signs in for other sites",
            "forged_api_sign_in",
            |inbound| inbound.is("POST", TOKEN) && inbound.header("origin") == Some("null"),
        ),
    ];
    all_are_found_at_once(all).await;
}
