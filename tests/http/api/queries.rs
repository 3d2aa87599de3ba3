//! Queries that are not what the document says.

use super::{administered, assert_problem, call};
use crate::support::database::{Engine, TestDatabase};

#[tokio::test(flavor = "multi_thread")]
async fn a_query_has_only_documented_parameters_and_each_once() {
    let (_app, ada, root) = administered(TestDatabase::new(Engine::Sqlite).await).await;
    for (browser, path, code) in [
        (&ada, "/api/v1/me?x", "unknown_parameter"),
        (&ada, "/api/v1/me?canary=canary", "unknown_parameter"),
        (&ada, "/api/v1/sessions?limit=1", "unknown_parameter"),
        (&ada, "/api/v1/me?=canary", "unknown_parameter"),
        (&root, "/api/v1/users?Limit=1", "unknown_parameter"),
        (&root, "/api/v1/users?limit[]=1", "unknown_parameter"),
        (&root, "/api/v1/users?search=canary", "unknown_parameter"),
        (&root, "/api/v1/users?limit=1&limit=1", "repeated_parameter"),
        (
            &root,
            "/api/v1/users?filter=canary&%66ilter=b",
            "repeated_parameter",
        ),
        (
            &root,
            "/api/v1/activity?user=a&user=canary",
            "repeated_parameter",
        ),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = browser.clone().send(call(method, path)).await;
            assert_eq!(answer.status, 400, "{method} {path}");
            if method == "GET" {
                let problem = assert_problem(&answer, 400, code);
                let is_named = problem.get("field").is_some();
                assert_eq!(is_named, code == "repeated_parameter", "{path}");
                assert!(!answer.text().contains("canary"), "{}", answer.text());
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_outside_its_range_is_refused() {
    let (_app, ada, root) = administered(TestDatabase::new(Engine::Sqlite).await).await;
    // The guard is first.
    let answer = ada.clone().send(call("GET", "/api/v1/users?limit=0")).await;
    assert_problem(&answer, 404, "not_found");
    let limits = [
        "-1",
        "0",
        "201",
        "4294967297",
        "1.5",
        "1e2",
        "+1",
        "%201",
        "",
        "canary",
        "%00",
    ];
    for path in ["/api/v1/users", "/api/v1/activity"] {
        for limit in limits {
            let target = format!("{path}?limit={limit}");
            let answer = root.clone().send(call("GET", &target)).await;
            let problem = assert_problem(&answer, 400, "invalid_parameter");
            assert_eq!(problem["field"], "limit", "{target}");
        }
        for limit in ["1", "200", "007"] {
            let target = format!("{path}?limit={limit}");
            assert_eq!(
                root.clone().send(call("GET", &target)).await.status,
                200,
                "{target}"
            );
        }
    }
    let of_users = cursor(r#"{"a":["ada","x"]}"#);
    let with_nul = cursor(r#"{"a":["ada\u0000","x"]}"#);
    let of_activity = cursor(r#"{"b":[9223372036854775807,"x"]}"#);
    let too_late = cursor(r#"{"b":[9223372036854775808,"x"]}"#);
    let sideways = cursor(r#"{"c":["ada","x"]}"#);
    for (path, name, value, is_accepted) in [
        ("users", "cursor", of_users.as_str(), true),
        ("users", "cursor", &with_nul, false),
        ("users", "cursor", &sideways, false),
        ("users", "cursor", &of_activity, false),
        ("users", "filter=eve&cursor", &of_users, false),
        ("users", "filter=AD&cursor", &of_users, true),
        ("users", "cursor", "canary", false),
        ("users", "cursor", "", false),
        ("users", "filter", "%ff%00", true),
        ("users", "sort", "-name", true),
        ("users", "sort", "canary", false),
        ("users", "sort", "", false),
        ("users", "sort", "-at", false),
        ("activity", "sort", "at", true),
        ("activity", "sort", "name", false),
        ("activity", "cursor", &of_activity, true),
        ("activity", "cursor", &too_late, false),
        ("activity", "cursor", &of_users, false),
        ("activity", "event", "canary", false),
        ("activity", "event", "signed_in", true),
        ("activity", "user", "%00", false),
        ("activity", "user", "canary", true),
        ("activity", "since", "2026-09-21", false),
        ("activity", "since", "2026-09-21T00:00:00Z", true),
        ("activity", "until", "2026-09-21T00:00:00%2B02:00", true),
        ("activity", "until", "canary", false),
        ("activity", "until", "99999-01-01T00:00:00Z", false),
    ] {
        let target = format!("/api/v1/{path}?{name}={value}");
        let answer = root.clone().send(call("GET", &target)).await;
        if is_accepted {
            assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        } else {
            let problem = assert_problem(&answer, 400, "invalid_parameter");
            let field = problem["field"].as_str().unwrap();
            assert!(name.ends_with(field), "{target}: {field}");
            assert!(!answer.text().contains("canary"), "{target}");
        }
    }
}

fn cursor(json: &str) -> String {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    BASE64_URL_SAFE_NO_PAD.encode(json)
}
