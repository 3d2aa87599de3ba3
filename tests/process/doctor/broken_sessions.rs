//! Breaks of cookies, sessions and the cross-site check.

use super::{
    all_are_found_at_once, each_is_found,
    message::{Inbound, Tamper},
    tampering::{Action, Break, Memory, breaks},
};
use crate::support::http::{Answer, SESSION_COOKIE};

/// Removes an attribute of the session cookie.
fn without(what: &'static str, check: &'static str, attribute: &'static str) -> Break {
    breaks(what, &[check]).answering(move |_, answer| {
        answer.change_session(|line| line.replace(attribute, ""));
    })
}

/// Changes the line of a new session.
fn line(
    what: &'static str,
    check: &'static str,
    change: impl Fn(&str) -> String + Send + Sync + 'static,
) -> Break {
    breaks(what, &[check]).answering(move |_, answer| answer.change_session(&change))
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_attributes_are_found() {
    let all = vec![
        without("strips HttpOnly", "cookie_http_only", "; HttpOnly"),
        without("strips Secure", "cookie_secure", "; Secure"),
        without("strips SameSite", "cookie_same_site", "; SameSite=Lax"),
        line("adds a Domain", "cookie_domain", |line| {
            format!("{line}; Domain=example.org")
        }),
        line("lengthens the Path", "cookie_path", |line| {
            line.replace("Path=/", "Path=/dashboard")
        }),
        line("keeps the cookie", "cookie_ends_with_browser", |line| {
            if line.contains("Max-Age") {
                line.to_owned()
            } else {
                format!("{line}; Max-Age=3600")
            }
        }),
        line("keeps it for ten years", "cookie_max_age", |line| {
            line.replace("Max-Age=7776000", "Max-Age=315360000")
        }),
        breaks("sets the cookie twice", &["cookie_set_once"]).answering(|_, answer| {
            let lines = answer.set_cookies(SESSION_COOKIE);
            let line = lines.first().map(|line| (*line).to_owned());
            if let Some(line) = line.filter(|line| !line.contains("Max-Age=0")) {
                answer.add("set-cookie", &line);
            }
        }),
        breaks("adds a cookie of its own", &["other_cookies"]).answering(|inbound, answer| {
            if inbound.is("GET", "/login") {
                answer.add("set-cookie", "balancer=one; Path=/");
            }
        }),
    ];
    all_are_found_at_once(all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_cookies_are_found() {
    const BARE: &str = "session";
    let all = vec![
        line("weakens SameSite", "cookie_same_site", |line| {
            line.replace("SameSite=Lax", "SameSite=None")
        }),
        breaks("renames the cookie", &["cookie_name"])
            .asking(|inbound| {
                let cookie = inbound.header("cookie").unwrap_or_default().to_owned();
                if cookie.starts_with("session=") || cookie.contains("; session=") {
                    let named = format!("{SESSION_COOKIE}=");
                    inbound.set("cookie", &cookie.replace("session=", &named));
                }
            })
            .answering(|_, answer| answer.replace("set-cookie", SESSION_COOKIE, BARE)),
        breaks("shortens the tokens", &["token_length"])
            .before(|inbound, memory| {
                let short = inbound.token().map(str::to_owned);
                let whole = short.and_then(|short| {
                    let mut tokens = memory.tokens.iter();
                    tokens.find(|token| token[..20] == short).cloned()
                });
                if let Some(whole) = whole {
                    inbound.replace_token(&whole);
                }
                Action::Forward
            })
            .answering(|_, answer| {
                if let Some(token) = answer.session_token() {
                    answer.replace("set-cookie", &token, &token[..20]);
                }
            }),
    ];
    each_is_found(all).await;
}

/// The proxy replaces the planted token by the server's.
fn adopts() -> Break {
    breaks("adopts a planted token", &["token_not_adopted"])
        .before(|inbound, memory| {
            let brought = inbound.token().unwrap_or_default().to_owned();
            if inbound.is("POST", "/api/login") && !brought.is_empty() {
                let is_known = memory.tokens.contains(&brought);
                memory.word = if is_known { String::new() } else { brought };
            } else if let Some((plant, real)) = memory.kept_pair()
                && plant == brought
            {
                inbound.replace_token(&real);
            }
            Action::Forward
        })
        .after(|inbound, answer, memory| {
            if inbound.is("POST", "/api/login") && !memory.word.is_empty() {
                let real = answer.session_token().unwrap();
                answer.replace("set-cookie", &real, &memory.word);
                memory.keep_pair(&real);
            }
        })
}

impl Memory {
    fn keep_pair(&mut self, real: &str) {
        self.word = format!("{} {real}", self.word);
        self.pair = std::mem::take(&mut self.word);
    }

    fn kept_pair(&self) -> Option<(String, String)> {
        let (plant, real) = self.pair.split_once(' ')?;
        Some((plant.to_owned(), real.to_owned()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_come_from_elsewhere_are_found() {
    let blanks = breaks("trims blanks beyond ASCII", &["cookie_grammar"]).asking(|inbound| {
        let cookie = inbound
            .header("cookie")
            .unwrap_or_default()
            .trim()
            .to_owned();
        if !cookie.is_empty() {
            inbound.set("cookie", &cookie);
        }
    });
    each_is_found(vec![adopts(), blanks]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn doubtful_cookies_that_count_are_found() {
    let all = vec![
        breaks("keeps the session before", &["session_replaced"]).asking(|inbound| {
            if inbound.is("POST", "/api/login") {
                let cookies = inbound.header("cookie").unwrap_or_default().to_owned();
                let others = cookies
                    .split("; ")
                    .filter(|pair| !pair.contains("-session="));
                inbound.set("cookie", &others.collect::<Vec<_>>().join("; "));
            }
        }),
        breaks("takes the first of two cookies", &["cookie_twice"]).asking(|inbound| {
            let cookie = inbound.header("cookie").unwrap_or_default().to_owned();
            let pairs: Vec<_> = cookie.split("; ").collect();
            if let [one, two] = pairs[..]
                && one == two
            {
                inbound.set("cookie", one);
            }
        }),
        breaks("understands quotes", &["cookie_grammar"]).asking(|inbound| {
            let cookie = inbound
                .header("cookie")
                .unwrap_or_default()
                .replace('"', "");
            if !cookie.is_empty() {
                inbound.set("cookie", &cookie);
            }
        }),
        breaks(
            "takes a token out of the query",
            &["token_from_the_cookie_only"],
        )
        .asking(|inbound| {
            if let Some((_, token)) = inbound.target.split_once("?session=") {
                let cookie = format!("{SESSION_COOKIE}={token}");
                inbound.set("cookie", &cookie);
            }
        }),
    ];
    all_are_found_at_once(all).await;
}

/// Answers a request with a dead token as if it had another, live one.
pub fn revives(
    what: &'static str,
    check: &'static str,
    is_meant: impl Fn(&Inbound, &mut Memory) -> bool + Send + Sync + 'static,
) -> Break {
    breaks(what, &[check]).before(move |inbound, memory| {
        let dead = inbound.token().is_some_and(|token| {
            let token = token.to_owned();
            memory.dead.contains(&token)
        });
        if dead && is_meant(inbound, memory) {
            let live = memory.live().unwrap().clone();
            inbound.replace_token(&live);
        }
        Action::Forward
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn revived_sessions_are_found() {
    let all = vec![
        revives(
            "answers a replay with another session",
            "replay_page",
            |inbound, _| {
                let is_http1 = !inbound.is_http2;
                is_http1
                    && inbound.is("GET", "/dashboard")
                    && inbound.header("if-none-match").is_none()
            },
        ),
        revives(
            "opens one other page to a replay",
            "replay_everywhere",
            |inbound, _| inbound.is("GET", "/account/password"),
        ),
        revives(
            "calls a function for a replay",
            "replay_function",
            |inbound, _| inbound.is("POST", "/api/change_password"),
        ),
        breaks("calls a page unchanged", &["back_is_asked_again"]).after(|inbound, answer, _| {
            if inbound.is("GET", "/dashboard") && inbound.header("if-none-match").is_some() {
                answer.status = 304;
                answer.remove("location");
            }
        }),
        breaks("ends nothing elsewhere", &["session_ended_elsewhere"]).asking(|inbound| {
            if inbound.is("POST", "/api/end_session") {
                inbound.body = b"id=00000000-0000-7000-8000-000000000000".to_vec();
            }
        }),
        breaks("lets a new device vouch", &["new_device_shown"]).answering(|inbound, answer| {
            if inbound.is("POST", "/api/recognise_sign_in") && answer.status == 404 {
                answer.status = 303;
                answer.set("location", "/dashboard");
            }
        }),
        breaks(
            "claims that it ended a foreign session",
            &["foreign_session"],
        )
        .answering(|inbound, answer| {
            if inbound.is("POST", "/api/end_session") && answer.status == 404 {
                answer.status = 303;
                answer.set("location", "/account/sessions");
            }
        }),
        breaks("clears the cookie without Secure", &["cookie_cleared"]).answering(|_, answer| {
            for (name, value) in &mut answer.headers {
                if name == "set-cookie" && value.starts_with("__Host-Http-session=;") {
                    *value = value.replace("; Secure", "");
                }
            }
        }),
        breaks("clears the site's data", &["no_clear_site_data"]).answering(|inbound, answer| {
            if inbound.is("POST", "/api/logout") {
                answer.set("clear-site-data", "\"cache\"");
            }
        }),
        breaks("takes the button away", &["sign_out_button"]).answering(|inbound, answer| {
            if inbound.is("GET", "/account/password") {
                answer.replace_body("/api/logout", "/api/nothing");
            }
        }),
    ];
    all_are_found_at_once(all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_are_not_shown_as_they_are_are_found() {
    let all = vec![
        revives(
            "revives it at the next sign-in",
            "replay_later",
            |inbound, memory| {
                // The first check is while nobody has signed in again, the second one after that.
                let is_probe = inbound.is("GET", "/account/profile");
                memory.count += usize::from(is_probe);
                is_probe && memory.count == 2
            },
        ),
        breaks(
            "leads elsewhere after signing out",
            &["sign_out", "sign_out_again"],
        )
        .answering(|_, answer| {
            if answer.location() == "/signed-out" {
                answer.set("location", "/");
            }
        }),
        breaks("hides a sign-in", &["new_device_shown"]).answering(|inbound, answer| {
            if inbound.is("GET", "/dashboard") {
                answer.replace_body("/api/disown_sign_in", "/api/elsewhere");
            }
        }),
        breaks("hides a session", &["sessions_listed"]).answering(|inbound, answer| {
            if inbound.is("GET", "/account/sessions") {
                answer.replace_body("/api/end_session", "/api/elsewhere");
            }
        }),
    ];
    each_is_found(all).await;
}

/// Then the doctor cannot end its sessions, and reports those that are left.
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_sign_out_is_found_and_its_session_is_named() {
    let all = [
        "events_need_a_session",
        "events_tell_the_end",
        "http2_replay",
        "nothing_left",
        "refresh_needs_live_session",
        "replay_by_head",
        "replay_everywhere",
        "replay_function",
        "replay_in_flight",
        "replay_later",
        "replay_page",
        "token_dies_with_session",
    ];
    let keeps_it = breaks("keeps the sign-out to itself", &all)
        .before(|inbound, _| {
            let is_own = inbound.header("sec-fetch-site") == Some("same-origin");
            if !(inbound.is("POST", "/api/logout") && is_own && inbound.body.is_empty()) {
                return Action::Forward;
            }
            if inbound.header("content-type") != Some("application/x-www-form-urlencoded") {
                return Action::Forward;
            }
            let clears =
                format!("{SESSION_COOKIE}=; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=0");
            Action::Answer(Box::new(fake_answer(
                303,
                &[("location", "/signed-out"), ("set-cookie", &clears)],
            )))
        })
        .leaving_sessions();
    each_is_found(vec![keeps_it]).await;
}

/// An imitation of one of the server's answers.
pub fn fake_answer(status: u16, more: &[(&str, &str)]) -> Answer {
    let usual = [
        ("cache-control", "no-store"),
        (
            "content-security-policy",
            "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
        ),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("x-frame-options", "DENY"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("strict-transport-security", "max-age=63072000"),
    ];
    let id = uuid::Uuid::new_v4().simple().to_string();
    let own = [("x-request-id", id.as_str())];
    let headers = usual.iter().chain(&own).chain(more);
    Answer {
        status,
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_for_others_are_found() {
    let events = |inbound: &Inbound| inbound.path() == "/session/events";
    let all = vec![
        breaks("lets another site watch", &["events_for_own_pages"]).asking(move |inbound| {
            if events(inbound) && inbound.header("origin").is_some() {
                inbound.remove("origin");
            }
        }),
        breaks(
            "lets the dead watch",
            &["events_need_a_session", "replay_everywhere"],
        )
        .before(move |inbound, memory| {
            let is_dead = inbound
                .token()
                .is_some_and(|own| memory.dead.iter().any(|dead| dead == own));
            if events(inbound) && is_dead {
                let kind = [("content-type", "text/event-stream")];
                return Action::Answer(Box::new(fake_answer(200, &kind)));
            }
            Action::Forward
        }),
    ];
    all_are_found_at_once(all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn buffered_events_are_found() {
    // The head is buffered too, so that no part of the stream arrives before its session ends.
    let holds = breaks("holds streams back", &["events_come_at_once"]).buffering_streams();
    each_is_found(vec![holds]).await;
}

/// Makes a forged request of this kind appear as one of our own pages.
pub fn believes(
    what: &'static str,
    check: &'static str,
    is_forged: impl Fn(&Inbound) -> bool + Send + Sync + 'static,
) -> Break {
    breaks(what, &[check]).asking(move |inbound| {
        if inbound.method == "POST" && is_forged(inbound) {
            inbound.remove("origin");
            inbound.set("sec-fetch-site", "same-origin");
        }
    })
}

fn signs_out(inbound: &Inbound) -> bool {
    inbound.is("POST", "/api/logout")
}

#[tokio::test(flavor = "multi_thread")]
async fn accepted_forgeries_are_found() {
    let origin = |inbound: &Inbound| inbound.header("origin").unwrap_or_default().to_owned();
    let site = |inbound: &Inbound| {
        inbound
            .header("sec-fetch-site")
            .unwrap_or_default()
            .to_owned()
    };
    let origins = |inbound: &Inbound| {
        inbound
            .headers
            .iter()
            .filter(|(name, _)| name == "origin")
            .count()
    };
    let all = vec![
        believes(
            "accepts a foreign Origin",
            "foreign_origin",
            move |inbound| {
                signs_out(inbound)
                    && origins(inbound) == 1
                    && origin(inbound) == "https://evil.example"
            },
        ),
        believes(
            "accepts what is nearly ours",
            "near_origin",
            move |inbound| {
                signs_out(inbound) && origin(inbound).contains(".org") && origins(inbound) == 1
            },
        ),
        believes("accepts Origin: null", "null_origin", move |inbound| {
            signs_out(inbound) && origin(inbound) == "null"
        }),
        believes("accepts two Origins", "origin_twice", move |inbound| {
            signs_out(inbound) && origins(inbound) == 2
        }),
        believes("accepts cross-site", "cross_site", move |inbound| {
            signs_out(inbound) && site(inbound) == "cross-site"
        }),
        believes("accepts same-site", "same_site", move |inbound| {
            signs_out(inbound) && site(inbound) == "same-site"
        }),
        believes("accepts silence", "no_origin", move |inbound| {
            signs_out(inbound) && origin(inbound).is_empty() && site(inbound).is_empty()
        }),
        believes("accepts forged sign-ins", "forged_sign_in", |inbound| {
            inbound.is("POST", "/api/login")
        }),
        believes("exempts another spelling", "forged_spellings", |inbound| {
            let is_spelled_so = inbound.is("POST", "/api/logout?x");
            is_spelled_so && inbound.header("sec-fetch-site") == Some("cross-site")
        }),
    ];
    all_are_found_at_once(all).await;
}
