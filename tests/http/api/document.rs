//! The document of the API: it is that of the router, and the router is that of the document.

use super::{administered, assert_problem, call, get};
use crate::{
    app::TestApp,
    support::{
        database::{Engine, TestDatabase},
        http::{Answer, Browser},
    },
};
use serde_json::Value;
use std::{collections::BTreeSet, env, fs, path::Path};
use vestibule::domain::scope::Scope;

pub const DOCUMENT: &str = "/api/v1/openapi.json";
const FILE: &str = "docs/openapi.json";

/// The operations of a document: method, path, and the operation itself.
pub fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().expect("paths").iter();
    let operations = paths.flat_map(|(path, item)| {
        let methods = item.as_object().expect("methods").iter();
        methods.map(|(method, operation)| (method.to_uppercase(), path.clone(), operation.clone()))
    });
    operations.collect()
}

/// A path in which the parameters are filled in.
pub fn filled(path: &str) -> String {
    path.replace("{id}", "x").replace("{session}", "y")
}

/// `make openapi` writes the file.
#[tokio::test(flavor = "multi_thread")]
async fn the_file_of_the_document_is_that_of_the_router() {
    let app = TestApp::sqlite().await;
    let answer = app.signed_in("ada").await.send(call("GET", DOCUMENT)).await;
    assert_eq!(answer.status, 200);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if env::var_os("WRITE_OPENAPI").is_some() {
        fs::write(&file, &answer.body).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        written == answer.text(),
        "{FILE} is not that of the router: run `make openapi`, and read what has changed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_sound() {
    let app = TestApp::sqlite().await;
    let document = get(&mut app.signed_in("ada").await, DOCUMENT).await;
    assert_eq!(document["openapi"], "3.1.0");
    let text = document.to_string();
    for reference in text.split("\"#/").skip(1) {
        let pointer = format!("/{}", reference.split('"').next().unwrap());
        assert!(document.pointer(&pointer).is_some(), "{pointer}");
    }
    let schemes = &document["components"]["securitySchemes"];
    assert_eq!(schemes["session"]["in"], "cookie");
    assert_eq!(schemes["bearer"]["scheme"], "bearer");
    let mut ids = BTreeSet::new();
    let scopes: Vec<_> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    for (method, path, operation) in operations(&document) {
        let shown = format!("{method} {path}");
        assert!(path.starts_with("/api/v1/"), "{shown}");
        assert!(
            ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
            "{shown}"
        );
        assert!(operation["summary"].is_string(), "{shown}");
        for status in ["401", "403", "default"] {
            assert!(
                operation["responses"][status]["$ref"].is_string(),
                "{shown} {status}"
            );
        }
        let requirements = operation["security"].as_array().expect("security");
        for requirement in requirements {
            for scope in requirement["bearer"].as_array().into_iter().flatten() {
                assert!(scopes.contains(&scope.as_str().unwrap()), "{shown} {scope}");
            }
        }
    }
    assert!(ids.len() >= 14, "{ids:?}");
}

/// Each operation demands what its document says, and its path has no other method.
#[tokio::test(flavor = "multi_thread")]
async fn the_router_demands_what_the_document_says() {
    let (app, ada, root) = administered(TestDatabase::new(Engine::Sqlite).await).await;
    let document = get(&mut ada.clone(), DOCUMENT).await;
    let all = operations(&document);
    let mut public = Vec::new();
    for (method, path, operation) in &all {
        let shown = format!("{method} {path}");
        let status =
            async |browser: &Browser| browser.clone().send(call(method, &filled(path))).await;
        let anonymous: Answer = status(&app.browser()).await;
        let requirements = operation["security"].as_array().unwrap();
        if requirements
            .iter()
            .any(|one| one.as_object().unwrap().is_empty())
        {
            public.push(shown);
            continue;
        }
        assert_problem(&anonymous, 401, "not_signed_in");
        let scope = requirements[1]["bearer"][0].as_str().unwrap_or_default();
        let is_for_administrators = scope.starts_with("users:") || scope.starts_with("activity:");
        if is_for_administrators {
            assert_problem(&status(&ada).await, 404, "not_found");
            let found = status(&root).await;
            assert_ne!(found.status, 401, "{shown}");
        } else {
            assert!(
                matches!(status(&ada).await.status, 200 | 204 | 404),
                "{shown}"
            );
        }
    }
    assert_eq!(
        public,
        ["POST /api/v1/logout"],
        "one that is public is added here, on purpose"
    );
    let paths: BTreeSet<_> = all.iter().map(|(_, path, _)| path).collect();
    for path in paths {
        let documented = all.iter().filter(|(_, other, _)| other == path);
        let documented: Vec<_> = documented.map(|(method, ..)| method.as_str()).collect();
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
            if !documented.contains(&method) {
                let answer = root.clone().send(call(method, &filled(path))).await;
                assert_eq!(answer.status, 405, "{method} {path}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_for_users_unless_it_is_published() {
    let app = TestApp::sqlite().await;
    let answer = app.browser().send(call("GET", DOCUMENT)).await;
    assert_problem(&answer, 401, "not_signed_in");
    assert_eq!(
        app.signed_in("ada")
            .await
            .send(call("GET", DOCUMENT))
            .await
            .status,
        200
    );
    let published = TestApp::sqlite_with(|config| config.api.public_docs = true).await;
    let document = get(&mut published.browser(), DOCUMENT).await;
    let read = &document["paths"][DOCUMENT]["get"];
    assert_eq!(read["security"], serde_json::json!([{}]), "and it says so");
    // Nothing else is published with it.
    assert_problem(
        &published.browser().send(call("GET", "/api/v1/me")).await,
        401,
        "not_signed_in",
    );
}
