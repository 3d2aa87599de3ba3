//! Signing out: permanently, at once, and never by a link.

use crate::{
    app::{
        TestApp, assert_contains, assert_page, assert_redirect, attributes, page_paths,
        visible_text,
    },
    on_both_engines,
    support::{
        self, PASSWORD, START,
        http::{ACCEPT_PAGE, Answer, FLASH_COOKIE, Request, SESSION_COOKIE, credentials},
    },
};
use std::{collections::BTreeSet, time::Duration};
use vestibule::domain::session::{EndReason, Ended};

on_both_engines! {
    async fn a_plain_form_signs_out_and_the_page_names_the_user(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        app.set_clock(Duration::from_secs(30));
        let answer = browser.post_logout().await;
        assert_redirect(&answer, "/signed-out");
        let ended = Ended { at: START.after(Duration::from_secs(30)), reason: EndReason::SignedOut };
        assert_eq!(app.sessions().await[0].ended, Some(ended), "before the answer is there");

        let lines = answer.set_cookies(SESSION_COOKIE);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].starts_with("__Host-Http-session=;"), "{}", lines[0]);
        let expected = ["HttpOnly", "Max-Age=0", "Path=/", "SameSite=Lax", "Secure"];
        assert_eq!(attributes(lines[0]), BTreeSet::from(expected), "those of sign-in, and no life");
        assert_eq!(browser.session(), None);

        let page = browser.get("/signed-out").await;
        assert_page(&page, "Account: ada of Example");
        assert_eq!(page.set_cookies(FLASH_COOKIE).len(), 1, "the name is forgotten");
        let again = browser.get("/signed-out").await;
        assert_page(&again, "You are signed out");
        assert!(!again.names("ada"));
    }

    /// Requests that end the session, or write its use themselves, do not wait for "last seen"
    /// beside them.
    async fn signing_out_does_not_count_as_use(database: TestDatabase) {
        for path in ["/api/logout", "/api/end_all_sessions"] {
            let app = TestApp::new(TestDatabase::new(database.engine).await).await;
            let mut browser = app.signed_in("ada").await;
            app.set_clock(Duration::from_secs(61));
            browser.post_form(path, &[]).await;
            support::settled(&app.core).await;
            let session = app.sessions().await.remove(0);
            assert!(session.ended.is_some(), "{path}");
            assert_eq!(session.last_seen_at, START, "{path}");
        }
    }

    async fn a_script_gets_the_next_address(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let answer = browser.fetch_logout().await;
        assert_eq!((answer.status, answer.location()), (200, "/signed-out"));
        assert!(answer.header("serverfnredirect").is_some());
        assert_eq!(browser.session(), None);
        assert_eq!(app.endings().await, [Some(EndReason::SignedOut)]);
        assert_page(&browser.get("/signed-out").await, "ada of Example");
    }

    /// A copy of the cookie is worthless (ASVS V7.4.1).
    async fn a_replayed_cookie_is_refused_everywhere(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let token = browser.session().unwrap().to_owned();
        browser.post_logout().await;
        let after = app.rows().await;
        let mut thief = app.browser();
        thief.set_cookie(SESSION_COOKIE, &token);
        for path in page_paths() {
            let answer = thief.get(path).await;
            assert!(!answer.names("ada"), "{path}");
        }
        assert_redirect(&thief.get("/dashboard").await, "/login");
        assert_page(&thief.get("/login").await, "You signed out in this browser.");
        let answer = thief.post_logout().await;
        assert!(answer.set_cookies(FLASH_COOKIE).is_empty(), "nobody is signed out by it");
        assert_eq!(app.rows().await, after);
    }

    async fn signing_out_succeeds_without_a_session(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut signed_out = app.signed_in("ada").await;
        let dead = signed_out.session().unwrap().to_owned();
        signed_out.post_logout().await;
        for cookie in [None, Some(dead.as_str()), Some("nonsense"), Some("")] {
            let mut browser = app.browser();
            if let Some(cookie) = cookie {
                browser.set_cookie(SESSION_COOKIE, cookie);
            }
            let answer = browser.clone().fetch_logout().await;
            assert_eq!((answer.status, answer.location()), (200, "/signed-out"), "{cookie:?}");
            let answer = browser.post_logout().await;
            assert_redirect(&answer, "/signed-out");
            assert_eq!(browser.session(), None, "{cookie:?} is cleared");
        }
    }

    async fn other_browsers_stay_signed_in(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        let mut others = [app.signed_in("ada").await, app.signed_in("eve").await];
        app.signed_in("ada").await.post_logout().await;
        for other in &mut others {
            assert_page(&other.get("/dashboard").await, "Hello, ");
        }
    }

    /// A link, a picture or a prefetch must not sign anybody out.
    async fn a_get_only_asks(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let before = app.rows().await;
        let page = browser.get("/logout").await;
        assert_page(&page, "You will be signed out on this device. Other devices stay signed in. Account: ada of Example");
        assert!(page.text().contains("method=\"post\" action=\"/api/logout\""), "{}", page.text());
        assert!(page.header_all("set-cookie").is_empty());
        for method in ["GET", "HEAD"] {
            let answer = browser.send(Request::new(method, "/api/logout")).await;
            assert_eq!(answer.status, 405, "{method}");
            assert!(answer.header_all("set-cookie").is_empty());
        }
        assert_eq!(app.rows().await, before);
        assert_page(&app.browser().get("/logout").await, "You are not signed in");
    }

    /// An answer to an older tab may arrive after the sign-in of a newer one: only signing out
    /// clears the cookie.
    async fn a_dead_cookie_is_never_cleared_in_passing(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let dead = browser.session().unwrap().to_owned();
        browser.post_logout().await;
        let mut paths = page_paths();
        paths.extend(["/nowhere", "/login/", "/favicon.svg", "/healthz", "/readyz", "/api/x"]);
        for cookie in [dead.as_str(), "nonsense"] {
            for path in &paths {
                let mut tab = app.browser();
                tab.set_cookie(SESSION_COOKIE, cookie);
                let answer = tab.get(path).await;
                assert!(answer.header_all("set-cookie").is_empty(), "{path}: {:?}", answer.headers);
            }
            let mut tab = app.browser();
            tab.set_cookie(SESSION_COOKIE, cookie);
            let refused = tab.fetch_login("ada", "not the right password").await;
            assert!(refused.set_cookies(SESSION_COOKIE).is_empty());
        }
    }

    /// Requests in progress during sign-out must not revive the session (CVE-2025-46336).
    async fn no_request_under_way_revives_the_session(database: TestDatabase) {
        let app = TestApp::new(database).await;
        for round in 1..=8 {
            let mut browser = app.signed_in("ada").await;
            // Late enough that each of them writes "last seen".
            app.set_clock(Duration::from_secs(round * 120));
            let under_way: Vec<_> = (0..6)
                .map(|_| {
                    let mut tab = browser.clone();
                    tokio::spawn(async move { tab.get("/dashboard").await })
                })
                .collect();
            let mut replay = browser.clone();
            assert_redirect(&browser.post_logout().await, "/signed-out");
            assert_redirect(&replay.get("/dashboard").await, "/login");
            for request in under_way {
                let status = request.await.unwrap().status;
                assert!(matches!(status, 200 | 303), "{status}");
            }
            assert_redirect(&replay.get("/dashboard").await, "/login");
            assert_eq!(app.endings().await[0], Some(EndReason::SignedOut));
        }
    }

    /// If the end cannot be written, the person must not believe that it was.
    async fn without_the_database_no_success_is_reported(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        app.core.db.close().await;
        let answer = browser.clone().fetch_logout().await;
        assert_eq!((answer.status, answer.text().as_str()), (503, r#"{"failed":"unavailable"}"#));
        assert_eq!(answer.header("retry-after"), Some("5"));
        assert!(answer.header_all("set-cookie").is_empty());
        let answer = browser.post_logout().await;
        assert_eq!(answer.status, 503);
        assert_contains(&answer, "The service is not available right now.");
        assert!(answer.header_all("set-cookie").is_empty());
        assert!(!visible_text(&answer).contains("signed out"));
        assert!(browser.session().is_some());
    }
}

/// The value in the sign-out form.
fn proof_of(page: &Answer) -> String {
    let text = page.text();
    let (_, rest) = text
        .split_once("name=\"proof\" value=\"")
        .expect("a value in the form");
    rest.split('"').next().expect("its end").to_owned()
}

/// The values of the sign-out forms on this page, `None` for one without.
fn proofs_of(page: &Answer) -> Vec<Option<String>> {
    let text = page.text();
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        rest.split('"').next().map(str::to_owned)
    };
    let is_field = |tag: &&str| tag.starts_with("input ") && tag.contains(" name=\"proof\"");
    let forms = text.split("<form ").skip(1);
    let forms = forms.filter(|form| form.contains(" action=\"/api/logout\""));
    let proofs = forms.map(|form| {
        let id = attribute(form.split('>').next()?, "id");
        let mut inside = form.split("</form>").next()?.split('<');
        let mut outside = text.split('<');
        let field = inside.find(is_field).or_else(|| {
            let names_it = |tag: &&str| id.is_some() && attribute(tag, "form") == id;
            outside.find(|tag| is_field(tag) && names_it(tag))
        });
        attribute(field?, "value")
    });
    proofs.collect()
}

/// A request through a filter that removes `Origin`, `Referer` and fetch metadata.
async fn filtered(app: &TestApp, request: Request, session: &str) -> Answer {
    let cookie = format!("{SESSION_COOKIE}={session}");
    app.send(
        request
            .header("accept", ACCEPT_PAGE)
            .header("cookie", &cookie),
    )
    .await
}

on_both_engines! {
    /// Behind a filter people can sign in, so they must be able to sign out: by a value that only
    /// our pages have.
    async fn behind_a_filter_the_form_itself_shows_whose_it_is(database: TestDatabase) {
        let app = TestApp::new(database).await;
        for path in ["/logout", "/dashboard", "/account/profile"] {
            let browser = app.signed_in("ada").await;
            let session = browser.session().unwrap().to_owned();
            let page = filtered(&app, Request::get(path), &session).await;
            let proof = proof_of(&page);
            let form = Request::form("/api/logout", &[("proof", &proof)]);
            assert_redirect(&filtered(&app, form, &session).await, "/signed-out");
            assert_redirect(&filtered(&app, Request::get("/dashboard"), &session).await, "/login");
        }
        let endings = app.endings().await;
        assert!(endings.iter().all(|end| *end == Some(EndReason::SignedOut)), "{endings:?}");
    }

    /// The value works for this session, for signing out, and for a browser that sends neither
    /// header.
    async fn the_value_in_the_form_works_for_nothing_else(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let mut other = app.signed_in("ada").await;
        let session = browser.session().unwrap().to_owned();
        let proof = proof_of(&browser.get("/logout").await);
        let of_another_session = proof_of(&other.get("/logout").await);
        assert_ne!(proof, of_another_session);
        let form = |path: &str, proof: &str| Request::form(path, &[("proof", proof)]);
        for wrong in ["", "x", &of_another_session, &proof[1..], &proof.to_lowercase(), &session] {
            let answer = filtered(&app, form("/api/logout", wrong), &session).await;
            assert_eq!(answer.status, 403, "{wrong}");
            assert!(answer.header_all("set-cookie").is_empty());
            assert_contains(&answer, "came from another site");
            assert_contains(&answer, "a filter, a browser extension or a proxy");
        }
        for path in ["/api/end_all_sessions", "/api/end_other_sessions", "/api/stay_signed_in", "/api/login"] {
            assert_eq!(filtered(&app, form(path, &proof), &session).await.status, 403, "{path}");
        }
        // If the browser names another site, the request is refused.
        for (name, value) in [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
            let request = form("/api/logout", &proof).header(name, value);
            assert_eq!(filtered(&app, request, &session).await.status, 403, "{name}: {value}");
        }
        let text = Request::post("/api/logout", format!("proof={proof}").as_bytes());
        let text = text.header("content-type", "text/plain");
        assert_eq!(filtered(&app, text, &session).await.status, 403);
        let by_get = Request::get(&format!("/api/logout?proof={proof}"));
        assert_eq!(filtered(&app, by_get, &session).await.status, 405);
        assert_eq!(app.endings().await, [None, None]);
    }

    /// A dead cookie proves no more than none. Otherwise a filter and a time-out would exclude
    /// people as long as the browser keeps the cookie.
    async fn behind_a_filter_a_dead_cookie_does_not_keep_anybody_out(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let live = app.signed_in("ada").await.session().unwrap().to_owned();
        let dead = browser.session().unwrap().to_owned();
        let proof = proof_of(&browser.get("/logout").await);
        browser.post_logout().await;
        let login = || Request::form("/api/login", &credentials("ada", PASSWORD));
        for session in [dead.as_str(), "nonsense", ""] {
            let answer = filtered(&app, login(), session).await;
            assert!(answer.status == 303 && answer.session_token().is_some(), "{session}: {answer:?}");
        }
        let link = || Request::form("/api/use_password_link", &[("secret", "0"), ("new_password", PASSWORD)]);
        assert_redirect(&filtered(&app, link(), &dead).await, "/password-link");
        // No action is taken for a signed-in person.
        assert_eq!(filtered(&app, link(), &live).await.status, 403);
        assert_eq!(filtered(&app, login(), &live).await.status, 403);
        // There is no session to sign out of, and an older form of it proves nothing.
        let again = Request::form("/api/logout", &[("proof", &proof)]);
        assert_eq!(filtered(&app, again, &dead).await.status, 403);
        let login = login().header("origin", "null");
        assert_eq!(filtered(&app, login, &dead).await.status, 403);
    }

    /// Every sign-out form on every page, including that of the time-out warning.
    async fn every_form_that_signs_out_shows_whose_it_is(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut browser = app.signed_in("ada").await;
        let proof = Some(proof_of(&browser.get("/logout").await));
        let mut pages = 0;
        for path in page_paths() {
            let page = browser.get(path).await;
            let is_signed_in = page.text().contains("id=\"time-out-warning\"");
            let proofs = proofs_of(&page);
            assert!(proofs.iter().all(|own| *own == proof), "{path}: {proofs:?}");
            assert!(!is_signed_in || proofs.len() >= 2, "{path}: {proofs:?}");
            pages += usize::from(is_signed_in);
        }
        assert!(pages >= 5, "{pages} pages");
    }
}
