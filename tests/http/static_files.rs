//! The cache lifetime of files that are being written.

use crate::app::{embedded_site, make_site};
use axum::{
    body::Body,
    http::{Request, header::CACHE_CONTROL},
};
use std::{
    fs::{self, File},
    path::Path,
    time::{Duration, SystemTime},
};
use tower::ServiceExt;
use vestibule::server::web::files::site::{HashedNames, SiteFiles, routes};

const FOR_EVER: &str = "public, max-age=31536000, immutable";

async fn policy(files: &SiteFiles, path: &str, accepted: &str) -> String {
    let router = routes(files, HashedNames(true));
    let request = Request::get(path).header("accept-encoding", accepted);
    let answer = router.oneshot(request.body(Body::empty()).unwrap()).await;
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.headers()[CACHE_CONTROL].to_str().unwrap().to_owned()
}

fn date(path: &Path, at: SystemTime) {
    let file = File::options().append(true).open(path).unwrap();
    file.set_modified(at).unwrap();
}

/// Dated by the machine's clock.
fn now(folder: &Path) -> SystemTime {
    let file = folder.join("now");
    fs::write(&file, "").unwrap();
    fs::metadata(file).and_then(|file| file.modified()).unwrap()
}

/// A build writes into the served folder, or a release is copied there: a file received during that
/// time must not be cached for a year.
#[tokio::test]
async fn a_file_being_written_is_not_cached() {
    let root = make_site();
    let folder = SiteFiles::Folder(root.clone());
    let path = "/pkg/vestibule.css";
    let plain = root.join("pkg/vestibule.css");
    let compressed = root.join("pkg/vestibule.css.br");
    for accepted in ["br", "gzip", "identity"] {
        assert_eq!(policy(&folder, path, accepted).await, FOR_EVER);
    }
    let now = now(&root);
    let an_hour = Duration::from_secs(3_600);

    // Each copy is checked by itself: partially written, or dated by a clock that was ahead.
    for at in [now, now + an_hour] {
        date(&compressed, at);
        assert_eq!(policy(&folder, path, "br").await, "no-store");
        assert_eq!(policy(&folder, path, "identity").await, FOR_EVER);
        date(&plain, at);
        assert_eq!(policy(&folder, path, "identity").await, "no-store");
        date(&plain, now - an_hour);
    }
    date(&root.join("favicon.svg"), now);
    assert_eq!(policy(&folder, "/favicon.svg", "").await, "no-store");

    // Empty: nothing was written yet, or the build was stopped.
    fs::write(&compressed, "").unwrap();
    date(&compressed, now - an_hour);
    assert_eq!(policy(&folder, path, "br").await, "no-store");

    // It is complete, and old enough.
    fs::write(&compressed, "compressed by brotli").unwrap();
    date(&compressed, now - Duration::from_secs(60));
    assert_eq!(policy(&folder, path, "br").await, FOR_EVER);
}

/// Files inside the program do not change while it runs.
#[tokio::test]
async fn the_files_inside_the_program_are_whole() {
    let root = make_site();
    date(&root.join("pkg/vestibule.js"), now(&root));
    let inside = SiteFiles::Embedded(embedded_site(&root));
    let policy = policy(&inside, "/pkg/vestibule.js", "").await;
    assert_eq!(policy, FOR_EVER);
}
