//! Sessions of access keys with each scope, at every page, file, stream and function.

use super::promote;
use crate::{
    app::{TestApp, assert_contains, function_paths},
    support::{
        self,
        database::{Engine, TestDatabase},
        http::{ACCEPT_PAGE, Answer, Browser, Request},
    },
};
use vestibule::{
    domain::{
        access_key::{Scope, Scopes},
        page::{Access, Download, Page, Stream},
    },
    server::web::target::Target,
};

/// Everything that a session may reach: from the tables of the router, so that a new route is in the matrix at once.
fn targets() -> Vec<(Target, String)> {
    let pages = Page::ALL
        .iter()
        .map(|&page| (Target::Page(page), page.path().to_owned()));
    let files = Download::ALL.map(|file| (Target::Download(file), file.path().to_owned()));
    let streams = Stream::ALL.map(|stream| (Target::Stream(stream), stream.path().to_owned()));
    let functions = function_paths()
        .into_iter()
        .map(|path| (Target::Function(path), path.to_owned()));
    pages.chain(files).chain(streams).chain(functions).collect()
}

async fn request(browser: &mut Browser, target: Target, path: &str, accept: &str) -> Answer {
    match target {
        Target::Stream(_) => browser.listen(path).await.answer,
        Target::Function(_) => {
            browser
                .send(Request::form(path, &[]).header("accept", accept))
                .await
        }
        // The operations of the API have a matrix of their own.
        Target::Page(_) | Target::Download(_) | Target::Api(_) | Target::Viewer(_) => {
            browser
                .send(Request::get(path).header("accept", accept))
                .await
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scope_opens_what_names_it_and_nothing_else() {
    let app = TestApp::new(TestDatabase::new(Engine::Sqlite).await).await;
    promote(&app, "ada").await;
    let ada = app.user("ada").await.id;
    for &scope in Scope::ALL {
        let (_, key) = app.access_key("ada", scope.as_str()).await;
        for (target, path) in targets() {
            let path = path.replace("{id}", &ada.0);
            let mut program = app.signed_in_with(&key).await;
            support::settled(&app.core).await;
            let before = app.rows().await;
            let is_permitted = target.access() == Access::Anyone
                || target.concerns_own_session()
                || target.scope() == Some(scope);
            let answer = request(&mut program, target, &path, "application/json").await;
            if is_permitted {
                assert!(
                    !matches!(answer.status, 401 | 403),
                    "{scope:?} {path}: {} {}",
                    answer.status,
                    answer.text()
                );
                continue;
            }
            assert_eq!(
                (answer.status, answer.text().as_str()),
                (403, r#"{"failed":"not_permitted"}"#),
                "{scope:?} {path}"
            );
            assert!(
                answer.header_all("set-cookie").is_empty(),
                "{scope:?} {path}"
            );
            if !matches!(target, Target::Stream(_)) {
                let page = request(&mut program, target, &path, ACCEPT_PAGE).await;
                assert_eq!(page.status, 403, "{scope:?} {path}");
                assert_contains(&page, "Not with this access key");
            }
            assert_eq!(app.rows().await, before, "{scope:?} {path}");
        }
    }
}

/// For all others, what is for administrators does not exist, whatever the key says.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_role_the_pages_of_administrators_do_not_exist() {
    let app = TestApp::new(TestDatabase::new(Engine::Sqlite).await).await;
    app.create_user("root").await;
    promote(&app, "root").await;
    promote(&app, "ada").await;
    let (_, key) = app.access_key("ada", &Scopes::all().to_string()).await;
    let user = app.user("ada").await;
    let machine = vestibule::server::core::actor::on_this_machine();
    vestibule::server::core::accounts::users::demote(&app.core, &machine, &user)
        .await
        .unwrap();
    for (target, path) in targets()
        .into_iter()
        .filter(|(target, _)| target.access() == Access::Administrator)
    {
        let mut program = app.signed_in_with(&key).await;
        let path = path.replace("{id}", &user.id.0);
        let answer = request(&mut program, target, &path, "application/json").await;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (404, r#"{"failed":"not_found"}"#),
            "{path}"
        );
    }
}

/// A scope that no page names is one for programs alone.
#[test]
fn the_scopes_of_pages_are_these() {
    let opened = |scope| {
        let named = targets()
            .into_iter()
            .filter(move |(target, _)| target.scope() == Some(scope));
        named.map(|(_, path)| path).collect::<Vec<_>>()
    };
    let named = Scope::ALL.iter().map(|&scope| (scope, opened(scope)));
    let named: Vec<_> = named.filter(|(_, paths)| !paths.is_empty()).collect();
    let mut expected: Vec<(Scope, Vec<&str>)> = vec![
        (Scope::ProfileRead, vec!["/dashboard", "/account/activity"]),
        (Scope::SessionsRead, vec!["/account/sessions"]),
        (
            Scope::SessionsEnd,
            vec!["/api/end_other_sessions", "/api/end_session"],
        ),
        (Scope::UsersRead, vec!["/admin/users"]),
    ];
    for ((scope, paths), (_, wanted)) in named.iter().zip(&mut expected) {
        let mut paths: Vec<_> = paths.iter().map(String::as_str).collect();
        paths.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(
            &paths, wanted,
            "{scope:?}: a new one is added here, on purpose"
        );
    }
    assert_eq!(named.len(), expected.len(), "{named:?}");
    let own = targets().into_iter();
    let own = own.filter(|(target, _)| target.concerns_own_session());
    let own: Vec<_> = own.map(|(_, path)| path).collect();
    assert_eq!(own, ["/session/events", "/api/stay_signed_in"]);
}
