//! The real router on a real port, with a clock that moves only by hand.

use crate::support::{
    self, PASSWORD, START,
    database::{Engine, TestDatabase, everything_written_but},
    http::{self, Answer, Browser, FLASH_COOKIE, Request},
    password,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use leptos::{config::LeptosOptions, server_fn::axum::server_fn_paths};
use std::{
    collections::BTreeSet,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};
use tokio::{net::TcpListener, task::JoinHandle};
use vestibule::{
    domain::{
        access_key::{AccessKeyDraft, AccessKeyId},
        page::Page,
        session::{CurrentUser, EndReason, Session},
        site,
        user::User,
    },
    server::{
        config::{self, Config},
        core::{
            Core,
            accounts::{
                access_keys, password_links,
                users::{self, UserDraft},
            },
            actor, sessions,
        },
        store,
        web::{
            files::{embedded_site::EmbeddedSite, site::SiteFiles},
            router::serve,
            state::AppState,
        },
    },
};

pub const WRONG: &str = "not the right password at all";

/// The first redirect of a sign-in: it checks whether the browser keeps the cookie.
pub const COOKIE_CHECK: &str = "/login?cookie-check&next=/dashboard";

/// A server of its own for one test.
pub struct TestApp {
    pub core: Core,
    pub address: SocketAddr,
    pub site_root: PathBuf,
    server: JoinHandle<()>,
    /// `None` if another server owns it.
    database: Option<TestDatabase>,
}

impl TestApp {
    /// Without any account.
    pub async fn empty(database: TestDatabase) -> Self {
        let core = support::core(&database).await;
        Self::start(database, core, |_| ()).await
    }

    /// With one account, `ada`.
    pub async fn new(database: TestDatabase) -> Self {
        Self::with(database, |_| ()).await
    }

    /// With `ada`, and another configuration.
    pub async fn with(database: TestDatabase, change: impl FnOnce(&mut Config)) -> Self {
        let core = support::core(&database).await;
        support::create_user(&core, "ada").await;
        Self::start(database, core, change).await
    }

    /// With `ada`, and with the administrator `root`, on SQLite.
    pub async fn with_an_administrator(change: impl FnOnce(&mut Config)) -> Self {
        let app = Self::with(TestDatabase::new(Engine::Sqlite).await, change).await;
        let draft = UserDraft {
            username: "root".to_owned(),
            is_admin: true,
            ..UserDraft::default()
        };
        let draft = draft.check().expect("a valid draft");
        let created = users::create(
            &app.core,
            &actor::on_this_machine(),
            &draft,
            &password(PASSWORD),
        )
        .await;
        created.expect("the account is created");
        app
    }

    /// With `ada`, on SQLite: for tests that do not depend on the database.
    pub async fn sqlite() -> Self {
        Self::sqlite_with(|_| ()).await
    }

    pub async fn sqlite_with(change: impl FnOnce(&mut Config)) -> Self {
        Self::with(TestDatabase::new(Engine::Sqlite).await, change).await
    }

    /// With `ada`, on SQLite, and a throttle that accepts everything: for tests with more failures
    /// than people have.
    pub async fn patient() -> Self {
        let database = TestDatabase::new(Engine::Sqlite).await;
        let mut core = support::core(&database).await;
        core.throttle.limits.account_failures = u32::MAX;
        core.throttle.limits.address_failures = u32::MAX;
        support::create_user(&core, "ada").await;
        Self::start(database, core, |_| ()).await
    }

    /// With `ada`, on SQLite, and the files of the site inside the program.
    pub async fn with_embedded_site() -> Self {
        let database = TestDatabase::new(Engine::Sqlite).await;
        let core = support::core(&database).await;
        support::create_user(&core, "ada").await;
        let inside = |state: AppState| {
            let SiteFiles::Folder(root) = &state.files else {
                panic!("a folder at first")
            };
            let site = embedded_site(root);
            state.with_embedded_site(site)
        };
        Self::start_from(Some(database), core, |_| (), inside).await
    }

    pub async fn start(
        database: TestDatabase,
        core: Core,
        change: impl FnOnce(&mut Config),
    ) -> Self {
        Self::start_from(Some(database), core, change, |state| state).await
    }

    /// A second server on the same database, with the same clock and no other shared state.
    pub async fn second_node(&self) -> Self {
        self.second_node_with(|_| ()).await
    }

    pub async fn second_node_with(&self, change: impl FnOnce(&mut Config)) -> Self {
        let database = self.database.as_ref().expect("the first one has it");
        let core = Core {
            clock: self.core.clock.clone(),
            ..support::core(database).await
        };
        Self::start_from(None, core, change, |state| state).await
    }

    async fn start_from(
        database: Option<TestDatabase>,
        core: Core,
        change: impl FnOnce(&mut Config),
        change_state: impl FnOnce(AppState) -> AppState,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let site_root = make_site();
        let mut config = config::read("", None, &config::Environment::default())
            .expect("the defaults are valid");
        config.site_root.clone_from(&site_root);
        change(&mut config);
        let options = LeptosOptions::builder()
            .output_name("vestibule")
            .site_root(site_root.to_string_lossy().into_owned())
            .site_addr(address)
            .build();
        let state = AppState::new(core.clone(), &config, options, false, address.port());
        let state = change_state(state);
        let watch = sessions::watch::run(core.clone());
        let server = tokio::spawn(async move {
            tokio::select! {
                served = serve(state, listener, std::future::pending()) => {
                    served.expect("the listener holds");
                }
                () = watch => {}
            }
        });
        Self {
            core,
            address,
            site_root,
            server,
            database,
        }
    }

    pub fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    /// A browser in which `username` is signed in.
    pub async fn signed_in(&self, username: &str) -> Browser {
        let mut browser = self.browser();
        let answer = browser.fetch_login(username, PASSWORD).await;
        assert_eq!(answer.status, 200, "{username} signs in: {}", answer.text());
        assert!(browser.session().is_some(), "{username} has a session");
        browser
    }

    /// Signs in by the plain form, in a browser that is discarded.
    pub async fn post_login(&self, username: &str, password: &str) -> Answer {
        self.browser().post_login(username, password).await
    }

    /// Signs in as the page's script does.
    pub async fn fetch_login(&self, username: &str, password: &str) -> Answer {
        self.browser().fetch_login(username, password).await
    }

    /// Sends a request unchanged; only `Host` is added.
    pub async fn send(&self, request: Request) -> Answer {
        http::send(self.address, request).await
    }

    /// Makes an access key with these scopes. Returns it and its text.
    pub async fn access_key(&self, user: &str, scopes: &str) -> (AccessKeyId, String) {
        let draft = AccessKeyDraft {
            name: "A program".to_owned(),
            scopes: scopes.split(' ').map(str::to_owned).collect(),
            ..AccessKeyDraft::default()
        };
        let (admin, user) = (actor::on_this_machine(), self.user(user).await);
        let made = access_keys::make_as_admin(&self.core, &admin, &user, &draft).await;
        let made = made.expect("a key");
        (made.id, made.text.reveal().to_owned())
    }

    /// A browser that was signed in with an access key.
    pub async fn signed_in_with(&self, key: &str) -> Browser {
        let mut browser = self.browser();
        let answer = browser
            .post_form("/api/login_with_key", &[("key", key)])
            .await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        assert!(browser.session().is_some(), "it has a session");
        browser
    }

    pub async fn create_user(&self, name: &str) {
        support::create_user(&self.core, name).await;
    }

    pub async fn user(&self, name: &str) -> User {
        users::find(&self.core, name)
            .await
            .expect("the account exists")
    }

    /// The code of a link for the password of an account: a reset.
    pub async fn password_link(&self, name: &str) -> String {
        let (admin, user) = (actor::on_this_machine(), self.user(name).await);
        let made = password_links::make(&self.core, &admin, &user).await;
        made.expect("a link").secret.reveal().to_owned()
    }

    /// The code of an invitation, for a new account.
    pub async fn invitation(&self, name: &str) -> String {
        let draft = UserDraft {
            username: name.to_owned(),
            email: Some(format!("{name}@example.org")),
            display_name: Some(format!("{name} of Example")),
            ..UserDraft::default()
        };
        let draft = draft.check().expect("a valid draft");
        let made = password_links::invite(&self.core, &actor::on_this_machine(), &draft).await;
        made.expect("a link").secret.reveal().to_owned()
    }

    /// Moves the clock to this time after the start.
    pub fn set_clock(&self, since_start: Duration) {
        self.core.clock.set(START.after(since_start));
    }

    /// Every session, the newest first.
    pub async fn sessions(&self) -> Vec<Session> {
        let found = store::sessions::list(&self.core.db, None, None, 1_000).await;
        let found = found.expect("the sessions").into_iter();
        found.map(|CurrentUser { session, .. }| session).collect()
    }

    /// The reason of each session's end, the newest first.
    pub async fn endings(&self) -> Vec<Option<EndReason>> {
        let sessions = self.sessions().await.into_iter();
        sessions
            .map(|session| session.ended.map(|ended| ended.reason))
            .collect()
    }

    /// All stored rows of all tables, to check that nothing has changed. Records of attempts are
    /// excluded: the attempts may have failed.
    pub async fn rows(&self) -> String {
        everything_written_but(&self.core.db, &["activity", "throttle"]).await
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.server.abort();
        // Left-over files in the temporary folder are harmless.
        drop(fs::remove_dir_all(&self.site_root));
    }
}

/// The files of a folder, as `make dist` embeds them in the program.
pub fn embedded_site(root: &Path) -> &'static EmbeddedSite {
    let mut files: Vec<(&'static str, &'static [u8])> = Vec::new();
    for folder in ["", "pkg"] {
        for entry in fs::read_dir(root.join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                let name = path.strip_prefix(root).expect("below").to_str();
                let name = name.expect("UTF-8").to_owned().leak();
                files.push((name, fs::read(&path).expect("a file").leak()));
            }
        }
    }
    Box::leak(Box::new(EmbeddedSite {
        output_name: "vestibule",
        built_at: 1_700_000_000,
        files: files.leak(),
    }))
}

/// The output of a build for browsers.
pub fn make_site() -> PathBuf {
    let root = std::env::temp_dir().join(format!("vestibule_site_{}", uuid::Uuid::new_v4()));
    let write = |name: &str, content: &str| {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("a folder");
        fs::write(&path, content).expect("a file");
        // A file that was just written may be incomplete, and is not cached.
        let file = fs::File::options().append(true).open(path);
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        let dated = file.and_then(|file| file.set_modified(long_ago));
        dated.expect("a date");
    };
    write("favicon.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>");
    write("follow.js", "// follows");
    write("time-out.js", "// warns");
    write("pkg/vestibule.css", "body { margin: 0 }");
    write("pkg/vestibule.css.br", "compressed by brotli");
    write("pkg/vestibule.css.gz", "compressed by gzip");
    write("pkg/vestibule.js", "export default 1;");
    write("pkg/vestibule.wasm", "\0asm");
    root
}

pub const STATIC_FILES: [&str; 4] = [
    "/favicon.svg",
    "/pkg/vestibule.css",
    "/pkg/vestibule.js",
    "/pkg/vestibule.wasm",
];

/// The live pages, requested from the router.
pub fn page_paths() -> Vec<&'static str> {
    Page::ALL.iter().map(|page| page.path()).collect()
}

/// The registered server functions, requested from the router.
pub fn function_paths() -> Vec<&'static str> {
    server_fn_paths().map(|(path, _)| path).collect()
}

#[track_caller]
pub fn assert_redirect(answer: &Answer, location: &str) {
    assert_eq!(
        (answer.status, answer.location()),
        (303, location),
        "{}",
        answer.text()
    );
}

#[track_caller]
pub fn assert_page(answer: &Answer, words: &str) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_contains(answer, words);
}

#[track_caller]
pub fn assert_contains(answer: &Answer, words: &str) {
    assert!(
        visible_text(answer).contains(words),
        "{words:?} is missing in {}",
        visible_text(answer)
    );
}

/// The title of a page, as in its document.
pub fn title(words: &str) -> String {
    format!("<title>{words} – {}</title>", site::NAME)
}

/// The visible text of a page: without tags and scripts, with a space between blocks.
pub fn visible_text(answer: &Answer) -> String {
    const INLINE: [&str; 7] = ["!", "b>", "/b>", "bdi", "/bdi", "span", "/span"];
    let html = answer.text();
    let mut text = String::new();
    for part in html.split('<') {
        let (tag, words) = part.split_once('>').unwrap_or(("", part));
        if !INLINE.iter().any(|inline| part.starts_with(inline)) {
            text.push(' ');
        }
        if !tag.starts_with("script") {
            text.push_str(words);
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Headers and body without the parts that always differ: date, request id.
pub fn comparable(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let headers = answer.headers.iter();
    let same = headers.filter(|(name, _)| !matches!(name.as_str(), "date" | "x-request-id"));
    (answer.status, same.cloned().collect(), answer.text())
}

/// The attributes of a `Set-Cookie` line, in no order.
pub fn attributes(line: &str) -> BTreeSet<&str> {
    line.split("; ").skip(1).collect()
}

/// The message that an answer leaves for the next page.
pub fn flash_of(answer: &Answer) -> String {
    let line = answer.set_cookies(FLASH_COOKIE).remove(0);
    let value = line.split(['=', ';']).nth(1).expect("a value");
    let json = BASE64_URL_SAFE_NO_PAD.decode(value).expect("base64url");
    String::from_utf8(json).expect("text")
}
