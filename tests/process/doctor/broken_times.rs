//! Breaks that occur sometimes, later, in another spelling, or over HTTP/2.

use super::{
    Site, all_are_found_at_once,
    broken_tokens::keeps,
    each_is_found,
    message::Tamper,
    tampering::{Action, breaks},
};
use crate::support::{PASSWORD, http::Answer};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

#[tokio::test(flavor = "multi_thread")]
async fn later_revivals_are_found() {
    // The time when the first dead one was refused.
    let refused = Mutex::new(None::<Instant>);
    let later = breaks("revives after two seconds", &["replay_at_the_end"]).before(
        move |inbound, memory| {
            let is_dead = inbound.token().is_some_and(|own| memory.is_dead(own));
            if inbound.is_http2 || !is_dead || !inbound.is("GET", "/dashboard") {
                return Action::Forward;
            }
            let mut refused = refused.lock().unwrap();
            let first = *refused.get_or_insert_with(Instant::now);
            if first.elapsed() > Duration::from_secs(2)
                && let Some(live) = memory.live().cloned()
            {
                inbound.replace_token(&live);
            }
            Action::Forward
        },
    );
    // Of a key the first refusal is that after it was revoked.
    let of_keys = keeps("revives a key", "replay_at_the_end", "vst_", 2);
    let of_tokens = keeps("revives a token", "replay_at_the_end", "eyJ", 2);
    each_is_found(vec![later, of_keys, of_tokens]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn intermittent_faults_are_found() {
    let all = vec![
        breaks("gives one page in four to another", &["own_page_each_time"]).before(
            |inbound, memory| {
                let mut live = memory
                    .tokens
                    .iter()
                    .filter(|token| !memory.dead.contains(token));
                let own = inbound.token().map(str::to_owned);
                let other = live
                    .find(|token| own.as_ref().is_some_and(|own| own != *token))
                    .cloned();
                if inbound.is("GET", "/account/sessions") && own.is_some() {
                    // Not at the first checks, by which the doctor identifies the sessions.
                    memory.count += 1;
                    if memory.count > 6
                        && memory.count.is_multiple_of(4)
                        && let Some(other) = other
                    {
                        inbound.replace_token(&other);
                    }
                }
                Action::Forward
            },
        ),
        breaks("answers HEAD by itself", &["replay_by_head"]).answering(|inbound, answer| {
            if inbound.is("HEAD", "/account/profile") {
                answer.status = 200;
                answer.remove("location");
            }
        }),
        breaks("delays known names", &["refusals_take_as_long"]).before(|inbound, _| {
            let form = inbound.text();
            if inbound.is("POST", "/api/login")
                && form.contains("username=ada")
                && form.contains("nobody-has")
            {
                std::thread::sleep(Duration::from_millis(600));
            }
            Action::Forward
        }),
        breaks("keeps where a page leads", &["made_anew"]).after(|inbound, answer, memory| {
            if inbound.is("GET", "/account/confirm")
                && answer.status == 303
                && inbound.token().is_some()
            {
                let kept = memory.kept.get_or_insert_with(|| answer.clone());
                if kept.location() == answer.location() {
                    *answer = kept.clone();
                }
            }
        }),
    ];
    all_are_found_at_once(all).await;
}

fn shows(answer: &mut Answer, leak: &str) {
    answer.body.extend(format!("<!-- {leak} -->").as_bytes());
}

/// In the style of debugging proxies.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_in_other_spellings_are_found() {
    let body: &[&str] = &["token_in_no_body"];
    let header: &[&str] = &["token_in_no_url"];
    let all = vec![
        breaks("shows the cookies in base64", body).answering(|inbound, answer| {
            if inbound.is("GET", "/dashboard") && inbound.token().is_some() && answer.is_page() {
                let cookies = inbound.header("cookie").unwrap_or_default();
                shows(answer, &BASE64_STANDARD.encode(cookies));
            }
        }),
        breaks("shows half a token", body).answering(|inbound, answer| {
            if inbound.is("GET", "/dashboard") && answer.is_page() {
                shows(answer, &inbound.token().unwrap_or_default()[..22]);
            }
        }),
        breaks("shows the bytes of a token", header).answering(|inbound, answer| {
            let bytes = inbound
                .token()
                .and_then(|token| BASE64_URL_SAFE_NO_PAD.decode(token).ok());
            if let Some(bytes) = bytes.filter(|_| inbound.is("GET", "/dashboard")) {
                let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
                answer.set("x-debug", &digits);
            }
        }),
        breaks("keeps a token in another cookie", &["token_in_no_url"]).answering(
            |inbound, answer| {
                if let Some(token) = inbound
                    .token()
                    .filter(|_| inbound.is("GET", "/account/profile"))
                {
                    let value = BASE64_URL_SAFE_NO_PAD.encode(token);
                    let line =
                        format!("__Host-trace={value}; Secure; HttpOnly; SameSite=Lax; Path=/");
                    answer.add("set-cookie", &line);
                }
            },
        ),
    ];
    each_is_found(all).await;
}

/// Many proxies have a separate block for HTTP/2.
#[tokio::test(flavor = "multi_thread")]
async fn faults_over_http2_alone_are_found() {
    let all = vec![
        breaks("strips HttpOnly over HTTP/2", &["http2_cookie"]).answering(|inbound, answer| {
            if inbound.is_http2 {
                answer.change_session(|line| line.replace("; HttpOnly", ""));
            }
        }),
        breaks("opens to the dead over HTTP/2", &["http2_replay"]).before(|inbound, memory| {
            let is_dead = inbound.token().is_some_and(|own| memory.is_dead(own));
            if inbound.is_http2
                && is_dead
                && let Some(live) = memory.live().cloned()
            {
                inbound.replace_token(&live);
            }
            Action::Forward
        }),
        breaks("drops a header over HTTP/2", &["nosniff"]).answering(|inbound, answer| {
            if inbound.is_http2 {
                answer.remove("x-content-type-options");
            }
        }),
    ];
    all_are_found_at_once(all).await;
    let loses = breaks("keeps the first cookie of HTTP/2", &["http2_answers"]).asking(|inbound| {
        if inbound.is_http2
            && let Some(cookie) = inbound.header("cookie")
        {
            let first = cookie.split("; ").next().unwrap_or_default().to_owned();
            inbound.set("cookie", &first);
        }
    });
    each_is_found(vec![loses]).await;
}

/// A version breaks no promise: it is noted, and the run succeeds.
#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_noted() {
    let site = Site::new().await;
    let leak = breaks("reveals its version", &[]).answering(|_, answer| {
        answer.set("server", "nginx/1.14.0");
    });
    site.proxy.set(vec![leak]);
    let outcome = site.doctor("ada", PASSWORD, &["--json"]).succeeds();
    let rows = outcome.json();
    let noted = rows.iter().filter(|row| row["outcome"] == "noted");
    let noted: Vec<_> = noted.collect();
    assert_eq!(noted.len(), 1, "{noted:?}");
    assert_eq!(noted[0]["check"], "no_server_version");
    assert!(noted[0]["seen"].as_str().unwrap().contains("nginx/1.14.0"));
    assert!(noted[0]["remedy"].is_string());
}
