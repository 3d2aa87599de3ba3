//! The doctor, and a proxy that breaks one control at a time: each break is found by the right check.

mod broken_answers;
mod broken_contents;
mod broken_credentials;
mod broken_sessions;
mod broken_times;
mod broken_tokens;
mod broken_ways;
mod message;
mod tampering;
mod unreachable;

use crate::{
    program::{FILE, Home, Outcome, Server, write_at_rest},
    proxies::front::{NAME, origin_at},
    support::{
        PASSWORD,
        database::{Engine, TestDatabase},
        http::{Browser, Request, send},
    },
};
use std::{collections::BTreeSet, fs, net::SocketAddr};
use tampering::{Break, Tampering, VISITOR, breaks};
use vestibule::domain::plain_script;

/// A server behind the tampering proxy, a member and an administrator.
struct Site {
    // They are dropped in this order: the folder is deleted after the last write.
    proxy: Tampering,
    server: Server,
    home: Home,
}

impl Site {
    async fn new() -> Self {
        let home = Home::new(TestDatabase::new(Engine::Sqlite).await).with_digests();
        Self::of(home).await
    }

    async fn of(home: Home) -> Self {
        let mut proxy = Tampering::listen(&home.folder).await;
        let home = home
            .with("VESTIBULE_PUBLIC_URL", &origin_at(proxy.address.port()))
            .with("VESTIBULE_HTTP__TRUSTED_PROXIES", "127.0.0.1")
            .with("VESTIBULE_SITE_ROOT", "site");
        home.create_user("ada");
        let create = ["user", "create", "root", "--admin", "--password-stdin"];
        home.run_with_input(&create, &format!("{PASSWORD}\n"))
            .succeeds();
        let server = home.serve();
        proxy.start(server.address);
        let host = format!("{NAME}:{}", proxy.address.port());
        make_files(&home, server.address, &host).await;
        let site = Self {
            proxy,
            server,
            home,
        };
        // The account has signed in before, as on most running sites.
        for account in ["ada", "root"] {
            let mut owner = site.owner(account).await;
            owner.post_logout().await;
        }
        site
    }

    /// The browser of the account's person, past the proxy.
    async fn owner(&self, account: &str) -> Browser {
        let mut browser = Browser::at(self.server.address, &self.origin());
        browser.post_login(account, PASSWORD).await;
        browser
    }

    fn origin(&self) -> String {
        origin_at(self.proxy.address.port())
    }

    /// Runs the doctor with this account.
    fn doctor(&self, account: &str, password: &str, more: &[&str]) -> Outcome {
        self.doctor_until(account, password, more, || false)
    }

    /// The same, interrupted when `is_time` returns true.
    fn doctor_until(
        &self,
        account: &str,
        password: &str,
        more: &[&str],
        is_time: impl Fn() -> bool + Send + 'static,
    ) -> Outcome {
        let (url, address) = (self.origin(), self.proxy.address.to_string());
        let certificate = self.home.folder.join("certificate.pem");
        let certificate = certificate.display().to_string();
        let mut arguments = vec!["doctor", "--url", &url, "--connect", &address];
        arguments.extend(["--ca", &certificate]);
        arguments.extend(more);
        let input = format!("{account}\n{password}\n");
        self.home.run_until(&arguments, &input, is_time)
    }

    fn live_sessions(&self) -> usize {
        let list = ["session", "list", "--live", "--json"];
        self.home.run(&list).succeeds().json().len()
    }

    fn live_keys(&self) -> usize {
        let list = ["key", "list", "--live", "--json"];
        self.home.run(&list).succeeds().json().len()
    }

    /// Breaks a control and checks the findings: exactly the expected ones.
    fn assert_found(&self, broken: Vec<Break>) {
        let broken = self.proxy.set(broken);
        let account = broken[0].account;
        let outcome = self.doctor(account, PASSWORD, &["--json"]);
        let what: Vec<_> = broken.iter().map(|one| one.what).collect();
        let expected = broken.iter().flat_map(|one| &one.found_by);
        let expected: BTreeSet<_> = expected.map(|name| (*name).to_owned()).collect();
        let rows = outcome.json();
        let failures = rows.iter().filter(|row| row["outcome"] == "fails");
        let failures: Vec<_> = failures.collect();
        assert_eq!(failed(&outcome), expected, "{what:?}: {failures:#?}");
        assert_eq!(outcome.status, Some(1), "{what:?}: {}", outcome.stderr);
        for row in failures {
            let (seen, remedy) = (&row["seen"], &row["remedy"]);
            assert!(seen.is_string() && remedy.is_string(), "{what:?}: {row}");
        }
        self.assert_silent(&outcome);
        let leaves = broken.iter().any(|one| one.leaves_sessions);
        let left = self.live_sessions();
        assert_eq!(left > 0, leaves, "{what:?}: {left} sessions");
        if left > 0 {
            let end = ["session", "end", "--user", account];
            self.home.run(&end).succeeds();
        }
        let leaves = broken.iter().any(|one| one.leaves_key);
        let left = self.live_keys();
        assert_eq!(left, usize::from(leaves), "{what:?}: {left} keys");
        if leaves {
            let revoke = ["key", "revoke", "--user", account];
            self.home.run(&revoke).succeeds();
        }
    }

    /// The output contains neither the password nor a token nor a key.
    #[track_caller]
    fn assert_silent(&self, outcome: &Outcome) {
        let text = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(!text.contains(PASSWORD), "{text}");
        for token in self.proxy.tokens() {
            assert!(!text.contains(&token), "{token} in {text}");
        }
        for credential in self.proxy.credentials() {
            let secret = secret_of(&credential);
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

/// The signature of an access token, or the secret of an access key.
fn secret_of(credential: &str) -> &str {
    let secret = if credential.starts_with("vst_") {
        credential.split('_').nth(2)
    } else {
        credential.rsplit('.').next()
    };
    secret.unwrap()
}

/// The files that pages reference: the tests of the program have no built site.
pub async fn make_files(home: &Home, server: SocketAddr, host: &str) {
    let page = send(server, Request::get("/login").header("host", host)).await;
    let page = page.text();
    fs::create_dir_all(home.folder.join("site/pkg")).unwrap();
    let files = page.split(['"', '\'']);
    for file in files.filter(|text| text.starts_with("/pkg/")) {
        write_at_rest(&home.folder.join(format!("site{file}")), FILE);
    }
    for script in plain_script::ALL {
        write_at_rest(
            &home.folder.join(format!("site{}", script.path)),
            script.text,
        );
    }
}

/// The failed checks, by name.
pub fn failed(outcome: &Outcome) -> BTreeSet<String> {
    let rows = outcome.json().into_iter();
    let failed = rows.filter(|row| row["outcome"] == "fails");
    failed
        .map(|row| row["check"].as_str().unwrap().to_owned())
        .collect()
}

/// One after the other on one site.
async fn each_is_found(all: Vec<Break>) {
    let site = Site::new().await;
    for broken in all {
        site.assert_found(vec![broken]);
    }
}

/// In one run, for independent breaks: a run takes seconds.
async fn all_are_found_at_once(all: Vec<Break>) {
    Site::new().await.assert_found(all);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_promises_hold_on_an_intact_site() {
    let site = Site::new().await;
    let outcome = site.doctor("root", PASSWORD, &["--json"]).succeeds();
    let rows = outcome.json();
    assert!(rows.len() >= 170, "{} checks", rows.len());
    for row in &rows {
        // The port is the test's own.
        let usual = ["plain_http"];
        let name = row["check"].as_str().unwrap();
        let expected = if usual.contains(&name) {
            "skipped"
        } else {
            "holds"
        };
        assert_eq!(row["outcome"], expected, "{row}");
        assert!(
            row["control"].is_string() && row["promise"].is_string(),
            "{row}"
        );
    }
    site.assert_silent(&outcome);
    assert!(!site.proxy.tokens().is_empty());
    assert_eq!(site.live_sessions(), 0, "nothing is left behind");
    assert_eq!(site.live_keys(), 0, "nothing is left behind");
    // Two tokens of the doctor's own, and one key.
    let issued = site.proxy.credentials();
    let keys = issued.iter().filter(|issued| issued.starts_with("vst_"));
    assert_eq!((issued.len(), keys.count()), (3, 1));
    // The doctor signed in from new browsers, and cannot recognise them itself.
    let mut owner = site.owner("root").await;
    let dashboard = owner.get("/dashboard").await;
    assert_eq!(dashboard.status, 200, "{}", dashboard.text());
    assert!(dashboard.text().contains("New sign-in. Was this you?"));
    owner.post_logout().await;
    outcome.reports("promises hold, 0 do not, 1 were skipped");

    // A member does not see whether the server trusts the proxy, and the report states it.
    let outcome = site.doctor("ada", PASSWORD, &[]).succeeds();
    let table = &outcome.stdout;
    for words in [
        "✓ D2       The session cookie is HttpOnly",
        "– I2       The server sees where visitors come from",
        "the account is not an administrator's",
        VISITOR,
    ] {
        assert!(table.contains(words), "{words:?} is missing in {table}");
    }
    assert!(!table.contains('✗'), "{table}");
    site.assert_silent(&outcome);
    assert_eq!(site.live_sessions(), 0);
    site.home.create_user("new");
    let outcome = site.doctor("new", PASSWORD, &["--json"]).succeeds();
    let rows = outcome.json();
    let shown = rows.iter().find(|row| row["check"] == "new_device_shown");
    assert_eq!(shown.unwrap()["outcome"], "holds");

    // Two attempts were refused in each run, which throttle nobody.
    let log = site.home.run(&["activity", "--limit", "1000", "--json"]);
    let refused = log.succeeds().json();
    let refused = refused
        .iter()
        .filter(|row| row["event"] == "sign_in_refused");
    // Two for each run, and at most four more if a busy machine made the times of the first two
    // differ.
    let refused = refused.count();
    assert!((6..=18).contains(&refused), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_shown_with_the_observation_and_the_remedy() {
    let site = Site::new().await;
    let loses_a_flag = breaks("strips HttpOnly", &[]).answering(|_, answer| {
        use message::Tamper;
        answer.change_session(|line| line.replace("; HttpOnly", ""));
    });
    site.proxy.set(vec![loses_a_flag]);
    let outcome = site.doctor("ada", PASSWORD, &[]);
    assert_eq!(outcome.status, Some(1), "{}", outcome.stdout);
    for words in [
        "✗ D2       The session cookie is HttpOnly",
        "seen: Set-Cookie: __Host-Http-session=…; samesite=Lax; secure; path=/",
        "to mend it: Let the proxy pass Set-Cookie on as it came",
    ] {
        assert!(
            outcome.stdout.contains(words),
            "{words:?}: {}",
            outcome.stdout
        );
    }
    site.assert_silent(&outcome);
    outcome.reports("1 do not");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_ends_its_sessions() {
    let site = Site::new().await;
    let started = site.proxy.sessions_started();
    let run = site.doctor_until("ada", PASSWORD, &["--json"], move || started() >= 5);
    assert_eq!(run.status, Some(1), "{}", run.stdout);
    let rows = run.json();
    let outcome = |name: &str| {
        let row = rows.iter().find(|row| row["check"] == name).unwrap();
        row["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(outcome("sign_in"), "holds");
    assert_eq!(outcome("nosniff"), "skipped");
    assert_eq!(outcome("nothing_left"), "holds");
    site.assert_silent(&run);
    run.reports("it was interrupted");
    assert!(site.proxy.tokens().len() >= 5);
    assert_eq!(site.live_sessions(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_tried_once() {
    let site = Site::new().await;
    let wrong = "a wrong password, sent once";
    let run = site.doctor("ada", wrong, &["--json"]);
    assert_eq!(run.status, Some(1));
    let rows = run.json();
    let outcome = |name: &str| {
        let row = rows.iter().find(|row| row["check"] == name).unwrap();
        row["outcome"].as_str().unwrap().to_owned()
    };
    assert_eq!(outcome("sign_in"), "fails");
    assert_eq!(outcome("replay_page"), "skipped");
    assert_eq!(outcome("hsts"), "holds");
    assert_eq!(outcome("private_pages_closed"), "holds");
    assert!(!format!("{}{}", run.stdout, run.stderr).contains(wrong));
    let log = site.home.run(&["activity", "--json"]).succeeds().json();
    let refused = log.iter().filter(|row| row["event"] == "sign_in_refused");
    assert_eq!(refused.count(), 1);
}
