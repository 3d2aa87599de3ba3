//! The site inside the program is served as a folder is.

use crate::app::{STATIC_FILES, embedded_site, make_site};
use axum::{body::Body, http::Request, response::Response};
use http_body_util::BodyExt;
use std::{
    fs::{self, File},
    path::Path,
    time::{Duration, SystemTime},
};
use tower::ServiceExt;
use vestibule::server::web::files::site::{HashedNames, SiteFiles, routes};

async fn send(files: &SiteFiles, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
    let request = Request::builder().method(method).uri(path);
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    let router = routes(files, HashedNames(true));
    let answer = router.oneshot(request.body(Body::empty()).unwrap()).await;
    answer.unwrap()
}

async fn header(files: &SiteFiles, path: &str, name: &str) -> String {
    let answer = send(files, "GET", path, &[]).await;
    answer.headers()[name].to_str().unwrap().to_owned()
}

/// Status, headers and body of an answer.
async fn answer(files: &SiteFiles, method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let (parts, body) = send(files, method, path, headers).await.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let mut headers: Vec<_> = parts.headers.iter().collect();
    headers.sort_by_key(|(name, _)| name.as_str());
    format!("{} {headers:?} {body:?}", parts.status)
}

/// Sets the date of all files of a folder.
fn date(folder: &Path, at: SystemTime) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            date(&path, at);
        } else {
            let file = File::options().append(true).open(path).unwrap();
            file.set_modified(at).unwrap();
        }
    }
}

#[tokio::test]
async fn it_answers_as_the_folder_does() {
    let root = make_site();
    let site = embedded_site(&root);
    date(
        &root,
        SystemTime::UNIX_EPOCH + Duration::from_secs(site.built_at),
    );
    let (folder, inside) = (SiteFiles::Folder(root.clone()), SiteFiles::Embedded(site));

    let seen = answer(
        &folder,
        "GET",
        STATIC_FILES[1],
        &[("accept-encoding", "br")],
    )
    .await;
    for expected in [
        "200 OK",
        "\"etag\"",
        "\"last-modified\"",
        "compressed by brotli",
    ] {
        assert!(seen.contains(expected), "{expected}: {seen}");
    }
    let etag = header(&folder, STATIC_FILES[1], "etag").await;

    let headers: &[&[(&str, &str)]] = &[
        &[],
        &[("accept-encoding", "br, gzip")],
        &[("accept-encoding", "gzip")],
        &[("accept-encoding", "br;q=0, gzip;q=0.1, identity;q=0.2")],
        &[("accept-encoding", "zstd")],
        &[("accept-encoding", "identity;q=0")],
        &[("range", "bytes=2-5")],
        &[("range", "bytes=-3"), ("accept-encoding", "br")],
        &[("range", "bytes=900-")],
        &[("range", "bytes=0-1, 3-4")],
        &[("range", "lines=1")],
        &[("if-modified-since", "Fri, 15 Jan 2027 08:00:00 GMT")],
        &[("if-modified-since", "Fri, 15 Jan 2021 08:00:00 GMT")],
        &[("if-unmodified-since", "Fri, 15 Jan 2021 08:00:00 GMT")],
        &[("if-none-match", &etag)],
        &[("if-none-match", &etag), ("accept-encoding", "br")],
        &[("if-none-match", "\"another\"")],
        &[("if-match", "\"another\"")],
    ];
    let others = [
        "/",
        "/pkg",
        "/pkg/",
        "/pkg/nothing.js",
        "/favicon.svg/",
        "/favicon.svg/x",
        "//favicon.svg",
        "/./favicon.svg",
        "/pkg/../favicon.svg",
        "/pkg/%2e%2e/favicon.svg",
        "/%66avicon.svg",
        "/favicon.svg%00",
        "/%ff",
        "/FAVICON.SVG",
        "/pkg/vestibule.css.br",
        "/pkg%2fvestibule.css",
        "/favicon.svg?x=1",
        "/pkg\\vestibule.css",
    ];
    let mut statuses = std::collections::BTreeSet::new();
    for path in STATIC_FILES.into_iter().chain(others) {
        for method in ["GET", "HEAD", "POST", "OPTIONS"] {
            for headers in headers {
                let expected = answer(&folder, method, path, headers).await;
                let given = answer(&inside, method, path, headers).await;
                assert_eq!(given, expected, "{method} {path} {headers:?}");
                statuses.insert(expected[..3].to_owned());
            }
        }
    }
    let all = ["200", "206", "304", "404", "405", "412", "416"];
    assert_eq!(statuses.iter().map(String::as_str).collect::<Vec<_>>(), all);
    fs::remove_dir_all(root).unwrap();
}
