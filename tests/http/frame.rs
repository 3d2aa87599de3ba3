//! The frame around every page: who is signed in, and what the navigation links.

use crate::{
    app::{TestApp, visible_text},
    support::http::{Answer, Browser, Request},
};
use std::collections::BTreeSet;
use vestibule::domain::{
    page::{Access, Page},
    session::EndReason,
};

const OWN: [&str; 6] = [
    "/dashboard",
    "/account/sessions",
    "/account/activity",
    "/account/profile",
    "/account/password",
    "/account/keys",
];
const OF_ADMINISTRATORS: [&str; 3] = ["/admin/users", "/admin/activity", "/admin/system"];

/// The navigation: each link, and how it is marked.
fn links(page: &Answer) -> Vec<(String, Option<String>)> {
    let html = page.text();
    let Some((_, rest)) = html.split_once("<nav ") else {
        return Vec::new();
    };
    let (navigation, _) = rest.split_once("</nav>").expect("its end");
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        Some(rest.split('"').next()?.to_owned())
    };
    let tags = navigation.split("<a ").skip(1);
    let tags = tags.filter_map(|rest| rest.split('>').next());
    let tags = tags.map(|tag| format!(" {tag}"));
    tags.map(|tag| {
        let href = attribute(&tag, "href").expect("a target");
        (href, attribute(&tag, "aria-current"))
    })
    .collect()
}

fn targets(page: &Answer) -> Vec<String> {
    links(page).into_iter().map(|(href, _)| href).collect()
}

#[track_caller]
fn assert_names(page: &Answer, name: &str) {
    let html = page.text();
    let button = html.split("class=\"person-button\"").nth(1);
    let button = button.and_then(|rest| rest.split("</button>").next());
    assert!(
        button.is_some_and(|button| button.contains(&format!(">{name}</bdi>"))),
        "{html}"
    );
    assert!(html.contains("action=\"/api/logout\""), "{html}");
}

/// Otherwise the page of a failure would keep the person's name, email and navigation after the end of their session.
#[track_caller]
fn assert_follows(page: &Answer) {
    let html = page.text();
    for part in ["<meta name=\"person\"", "src=\"/follow.js?"] {
        assert!(html.contains(part), "{part}: {html}");
    }
}

#[track_caller]
fn assert_nobody(page: &Answer) {
    let html = page.text();
    for part in [
        "person-button",
        "site-menu",
        "/api/logout",
        "has-menu",
        "name=\"person\"",
    ] {
        assert!(!html.contains(part), "{part}: {html}");
    }
    assert!(html.contains("class=\"brand\""), "{html}");
}

async fn open(browser: &mut Browser, path: &str, status: u16) -> Answer {
    let page = browser.get(path).await;
    assert_eq!(page.status, status, "{path}: {}", page.text());
    page
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_navigation_is_on_every_page_and_marks_it() {
    let app = TestApp::with_an_administrator(|_| ()).await;
    let id = app.user("ada").await.id;
    let (mut ada, mut root) = (app.signed_in("ada").await, app.signed_in("root").await);
    let all: Vec<_> = OWN.iter().chain(&OF_ADMINISTRATORS).copied().collect();
    for page in Page::ALL {
        let path = page.path().replace("{id}", &id.0);
        let current = match page {
            Page::Account | Page::Invite => Some(("/admin/users", "true")),
            page => Some((page.path(), "page")),
        };
        for (browser, expected) in [(&mut ada, &OWN[..]), (&mut root, &all)] {
            let answer = browser.get(&path).await;
            if answer.status != 200 {
                continue;
            }
            assert_eq!(targets(&answer), expected, "{path}");
            let marked = links(&answer).into_iter();
            let marked: Vec<_> = marked
                .filter_map(|(href, state)| Some((href, state?)))
                .collect();
            let is_listed = current.is_some_and(|(href, _)| expected.contains(&href));
            let expected = current.filter(|_| is_listed);
            let expected = expected.map(|(href, state)| (href.to_owned(), state.to_owned()));
            assert_eq!(marked, Vec::from_iter(expected), "{path}");
        }
    }
}

/// Otherwise a page could be reached only by typing its address.
#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_reached_by_links_from_the_dashboard() {
    let app = TestApp::with_an_administrator(|_| ()).await;
    let mut root = app.signed_in("root").await;
    let mut seen = BTreeSet::new();
    let mut next = vec!["/dashboard".to_owned()];
    while let Some(path) = next.pop() {
        let page = open(&mut root, &path, 200).await.text();
        let found = page.split("href=\"").skip(1);
        let found = found.filter_map(|rest| rest.split(['"', '?', '#']).next());
        let ours =
            found.filter(|path| path.starts_with("/account/") || path.starts_with("/admin/"));
        let pages = ours.filter(|path| !path.contains('.'));
        for path in pages.map(str::to_owned) {
            if seen.insert(path.clone()) {
                next.push(path);
            }
        }
    }
    let private = Page::ALL
        .iter()
        .filter(|page| page.access() != Access::Anyone);
    for page in private.filter(|page| !matches!(page, Page::Dashboard | Page::Confirm)) {
        let start = page.path().split('{').next().unwrap();
        let is_reached = seen.iter().any(|path| match page.path().contains('{') {
            true => path.starts_with(start) && path.len() > start.len(),
            false => path == start,
        });
        assert!(is_reached, "{}: {seen:?}", page.path());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_show_who_is_signed_in() {
    let app = TestApp::with_an_administrator(|_| ()).await;
    let mut ada = app.signed_in("ada").await;
    for path in [
        "/no/such/page",
        "/admin/users",
        "/api/no/such",
        "/setup",
        "/account/keys/x",
    ] {
        let page = open(&mut ada, path, 404).await;
        assert_names(&page, "ada of Example");
        assert_follows(&page);
        assert_eq!(targets(&page), OWN, "{path}");
        assert!(
            links(&page).iter().all(|(_, state)| state.is_none()),
            "{path}"
        );
        assert!(visible_text(&page).contains("ada@example.org"), "{path}");
        assert_nobody(&open(&mut app.browser(), "/no/such/page", 404).await);
    }
    let form = [("id", "x".repeat(3))];
    let form: Vec<_> = form
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let page = ada.post_form("/api/end_session", &form).await;
    assert_eq!(page.status, 404);
    assert_names(&page, "ada of Example");
    assert_follows(&page);
    // By its button one can sign out, without any script.
    let proof = page.text();
    let proof = proof
        .split("name=\"proof\" value=\"")
        .nth(1)
        .expect("the proof of a sign-out");
    let proof = proof.split('"').next().unwrap();
    assert_eq!(
        ada.post_form("/api/logout", &[("proof", proof)])
            .await
            .status,
        303
    );
    assert_nobody(&open(&mut ada, "/no/such/page", 404).await);
}

/// A look-up of the session for the page of a failure does not count as use of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_missing_page_neither_extends_a_session_nor_revives_it() {
    let app = TestApp::sqlite().await;
    let mut ada = app.signed_in("ada").await;
    let [before] = &app.sessions().await[..] else {
        panic!("one session")
    };
    app.set_clock(app.core.lifetimes.idle / 2);
    assert_names(
        &open(&mut ada, "/no/such/page", 404).await,
        "ada of Example",
    );
    assert_eq!(app.sessions().await[0].last_seen_at, before.last_seen_at);
    app.set_clock(app.core.lifetimes.idle * 2);
    assert_nobody(&open(&mut ada, "/no/such/page", 404).await);
    assert_eq!(app.endings().await, [Some(EndReason::Idle)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_a_key_gets_the_links_that_it_may_use() {
    let app = TestApp::with_an_administrator(|config| config.keys.sign_in = true).await;
    for (user, scopes, expected) in [
        (
            "ada",
            "profile:read",
            &["/dashboard", "/account/activity"][..],
        ),
        ("ada", "sessions:read", &["/account/sessions"]),
        (
            "root",
            "users:read profile:read",
            &["/dashboard", "/account/activity", "/admin/users"],
        ),
    ] {
        let (_, key) = app.access_key(user, scopes).await;
        let mut browser = app.signed_in_with(&key).await;
        let page = open(&mut browser, expected[0], 200).await;
        assert_eq!(targets(&page), expected, "{scopes}");
        for path in OWN.iter().chain(&OF_ADMINISTRATORS) {
            let answer = browser.get(path).await;
            assert_eq!(
                answer.status == 200,
                expected.contains(path),
                "{scopes}: {path}"
            );
            if answer.status == 403 {
                assert_names(
                    &answer,
                    &format!("{user}{}", if user == "ada" { " of Example" } else { "" }),
                );
                assert_follows(&answer);
                assert_eq!(targets(&answer), expected, "{scopes}: {path}");
            }
        }
    }
}

/// Programs get no page, and cost no look-up.
#[tokio::test(flavor = "multi_thread")]
async fn programs_get_no_frame() {
    let app = TestApp::sqlite().await;
    let mut ada = app.signed_in("ada").await;
    let answer = ada
        .send(Request::get("/no/such/page").header("accept", "application/json"))
        .await;
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (404, r#"{"failed":"not_found"}"#)
    );
}
