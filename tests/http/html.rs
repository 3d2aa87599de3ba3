//! Documents are valid HTML (ADR 52).

use crate::{app::TestApp, support::http::Answer};

#[track_caller]
fn assert_valid(path: &str, page: &Answer) {
    let html = page.text();
    assert!(html.starts_with("<!DOCTYPE html>"), "{path}: {html}");
    assert!(html.ends_with("</body></html>"), "{path}: {html}");
    assert_eq!(html.matches("</html>").count(), 1, "{path}");
    assert!(!html.contains("<!>"), "{path}: {html}");
    for part in html.split(" crossorigin=\"").skip(1) {
        assert!(part.starts_with("anonymous\""), "{path}: {part}");
    }
    assert_eq!(html.matches("name=\"description\"").count(), 1, "{path}");
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_mended_on_their_way_out() {
    let app = TestApp::with_an_administrator(|_| ()).await;
    let mut browsers = [app.browser(), app.signed_in("root").await];
    let mut mended = 0;
    for path in [
        "/login",
        "/logout",
        "/dashboard",
        "/account/keys",
        "/admin/users",
        "/admin/activity",
        "/no/such",
    ] {
        for browser in &mut browsers {
            let page = browser.get(path).await;
            if page.status != 303 {
                assert_valid(path, &page);
                mended += page.text().matches("<!---->").count();
            }
        }
    }
    assert!(
        mended > 10,
        "Leptos separates nodes by comments, on which hydration depends"
    );
    let page = browsers[1].get("/dashboard").await.text();
    let (_, values) = page
        .split_once("__RESOLVED_RESOURCES")
        .expect("the page's values");
    assert!(values.ends_with("</script></body></html>"), "{values}");
    assert!(page.contains("<link rel=\"modulepreload\""), "{page}");
}
