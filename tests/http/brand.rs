//! Whose site it is: its name, its logo, its colour and its links.

use crate::{
    app::{TestApp, assert_page, visible_text},
    support::http::{Answer, Request},
};
use serde_json::Value;
use vestibule::{
    domain::site::{Help, Site},
    server::config::{Config, Logo, LogoKind},
};

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const SVG: &[u8] = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";

fn configure(config: &mut Config) {
    config.site.site = Site {
        name: "Example & Sons".to_owned(),
        help: Some(Help::Email("help@example.org".to_owned())),
        privacy: Some("https://example.org/privacy".to_owned()),
        imprint: Some("/imprint".to_owned()),
    };
    config.site.accent = "#1d4f91"
        .parse()
        .ok()
        .and_then(|colour| vestibule::domain::accent::Accent::of(colour).ok());
    config.site.logo = Some(Logo {
        kind: LogoKind::Svg,
        content: SVG.to_owned(),
    });
}

/// The address in a page that begins so.
fn address_in(page: &Answer, start: &str) -> String {
    let html = page.text();
    let (_, rest) = html
        .split_once(&format!("\"{start}"))
        .unwrap_or_else(|| panic!("{start}: {html}"));
    format!("{start}{}", rest.split('"').next().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_say_whose_they_are() {
    let app = TestApp::sqlite_with(configure).await;
    for mut browser in [app.browser(), app.signed_in("ada").await] {
        for path in ["/logout", "/no/such/page"] {
            let page = browser.get(path).await;
            let html = page.text();
            assert!(html.contains(" – Example &amp; Sons</title>"), "{html}");
            assert!(
                html.contains("content=\"Sign in to Example &amp; Sons.\""),
                "{html}"
            );
            assert!(
                html.contains("class=\"brand-name\">Example &amp; Sons</span>"),
                "{html}"
            );
            let text = visible_text(&page);
            assert!(text.contains("Help Privacy Imprint"), "{text}");
            assert!(html.contains(">Vestibule</p></footer>"), "{html}");
            for link in [
                "mailto:help@example.org",
                "https://example.org/privacy",
                "/imprint",
            ] {
                assert!(
                    html.contains(&format!("<a href=\"{link}\" data-link=")),
                    "{link}"
                );
            }
        }
    }
    assert_page(
        &app.browser().get("/login").await,
        "Sign in to Example &amp; Sons",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_settings_they_are_the_products() {
    let app = TestApp::sqlite().await;
    let page = app.browser().get("/login").await;
    assert!(page.text().contains("<title>Sign in – Vestibule</title>"));
    assert_page(&page, "Sign in to Vestibule");
    for absent in ["accent.css", "/logo.", "site-links", "<img"] {
        assert!(!page.text().contains(absent), "{absent}");
    }
    for path in ["/accent.css", "/logo.svg", "/logo.png"] {
        assert_eq!(app.browser().get(path).await.status, 404, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_logo_is_a_picture_and_nothing_else() {
    let app = TestApp::sqlite_with(configure).await;
    let page = app.browser().get("/login").await;
    let address = address_in(&page, "/logo.svg?");
    assert!(page.text().contains(&format!("<img src=\"{address}\"")));
    assert!(page.text().contains(&format!(
        "<link rel=\"icon\" href=\"{address}\" type=\"image/svg+xml\""
    )));
    for (path, kept) in [
        (address.as_str(), FOR_EVER),
        ("/logo.svg", "public, max-age=3600"),
        ("/logo.svg?0", "public, max-age=3600"),
    ] {
        for method in ["GET", "HEAD"] {
            let answer = app.send(Request::new(method, path)).await;
            assert_eq!(answer.status, 200, "{path}");
            assert_eq!(answer.header("content-type"), Some("image/svg+xml"));
            assert_eq!(answer.header("cache-control"), Some(kept), "{path}");
            assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
            let policy = answer.header("content-security-policy").unwrap();
            assert!(
                policy.ends_with("; sandbox") && policy.starts_with("default-src 'none'"),
                "{policy}"
            );
            assert!(
                !policy.contains("script-src") && !policy.contains("allow-"),
                "{policy}"
            );
            assert_eq!(answer.body, if method == "GET" { SVG } else { b"" });
        }
    }
    assert_eq!(
        app.send(Request::new("POST", "/logo.svg")).await.status,
        405
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_accent_is_a_style_sheet_that_the_policy_permits() {
    let app = TestApp::sqlite_with(configure).await;
    let page = app.browser().get("/login").await;
    let address = address_in(&page, "/accent.css?");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("style-src 'self';"), "{policy}");
    let (own, _) = page
        .text()
        .split_once(&address)
        .map(|(before, _)| (before.contains("vestibule.css"), ()))
        .unwrap();
    assert!(own, "behind the one whose names it replaces");
    let sheet = app.browser().get(&address).await;
    assert_eq!(
        sheet.header("content-type"),
        Some("text/css; charset=utf-8")
    );
    assert_eq!(sheet.header("cache-control"), Some(FOR_EVER));
    assert!(
        sheet.text().contains(":root{--accent:#1d4f91;"),
        "{}",
        sheet.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn shortcuts_and_search_engines_get_their_files() {
    let app = TestApp::sqlite_with(configure).await;
    let page = app.browser().get("/login").await;
    assert!(
        page.text()
            .contains("<link rel=\"manifest\" href=\"/site.webmanifest\"")
    );
    let manifest = app.browser().get("/site.webmanifest").await;
    assert_eq!(
        manifest.header("content-type"),
        Some("application/manifest+json")
    );
    let manifest: Value = serde_json::from_str(&manifest.text()).unwrap();
    assert_eq!(manifest["name"], "Example & Sons");
    assert_eq!(manifest["start_url"], "/");
    assert_eq!(manifest["icons"][0]["src"], address_in(&page, "/logo.svg?"));
    let robots = app.browser().get("/robots.txt").await;
    assert_eq!(
        (robots.status, robots.text().as_str()),
        (200, "User-agent: *\nDisallow: /\n")
    );
    assert_eq!(
        robots.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
}

/// Titles are the one text that Leptos does not escape.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_in_a_title_is_only_text() {
    let hostile = |config: &mut Config| {
        config.site.site.name = "</title><img src=x>&amp;".to_owned();
    };
    let app = TestApp::sqlite_with(hostile).await;
    for path in ["/login", "/no/such/page"] {
        let html = app.browser().get(path).await.text();
        assert!(!html.contains("<img"), "{html}");
        let text = html.split("</title>").next().unwrap_or_default();
        assert!(text.contains(" – &lt;/title"), "{html}");
        assert!(text.ends_with("&amp;amp;"), "{html}");
    }
}
