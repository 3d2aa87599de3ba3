//! `/account/sessions`: the list of one's sessions, and ending them.

use crate::{
    app::{TestApp, assert_contains, assert_page, assert_redirect, visible_text},
    on_both_engines,
    support::{
        self, PASSWORD,
        http::{Browser, Request, credentials},
    },
};
use std::time::Duration;
use vestibule::{
    domain::{
        audit::Record,
        session::{EndReason, SessionId},
    },
    server::store,
};

const PAGE: &str = "/account/sessions";
const MINUTE: Duration = Duration::from_secs(60);
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 \
    (KHTML, like Gecko) Version/19.0 Mobile/15E148 Safari/604.1";

async fn signed_in_with(app: &TestApp, user_agent: &str, remember: bool) -> Browser {
    let mut browser = app.browser();
    let [name, password] = credentials("ada", PASSWORD);
    let mut fields = vec![name, password];
    fields.extend(remember.then_some(("remember", "on")));
    let form = Request::form("/api/login", &fields).header("user-agent", user_agent);
    assert_eq!(browser.send(form).await.status, 303);
    browser
}

async fn is_refused(browser: &mut Browser, reason: EndReason) {
    assert_redirect(&browser.get("/dashboard").await, "/login");
    assert_contains(&browser.get("/login").await, reason.explanation());
}

async fn goes_on(browser: &mut Browser) {
    assert_page(&browser.get("/dashboard").await, "Hello, ");
}

/// The newest one's.
async fn newest_id(app: &TestApp) -> SessionId {
    app.sessions().await.remove(0).id
}

on_both_engines! {
    async fn it_shows_where_a_person_is_signed_in(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        let mut eve = app.browser();
        let form = Request::form("/api/login", &credentials("eve", PASSWORD));
        eve.send(form.header("user-agent", "Wget/1.25")).await;
        let mut phone = signed_in_with(&app, SAFARI, true).await;
        app.signed_in("ada").await.post_logout().await;
        app.set_clock(5 * MINUTE);
        phone.get("/dashboard").await;
        app.set_clock(8 * MINUTE);
        let mut laptop = signed_in_with(&app, FIREFOX, false).await;

        let page = laptop.get(PAGE).await;
        assert_page(&page, "Where you’re signed in");
        assert_contains(&page, "This device Firefox on Linux 127.0.0.1 · Active now Details");
        assert_contains(&page, "1 other device Sign out all other devices Safari on iPhone Stays signed in 127.0.0.1 · Last active 3 minutes ago \
            Details Signed in 21 September 2026, 14:13 UTC with: Password. \
            Signed out if unused in 14 days , at the latest in 90 days .");
        let html = page.text();
        assert!(html.contains("datetime=\"2026-09-21T14:18:20Z\" title=\"21 September 2026, 14:18 UTC\""), "{html}");
        let text = visible_text(&page);
        // Above the list stands the sign-in that has ended.
        let (_, listed) = text.split_once("This device").unwrap();
        assert!(!text.contains("Wget") && !listed.contains("unknown"), "{text}");
        assert_contains(&eve.get(PAGE).await, "You are not signed in anywhere else.");
        assert_contains(&eve.get("/dashboard").await, "All your devices");
    }

    /// Somebody else signs in beside her, in the same browser.
    async fn the_name_of_a_device_is_its_owners(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        let mut ada = app.signed_in("ada").await;
        let session = app.sessions().await.remove(0).id;
        assert_redirect(&ada.post_form("/api/name_device", &[("id", &session.0), ("name", "Desk")]).await, PAGE);
        ada.clone().fetch_login("eve", "not the password of eve").await;
        ada.clone().fetch_login("eve", PASSWORD).await;
        let log = store::audit::list(&app.core.db, &Default::default(), None, 99).await.unwrap();
        let of_desk = log.iter().filter(|record| record.device_name.as_deref() == Some("Desk"));
        let mut of_desk: Vec<_> = of_desk.map(|record| (record.username.as_deref(), record.entry.event.as_str())).collect();
        of_desk.sort_unstable();
        assert_eq!(of_desk, [(Some("ada"), "device_named"), (Some("ada"), "session_ended")]);
        for event in ["sign_in_refused", "signed_in"] {
            let is_of_eve = |record: &Record| record.username.as_deref() == Some("eve") && record.entry.event.as_str() == event;
            assert!(log.iter().any(is_of_eve), "{event}");
        }
    }

    async fn the_last_used_comes_first(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut phone = signed_in_with(&app, SAFARI, false).await;
        app.set_clock(MINUTE);
        signed_in_with(&app, "curl/8", false).await;
        app.set_clock(5 * MINUTE);
        phone.get("/dashboard").await;
        let mut laptop = signed_in_with(&app, FIREFOX, false).await;
        let text = visible_text(&laptop.get(PAGE).await);
        // Above the list stand the new sign-ins.
        let (_, text) = text.split_once("This device").unwrap();
        let at = |words: &str| text.find(words).unwrap();
        assert!(at("Firefox") < at("Safari") && at("Safari") < at("curl"), "{text}");
    }

    async fn one_session_is_ended_permanently(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut phone = signed_in_with(&app, SAFARI, true).await;
        let id = newest_id(&app).await;
        app.set_clock(MINUTE);
        let mut tablet = signed_in_with(&app, "curl/8", true).await;
        app.set_clock(2 * MINUTE);
        let mut laptop = app.signed_in("ada").await;
        assert!(laptop.get(PAGE).await.text().contains(&id.0));

        let answer = laptop.post_form("/api/end_session", &[("id", &id.0)]).await;
        assert_redirect(&answer, PAGE);
        let page = laptop.get(PAGE).await;
        assert_contains(&page, "Safari on iPhone was signed out.");
        assert_eq!(visible_text(&page).matches("Safari").count(), 1, "in the notice alone");
        is_refused(&mut phone, EndReason::EndedByOwner).await;
        goes_on(&mut tablet).await;
        goes_on(&mut laptop).await;
        assert_eq!(app.endings().await, [None, None, Some(EndReason::EndedByOwner)]);

        // A repeated request is no error, and the message is shown once.
        assert!(!visible_text(&laptop.get(PAGE).await).contains("was signed out"));
        assert_redirect(&laptop.post_form("/api/end_session", &[("id", &id.0)]).await, PAGE);
        assert_contains(&laptop.get(PAGE).await, "Safari on iPhone was already signed out.");
    }

    async fn a_device_has_the_name_that_its_owner_gave(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut laptop = signed_in_with(&app, FIREFOX, false).await;
        app.set_clock(MINUTE);
        let mut phone = signed_in_with(&app, SAFARI, true).await;
        let id = newest_id(&app).await;
        let name = async |browser: &mut Browser, name: &str| browser.post_form("/api/name_device", &[("id", &id.0), ("name", name)]).await;
        assert_redirect(&name(&mut laptop, "  Phone <b>&\u{5d0}  ").await, PAGE);
        let page = laptop.get(PAGE).await;
        assert_contains(&page, "Phone &lt;b&gt;&amp;\u{5d0} is the name of that device now.");
        assert_contains(&page, "Phone &lt;b&gt;&amp;\u{5d0} (Safari on iPhone) New Stays signed in");
        assert_page(&phone.get("/dashboard").await, "Device Phone &lt;b&gt;&amp;\u{5d0} (Safari on iPhone) Address");
        assert_contains(&laptop.get("/dashboard").await, "Phone &lt;b&gt;&amp;\u{5d0} (Safari on iPhone) · 127.0.0.1");
        // A new browser names nothing, not even itself, and has no form for it.
        assert_eq!(name(&mut phone, "Laptop").await.status, 404);
        assert!(!phone.get(PAGE).await.text().contains("/api/name_device"));

        // The next sign-in in that browser has the name, and so have its events.
        phone.post_logout().await;
        app.set_clock(2 * MINUTE);
        let form = Request::form("/api/login", &credentials("ada", PASSWORD));
        assert_eq!(phone.send(form.header("user-agent", SAFARI)).await.status, 303);
        assert_contains(&laptop.get(PAGE).await, "Phone &lt;b&gt;&amp;\u{5d0} (Safari on iPhone)");
        let activity = laptop.get("/account/activity").await;
        assert_contains(&activity, "You signed in. 21 September 2026, 14:15 UTC · Phone &lt;b&gt;&amp;\u{5d0} (Safari on iPhone) · 127.0.0.1");
        assert_contains(&activity, "You changed the name of a device. 21 September 2026, 14:14 UTC");
        let id = newest_id(&app).await;
        assert_redirect(&laptop.post_form("/api/end_session", &[("id", &id.0)]).await, PAGE);
        assert_contains(&laptop.get(PAGE).await, "Phone &lt;b&gt;&amp;\u{5d0} was signed out.");
    }

    async fn a_name_that_is_too_long_or_not_visible_is_refused(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut laptop = app.signed_in("ada").await;
        let id = newest_id(&app).await;
        let rows = app.rows().await;
        for name in ["x".repeat(41), "a\u{202e}b".to_owned(), "a\0b".to_owned(), "\u{200b}".to_owned()] {
            let fields = [("id", id.0.as_str()), ("name", name.as_str())];
            let answer = laptop.fetch_form("/api/name_device", &fields).await;
            assert_eq!((answer.status, answer.text().as_str()), (422, r#"{"refused":["device_name"]}"#), "{name:?}");
            assert_redirect(&laptop.post_form("/api/name_device", &fields).await, PAGE);
            assert_contains(&laptop.get(PAGE).await, "A device name has at most 40 characters, and all of them are visible.");
        }
        assert_eq!(app.rows().await, rows);
        for id in ["never-was", "\0", ""] {
            let answer = laptop.fetch_form("/api/name_device", &[("id", id), ("name", "Mine")]).await;
            assert_eq!(answer.status, 404, "{id:?}");
        }
        assert_eq!(app.browser().fetch_form("/api/name_device", &[("id", &id.0), ("name", "Mine")]).await.status, 401);
        // The input stands in the form of its device, which is open, and in no other.
        app.set_clock(MINUTE);
        signed_in_with(&app, SAFARI, false).await;
        let long = "My phone, with a name that is far too long".to_owned();
        for id in [newest_id(&app).await, id.clone()] {
            assert_redirect(&laptop.post_form("/api/name_device", &[("id", &id.0), ("name", &long)]).await, PAGE);
            let page = laptop.get(PAGE).await.text();
            assert_eq!((page.matches(&format!("value=\"{long}\"")).count(), page.matches("<details open").count()), (1, 1), "{page}");
            let open = page.split("<details open").nth(1).and_then(|rest| rest.split("</details>").next()).unwrap();
            for part in [&*id.0, &long, "role=\"alert\"", "A device name has at most 40 characters"] {
                assert!(open.contains(part), "{part} {open}");
            }
            assert!(page.contains("<title>Error: "));
            assert!(!laptop.get(PAGE).await.text().contains(&long), "once");
        }
    }

    async fn this_one_is_signed_out(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut laptop = app.signed_in("ada").await;
        let copy = laptop.clone();
        let id = newest_id(&app).await;
        let answer = laptop.fetch_form("/api/end_session", &[("id", &id.0)]).await;
        assert_eq!((answer.status, answer.location()), (200, "/signed-out"));
        assert_eq!(laptop.session(), None, "the cookie is cleared");
        assert_contains(&laptop.get("/signed-out").await, "Account: ada of Example");
        is_refused(&mut copy.clone(), EndReason::SignedOut).await;
    }

    /// Another person's session is as unknown as a missing one.
    async fn nobody_ends_the_session_of_another_person(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        let mut ada = app.signed_in("ada").await;
        let of_ada = newest_id(&app).await;
        let mut eve = app.signed_in("eve").await;
        let rows = app.rows().await;
        let mut answers = Vec::new();
        for id in [of_ada.0.as_str(), "never-was", "\0", "", "' OR 1=1 --"] {
            let posted = eve.post_form("/api/end_session", &[("id", id)]).await;
            let fetched = eve.fetch_form("/api/end_session", &[("id", id)]).await;
            assert_eq!((posted.status, fetched.status), (404, 404), "{id}");
            answers.push((visible_text(&posted), fetched.text()));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:?}");
        assert_eq!(app.rows().await, rows);
        goes_on(&mut ada).await;
        for function in ["end_session", "end_other_sessions", "end_all_sessions"] {
            let path = format!("/api/{function}");
            let answer = app.browser().fetch_form(&path, &[("id", &of_ada.0)]).await;
            assert_eq!(answer.status, 401, "{function}");
        }
        assert_redirect(&eve.post_form("/api/end_other_sessions", &[]).await, PAGE);
        goes_on(&mut ada).await;
        assert_redirect(&eve.post_form("/api/end_all_sessions", &[]).await, "/signed-out");
        goes_on(&mut ada).await;
    }

    async fn all_others_end_and_this_one_goes_on(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut others = [
            signed_in_with(&app, SAFARI, true).await,
            signed_in_with(&app, "curl/8", false).await,
        ];
        app.set_clock(MINUTE);
        let mut laptop = app.signed_in("ada").await;
        assert_redirect(&laptop.post_form("/api/end_other_sessions", &[]).await, PAGE);
        let page = laptop.get(PAGE).await;
        assert_contains(&page, "2 other devices were signed out.");
        assert_contains(&page, "You are not signed in anywhere else.");
        for other in &mut others {
            is_refused(other, EndReason::EndedByOwner).await;
        }
        goes_on(&mut laptop).await;
    }

    async fn all_end_and_the_browser_is_signed_out(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut phone = signed_in_with(&app, SAFARI, true).await;
        let mut laptop = app.signed_in("ada").await;
        let mut copy = laptop.clone();
        let text = laptop.get(PAGE).await.text();
        let before = &text[..text.find("action=\"/api/end_all_sessions\"").expect("the form")];
        assert!(before.rfind("<details") > before.rfind("</details"), "it is behind a question");
        assert_redirect(&laptop.post_form("/api/end_all_sessions", &[]).await, "/signed-out");
        assert_eq!(laptop.session(), None);
        let page = laptop.get("/signed-out").await;
        assert_contains(&page, "Account: ada of Example");
        assert_contains(&page, "Your other device was signed out as well.");
        is_refused(&mut phone, EndReason::EndedByOwner).await;
        is_refused(&mut copy, EndReason::SignedOut).await;
        assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 200);
    }

    /// A session that timed out unnoticed is not shown, and is not reported as ended by anybody.
    async fn a_timed_out_session_is_not_ended_again(database: TestDatabase) {
        let app = TestApp::new(database).await;
        signed_in_with(&app, SAFARI, false).await;
        app.set_clock(121 * MINUTE);
        let mut laptop = app.signed_in("ada").await;
        assert_contains(&laptop.get(PAGE).await, "You are not signed in anywhere else.");
        laptop.post_form("/api/end_other_sessions", &[]).await;
        assert_contains(&laptop.get(PAGE).await, "No other device was signed in.");
        assert_eq!(app.endings().await, [None, Some(EndReason::Idle)]);
    }

    async fn beyond_the_limit_the_least_recently_used_one_ends(database: TestDatabase) {
        let mut core = support::core(&database).await;
        core.max_sessions = 3;
        support::create_user(&core, "ada").await;
        support::create_user(&core, "eve").await;
        let app = TestApp::start(database, core, |_| ()).await;
        let mut eve = app.signed_in("eve").await;
        let mut browsers = Vec::new();
        for minute in 0..3 {
            app.set_clock(minute * MINUTE);
            browsers.push(app.signed_in("ada").await);
        }
        app.set_clock(5 * MINUTE);
        goes_on(&mut browsers[0]).await;
        browsers.push(app.signed_in("ada").await);
        is_refused(&mut browsers[1], EndReason::TooMany).await;
        for still in [0, 2, 3] {
            goes_on(&mut browsers[still]).await;
        }
        goes_on(&mut eve).await;
        // Signing in again in the same browser does not use another slot.
        assert_eq!(browsers[2].fetch_login("ada", PASSWORD).await.status, 200);
        for still in [0, 2, 3] {
            goes_on(&mut browsers[still]).await;
        }
    }

    async fn without_the_database_no_end_is_reported(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut laptop = app.signed_in("ada").await;
        let id = newest_id(&app).await;
        app.core.db.close().await;
        for function in ["end_session", "end_other_sessions", "end_all_sessions"] {
            let answer = laptop.post_form(&format!("/api/{function}"), &[("id", &id.0)]).await;
            assert_eq!(answer.status, 503, "{function}");
            assert!(answer.header_all("set-cookie").is_empty(), "{function}");
        }
    }
}
