//! The doctor behind the real proxies: everything holds with the documented files, and mistakes are
//! found.

use super::{
    NAME, Site, TRUSTED,
    front::{BOTH, Change, Kind},
};
use crate::{
    doctor::{failed, make_files},
    on_both_engines,
    program::Outcome,
    support::PASSWORD,
};

/// Runs it with the administrator's account.
async fn examined(site: &Site, kind: Kind) -> Outcome {
    let url = site.front.origin();
    let address = url.replace(&format!("https://{NAME}"), "127.0.0.1");
    let host = url.replace("https://", "");
    make_files(&site.home, site.server.address, &host).await;
    let certificate = site.home.folder.join(format!("{kind:?}/certificate.pem"));
    let certificate = certificate.display().to_string();
    let arguments = [
        "doctor",
        "--url",
        &url,
        "--connect",
        &address,
        "--ca",
        &certificate,
        "--json",
    ];
    let input = format!("root\n{PASSWORD}\n");
    let outcome = site.home.run_with_input(&arguments, &input);
    let live = ["session", "list", "--live", "--json"];
    let keys = ["key", "list", "--live", "--json"];
    for list in [&live[..], &keys] {
        let left = site.home.run(list).succeeds().stdout;
        assert_eq!(left, "", "{kind:?}: nothing is left behind");
    }
    outcome
}

on_both_engines! {
    async fn all_holds_behind_the_documented_proxies(database: TestDatabase) {
        for kind in BOTH {
            let site = Site::on(database.engine, kind, TRUSTED, &[]).await;
            let outcome = examined(&site, kind).await.succeeds();
            let rows = outcome.json();
            let skipped = rows.iter().filter(|row| row["outcome"] == "skipped");
            let skipped = skipped.map(|row| row["check"].as_str().unwrap());
            // Caddy offers HTTP/2 by itself; nginx does if its file enables it.
            let is_expected = |name: &&str| kind == Kind::Caddy || !name.starts_with("http2_");
            let skipped: Vec<_> = skipped.filter(is_expected).collect();
            assert_eq!(skipped, ["plain_http"], "{kind:?}");
        }
    }
}

/// Common mistakes in the configuration of a proxy that seems to work.
#[tokio::test(flavor = "multi_thread")]
async fn mistakes_in_a_real_proxy_are_found() {
    const NGINX: &str = "proxy_http_version 1.1;";
    let mistakes: [(Kind, &str, &[Change], &[&str]); 5] = [
        (Kind::Nginx, "10.0.0.1", &[], &["believed_address"]),
        (
            Kind::Nginx,
            TRUSTED,
            &[(
                NGINX,
                "proxy_http_version 1.1;\nproxy_cookie_flags ~ nosecure;",
            )],
            &["cookie_cleared", "cookie_secure", "other_cookies"],
        ),
        (
            Kind::Nginx,
            TRUSTED,
            &[(
                NGINX,
                "proxy_http_version 1.1;\nproxy_hide_header X-Content-Type-Options;",
            )],
            &["nosniff"],
        ),
        (
            Kind::Nginx,
            TRUSTED,
            &[(
                "X-Forwarded-For $remote_addr",
                "X-Forwarded-For $http_x_forwarded_for",
            )],
            &["believed_address", "forged_address"],
        ),
        (
            Kind::Caddy,
            TRUSTED,
            &[(
                "header_up -Forwarded",
                "header_up -Forwarded\nheader_up Sec-Fetch-Site same-origin",
            )],
            &[
                "cross_site",
                "events_for_own_pages",
                "foreign_origin",
                "forged_api_sign_in",
                "forged_api_sign_out",
                "forged_refresh",
                "forged_sign_in",
                "forged_spellings",
                "near_origin",
                "no_origin",
                "null_origin",
                "origin_twice",
                "same_site",
            ],
        ),
    ];
    for (kind, trusted, changes, expected) in mistakes {
        let site = Site::new(kind, trusted, changes).await;
        let outcome = examined(&site, kind).await;
        let found = failed(&outcome);
        let found: Vec<_> = found.iter().map(String::as_str).collect();
        assert_eq!(found, expected, "{kind:?} {changes:?}: {}", outcome.stdout);
        assert_eq!(outcome.status, Some(1));
    }
}
