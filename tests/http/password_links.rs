//! Links for passwords: opened by their code, and used with a password.

use crate::{
    app::{
        COOKIE_CHECK, TestApp, assert_contains, assert_page, assert_redirect, attributes,
        comparable, visible_text,
    },
    on_both_engines,
    support::{
        self, PASSWORD,
        database::texts,
        http::{ACCEPT_PAGE, Answer, Browser, Closing, DEVICE_COOKIE, Request, SESSION_COOKIE},
    },
};
use std::{collections::BTreeSet, time::Duration};
use vestibule::{
    domain::{
        audit::{Event, RecordedMethod},
        password_link::LinkPurpose,
        session::EndReason,
    },
    server::{
        core::{
            accounts::{password_links::LIFETIME, users},
            actor,
        },
        store::{self, audit::Filter},
    },
};

const NEW: &str = "a new password, long enough";
const OPEN: &str = "/api/open_password_link";
const USE: &str = "/api/use_password_link";
const PAGE: &str = "/password-link";
const OPENED: &str = "/password-link?cookie-check";
const LINK_COOKIE: &str = "__Host-Http-link";

/// The value in the form of the page that the browser has opened.
async fn proof_of(browser: &mut Browser) -> String {
    let page = browser.get(PAGE).await.text();
    // The forms that sign out have a value of that name too.
    let (_, form) = page
        .split_once("action=\"/api/use_password_link\"")
        .expect("a form");
    let (_, rest) = form.split_once("name=\"proof\" value=\"").expect("a field");
    rest.split('"').next().unwrap_or_default().to_owned()
}

/// Opens a link, and chooses a password on its page.
async fn follow_link(browser: &mut Browser, secret: &str) -> Answer {
    assert_redirect(&browser.open_link(secret).await, OPENED);
    choose(browser, NEW).await
}

pub async fn choose(browser: &mut Browser, password: &str) -> Answer {
    let proof = proof_of(browser).await;
    let fields = [("proof", proof.as_str()), ("new_password", password)];
    browser.post_form(USE, &fields).await
}

/// The newest first.
async fn events(app: &TestApp) -> Vec<Event> {
    let listed = store::audit::list(&app.core.db, &Filter::default(), None, 100).await;
    let listed = listed.unwrap().into_iter();
    listed.map(|one| one.entry.event).collect()
}

on_both_engines! {
    /// Opening a link consumes nothing, and the page greets only the browser that has its code.
    async fn the_page_greets_after_the_code_alone(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let secret = app.invitation("grace").await;
        let before = app.rows().await;
        let mut browser = app.browser();
        for _ in 0..3 {
            let opened = browser.open_link(&secret).await;
            assert_redirect(&opened, OPENED);
            let cookie = opened.set_cookies(LINK_COOKIE);
            let expected = ["HttpOnly", "Max-Age=3600", "Path=/", "SameSite=Lax", "Secure"];
            assert_eq!(attributes(cookie[0]), BTreeSet::from(expected));
            assert_eq!(opened.session_token(), None);
            let page = browser.get(OPENED).await;
            assert_page(&page, "Welcome, grace of Example");
            assert_contains(&page, "You will sign in as grace or grace@example.org.");
            assert_eq!(page.header("cache-control"), Some("no-store, no-transform"));
            let bare = secret.replace('-', "");
            assert!(!page.text().contains(&secret) && !page.text().contains(&bare), "{}", page.text());
        }
        assert_eq!(app.rows().await, before);
        assert!(!app.browser().get(OPENED).await.names("grace"));
        assert_page(&app.browser().get(OPENED).await, "Your browser did not keep the link");
        let script = app.browser().fetch_form(OPEN, &[("secret", &secret)]).await;
        assert_eq!((script.status, script.location()), (200, OPENED));
    }

    /// Used, void, expired, of a disabled account, or never there: one answer, byte for byte.
    async fn every_dead_link_gets_one_answer(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let used = app.invitation("grace").await;
        follow_link(&mut app.browser(), &used).await;
        let void = app.password_link("ada").await;
        app.password_link("ada").await;
        app.create_user("eve").await;
        let disabled = app.password_link("eve").await;
        users::disable(&app.core, &actor::on_this_machine(), &app.user("eve").await).await.unwrap();
        app.create_user("bob").await;
        let expired = app.password_link("bob").await;
        app.set_clock(LIFETIME);
        let mut answers = Vec::new();
        for secret in [&used, &void, &disabled, &expired, "00000-00000-00000-00000-00000-00000", ""] {
            let mut browser = app.browser();
            let script = comparable(&browser.fetch_form(OPEN, &[("secret", secret)]).await);
            assert_eq!((script.0, script.2.as_str()), (422, r#"{"refused":["link"]}"#), "{secret}");
            let form = browser.open_link(secret).await;
            assert_redirect(&form, PAGE);
            assert!(form.set_cookies(LINK_COOKIE).is_empty(), "{secret}");
            let page = browser.get(PAGE).await;
            assert_page(&page, "This link is incomplete, has expired or was already used. Ask your administrator for a new one.");
            assert!(page.text().contains("href=\"#secret\""));
            app.set_clock(LIFETIME + Duration::from_secs(3_600));
            answers.push((script, comparable(&form), visible_text(&page)));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:#?}");
    }

    /// Opening and using links have one counter: otherwise there would be twice as many guesses.
    async fn guesses_are_counted_together(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let secret = app.password_link("ada").await;
        let mut browser = app.browser();
        for _ in 0..support::LIMITS.account_failures / 2 {
            assert_eq!(browser.fetch_form(OPEN, &[("secret", &secret)]).await.status, 200, "right ones are free");
            assert_eq!(app.browser().fetch_form(OPEN, &[("secret", "0")]).await.status, 422);
            let fields = [("secret", "0"), ("new_password", NEW)];
            assert_eq!(app.browser().fetch_form(USE, &fields).await.status, 422);
        }
        let refused = browser.fetch_form(OPEN, &[("secret", &secret)]).await;
        assert_eq!((refused.status, refused.header("retry-after")), (429, Some("30")));
        let plain = browser.open_link(&secret).await;
        assert_eq!(plain.status, 429);
        assert_contains(&plain, "Too many attempts. Try again in 30 seconds.");
        // The page that was opened before makes no guess.
        assert_page(&browser.get(PAGE).await, "Choose a new password");
    }

    /// A session of its own kind, in a browser that is known from now on.
    async fn an_invitation_signs_in(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let secret = app.invitation("grace").await;
        let mut browser = app.browser();
        let answer = follow_link(&mut browser, &secret).await;
        assert_redirect(&answer, COOKIE_CHECK);
        let cookie = answer.set_cookies(SESSION_COOKIE);
        assert_eq!(attributes(cookie[0]), BTreeSet::from(["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]));
        assert!(answer.set_cookies(LINK_COOKIE)[0].contains("Max-Age=0"));
        let page = browser.follow(COOKIE_CHECK).await;
        assert_contains(&page, "Your account is ready");
        assert_contains(&page, "grace of Example");
        assert!(!visible_text(&browser.get("/dashboard").await).contains("Your account is ready"), "once");
        let signed_in = Event::SignedInBy(RecordedMethod::Invitation);
        assert_eq!(events(&app).await[..2], [signed_in, Event::LinkUsed(LinkPurpose::Invitation)]);
        assert_contains(&browser.get("/account/activity").await, "You signed in with an invitation");
        assert_contains(&browser.get("/account/activity?event=signed_in").await, "You signed in with an invitation");
        assert_contains(&browser.get("/dashboard").await, "Signed in with Invitation link");
        assert_contains(&browser.get("/account/sessions").await, "with: Invitation link.");

        // Known: the next new device is announced here.
        assert!(browser.cookie(DEVICE_COOKIE).is_some());
        assert_eq!(app.fetch_login("grace", NEW).await.status, 200);
        let new = texts(&app.core.db, "SELECT user_agent FROM sessions WHERE new_device").await;
        assert_eq!(new.len(), 1, "the other browser is new, and the first is not");
    }

    /// A form of another site can bring a code of its own, and behind a filter nothing shows whose form it is. Its
    /// visitor would use the account of an attacker.
    async fn a_code_in_the_form_signs_nobody_in(database: TestDatabase) {
        let app = TestApp::new(database).await;
        for (name, proof, is_filtered) in [("grace", "", true), ("hedy", "x", false)] {
            let secret = app.invitation(name).await;
            let before = app.sessions().await.len();
            let mut browser = app.browser();
            browser.open_link(&secret).await;
            let fields = [("secret", secret.as_str()), ("proof", proof), ("new_password", NEW)];
            let answer = if is_filtered {
                app.send(Request::form(USE, &fields).header("accept", ACCEPT_PAGE)).await
            } else {
                browser.post_form(USE, &fields).await
            };
            assert_redirect(&answer, "/login");
            assert!(answer.session_token().is_none() && answer.set_cookies(DEVICE_COOKIE).is_empty(), "{name}");
            assert_eq!(app.sessions().await.len(), before);
            assert_eq!(events(&app).await[0], Event::LinkUsed(LinkPurpose::Invitation));
            assert_redirect(&browser.get("/dashboard").await, "/login");
            assert_redirect(&app.post_login(name, NEW).await, COOKIE_CHECK);
        }
    }

    async fn a_reset_signs_nobody_in(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut before = app.signed_in("ada").await;
        let secret = app.password_link("ada").await;
        let mut browser = app.browser();
        let answer = follow_link(&mut browser, &secret).await;
        assert_redirect(&answer, "/login");
        assert_eq!(answer.session_token(), None);
        assert_eq!(browser.cookie(LINK_COOKIE), None);
        let page = browser.get("/login").await;
        assert_page(&page, "Password saved. Sign in to continue.");
        assert!(page.text().contains("value=\"ada\"") && !page.text().contains("autofocus"), "{}", page.text());
        assert_redirect(&before.get("/dashboard").await, "/login");
        assert_eq!(app.endings().await, [Some(EndReason::PasswordChanged)]);
        assert_eq!(app.fetch_login("ada", PASSWORD).await.status, 401);
        assert_eq!(app.fetch_login("ada", NEW).await.status, 200);
    }

    /// The link, its cookie, its form: none of them works twice.
    async fn nothing_of_a_used_link_works_again(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let secret = app.invitation("grace").await;
        let mut copy = app.browser();
        copy.open_link(&secret).await;
        let proof = proof_of(&mut copy).await;
        let mut browser = app.browser();
        follow_link(&mut browser, &secret).await;
        let before = app.rows().await;
        assert_page(&copy.get(PAGE).await, "This link is incomplete, has expired or was already used.");
        assert!(!copy.get(PAGE).await.names("grace"));
        let fields = [("proof", proof.as_str()), ("new_password", "another password, long enough")];
        assert_eq!(copy.fetch_form(USE, &fields).await.text(), r#"{"refused":["link"]}"#);
        assert_eq!(copy.cookie(LINK_COOKIE), None, "it is of no use any more");
        assert_eq!(copy.fetch_form(USE, &fields).await.text(), r#"{"refused":["link_not_opened"]}"#);
        assert_redirect(&copy.post_form(USE, &fields).await, PAGE);
        assert_page(&copy.get(PAGE).await, "This browser no longer has the code of your link. Open the link again.");
        assert_eq!(copy.session(), None);
        assert_eq!(app.rows().await, before);
    }

    /// Two browsers at once: one is signed in, and its password counts.
    async fn of_two_at_once_one_is_signed_in(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let secret = app.invitation("grace").await;
        let passwords = [NEW, "another password, long enough"];
        let mut attempts = Vec::new();
        for password in passwords {
            let mut browser = app.browser();
            browser.open_link(&secret).await;
            let proof = proof_of(&mut browser).await;
            attempts.push(async move {
                let fields = [("proof", proof.as_str()), ("new_password", password)];
                browser.post_form(USE, &fields).await
            });
        }
        // Both have the form before the first sends it.
        let attempts: Vec<_> = attempts.into_iter().map(tokio::spawn).collect();
        let mut won = Vec::new();
        for (attempt, password) in attempts.into_iter().zip(passwords) {
            let answer = attempt.await.unwrap();
            let is_in = answer.session_token().is_some();
            assert_redirect(&answer, if is_in { COOKIE_CHECK } else { PAGE });
            won.extend(is_in.then_some(password));
        }
        assert_eq!((won.len(), app.sessions().await.len()), (1, 1));
        assert_eq!(app.fetch_login("grace", won[0]).await.status, 200);
    }

    /// No planted cookie is adopted, and the session of somebody else is not replaced unnoticed.
    async fn a_session_in_this_browser_is_not_taken_over(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let secret = app.invitation("grace").await;
        let mut ada = app.signed_in("ada").await;
        assert_contains(&ada.get(PAGE).await, "You are signed in as ada of Example. If the link is for another account, sign out first.");
        ada.open_link(&secret).await;
        let page = ada.get(PAGE).await;
        assert_page(&page, "This link is for another account It is for grace of Example. You are signed in as ada of Example. Sign out first to use it.");
        assert!(!page.text().contains("new_password"), "nothing can be typed");
        let before = app.rows().await;
        let fields = [("secret", secret.as_str()), ("new_password", NEW)];
        assert_eq!(ada.fetch_form(USE, &fields).await.text(), r#"{"refused":["other_account"]}"#);
        assert_redirect(&ada.post_form(USE, &fields).await, PAGE);
        assert_eq!(app.rows().await, before);

        // Signing out leads back, and the link is still open.
        let answer = ada.post_form("/api/logout", &[("next", PAGE)]).await;
        assert_redirect(&answer, PAGE);
        assert_eq!(ada.session(), None);
        assert_eq!(app.endings().await, [Some(EndReason::SignedOut)]);
        assert_page(&ada.get(PAGE).await, "Welcome, grace of Example");
        let planted = "A".repeat(43);
        ada.set_cookie(SESSION_COOKIE, &planted);
        let device = ada.cookie(DEVICE_COOKIE).unwrap().to_owned();
        assert_redirect(&choose(&mut ada, NEW).await, COOKIE_CHECK);
        assert_ne!(ada.session(), Some(planted.as_str()));
        assert_ne!(ada.cookie(DEVICE_COOKIE), Some(device.as_str()), "that of another account may be known to its owner");
    }

    /// Their own link, in a browser in which they are signed in: nobody has to sign out first.
    async fn a_reset_of_ones_own_account_needs_no_sign_out(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let secret = app.password_link("ada").await;
        let mut ada = app.signed_in("ada").await;
        ada.open_link(&secret).await;
        assert_page(&ada.get(PAGE).await, "Choose a new password Account: ada of Example");
        assert_redirect(&choose(&mut ada, NEW).await, "/login");
        assert_redirect(&ada.get("/dashboard").await, "/login");
    }

    /// The cookie is a credential, so a form of another site must not use it; and it is no way to guess.
    async fn the_cookie_needs_the_form_of_its_page(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let (secret, other) = (app.invitation("grace").await, app.invitation("hedy").await);
        let mut another = app.browser();
        another.open_link(&other).await;
        let foreign = proof_of(&mut another).await;
        let mut browser = app.browser();
        browser.open_link(&secret).await;
        for proof in ["", "x", foreign.as_str()] {
            let fields = [("proof", proof), ("new_password", NEW)];
            assert_eq!(browser.fetch_form(USE, &fields).await.status, 403, "{proof}");
        }
        let bare = secret.replace('-', "");
        for forged in [bare.clone(), format!("{bare}."), format!("{bare}.{foreign}"), format!("{secret}.{foreign}"), String::new()] {
            let mut forger = app.browser();
            forger.set_cookie(LINK_COOKIE, &forged);
            let page = forger.get(PAGE).await;
            assert!(page.status == 200 && !page.names("grace"), "{forged}");
            assert_contains(&page, "Paste the whole link");
        }
        assert!(!app.user("grace").await.has_password);
        // A dead one takes the place of the first: nobody is greeted.
        assert_redirect(&browser.open_link("0").await, PAGE);
        assert!(!browser.get(PAGE).await.names("grace"));
        assert_redirect(&follow_link(&mut browser, &secret).await, COOKIE_CHECK);
    }

    /// The account is disabled, or its link void, after the link was opened.
    async fn a_link_that_dies_while_a_password_is_chosen_is_refused(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let machine = actor::on_this_machine();
        for (name, is_disabled) in [("grace", true), ("hedy", false)] {
            let secret = app.invitation(name).await;
            let mut browser = app.browser();
            browser.open_link(&secret).await;
            let proof = proof_of(&mut browser).await;
            let user = app.user(name).await;
            if is_disabled {
                users::disable(&app.core, &machine, &user).await.unwrap();
            } else {
                app.password_link(name).await;
            }
            let fields = [("proof", proof.as_str()), ("new_password", NEW)];
            assert_redirect(&browser.post_form(USE, &fields).await, PAGE);
            let page = browser.get(PAGE).await;
            assert_page(&page, "This link is incomplete, has expired or was already used.");
            assert!(!page.names(name) && browser.session().is_none());
            assert!(!app.user(name).await.has_password);
        }
    }

    async fn a_weak_password_keeps_the_link_open(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let secret = app.invitation("grace").await;
        let mut browser = app.browser();
        browser.open_link(&secret).await;
        for (password, words) in [("short", "at least 15 characters"), ("passwordpassword", "too common"), ("gracegracegracegrace", "must not be the username")] {
            assert_redirect(&choose(&mut browser, password).await, PAGE);
            let page = browser.get(PAGE).await;
            assert_page(&page, "Welcome, grace of Example");
            assert_contains(&page, words);
            assert!(page.text().contains("href=\"#new_password\""), "{words}");
        }
        assert_redirect(&choose(&mut browser, NEW).await, COOKIE_CHECK);
    }

    /// The password is set; the session whose token nobody has ends.
    async fn an_invitation_whose_client_has_gone_leaves_no_session(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let secret = app.invitation("grace").await;
        let mut browser = app.browser();
        browser.open_link(&secret).await;
        let proof = proof_of(&mut browser).await;
        let fields = [("proof", proof.as_str()), ("new_password", NEW)];
        browser.post_and_close(USE, &fields, Closing::Fin).await;
        for _ in 0..300 {
            if app.endings().await == [Some(EndReason::SignedOut)] {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(app.endings().await, [Some(EndReason::SignedOut)]);
        assert_eq!(app.fetch_login("grace", NEW).await.status, 200);
    }

    async fn signing_out_leads_to_paths_of_this_site_only(database: TestDatabase) {
        let app = TestApp::new(database).await;
        for next in ["", "https://evil.example/", "//evil.example", "/login", "/api/logout", "/a\r\nb"] {
            let mut browser = app.signed_in("ada").await;
            assert_redirect(&browser.post_form("/api/logout", &[("next", next)]).await, "/signed-out");
            assert_eq!(browser.session(), None);
        }
    }
}
