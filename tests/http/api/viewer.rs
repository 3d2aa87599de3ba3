//! `/api/docs`: the page that shows the API.

use super::call;
use crate::{
    app::{TestApp, assert_redirect, page_paths},
    support::http::{ACCEPT_PAGE, Answer, Request},
};
use std::collections::BTreeSet;

const VIEWER: &str = "/api/docs";
const FILES: [&str; 3] = [
    "/api/docs/swagger-ui-bundle.js",
    "/api/docs/swagger-ui.css",
    "/api/docs/viewer.js",
];

/// The values of an attribute in a page.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let begins = html.split(attribute).skip(1);
    begins.filter_map(|rest| rest.split('"').next()).collect()
}

/// The policy without its nonce.
fn policy(answer: &Answer) -> String {
    let policy = answer.header("content-security-policy").unwrap_or_default();
    let nonce = policy
        .split("'nonce-")
        .nth(1)
        .and_then(|rest| rest.split('\'').next());
    policy.replace(nonce.unwrap_or("-"), "")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_viewer_runs_under_the_policy_of_every_page() {
    let app = TestApp::sqlite().await;
    let mut ada = app.signed_in("ada").await;
    let page = ada.get(VIEWER).await;
    assert_eq!(page.status, 200);
    assert_eq!(
        policy(&page),
        policy(&ada.get("/dashboard").await),
        "unchanged"
    );
    assert_eq!(page.header("cache-control"), Some("no-store, no-transform"));
    let html = page.text();
    let nonces: BTreeSet<_> = values(&html, " nonce=\"").into_iter().collect();
    assert_eq!(nonces.len(), 1, "{html}");
    let nonce = format!("'nonce-{}'", nonces.first().unwrap());
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .contains(&nonce)
    );
    assert_eq!(
        html.matches("<script").count(),
        html.matches(" nonce=\"").count(),
        "{html}"
    );
    assert!(
        !html.contains("<style") && !html.contains(" style=") && !html.contains(" on"),
        "{html}"
    );
    assert_ne!(
        html,
        ada.get(VIEWER).await.text(),
        "a nonce is for one answer"
    );
    for path in values(&html, "=\"/api/docs/") {
        let path = format!("{VIEWER}/{path}");
        assert!(FILES.contains(&path.as_str()), "{path}");
    }
    for path in FILES {
        assert!(html.contains(path), "{path}");
        let file = ada.send(call("GET", path)).await;
        assert_eq!(file.status, 200, "{path}");
        let kind = if path.ends_with(".css") {
            "text/css; charset=utf-8"
        } else {
            "text/javascript; charset=utf-8"
        };
        assert_eq!(file.header("content-type"), Some(kind), "{path}");
        assert!(
            file.header("cache-control")
                .unwrap()
                .starts_with("private, "),
            "{path}"
        );
    }
    let script = ada.send(call("GET", FILES[2])).await.text();
    assert!(script.contains("validatorUrl: null") && script.contains("/api/v1/openapi.json"));
    // Swagger UI's own page has inline scripts, and its standalone preset a validator.
    for other in [
        "index.html",
        "swagger-initializer.js",
        "swagger-ui-standalone-preset.js",
        "..%2fviewer.js",
        "x",
    ] {
        let answer = ada.send(call("GET", &format!("{VIEWER}/{other}"))).await;
        assert_eq!(answer.status, 404, "{other}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_viewer_is_for_users_unless_it_is_published() {
    let app = TestApp::sqlite().await;
    let answer = app.browser().get(VIEWER).await;
    assert_redirect(&answer, "/login?next=/api/docs");
    let mut ada = app.browser();
    let fields = [
        ("username", "ada"),
        ("password", crate::support::PASSWORD),
        ("next", VIEWER),
    ];
    let answer = ada.post_form("/api/login", &fields).await;
    let page = ada.follow(answer.location()).await;
    assert!(
        page.text().contains("<div id=\"viewer\">"),
        "signing in leads back"
    );
    for path in FILES {
        assert_eq!(
            app.browser().send(call("GET", path)).await.status,
            401,
            "{path}"
        );
    }
    let published = TestApp::sqlite_with(|config| config.api.public_docs = true).await;
    for path in FILES.iter().chain(&[VIEWER]) {
        let request = Request::get(path).header("accept", ACCEPT_PAGE);
        assert_eq!(
            published.browser().send(request).await.status,
            200,
            "{path}"
        );
    }
    assert!(!page_paths().contains(&VIEWER), "it is no page of Leptos");
}
