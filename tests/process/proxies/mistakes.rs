//! A proxy with a wrong configuration is reported: on a page of administrators, in the log, or by
//! `config check`.

use super::{PERSON, Site, TRUSTED, assert_says, front::BOTH, front::Change, front::Kind};
use crate::program::{Home, sign_in};
use crate::support::PASSWORD;

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_is_not_trusted_is_reported() {
    for kind in BOTH {
        let mut site = Site::new(kind, "10.0.0.1", &[]).await;
        let html = site.system_page().await;
        assert_says(
            &html,
            "Forwarded headers came from 127.0.0.1, which is not a trusted proxy",
        );
        assert_says(
            &html,
            "write trusted_proxies = [\"127.0.0.1\"] in [http] of Leptos.toml",
        );
        assert!(!html.contains(PERSON), "{html}");
        assert_eq!(site.newest_address(), "127.0.0.1", "{kind:?}");
        let warning = "site_addr is 127.0.0.1:0, which only this machine reaches";
        site.home
            .run(&["config", "check"])
            .succeeds()
            .reports(warning);
        site.server.log_with(warning);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_does_not_send_the_client_address_is_reported() {
    let nginx = [
        ("proxy_set_header X-Forwarded-For $remote_addr;", ""),
        ("proxy_set_header X-Forwarded-Proto $scheme;", ""),
    ];
    let caddy = [(
        "header_up -Forwarded",
        "header_up -Forwarded\nheader_up -X-Forwarded-For\nheader_up -X-Forwarded-Proto",
    )];
    for (kind, changes) in [(Kind::Nginx, &nginx as &[Change]), (Kind::Caddy, &caddy)] {
        let mut site = Site::new(kind, TRUSTED, changes).await;
        let html = site.system_page().await;
        assert_says(
            &html,
            "The trusted proxy 127.0.0.1 does not say for whom it asks",
        );
        assert_says(&html, "the proxy does not say by which scheme you came");
        assert_eq!(site.newest_address(), "127.0.0.1", "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_with_another_scheme_or_host_is_reported() {
    let nginx = [
        ("X-Forwarded-Proto $scheme", "X-Forwarded-Proto http"),
        (
            "X-Forwarded-Host $http_host",
            "X-Forwarded-Host inner.example",
        ),
    ];
    let caddy = [(
        "header_up -Forwarded",
        "header_up -Forwarded\nheader_up X-Forwarded-Proto http\nheader_up X-Forwarded-Host inner.example",
    )];
    for (kind, changes) in [(Kind::Nginx, &nginx as &[Change]), (Kind::Caddy, &caddy)] {
        let mut site = Site::new(kind, TRUSTED, changes).await;
        let html = site.system_page().await;
        assert_says(
            &html,
            "public_url is https, but the proxy says that you came by http.",
        );
        assert_says(
            &html,
            "The proxy says that you asked for inner.example, but public_url is https://",
        );
        assert_eq!(
            site.newest_address(),
            PERSON,
            "{kind:?}: which changes nothing else"
        );
    }
}

/// No page is reachable then, so the log reports it.
#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_does_not_pass_the_host_on_is_reported() {
    let nginx = [("proxy_set_header Host $http_host;", "")];
    let caddy = [(
        "header_up -Forwarded",
        "header_up -Forwarded\nheader_up Host {upstream_hostport}",
    )];
    for (kind, changes) in [(Kind::Nginx, &nginx as &[Change]), (Kind::Caddy, &caddy)] {
        let mut site = Site::new(kind, TRUSTED, changes).await;
        let mut browser = site.front.browser(PERSON).await;
        let answer = sign_in(&mut browser, "ada", PASSWORD).await;
        assert_eq!((answer.status, browser.session()), (421, None), "{kind:?}");
        site.server.log_with("let it pass the Host on as it came");
    }
}

#[tokio::test]
async fn the_check_of_the_configuration_reports_forgotten_proxies() {
    let warning = "all will share one throttle. Set trusted_proxies = [\"127.0.0.1\"].";
    let home = Home::on_sqlite()
        .await
        .with("VESTIBULE_PUBLIC_URL", "https://sign-in.example.org");
    let outcome = home.run(&["config", "check"]).succeeds().reports(warning);
    assert!(
        outcome.stdout.contains("The configuration is valid"),
        "{outcome:?}"
    );
    home.serve().log_with(warning);
    let home = home.with("VESTIBULE_HTTP__TRUSTED_PROXIES", TRUSTED);
    let outcome = home.run(&["config", "check"]).succeeds();
    assert_eq!(outcome.stderr, "");
    let home = home.with("VESTIBULE_HTTP__TRUSTED_PROXIES", "0.0.0.0/0, proxy, ::1");
    home.run(&["config", "check"]).fails(
        1,
        &[
            "VESTIBULE_HTTP__TRUSTED_PROXIES has \"0.0.0.0/0\", which is wider than any network",
            "VESTIBULE_HTTP__TRUSTED_PROXIES has \"proxy\", which is no address",
        ],
    );
}
