//! All credentials × all operations, made from the document that the server answers: each operation admits exactly the
//! credentials that its document names.

use super::{
    call,
    document::{DOCUMENT, operations},
    get, token_of,
};
use crate::{
    app::TestApp,
    support::{
        PASSWORD,
        http::{Answer, Browser, Request},
    },
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use vestibule::{
    domain::scope::{Scope, Scopes},
    server::core::{
        accounts::{access_keys, users},
        actor,
    },
};

const OF_MEMBER: &str = "profile:read sessions:read sessions:end";
const EVERY: &str = "profile:read sessions:read sessions:end users:read users:write activity:read tokens:introspect";

/// A kind of credential, by the names of the document's security schemes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Without any, or with the cookie of a session that has ended.
    Nobody,
    Session,
    /// A session that was started with an access key.
    SessionOfKey,
    Token,
    /// A token of such a session.
    TokenOfKey,
    Key,
    /// A key or a token that was valid once.
    Void,
}

struct Credential {
    name: &'static str,
    kind: Kind,
    administers: bool,
    scopes: Scopes,
    browser: Browser,
    bearer: Option<String>,
    /// The ids in paths: of a session and of a key of the caller that have ended.
    own: BTreeMap<&'static str, String>,
}

/// What the document says of an operation.
struct Operation {
    method: String,
    path: String,
    /// The scopes that each scheme needs; none if no credential is needed.
    demands: BTreeMap<String, Scopes>,
    is_public: bool,
}

impl Operation {
    fn of((method, path, operation): (String, String, Value)) -> Self {
        let requirements = operation["security"].as_array().expect("security").iter();
        let schemes: Vec<_> = requirements
            .flat_map(|one| one.as_object().expect("a requirement").clone())
            .collect();
        let is_public = operation["security"] == serde_json::json!([{}]);
        assert_eq!(is_public, schemes.is_empty(), "{method} {path}");
        let scopes = |scopes: Value| {
            let words = scopes.as_array().expect("scopes").iter();
            words
                .map(|word| {
                    word.as_str()
                        .expect("a word")
                        .parse::<Scope>()
                        .expect("a scope")
                })
                .collect()
        };
        Self {
            method,
            path,
            demands: schemes
                .into_iter()
                .map(|(name, words)| (name, scopes(words)))
                .collect(),
            is_public,
        }
    }

    /// The one scope that an operation names, for every credential.
    fn scope(&self) -> Option<Scope> {
        let mut named = self.demands.get("key")?.iter();
        named.next()
    }

    /// The status and the code with which the credential is refused; `None` if it is admitted.
    fn refusal(&self, credential: &Credential) -> Option<(u16, &'static str)> {
        const NOT_SIGNED_IN: (u16, &str) = (401, "not_signed_in");
        const SESSION_NEEDED: (u16, &str) = (403, "session_needed");
        let kind = credential.kind;
        match kind {
            Kind::Void => return Some(NOT_SIGNED_IN),
            _ if self.is_public => return None,
            Kind::Nobody => return Some(NOT_SIGNED_IN),
            _ => {}
        }
        if let Some(scope) = self.scope() {
            if scope.is_for_administrators() && !credential.administers {
                return Some((404, "not_found"));
            }
            return (!credential.scopes.contains(scope)).then_some((403, "insufficient_scope"));
        }
        let needed = self.demands.values().copied();
        let is_for_administrators = needed
            .flat_map(|scopes| scopes.iter())
            .any(Scope::is_for_administrators);
        if is_for_administrators && !credential.administers {
            return Some((404, "not_found"));
        }
        let takes = |scheme| self.demands.contains_key(scheme);
        let is_admitted = match kind {
            Kind::Key | Kind::TokenOfKey => takes("key"),
            Kind::Token => self.demands.get("token").is_some_and(|needed| {
                let all = Scopes::of_person(credential.administers);
                needed.is_empty() || credential.scopes == all
            }),
            // Without a scope that a key could have, it takes a session with all rights, or the cookie as such.
            Kind::SessionOfKey => takes("key") || !takes("token"),
            _ => takes("session"),
        };
        (!is_admitted).then_some(SESSION_NEEDED)
    }
}

impl Credential {
    /// With the parameters of the path filled in, so that what is admitted finds something, and ends nothing of others.
    async fn request(&self, app: &TestApp, operation: &Operation, is_admitted: bool) -> Answer {
        let path = &operation.path;
        let id = if path.starts_with("/api/v1/users/") {
            let is_deletion = operation.method == "DELETE" && path.ends_with("{id}");
            if is_deletion && is_admitted {
                // Not everybody who is admitted deletes it: some have to enter a password first.
                let guest = format!("guest{}", uuid::Uuid::new_v4().simple());
                app.create_user(&guest).await;
                app.user(&guest).await.id.0
            } else {
                app.user("eve").await.id.0
            }
        } else {
            let noun = path.split('/').nth(3).unwrap_or_default();
            self.own.get(noun).cloned().unwrap_or_default()
        };
        let ended_of_eve = self.own.get("of_eve").cloned().unwrap_or_default();
        let path = path
            .replace("{id}", &id)
            .replace("{session}", &ended_of_eve);
        // A stream has no end.
        let method = if path.ends_with("/events") {
            "HEAD"
        } else {
            &operation.method
        };
        let request = call(method, &path);
        let request = match &self.bearer {
            Some(credential) => super::bearer(request, credential),
            None => request,
        };
        self.browser.clone().send(request).await
    }
}

/// An id of an ended session of an account.
async fn ended_session(app: &TestApp, name: &str) -> String {
    let mut browser = app.signed_in(name).await;
    let id = app.sessions().await[0].id.0.clone();
    assert_eq!(
        browser.send(call("POST", "/api/v1/logout")).await.status,
        204
    );
    id
}

async fn revoked_key(app: &TestApp, name: &str) -> (String, String) {
    let (id, text) = app.access_key(name, "profile:read").await;
    let (machine, user) = (actor::on_this_machine(), app.user(name).await);
    assert!(
        access_keys::revoke_as_admin(&app.core, &machine, &user.id, &id)
            .await
            .unwrap()
    );
    (id.0, text)
}

struct Maker<'a> {
    app: &'a TestApp,
    of_eve: String,
    made: Vec<Credential>,
}

impl Maker<'_> {
    async fn add(
        &mut self,
        name: &'static str,
        kind: Kind,
        user: &str,
        scopes: &str,
        browser: Browser,
        bearer: Option<String>,
    ) {
        let own = BTreeMap::from([
            ("of_eve", self.of_eve.clone()),
            ("sessions", ended_session(self.app, user).await),
            ("keys", revoked_key(self.app, user).await.0),
        ]);
        self.made.push(Credential {
            name,
            kind,
            administers: user == "root",
            scopes: scopes.parse().unwrap(),
            browser,
            bearer,
            own,
        });
    }

    async fn key(&mut self, name: &'static str, user: &str, scopes: &str) {
        let (_, text) = self.app.access_key(user, scopes).await;
        self.add(
            name,
            Kind::Key,
            user,
            scopes,
            self.app.browser(),
            Some(text),
        )
        .await;
    }

    /// By a sign-in with these scopes.
    async fn token(&mut self, name: &'static str, user: &str, scopes: &str) {
        let fields = [
            ("grant_type", "password"),
            ("username", user),
            ("password", PASSWORD),
            ("scope", scopes),
        ];
        let answer = self.app.send(Request::form("/api/v1/token", &fields)).await;
        let body = super::json(&answer);
        assert_eq!(body["scope"], scopes);
        let token = body["access_token"].as_str().unwrap().to_owned();
        self.add(
            name,
            Kind::Token,
            user,
            scopes,
            self.app.browser(),
            Some(token),
        )
        .await;
    }

    async fn session_of_key(&mut self, name: &'static str, user: &str, scopes: &str) {
        let (_, text) = self.app.access_key(user, scopes).await;
        let browser = self.app.signed_in_with(&text).await;
        // Of a session of its own: the matrix signs out each.
        let token = token_of(&mut self.app.signed_in_with(&text).await).await;
        // Some scopes are for keys alone.
        let scopes: Scopes = scopes.parse().unwrap();
        let scopes = &scopes.intersection(Scopes::of_person(true)).to_string();
        self.add(name, Kind::SessionOfKey, user, scopes, browser, None)
            .await;
        let name = "a token of such a session";
        let (kind, nothing) = (Kind::TokenOfKey, self.app.browser());
        self.add(name, kind, user, scopes, nothing, Some(token))
            .await;
    }
}

async fn credentials(app: &TestApp) -> Vec<Credential> {
    let of_eve = ended_session(app, "eve").await;
    let root = Scopes::of_person(true).to_string();
    let mut all = Maker {
        app,
        of_eve,
        made: Vec::new(),
    };
    all.add("nobody", Kind::Nobody, "ada", "", app.browser(), None)
        .await;
    let mut ended = app.signed_in("ada").await;
    let (cookie, token) = (ended.clone(), token_of(&mut ended).await);
    ended.fetch_logout().await;
    all.add(
        "the cookie of an ended session",
        Kind::Nobody,
        "ada",
        "",
        cookie,
        None,
    )
    .await;
    all.add(
        "a token of an ended session",
        Kind::Void,
        "ada",
        "",
        app.browser(),
        Some(token),
    )
    .await;
    let (_, revoked) = revoked_key(app, "root").await;
    all.add(
        "a revoked key",
        Kind::Void,
        "root",
        "",
        app.browser(),
        Some(revoked),
    )
    .await;
    all.add(
        "a member's session",
        Kind::Session,
        "ada",
        OF_MEMBER,
        app.signed_in("ada").await,
        None,
    )
    .await;
    all.add(
        "an administrator's session",
        Kind::Session,
        "root",
        &root,
        app.signed_in("root").await,
        None,
    )
    .await;
    all.session_of_key("a session of a member's key", "ada", OF_MEMBER)
        .await;
    all.session_of_key("a session of an administrator's key", "root", EVERY)
        .await;
    all.session_of_key("a session of a key with one scope", "root", "profile:read")
        .await;
    all.token("a member's token", "ada", OF_MEMBER).await;
    all.token("a member's token with one scope", "ada", "sessions:read")
        .await;
    all.token("an administrator's token", "root", &root).await;
    all.token(
        "an administrator's token with a member's scopes",
        "root",
        OF_MEMBER,
    )
    .await;
    all.key("a member's key with every scope", "ada", OF_MEMBER)
        .await;
    all.key("an administrator's key with every scope", "root", EVERY)
        .await;
    for &scope in Scope::ALL {
        let user = if scope.is_for_administrators() {
            "root"
        } else {
            "ada"
        };
        all.key("a key with one scope", user, scope.as_str()).await;
    }
    // It was made by an administrator who is none any more.
    app.create_user("max").await;
    let (machine, max) = (actor::on_this_machine(), app.user("max").await);
    users::promote(&app.core, &machine, &max).await.unwrap();
    all.key("a key of a former administrator", "max", EVERY)
        .await;
    users::demote(&app.core, &machine, &max).await.unwrap();
    let key = all.made.last_mut().unwrap();
    key.scopes = key.scopes.of_role(false);
    all.made
}

/// The answer to a credential that is admitted: of the operation itself, whatever it says of an empty body.
fn is_of_the_operation(answer: &Answer, credential: &Credential) -> bool {
    let code = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default()["code"].clone();
    match answer.status {
        200 | 201 | 204 | 400 | 409 | 415 => true,
        // An account without a password that was entered recently, or one that could not enter it.
        403 => {
            code == "password_needed"
                && credential.kind != Kind::Key
                && credential.kind != Kind::Session
        }
        _ => false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_operation_admits_the_credentials_that_its_document_names() {
    let app = TestApp::with_an_administrator(|_| ()).await;
    app.create_user("eve").await;
    let document = get(&mut app.signed_in("ada").await, DOCUMENT).await;
    let mut all: Vec<_> = operations(&document)
        .into_iter()
        .map(Operation::of)
        .collect();
    assert!(all.len() >= 22, "{}", all.len());
    // It ends the session of the credential.
    all.sort_by_key(|operation| operation.path == "/api/v1/logout");
    let credentials = credentials(&app).await;
    let (mut refused, mut admitted) = (BTreeSet::new(), BTreeSet::new());
    for credential in &credentials {
        for operation in &all {
            let shown = format!(
                "{} {} with {}",
                operation.method, operation.path, credential.name
            );
            let expected = operation.refusal(credential);
            let answer = credential
                .request(&app, operation, expected.is_none())
                .await;
            match expected {
                // A key has no session that it could end, and the document says so in words.
                None if operation.path == "/api/v1/logout" && credential.kind == Kind::Key => {
                    super::assert_problem(&answer, 403, "session_needed");
                }
                None => {
                    assert!(
                        is_of_the_operation(&answer, credential),
                        "{shown}: {} {}",
                        answer.status,
                        answer.text()
                    );
                    admitted.insert(format!("{} {}", operation.method, operation.path));
                }
                Some((status, _)) if answer.body.is_empty() => {
                    assert_eq!(
                        (operation.path.as_str(), answer.status),
                        ("/api/v1/events", status),
                        "{shown}"
                    );
                }
                Some((status, code)) => {
                    assert_eq!(answer.status, status, "{shown}: {}", answer.text());
                    super::assert_problem(&answer, status, code);
                    refused.insert(format!("{} {}", operation.method, operation.path));
                }
            }
        }
    }
    for operation in &all {
        let name = format!("{} {}", operation.method, operation.path);
        assert!(admitted.contains(&name), "{name} admits nobody");
        assert!(
            refused.contains(&name) || name.ends_with("/events"),
            "{name} admits everybody"
        );
    }
}
