//! Scripts, styles and images: the only answers that may be cached.

use super::{
    client::{Answer, NoAnswer, Request},
    deployment::Deployment,
    encodings::name_digest,
    examination::{Examination, HOME},
    report::{Check, Verdict, check, expect},
};
use std::rc::Rc;

const PASS_ON: &str = "Let the proxy pass Cache-Control and Content-Type on as they came";
const WHOLE: &str = "Install program, hash.txt and folder of one build together, and let site_root name that folder";

const THERE: Check = check(
    "files_are_there",
    "G1",
    "The scripts and styles that pages name are there",
    WHOLE,
);
const TYPES: Check = check(
    "file_types",
    "G4",
    "Files have the types that browsers insist on",
    PASS_ON,
);
const KEPT: Check = check(
    "files_kept",
    "E1",
    "Files whose names carry a digest may be kept for ever, others not",
    PASS_ON,
);
const AS_BUILT: Check = check(
    "files_as_built",
    "G10",
    "Files whose names carry a digest are what the digest says",
    "Let nothing change scripts and styles on the way (a CDN's optimiser, a minifier); install the files of one build together",
);
const NO_COOKIES: Check = check(
    "files_without_cookies",
    "E2",
    "No file that caches may keep sets a cookie",
    "Let the proxy set no cookies",
);
const LISTING: Check = check(
    "no_listing",
    "H3",
    "No folder shows what is in it",
    "Let the proxy serve no folder of its own here (autoindex off in nginx)",
);
const TRAVERSAL: Check = check(
    "no_traversal",
    "H3",
    "No path leads out of the folder of the site",
    "Let the proxy serve no folder of its own here; install an unchanged release",
);

pub const CHECKS: &[&Check] = &[
    &THERE,
    &TYPES,
    &KEPT,
    &AS_BUILT,
    &NO_COOKIES,
    &LISTING,
    &TRAVERSAL,
];

pub async fn examine(exam: &mut Examination) -> Result<(), NoAnswer> {
    let page = exam.client.send(Request::get("/login")).await?;
    let mut files = Vec::new();
    let mut text = page.body.clone();
    // Some scripts are on private pages only.
    if let Some(mut browser) = exam.signed_in().await? {
        text += &browser.open(&exam.client, HOME).await?.body;
    }
    let target = exam.client.target.clone();
    let deployment = &*target.deployment;
    let named = named_files(deployment, &text);
    for path in &named {
        files.push(exam.client.send(Request::new("GET", path)).await?);
    }
    let missing = files.iter().find(|file| file.status != 200);
    let there = match (missing, files.is_empty()) {
        (Some(file), _) => Err(file.describe()),
        (None, true) => Err("/login names no script and no style".to_owned()),
        (None, false) => Ok(()),
    };
    let whole: Vec<_> = files.iter().filter(|file| file.status == 200).collect();
    let all = |judge: fn(&Answer) -> Verdict| whole.iter().try_for_each(|file| judge(file));
    let verdicts = [
        (&TYPES, all(has_its_type)),
        (&KEPT, all(is_kept)),
        (
            &AS_BUILT,
            whole
                .iter()
                .try_for_each(|file| is_as_built(deployment, file, &named)),
        ),
        (&NO_COOKIES, all(sets_no_cookie)),
    ];
    exam.record(&THERE, there);
    if whole.is_empty() {
        exam.report.skip_rest(
            &[&TYPES, &KEPT, &AS_BUILT, &NO_COOKIES],
            "there are no files",
        );
    }
    for (check, verdict) in verdicts {
        exam.record(check, verdict);
    }
    closed(exam).await
}

/// The addresses below `/pkg/`, and those of plain scripts, that a page names.
fn named_files(deployment: &Deployment, page: &str) -> Vec<String> {
    let named = page.split(['"', '\'']).filter(|text| {
        (text.starts_with("/pkg/") || deployment.plain_script_at(text).is_some())
            && text.chars().all(|c| c.is_ascii_graphic() && c != '\\')
    });
    let mut files: Vec<String> = named.map(str::to_owned).collect();
    files.sort_unstable();
    files.dedup();
    files
}

fn has_its_type(file: &Answer) -> Verdict {
    let kind = file.only("content-type").unwrap_or_default();
    let path = file.path.split('?').next().unwrap_or_default();
    let expected = match path.rsplit('.').next() {
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("wasm") => "application/wasm",
        _ => return Ok(()),
    };
    expect(kind.starts_with(expected), || {
        format!("{}, with the Content-Type “{kind}”", file.describe())
    })
}

/// `name.DIGEST.js`: the part in the middle is long and has no meaning.
fn digest_in(path: &str) -> Option<&str> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let parts: Vec<_> = name.split('.').collect();
    match parts[..] {
        [_, digest, _] if digest.len() >= 16 => Some(digest),
        _ => None,
    }
}

/// Other sites may be built by cargo-leptos, which computes the digests first and then writes the new names into the
/// script. So the new names are replaced by the old ones before the comparison. Files without a digest in their names
/// cannot be compared.
fn is_as_built(deployment: &Deployment, file: &Answer, named: &[String]) -> Verdict {
    if file.is_plain_script {
        let is_whole = deployment.digest_matches(&file.path, &file.bytes);
        return expect(is_whole, || changed(file));
    }
    let Some(digest) = digest_in(&file.path) else {
        return Ok(());
    };
    let built = |content: &[u8]| name_digest(content) == digest;
    let with_old_names = || {
        let text = named.iter().fold(file.body.clone(), |text, path| {
            let name = path.rsplit('/').next().unwrap_or_default();
            let part = digest_in(path).map(|digest| format!(".{digest}"));
            text.replace(name, &name.replace(&part.unwrap_or_default(), ""))
        });
        text.into_bytes()
    };
    expect(built(&file.bytes) || built(&with_old_names()), || {
        changed(file)
    })
}

fn changed(file: &Answer) -> String {
    format!(
        "{}, and {} bytes that are not those of its name",
        file.describe(),
        file.bytes.len()
    )
}

fn is_kept(file: &Answer) -> Verdict {
    let policy = file.only("cache-control").unwrap_or_default();
    let is_immutable = policy.contains("immutable") && policy.contains("max-age=31536000");
    let has_digest = digest_in(&file.path).is_some() || file.is_plain_script;
    expect(is_immutable == has_digest, || {
        format!("{}, with the Cache-Control “{policy}”", file.describe())
    })
}

fn sets_no_cookie(file: &Answer) -> Verdict {
    expect(file.all("set-cookie").is_empty(), || file.describe())
}

async fn closed(exam: &mut Examination) -> Result<(), NoAnswer> {
    let ask = async |paths: &[&str]| -> Result<Vec<Rc<Answer>>, NoAnswer> {
        let mut answers = Vec::new();
        for path in paths {
            let request = Request::get(path).proxy_may_answer();
            answers.extend(exam.client.send_unless_closed(request).await?);
        }
        Ok(answers)
    };
    let is_closed = |answer: &Rc<Answer>| {
        // A proxy may normalise the path first: then the server redirects to /login.
        let leads_on = answer.status / 100 == 3 && answer.body.is_empty();
        expect((400..500).contains(&answer.status) || leads_on, || {
            answer.describe()
        })
    };
    let folders = ask(&["/pkg/", "/pkg", "/pkg/."]).await?;
    let outside = ask(&[
        "/pkg/../Leptos.toml",
        "/pkg/%2e%2e/Leptos.toml",
        "/pkg/..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/pkg/..%5c..%5cLeptos.toml",
        "/pkg//etc/passwd",
    ])
    .await?;
    exam.record(&LISTING, folders.iter().try_for_each(is_closed));
    exam.record(&TRAVERSAL, outside.iter().try_for_each(is_closed));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_in_a_page() {
        let page = "<link href=\"/pkg/v.abc.css\"><script>import('/pkg/v.js')</script>\"/pkg/v.abc.css\"'/follow.js?0'";
        let named = ["/follow.js?0", "/pkg/v.abc.css", "/pkg/v.js"];
        assert_eq!(named_files(&Deployment::example(), page), named);
    }

    #[test]
    fn digests_in_file_names_are_recognised() {
        let digest = digest_in("/pkg/vestibule.k3JtGmWqZpXo8L1v2bNcYA.js");
        assert_eq!(digest, Some("k3JtGmWqZpXo8L1v2bNcYA"));
        assert_eq!(digest_in("/pkg/vestibule.js"), None);
        assert_eq!(digest_in("/pkg/vestibule.min.js"), None);
    }

    #[test]
    fn a_file_must_match_the_digest_in_its_name() {
        let built = b"import(\"v.wasm\")";
        let path = format!("/pkg/v.{}.js", name_digest(built));
        let named = [
            path.clone(),
            "/pkg/v.AAAAAAAAAAAAAAAAAAAAAA.wasm".to_owned(),
        ];
        let judged = |body: &str| {
            let file = Answer {
                path: path.clone(),
                body: body.to_owned(),
                bytes: body.as_bytes().to_vec(),
                ..Answer::default()
            };
            is_as_built(&Deployment::example(), &file, &named)
        };
        assert_eq!(judged("import(\"v.wasm\")"), Ok(()));
        assert_eq!(judged("import(\"v.AAAAAAAAAAAAAAAAAAAAAA.wasm\")"), Ok(()));
        assert!(judged("import(\"v.wasm\");more()").is_err());
    }
}
