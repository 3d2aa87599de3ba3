//! Sites that cannot be tested, are not trusted, or fail sometimes.

use super::{Site, failed, message::Tamper, tampering::breaks};
use crate::support::{PASSWORD, http::Browser};
use std::collections::BTreeSet;

/// Only --ca makes the certificate trusted: without it nothing is sent, and the report states it.
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_trusted_is_a_finding() {
    let site = Site::new().await;
    let (url, address) = (site.origin(), site.proxy.address.to_string());
    let input = format!("ada\n{PASSWORD}\n");
    let asks = ["doctor", "--url", &url, "--connect", &address];
    let outcome = site.home.run_with_input(&asks, &input);
    assert_eq!(outcome.status, Some(1), "{}", outcome.stdout);
    let table = &outcome.stdout;
    assert!(
        table.contains("✗ I1       It is reached over TLS"),
        "{table}"
    );
    assert!(table.contains("invalid peer certificate"), "{table}");
    assert!(
        table.contains("to mend it: Give the proxy a certificate"),
        "{table}"
    );
    assert!(!table.contains('✓'), "nothing else was asked: {table}");
    let outcome = site
        .home
        .run_with_input(&[&asks[..], &["--json"]].concat(), &input);
    assert_eq!(failed(&outcome), BTreeSet::from(["tls".to_owned()]));
    let rows = outcome.json();
    let skipped = rows.iter().filter(|row| row["outcome"] == "skipped");
    assert_eq!(skipped.count(), rows.len() - 1);
    assert!(rows.len() >= 100, "{} checks", rows.len());
    assert_eq!(site.proxy.tokens().len(), 0, "no password was sent");
    // A server without TLS proves its name no better.
    let plain = site.server.address.to_string();
    let asks = ["doctor", "--url", &url, "--connect", &plain, "--json"];
    let outcome = site.home.run_with_input(&asks, &input);
    assert_eq!(failed(&outcome), BTreeSet::from(["tls".to_owned()]));
}

/// A proxy that sometimes reaches no server: much fails, and the report begins with the cause.
#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_fails_sometimes_is_reported_first() {
    let site = Site::new().await;
    let fails = || {
        breaks("answers 502 to every tenth", &[]).after(|_, answer, memory| {
            memory.count += 1;
            if memory.count.is_multiple_of(10) {
                answer.headers.clear();
                answer.become_text(502, "Bad Gateway");
            }
        })
    };
    site.proxy.set(vec![fails()]);
    let outcome = site.doctor("ada", PASSWORD, &[]);
    assert_eq!(outcome.status, Some(1), "{}", outcome.stdout);
    let first = outcome.stdout.lines().next().unwrap_or_default();
    assert!(
        first.starts_with("The site answered 502 to "),
        "{}",
        outcome.stdout
    );
    assert!(first.contains(" requests, first to "), "{first}");
    // Answers of the proxy itself are not reported for missing headers of ours.
    for promise in [
        "nosniff",
        "Referrer-Policy",
        "the id under which",
        "Repr-Digest",
    ] {
        let line = outcome.stdout.lines().find(|line| line.contains(promise));
        assert!(
            line.is_some_and(|line| !line.starts_with('✗')),
            "{promise}: {}",
            outcome.stdout
        );
    }
    site.proxy.set(vec![fails()]);
    let rows = site.doctor("ada", PASSWORD, &["--json"]).json();
    assert_eq!(rows[0]["check"], "no_server_errors");
    assert_eq!(rows[0]["outcome"], "fails");
    assert!(
        rows[0]["seen"]
            .as_str()
            .unwrap()
            .starts_with("The site answered 502 to ")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_impossible_run_is_refused_at_once() {
    let site = Site::new().await;
    let input = format!("ada\n{PASSWORD}\n");
    let url = site.origin();
    let home = &site.home;
    let open = ["doctor", "--url", "http://sign-in.example.org"];
    home.run_with_input(&open, &input)
        .fails(1, &["the password would travel in the open"]);
    let no_file = ["doctor", "--url", &url, "--ca", "nowhere.pem"];
    home.run_with_input(&no_file, &input)
        .fails(1, &["cannot use --ca nowhere.pem"]);
    home.run_with_input(&["doctor", "--url", "http://localhost:9"], &input)
        .fails(1, &["no answer to GET /login"]);
    home.run(&["doctor"]).fails(2, &["--url"]);
    home.run(&["doctor", "--url", &url, PASSWORD]).fails(2, &[]);
    let empty = site.home.run(&["doctor", "--url", &url]);
    empty.fails(
        1,
        &["its username or email and its password, on one line each"],
    );
    assert_eq!(site.proxy.tokens().len(), 0);
    // People with a browser are not disturbed meanwhile.
    let mut browser = Browser::at(site.server.address, &url);
    assert_eq!(browser.get("/login").await.status, 200);
}
