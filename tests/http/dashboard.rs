//! The content of the dashboard, and its readers.

use crate::{
    app::{
        TestApp, assert_contains, assert_page, assert_redirect, page_paths, title, visible_text,
    },
    on_both_engines,
    support::{
        PASSWORD,
        http::{Request, credentials},
        password,
    },
};
use axum::http::{HeaderMap, Uri};
use leptos::config::LeptosOptions;
use std::time::Duration;
use vestibule::{
    domain::{
        actor::Actor,
        page::Page,
        session::CurrentUser,
        user::{Email, Username},
    },
    error::{AppError, Failure},
    server::{
        config,
        core::{
            accounts::users::{self, UserDraft},
            actor,
        },
        store::{self, users::NewUser},
        token,
        web::{
            context::Caller,
            layers::forwarded::{Client, Forwarding},
            pages::{self, Visit},
            state::AppState,
        },
    },
};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";

on_both_engines! {
    async fn it_shows_the_account_and_the_session(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.browser();
        let [name, password] = credentials("ada", PASSWORD);
        let form = Request::form("/api/login", &[name, password, ("remember", "on")]);
        assert_eq!(browser.send(form.header("user-agent", FIREFOX)).await.status, 303);
        let page = browser.get("/dashboard").await;
        let facts = [
            "Hello, ada of Example",
            "If you do not use this site, you are signed out on 5 October 2026, 14:13 UTC",
            "Username ada",
            "Email ada@example.org",
            "Role Member",
            "Description An account of the tests",
            "Device Firefox on Linux",
            "Address 127.0.0.1",
            "Signed in since 21 September 2026, 14:13 UTC",
            "Signed out if unused by 5 October 2026, 14:13 UTC",
            "Signed out at the latest 20 December 2026, 14:13 UTC",
            "Stays signed in Yes",
            "Previous sign-in This is your first.",
        ];
        for fact in facts {
            assert_page(&page, fact);
        }
        assert!(page.text().contains("datetime=\"2026-09-21T14:13:20Z\""));
        let text = visible_text(&page);
        assert!(!text.contains("argon2") && !text.contains(PASSWORD));
        assert!(!page.text().contains("argon2"));
    }

    async fn it_shows_the_previous_sign_in(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        let mut first = app.browser();
        let form = Request::form("/api/login", &credentials("ada", PASSWORD));
        first.send(form.header("user-agent", FIREFOX)).await;
        app.set_clock(Duration::from_secs(3_600));
        app.signed_in("eve").await;
        app.fetch_login("ada", "a wrong password").await;
        app.set_clock(Duration::from_secs(7_200));
        let mut second = app.signed_in("ada").await;
        let page = second.get("/dashboard").await;
        assert_page(&page, "Previous sign-in Device Firefox on Linux Address 127.0.0.1 \
            When 21 September 2026, 14:13 UTC");
        assert_contains(&page, "Not you?");
        assert!(!visible_text(&page).contains("Stays signed in"));
    }

    async fn an_administrator_is_labelled(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let draft = UserDraft {
            username: "root".to_owned(),
            is_admin: true,
            ..UserDraft::default()
        };
        users::create(&app.core, &actor::on_this_machine(), &draft.check().unwrap(), &password(PASSWORD)).await.unwrap();
        let page = app.signed_in("root").await.get("/dashboard").await;
        assert_page(&page, "Hello, root");
        assert_page(&page, "Role Administrator");
        assert_page(&page, "Email None");
        assert!(!visible_text(&page).contains("Description"));
    }

    /// The name of an account must not be executed (ASVS V1.2.1, V3.2.2).
    async fn hostile_names_are_only_text(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let hostile = "</script><img src=x onerror=alert(1)>\u{2028}\u{2029}\"'`&lt;!--<script>{{7*7}}";
        // Directly into the table: the current rules for new accounts refuse some of it.
        let mallory = NewUser {
            id: token::new_user_id(),
            username: &Username::parse("mallory").unwrap(),
            email: Some(&Email::parse("o'hara+`x`@example.org").unwrap()),
            display_name: hostile,
            description: hostile,
            is_admin: false,
            password_hash: &app.core.hasher.hash(&password(PASSWORD)).await.unwrap(),
            created_at: app.core.clock.now(),
        };
        store::users::insert(&app.core.db, &mallory, &Actor::command()).await.unwrap();
        let mut browser = app.browser();
        let form = Request::form("/api/login", &credentials("mallory", PASSWORD));
        browser.send(form.header("user-agent", hostile)).await;
        for path in ["/dashboard", "/logout"] {
            let html = browser.get(path).await.text();
            assert_harmless(&html, path);
            assert!(html.contains("&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"), "{path}: {html}");
        }
        browser.post_logout().await;
        assert_harmless(&browser.get("/signed-out").await.text(), "/signed-out");
    }

    /// No data of anybody without a session (controls C2).
    async fn nothing_private_without_a_session(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        assert_page(&browser.get("/dashboard").await, "ada@example.org");
        let mut paths = page_paths();
        paths.extend(["/dashboard/", "/dashboard?x=1", "/dashboard/x", "/DASHBOARD"]);
        paths.extend(["/%64ashboard", "//dashboard", "/./dashboard", "/x/../dashboard"]);
        for path in paths {
            let answer = app.browser().get(path).await;
            assert!(!answer.names("ada"), "{path}: {}", answer.text());
        }
        assert_redirect(&app.browser().get("/dashboard").await, "/login");
        assert_redirect(&app.browser().get("/dashboard?x=1").await, "/login?next=/dashboard?x=1");
    }

    async fn the_dashboard_ignores_ids_in_the_query(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        let mut ada = app.signed_in("ada").await;
        let mut eve = app.signed_in("eve").await;
        for _ in 0..3 {
            assert!(!ada.get("/dashboard").await.text().contains("eve@"));
            assert!(!eve.get("/dashboard?user=ada&id=1").await.text().contains("ada@"));
        }
    }
}

/// No tag, no comment and no end of a script comes from user input.
#[track_caller]
fn assert_harmless(html: &str, path: &str) {
    assert!(!html.contains("<img"), "{path}: {html}");
    assert!(!html.contains("<script>{{"), "{path}");
    assert!(!html.contains("&lt;!--<"), "{path}");
    for script in html.split("<script").skip(1) {
        let script = script.split("</script>").next().unwrap();
        assert!(
            !script.contains("<img") && !script.contains("<!--"),
            "{path}: {script}"
        );
        assert!(
            !script.contains(['\u{2028}', '\u{2029}']),
            "{path}: {script}"
        );
    }
    let opened = html.matches("<script").count();
    assert_eq!(opened, html.matches("</script>").count(), "{path}: {html}");
}

/// Many people concurrently: every page is complete and belongs to its person.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crowd_gets_whole_pages() {
    let app = TestApp::sqlite().await;
    app.create_user("eve").await;
    let browsers = [
        app.signed_in("ada").await,
        app.signed_in("eve").await,
        app.browser(),
    ];
    let visits: Vec<_> = (0..300)
        .map(|number| {
            let mut browser = browsers[number % 3].clone();
            let (path, title) = match number % 6 {
                0 | 1 => ("/dashboard", title("Overview")),
                2 => ("/login", title("Sign in")),
                3 | 4 => ("/logout", title("Sign out?")),
                _ => ("/nowhere", title("Page not found")),
            };
            tokio::spawn(async move { (number, title, browser.get(path).await) })
        })
        .collect();
    for visit in visits {
        let (number, title, answer) = visit.await.expect("every visitor gets an answer");
        let expected = if number % 6 == 5 { 404 } else { 200 };
        assert_eq!(answer.status, expected, "{}", answer.text());
        assert!(answer.text().contains(&title), "{title}: {}", answer.text());
        let foreign = ["eve of", "ada of", "of Example"][number % 3];
        assert!(!answer.text().contains(foreign), "{}", answer.text());
    }
}

/// A missing notice would hide a foreign sign-in from its owner, and a panic would explain nothing.
#[tokio::test(flavor = "multi_thread")]
async fn without_its_sign_ins_there_is_a_failure_and_no_dashboard() {
    let app = TestApp::sqlite().await;
    app.signed_in("ada").await;
    let config = config::read("", None, &config::Environment::default()).unwrap();
    let options = LeptosOptions::builder().output_name("vestibule").build();
    let state = AppState::new(app.core.clone(), &config, options, false, 3_000);
    let current = CurrentUser {
        user: app.user("ada").await,
        session: app.sessions().await.remove(0),
        sign_ins: None,
    };
    let client = Client {
        address: app.address.ip(),
        peer: app.address.ip(),
        forwarding: Forwarding::None,
        scheme: None,
        host: None,
    };
    let caller = Caller::SignedIn(Box::new(current));
    let visit = Visit {
        state: &state,
        caller: &caller,
        client: &client,
        uri: &Uri::from_static("/dashboard"),
        headers: &HeaderMap::new(),
        flash: None,
    };
    let answer = pages::gather(Page::Dashboard, visit).await;
    assert_eq!(answer.err(), Some(AppError::Failed(Failure::Internal)));
}
