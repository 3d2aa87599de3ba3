//! The document of the API: it is that of the router, and the router is that of the document.

use super::{assert_problem, call, get};
use crate::app::TestApp;
use serde_json::{Value, json};
use std::{collections::BTreeSet, env, fs, path::Path};
use vestibule::domain::{audit::Event, scope::Scope, user::UserFilter};

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
    assert_eq!(schemes["key"]["scheme"], "bearer");
    let by_password = &schemes["token"]["flows"]["password"];
    assert_eq!(by_password["tokenUrl"], "/api/v1/token");
    let named: Vec<_> = by_password["scopes"].as_object().unwrap().keys().collect();
    let all: Vec<_> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    assert_eq!(named.len(), all.len(), "{named:?}");
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
            for (scheme, needed) in requirement.as_object().unwrap() {
                assert!(schemes[scheme].is_object(), "{shown} {scheme}");
                for scope in needed.as_array().unwrap() {
                    assert!(scopes.contains(&scope.as_str().unwrap()), "{shown} {scope}");
                }
            }
        }
    }
    assert!(ids.len() >= 14, "{ids:?}");
}

/// A client that checks its requests by the document learns of a mistyped member before it sends it.
#[tokio::test(flavor = "multi_thread")]
async fn the_document_permits_no_further_members() {
    let app = TestApp::sqlite().await;
    let document = get(&mut app.signed_in("ada").await, DOCUMENT).await;
    let resolved = |schema: &Value| match schema["$ref"].as_str() {
        Some(reference) => document.pointer(&reference[1..]).expect("a schema").clone(),
        None => schema.clone(),
    };
    let mut bodies = 0;
    for (method, path, operation) in operations(&document) {
        let content = &operation["requestBody"]["content"]["application/json"];
        if content.is_null() {
            continue;
        }
        let schema = resolved(&content["schema"]);
        let one_of = schema["oneOf"].as_array().cloned();
        for schema in one_of.unwrap_or_else(|| vec![schema]) {
            bodies += 1;
            assert_eq!(
                schema["additionalProperties"], false,
                "{method} {path}: {schema}"
            );
        }
    }
    assert_eq!(bodies, 5, "a key, an account, and three changes");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_lists_the_words_that_are_accepted() {
    let app = TestApp::sqlite().await;
    let document = get(&mut app.signed_in("ada").await, DOCUMENT).await;
    let schemas = &document["components"]["schemas"];
    let scopes: Vec<_> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    assert_eq!(schemas["Scope"]["enum"], json!(scopes));
    let scope = json!({"$ref": "#/components/schemas/Scope"});
    assert_eq!(
        schemas["NewAccessKey"]["properties"]["scopes"]["items"],
        scope
    );
    assert_eq!(schemas["GrantType"]["enum"], json!(["password"]));
    let parameters = &document["paths"]["/api/v1/users"]["get"]["parameters"];
    let mut parameters = parameters.as_array().expect("parameters").iter();
    let status = parameters.find(|one| one["name"] == "status").unwrap();
    let words = UserFilter::ALL.map(UserFilter::as_str);
    assert!(
        status.to_string().contains(&json!(words).to_string()),
        "{status}"
    );
    let parameters = &document["paths"]["/api/v1/activity"]["get"]["parameters"];
    let parameters = parameters.as_array().expect("parameters");
    let event = parameters
        .iter()
        .find(|one| one["name"] == "event")
        .unwrap();
    assert_eq!(event["required"], false);
    assert!(
        event
            .to_string()
            .contains(&json!(Event::kinds()).to_string()),
        "{event}"
    );
}

/// Nothing else is said of a token that is not valid.
#[tokio::test(flavor = "multi_thread")]
async fn the_document_has_an_answer_for_a_token_that_is_not_valid() {
    let app = TestApp::sqlite().await;
    let document = get(&mut app.signed_in("ada").await, DOCUMENT).await;
    let inactive = &document["components"]["schemas"]["InactiveToken"];
    assert_eq!(inactive["required"], json!(["active"]));
    assert_eq!(inactive["additionalProperties"], false);
}

/// What each demands is in `matrix.rs`.
#[tokio::test(flavor = "multi_thread")]
async fn the_document_names_every_public_operation_and_method() {
    let app = TestApp::with_an_administrator(|_| ()).await;
    let root = app.signed_in("root").await;
    let document = get(&mut root.clone(), DOCUMENT).await;
    let all = operations(&document);
    let public = all
        .iter()
        .filter(|(.., operation)| operation["security"] == json!([{}]));
    let public: Vec<_> = public
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    assert_eq!(
        public,
        ["POST /api/v1/logout", "POST /api/v1/token"],
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
    assert_eq!(read["security"], json!([{}]), "and it says so");
    // Nothing else is published with it.
    assert_problem(
        &published.browser().send(call("GET", "/api/v1/me")).await,
        401,
        "not_signed_in",
    );
}
