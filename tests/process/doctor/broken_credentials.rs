//! Breaks of access keys, and of what credentials must not do.

use super::{
    Site, all_are_found_at_once,
    broken_sessions::fake_answer,
    broken_tokens::keeps,
    each_is_found,
    message::{Inbound, Tamper},
    tampering::{Action, Break, breaks},
};
use crate::{
    program::{Home, Outcome},
    support::{
        PASSWORD,
        database::{Engine, TestDatabase},
        http::{Answer, SESSION_COOKIE},
    },
};
use std::{collections::BTreeMap, thread, time::Duration};

const ME: &str = "/api/v1/me";
const KEYS: &str = "/api/v1/keys";
const SESSIONS: &str = "/api/v1/sessions";
const REFRESH: &str = "/api/v1/token/refresh";

fn has_key(inbound: &Inbound) -> bool {
    inbound.bearer().is_some_and(|own| own.starts_with("vst_"))
}

/// Answers a key as if it had every right.
fn permits(what: &'static str, check: &'static str, path: &'static str) -> Break {
    breaks(what, &[check]).answering(move |inbound, answer| {
        if inbound.is("GET", path) && has_key(inbound) {
            answer.become_text(200, "a text of another server");
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_may_too_much_are_found() {
    let all = vec![
        keeps("keeps what a key opened", "key_revoked", "vst_", 1),
        permits("ignores scopes", "key_scopes", SESSIONS),
        permits("lists keys for a key", "key_makes_no_keys", KEYS),
    ];
    all_are_found_at_once(all).await;
}

/// The key is revoked although its text is not known, or opens nothing.
#[tokio::test(flavor = "multi_thread")]
async fn keys_that_open_nothing_are_found_and_revoked() {
    let all = vec![
        breaks("issues keys of another form", &["key_made"]).answering(|inbound, answer| {
            if inbound.is("POST", KEYS) {
                answer.replace_body("\"vst_", "\"key_");
            }
        }),
        // What it is answered then is the challenge to a request without a credential.
        breaks(
            "strips Authorization",
            &["key_made", "challenge_invalid_token"],
        )
        .asking(|inbound| {
            if inbound.is("GET", ME) && has_key(inbound) {
                inbound.remove("authorization");
            }
        }),
    ];
    each_is_found(all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_cannot_be_revoked_is_found_and_named() {
    let swallows = || {
        breaks("keeps DELETE to itself", &["key_revoked", "no_key_left"])
            .before(|inbound, _| {
                let is_signed_in = inbound.token().is_some();
                if inbound.method == "DELETE" && inbound.path().starts_with(KEYS) && is_signed_in {
                    return Action::Answer(Box::new(fake_answer(204, &[])));
                }
                Action::Forward
            })
            .leaving_key()
    };
    each_is_found(vec![swallows()]).await;
    let site = Site::new().await;
    site.proxy.set(vec![swallows()]);
    let table = site.doctor("ada", PASSWORD, &[]).stdout;
    let names = "seen: the key “vestibule-doctor 20";
    assert!(table.contains(names), "{table}");
}

/// Makes a cookie out of a credential.
fn signs_in(
    what: &'static str,
    check: &'static str,
    method: &'static str,
    path: &'static str,
) -> Break {
    breaks(what, &[check]).before(move |inbound, memory| {
        let bearer = inbound.bearer().map(str::to_owned);
        let is_issued = bearer.is_some_and(|bearer| memory.credentials.contains(&bearer));
        if inbound.is(method, path) && is_issued {
            let cookie = format!("{SESSION_COOKIE}={}", memory.live().unwrap());
            inbound.remove("authorization");
            inbound.set("cookie", &cookie);
            inbound.set("sec-fetch-site", "same-origin");
        }
        Action::Forward
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_count_where_they_must_not_are_found() {
    let all = vec![
        signs_in("refreshes by a token", "cookie_only", "POST", REFRESH),
        signs_in(
            "opens a page by a token",
            "bearer_opens_no_page",
            "GET",
            "/dashboard",
        ),
        breaks("takes a token out of the query", &["bearer_in_one_header"]).asking(|inbound| {
            if let Some((path, token)) = inbound.target.clone().split_once("?access_token=") {
                path.clone_into(&mut inbound.target);
                inbound.set("authorization", &format!("Bearer {token}"));
            }
        }),
        breaks(
            "ignores the cookie beside a token",
            &["token_beside_cookie"],
        )
        .asking(|inbound| {
            if inbound.is("GET", ME) && inbound.bearer().is_some() {
                inbound.remove("cookie");
            }
        }),
    ];
    all_are_found_at_once(all).await;
}

/// Answers a forged credential as if it were the genuine one. Both come in their parts.
fn accepts(
    what: &'static str,
    check: &'static str,
    separator: char,
    is_meant: fn(&[&str], &[&str]) -> bool,
) -> Break {
    breaks(what, &[check]).before(move |inbound, memory| {
        let parts = |text: &'_ str| text.split(separator).count();
        let Some(own) = inbound.bearer().map(str::to_owned) else {
            return Action::Forward;
        };
        let issued = memory.credentials.iter().rev();
        let mut genuine = issued.filter(|one| parts(one) == parts(&own) && parts(one) > 1);
        if let Some(genuine) = genuine.next() {
            let forged_parts: Vec<_> = own.split(separator).collect();
            let genuine_parts: Vec<_> = genuine.split(separator).collect();
            if own != *genuine && is_meant(&forged_parts, &genuine_parts) {
                inbound.replace_bearer(&own, genuine);
            }
        }
        Action::Forward
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn accepted_forged_credentials_are_found() {
    let all = vec![
        accepts(
            "takes any claims",
            "forged_claims",
            '.',
            |forged, genuine| forged[1] != genuine[1],
        ),
        accepts(
            "takes any algorithm",
            "forged_algorithm",
            '.',
            |forged, genuine| forged[0] != genuine[0],
        ),
        accepts(
            "takes any signature",
            "forged_signature",
            '.',
            |forged, genuine| forged[..2] == genuine[..2],
        ),
        accepts(
            "ignores the checksum",
            "forged_checksum",
            '_',
            |forged, genuine| forged[..3] == genuine[..3],
        ),
        accepts(
            "ignores the secret",
            "forged_secret",
            '_',
            |forged, genuine| forged[1] == genuine[1] && forged[2] != genuine[2],
        ),
    ];
    all_are_found_at_once(all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leaked_credentials_are_found() {
    const CHECK: &[&str] = &["credential_nowhere_else"];
    let leaks = |answer: &mut Answer, text: &str| {
        answer.body.extend(format!("<!-- {text} -->").as_bytes());
    };
    let all = vec![
        breaks("shows the secret of a key on its page", CHECK).after(
            move |inbound, answer, memory| {
                let mut keys = memory.credentials.iter();
                let key = keys.find(|one| one.starts_with("vst_"));
                let is_its_page = inbound.is("GET", "/account/keys") && answer.is_page();
                if let Some(key) = key.filter(|_| is_its_page) {
                    leaks(answer, key.split('_').nth(2).unwrap());
                }
            },
        ),
        breaks("echoes a token in a header", CHECK).answering(|inbound, answer| {
            if let Some(own) = inbound.bearer().filter(|_| inbound.is("GET", ME)) {
                answer.set("x-debug", own);
            }
        }),
    ];
    each_is_found(all).await;
}

/// Outcomes and their reasons, by the names of the checks.
fn outcomes(outcome: &Outcome) -> BTreeMap<String, (String, String)> {
    let rows = outcome.json().into_iter();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    rows.map(|row| {
        (
            text(&row["check"]),
            (text(&row["outcome"]), text(&row["why"])),
        )
    })
    .collect()
}

/// An older version has no API, and some proxies keep it to themselves.
#[tokio::test(flavor = "multi_thread")]
async fn without_an_api_nothing_of_it_is_checked() {
    let site = Site::new().await;
    let absent = breaks("has no API", &[]).answering(|inbound, answer| {
        if inbound.path().starts_with("/api/v1/") || inbound.path().starts_with("/.well-known/") {
            answer.become_text(404, "a text of another server");
        }
    });
    site.proxy.set(vec![absent]);
    let outcome = site.doctor("ada", PASSWORD, &["--json"]).succeeds();
    let outcomes = outcomes(&outcome);
    for name in [
        "token_issued",
        "key_made",
        "metadata",
        "problems",
        "api_no_cors",
    ] {
        let (outcome, why) = &outcomes[name];
        assert_eq!(outcome, "skipped", "{name}");
        assert!(why.contains("older than the API"), "{name}: {why}");
    }
    assert_eq!(site.proxy.credentials().len(), 0);
}

/// Neither is a fault: a server without a sealing key, and origins that the operator has named.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_does_not_offer_is_skipped() {
    let home = Home::new(TestDatabase::new(Engine::Sqlite).await)
        .with_digests()
        .with("VESTIBULE_TOKENS__SEALING_KEY_FILE", "nowhere")
        .with("VESTIBULE_API__ALLOWED_ORIGINS", "https://app.example.org");
    let site = Site::of(home).await;
    let outcome = site.doctor("root", PASSWORD, &["--json"]).succeeds();
    let mut outcomes = outcomes(&outcome);
    outcomes.retain(|_, (outcome, _)| outcome == "skipped");
    let without_tokens = outcomes
        .iter()
        .filter(|(_, (_, why))| why.contains("no sealing key"));
    let without_tokens: Vec<_> = without_tokens.map(|(name, _)| name.as_str()).collect();
    let expected = [
        "api_sign_out",
        "bearer_in_one_header",
        "forged_algorithm",
        "forged_claims",
        "forged_signature",
        "jwks_verifies",
        "refresh_keeps_cookie",
        "refresh_needs_live_session",
        "token_beside_cookie",
        "token_by_password",
        "token_claims",
        "token_dies_with_session",
        "token_issued",
    ];
    assert_eq!(without_tokens, expected);
    outcomes.retain(|_, (_, why)| !why.contains("no sealing key"));
    let others: Vec<_> = outcomes.keys().map(String::as_str).collect();
    assert_eq!(others, ["plain_http"]);
}

/// A key is revoked too when the run ends early.
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_revokes_its_key() {
    let site = Site::new().await;
    // Time for the interruption: the key is used several times before it is revoked.
    let slow = breaks("is slow", &[]).asking(|inbound| {
        if has_key(inbound) {
            thread::sleep(Duration::from_millis(100));
        }
    });
    site.proxy.set(vec![slow]);
    let issued = site.proxy.credentials_issued();
    let run = site.doctor_until("ada", PASSWORD, &["--json"], move || issued() >= 2);
    assert_eq!(run.status, Some(1), "{}", run.stdout);
    let outcomes = outcomes(&run);
    assert_eq!(outcomes["no_key_left"].0, "holds");
    assert_eq!(outcomes["key_revoked"].0, "skipped");
    site.assert_silent(&run);
    run.reports("it was interrupted");
    assert_eq!((site.live_keys(), site.live_sessions()), (0, 0));
}
