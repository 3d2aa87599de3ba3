//! The output of `make dist`, in an empty folder and with an empty environment.

use crate::{
    manual::{assert_completions, assert_pages},
    program::Home,
    support::http::{Answer, Browser, Request},
};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn dist() -> PathBuf {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/dist");
    assert!(dist.is_dir(), "run: make dist-check");
    dist
}

async fn home() -> Home {
    Home::bare(dist().join("vestibule")).await
}

fn names_in(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// The addresses of script, style and WebAssembly in a page.
fn built(page: &Answer) -> BTreeSet<String> {
    let html = page.text();
    let quoted = html.split('"').filter(|text| text.starts_with("/pkg/"));
    quoted.map(str::to_owned).collect()
}

async fn get(browser: &mut Browser, path: &str, encoding: &str) -> Answer {
    let request = Request::get(path).header("accept-encoding", encoding);
    browser.send(request).await
}

#[tokio::test]
async fn the_sign_in_page_comes_with_all_that_it_needs() {
    let home = home().await;
    assert_eq!(names_in(&home.folder), BTreeSet::new());
    let server = home.serve();
    let mut browser = server.browser();
    let page = browser.get("/login").await;
    assert_eq!(page.status, 200);
    let built = built(&page);
    let kinds = [
        (".css", "text/css; charset=utf-8"),
        (".js", "text/javascript; charset=utf-8"),
        (".wasm", "application/wasm"),
    ];
    assert_eq!(built.len(), kinds.len(), "{built:?}");
    for (path, (ending, kind)) in built.iter().zip(kinds) {
        assert!(path.ends_with(ending), "{path}");
        let plain = get(&mut browser, path, "identity").await;
        let small = get(&mut browser, path, "br").await;
        for (answer, encoding) in [(&plain, None), (&small, Some("br"))] {
            assert_eq!(answer.status, 200, "{path}");
            assert_eq!(answer.header("content-type"), Some(kind), "{path}");
            assert_eq!(answer.header("content-encoding"), encoding, "{path}");
            let cache = answer.header("cache-control");
            assert_eq!(cache, Some("public, max-age=31536000, immutable"), "{path}");
        }
        assert!(
            small.body.len() > 1000 && small.body.len() < plain.body.len() / 2,
            "{path}"
        );
    }
    // The script of the page loads these two.
    let start = page.text();
    let name = built.first().unwrap().strip_suffix(".css").unwrap();
    let name = name.strip_prefix("/pkg/").unwrap();
    assert!(
        start.contains(&format!("(\"\", \"pkg\", \"{name}\", \"{name}\", false)")),
        "{start}"
    );
    assert_eq!(get(&mut browser, "/favicon.svg", "br").await.status, 200);
    let lost = browser.get("/pkg/nothing.js").await;
    assert_eq!(lost.status, 404);
    assert!(
        lost.text().contains(&format!("/pkg/{name}.css")),
        "a failure has its style"
    );
    let log = server.log_with("/pkg/nothing.js");
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
}

#[tokio::test]
async fn one_signs_in() {
    let home = home().await;
    home.create_user("ada");
    let server = home.serve();
    let mut browser = server.signed_in("ada").await;
    let dashboard = browser.get("/dashboard").await;
    assert_eq!(dashboard.status, 200);
    assert_eq!(built(&dashboard).len(), 3);
    server.stop();
    assert_eq!(names_in(&home.folder), BTreeSet::from(["data".to_owned()]));
}

/// A changed style needs no rebuild.
#[tokio::test]
async fn a_folder_that_is_named_replaces_the_embedded_site() {
    let home = home().await.with("VESTIBULE_SITE_ROOT", "site");
    fs::create_dir_all(home.folder.join("site/pkg")).unwrap();
    fs::write(
        home.folder.join("site/pkg/vestibule.css"),
        "body { margin: 0 }",
    )
    .unwrap();
    let server = home.serve();
    let mut browser = server.browser();
    let page = browser.get("/login").await;
    assert!(
        page.text().contains("href=\"/pkg/vestibule.css\""),
        "{}",
        page.text()
    );
    let style = browser.get("/pkg/vestibule.css").await;
    assert_eq!(
        (style.status, style.text().as_str()),
        (200, "body { margin: 0 }")
    );
    assert_eq!(browser.get("/favicon.svg").await.status, 404);
}

#[tokio::test]
async fn the_distribution_is_complete() {
    let (home, dist) = (home().await, dist());
    let expected = [
        "LICENSE",
        "Leptos.toml",
        "completions",
        "man",
        "vestibule",
        "vestibule.service",
    ];
    assert_eq!(names_in(&dist), BTreeSet::from(expected.map(str::to_owned)));
    for (shell, name) in [
        ("bash", "vestibule.bash"),
        ("zsh", "_vestibule"),
        ("fish", "vestibule.fish"),
    ] {
        let script = fs::read_to_string(dist.join("completions").join(name)).unwrap();
        assert_completions(&home, shell, &script);
    }
    assert_pages(&home, &dist.join("man"));
    assert!(fs::metadata(dist.join("LICENSE")).unwrap().len() > 500);

    let unit = fs::read_to_string(dist.join("vestibule.service")).unwrap();
    assert!(unit.contains("--config /etc/vestibule/Leptos.toml"));
    let settings = dist.join("Leptos.toml").display().to_string();
    let checked = home
        .run(&["config", "check", "--config", &settings])
        .succeeds();
    let database = "SQLite in /var/lib/vestibule/vestibule.db";
    assert!(checked.stdout.contains(database), "{}", checked.stdout);
}
