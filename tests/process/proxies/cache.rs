//! A caching proxy: no answer that depends on the caller is cached.

use super::{Site, TRUSTED};
use crate::{
    program::{sign_in, write_at_rest},
    support::{PASSWORD, http::Browser},
};
use std::{fs, path::Path};

use super::front::Kind;

const PERSON: &str = "127.0.0.2";
const ANOTHER: &str = "127.0.0.3";

/// nginx with a cache for every path, which obeys the headers of answers (RFC 9111) and reports its
/// result.
async fn site_behind_a_cache(folder: &Path) -> Site {
    let zone = format!(
        "proxy_cache_path {} keys_zone=everything:1m use_temp_path=off;\nserver {{",
        folder.display()
    );
    let changes = [
        ("server {", zone.as_str()),
        (
            "proxy_http_version 1.1;",
            "proxy_http_version 1.1;\nproxy_cache everything;\nproxy_cache_key $request_uri;\n\
             proxy_cache_methods GET HEAD;\nadd_header X-Cache $upstream_cache_status always;",
        ),
    ];
    Site::new(Kind::Nginx, TRUSTED, &changes).await
}

async fn cached(browser: &mut Browser, path: &str) -> Option<String> {
    let answer = browser.get(path).await;
    answer.header("x-cache").map(str::to_owned)
}

/// Two people behind one cache never get each other's pages, sessions or messages (ASVS V14.3.2;
/// RFC 9111: a shared cache may store answers with `Set-Cookie`).
#[tokio::test(flavor = "multi_thread")]
async fn a_shared_cache_keeps_nothing_of_anybody() {
    let folder = std::env::temp_dir().join(format!("vestibule_cache_{}", uuid::Uuid::new_v4()));
    fs::create_dir(&folder).unwrap();
    let mut site = site_behind_a_cache(&folder).await;
    write_at_rest(&site.home.folder.join("site/a.css"), "p { color: red }");

    let mut ada = site.front.browser(PERSON).await;
    let mut root = site.front.browser(ANOTHER).await;
    for _ in 0..3 {
        cached(&mut ada, "/a.css").await;
    }
    let kept = cached(&mut root, "/a.css").await;
    assert_eq!(kept.as_deref(), Some("HIT"), "the cache works");

    // A refusal's message for one is not shown to the other.
    sign_in(&mut ada, "ada", "a wrong password").await;
    assert!(ada.get("/login").await.text().contains("value=\"ada\""));
    assert!(!root.get("/login").await.text().contains("value=\"ada\""));

    for (browser, name) in [(&mut ada, "ada"), (&mut root, "root")] {
        let answer = sign_in(browser, name, PASSWORD).await;
        let (status, location) = (answer.status, answer.location().to_owned());
        assert_eq!(status, 303);
        browser.get(&location).await;
    }
    assert_ne!(ada.session(), root.session());
    for path in [
        "/dashboard",
        "/account/profile",
        "/account/password",
        "/account/keys",
        "/logout",
    ] {
        for _ in 0..2 {
            for (browser, name) in [(&mut ada, "ada"), (&mut root, "root")] {
                let page = browser.get(path).await;
                assert_eq!(page.status, 200, "{path}");
                assert!(page.text().contains(name), "{path} is not {name}'s");
                assert_eq!(page.header("x-cache"), Some("MISS"), "{path}");
            }
        }
    }
    let mut third = site.front.browser("127.0.0.4").await;
    for path in ["/", "/dashboard", "/login", "/no-such-page"] {
        let answer = third.get(path).await;
        assert_ne!(answer.header("x-cache"), Some("HIT"), "{path}");
        assert!(
            answer.headers.iter().all(|(name, _)| name != "set-cookie"),
            "{path}"
        );
        assert!(!answer.text().contains("Hello, "), "{path}");
    }
    drop(site);
    fs::remove_dir_all(folder).unwrap();
}
