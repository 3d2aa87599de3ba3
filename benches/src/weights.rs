//! The size of each page.

use crate::{
    Failure, accounts,
    program::{Fixture, READER, Server, name_of},
    progress,
    report::{Common, Figure, Goal, Report, Weight},
    seed,
};

/// More than one page of the list.
const ACCOUNTS: u32 = 100;
/// More sessions than an account may have, and more entries than one page of the audit log.
const SIGN_INS: usize = 60;

/// The person who opens a page.
#[derive(Clone, Copy)]
enum Visitor {
    /// Before the first account exists.
    First,
    Anonymous,
    /// A person whose password was confirmed long ago.
    Longer,
    Administrator,
}

/// Every page that has a content, the person who opens it, and what is in it. `tests/architecture/pages.rs` compares it
/// with the route table.
const PAGES: [(&str, Visitor, &str); 19] = [
    ("/login", Visitor::Anonymous, ""),
    ("/login/key", Visitor::Anonymous, ""),
    ("/help", Visitor::Anonymous, ""),
    ("/logout", Visitor::Administrator, ""),
    ("/signed-out", Visitor::Anonymous, ""),
    (
        "/dashboard",
        Visitor::Administrator,
        "a sign-in from a new device",
    ),
    ("/account/password", Visitor::Administrator, ""),
    ("/account/keys", Visitor::Administrator, "no key"),
    ("/account/profile", Visitor::Administrator, ""),
    ("/account/sessions", Visitor::Administrator, "50 sessions"),
    (
        "/account/activity",
        Visitor::Administrator,
        "a full page of entries",
    ),
    ("/account/confirm", Visitor::Longer, ""),
    ("/setup", Visitor::First, ""),
    ("/password-link", Visitor::Anonymous, ""),
    ("/admin/users", Visitor::Administrator, "50 accounts"),
    ("/admin/users/invite", Visitor::Administrator, ""),
    ("/admin/system", Visitor::Administrator, ""),
    (
        "/admin/users/{id}",
        Visitor::Administrator,
        "50 sessions and the newest entries",
    ),
    (
        "/admin/activity",
        Visitor::Administrator,
        "a full page of entries",
    ),
];

/// Measures every page, and the shared files.
pub async fn measure(report: &mut Report) -> Result<(), Failure> {
    progress("the size of each page");
    let fixture = Fixture::new("weights")?;
    let longer = seed::sessions(&fixture, 1, ACCOUNTS, 1).await?;
    fixture.promote()?;
    let sign_in = ("VESTIBULE_KEYS__SIGN_IN", "true".to_owned());
    let server = Server::vestibule_with(&fixture, &[sign_in]).await?;
    let mut cookie = String::new();
    for _ in 0..SIGN_INS {
        cookie = server.session_cookie().await?;
    }
    let empty = Fixture::empty("weights-setup")?;
    let first = Server::serving(&empty, "/setup").await?;
    for (page, visitor, scene) in PAGES {
        let path = match page {
            "/admin/users/{id}" => account(&server, &cookie).await?,
            page => page.to_owned(),
        };
        let bytes = match visitor {
            Visitor::First => first.fetch(&path, None).await?,
            Visitor::Longer => server.fetch(&path, longer.first().map(|c| &**c)).await?,
            Visitor::Anonymous => server.fetch(&path, None).await?,
            Visitor::Administrator => server.fetch(&path, Some(&cookie)).await?,
        };
        if page == "/login" {
            report.common = common(&server, &String::from_utf8_lossy(&bytes)).await?;
            report.figures.push(client(&report.common));
        }
        report.weights.push(Weight {
            page: page.to_owned(),
            scene: scene.to_owned(),
            bytes: bytes.len(),
        });
    }
    Ok(())
}

/// The page of the account itself, whose id is in the list.
async fn account(server: &Server, cookie: &str) -> Result<String, Failure> {
    const LIST: &str = "/admin/users/";
    let search = format!("/admin/users?search={}", name_of(READER));
    let html = server.fetch(&search, Some(cookie)).await?;
    let html = String::from_utf8_lossy(&html);
    let table = html.split_once(accounts::TABLE);
    let id = table
        .and_then(|(_, table)| table.split_once(LIST))
        .and_then(|(_, rest)| rest.split(['"', '?']).next())
        .ok_or("the account is not in the list")?;
    Ok(format!("{LIST}{id}"))
}

/// The files that a page references, as they are sent to browsers.
async fn common(server: &Server, html: &str) -> Result<Vec<Common>, Failure> {
    let named = |ending: &str| {
        let parts = html.split(['"', '\'']);
        let mut files = parts.filter(|part| part.starts_with("/pkg/") && part.ends_with(ending));
        files.next().map(str::to_owned)
    };
    let mut common = Vec::new();
    for (name, ending) in [("wasm", ".wasm"), ("script", ".js"), ("style", ".css")] {
        let file = named(ending).ok_or_else(|| format!("the page references no {name}"))?;
        common.push(Common {
            name,
            bytes: server.fetch(&file, None).await?.len(),
            raw: server.fetch_plain(&file).await?.len(),
        });
    }
    Ok(common)
}

fn client(common: &[Common]) -> Figure {
    let runs = common.iter().filter(|common| common.name != "style");
    let bytes: usize = runs.map(|common| common.bytes).sum();
    Figure {
        name: "Wasm and script in brotli".to_owned(),
        value: bytes as f64 / 1e3,
        unit: "kB",
        goal: Goal::AtMost(200.0),
        remark: "`make client-budget` checks it".to_owned(),
    }
}
