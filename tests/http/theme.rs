//! Light or dark: a cookie that the server reads.

use crate::{
    app::{TestApp, assert_redirect, attributes},
    support::http::{Answer, Request},
};
use std::{collections::BTreeSet, time::Duration};

const FUNCTION: &str = "/api/theme";
const COOKIE: &str = "__Host-Http-theme";

/// The root of a page, and its metas for the browser's own parts.
fn colours(page: &Answer) -> (String, Vec<String>) {
    let html = page.text();
    let (_, root) = html.split_once("<html ").expect("a document");
    let metas = html.split("<meta ").skip(1);
    let metas = metas.filter_map(|rest| rest.split('>').next());
    let ours = metas.filter(|meta| meta.contains("color-scheme\"") || meta.contains("theme-color"));
    let root = root.split('>').next().unwrap_or_default().to_owned();
    (root, ours.map(str::to_owned).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_kept_and_every_page_has_it() {
    let app = TestApp::sqlite().await;
    for mut browser in [app.browser(), app.signed_in("ada").await] {
        let (root, metas) = colours(&browser.get("/logout").await);
        assert_eq!(root, "lang=\"en\"");
        assert_eq!(metas.len(), 3, "{metas:?}");
        assert!(metas[0].contains("content=\"light dark\""), "{metas:?}");
        for (theme, colour) in [("dark", "#0c1210"), ("light", "#f2f4f2")] {
            let fields = [("theme", theme), ("back", "/logout?x=1")];
            let answer = browser.post_form(FUNCTION, &fields).await;
            assert_redirect(&answer, "/logout?x=1");
            let line = answer.set_cookies(COOKIE).remove(0);
            let kept = [
                "HttpOnly",
                "Max-Age=34560000",
                "Path=/",
                "SameSite=Lax",
                "Secure",
            ];
            assert_eq!(attributes(line), BTreeSet::from(kept));
            for path in ["/logout", "/no/such/page"] {
                let page = browser.get(path).await;
                let (root, metas) = colours(&page);
                assert_eq!(
                    root,
                    format!("lang=\"en\" data-theme=\"{theme}\""),
                    "{path}"
                );
                assert_eq!(metas.len(), 2, "{metas:?}");
                assert!(
                    metas[0].contains(&format!("content=\"{theme}\"")),
                    "{metas:?}"
                );
                assert!(metas[1].contains(colour), "{metas:?}");
                let chosen = format!("value=\"{theme}\" aria-pressed=\"true\"");
                assert_eq!(page.text().matches(&chosen).count(), 1, "{path}");
                assert_eq!(
                    page.text().matches("aria-pressed=\"true\"").count(),
                    1,
                    "{path}"
                );
            }
        }
        let answer = browser.post_form(FUNCTION, &[("theme", "system")]).await;
        assert_redirect(&answer, "/");
        assert!(answer.set_cookies(COOKIE).remove(0).contains("Max-Age=0"));
        assert_eq!(colours(&browser.get("/logout").await).0, "lang=\"en\"");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_returns_to_a_page_of_this_site_only() {
    let app = TestApp::sqlite().await;
    for path in [
        "/login?next=/account/sessions",
        "/signed-out",
        "/dashboard",
        "/no/such/page",
    ] {
        let fields = [("theme", "dark"), ("back", path)];
        assert_redirect(&app.browser().post_form(FUNCTION, &fields).await, path);
    }
    for path in [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/a\r\nx: y",
        "",
        "/api/logout",
    ] {
        let fields = [("theme", "dark"), ("back", path)];
        assert_redirect(&app.browser().post_form(FUNCTION, &fields).await, "/");
    }
}

/// The form is on every page, with the way back; but a page that has read a code from its address cannot be loaded
/// again.
#[tokio::test(flavor = "multi_thread")]
async fn the_form_knows_its_page() {
    let app = TestApp::sqlite().await;
    let mut browser = app.browser();
    let form = |path: &str| format!("name=\"back\" value=\"{path}\"");
    for (path, back) in [
        ("/login", "/login"),
        ("/login?next=/account/keys&x=1", "/login?next=/account/keys"),
        ("/logout?x=1", "/logout"),
        ("/no/such", "/"),
    ] {
        let page = browser.get(path).await.text();
        assert!(page.contains(&form(back)), "{path}: {page}");
    }
    let mut ada = app.signed_in("ada").await;
    app.set_clock(Duration::from_secs(600));
    for (path, back) in [
        ("/account/activity?event=signed_in", "/account/activity"),
        (
            "/account/confirm?next=/account/keys&x=1",
            "/account/confirm?next=/account/keys",
        ),
        (
            "/account/confirm?next=//evil.example",
            "/account/confirm?next=/dashboard",
        ),
    ] {
        let page = ada.get(path).await.text();
        assert!(page.contains(&form(back)), "{path}: {page}");
    }
    let page = browser.get("/password-link").await.text();
    assert!(!page.contains(FUNCTION), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_else_is_the_theme_of_the_system() {
    let app = TestApp::sqlite().await;
    for word in ["Dark", "dark light", "\"dark\"", "sepia", "\"><script>", ""] {
        let cookie = format!("{COOKIE}={word}");
        let page = app
            .send(Request::get("/login").header("cookie", &cookie))
            .await;
        assert_eq!(colours(&page).0, "lang=\"en\"", "{word}");
    }
    let twice = format!("{COOKIE}=dark; {COOKIE}=light");
    let page = app
        .send(Request::get("/login").header("cookie", &twice))
        .await;
    assert_eq!(colours(&page).0, "lang=\"en\"");
    for word in ["sepia", "", "DARK"] {
        let answer = app.browser().fetch_form(FUNCTION, &[("theme", word)]).await;
        assert_eq!(answer.status, 400, "{word}: {}", answer.text());
        assert!(answer.set_cookies(COOKIE).is_empty(), "{word}");
    }
}

/// A foreign page cannot even change the colours.
#[tokio::test(flavor = "multi_thread")]
async fn other_sites_do_not_set_it() {
    let app = TestApp::sqlite().await;
    let forged =
        Request::form(FUNCTION, &[("theme", "dark")]).header("origin", "https://evil.example");
    let answer = app.send(forged).await;
    assert_eq!(answer.status, 403);
    assert!(answer.set_cookies(COOKIE).is_empty());
    let link = app.browser().get("/api/theme?theme=dark").await;
    assert_eq!(link.status, 405);
}
