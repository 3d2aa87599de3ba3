//! The pages of administrators, and `/password-link`, the target of their links.

use crate::{
    app::{COOKIE_CHECK, TestApp, assert_contains, assert_page, assert_redirect, visible_text},
    on_both_engines,
    password_links::choose,
    support::{
        PASSWORD,
        http::{Answer, Browser},
    },
};
use std::time::Duration;
use vestibule::{
    domain::{audit::Event, password_link::LinkPurpose, user::UserId},
    server::{
        core::{accounts::users, actor, background::filling},
        store::{self, audit::Filter},
    },
};

const NEW: &str = "a new password, long enough";
const USERS: &str = "/admin/users";
const INVITE: &str = "/admin/users/invite";

/// With `ada`, a signed-in administrator, and `eve`, a member.
async fn administered(database: crate::support::database::TestDatabase) -> (TestApp, Browser) {
    let app = TestApp::new(database).await;
    app.create_user("eve").await;
    let ada = app.user("ada").await;
    users::promote(&app.core, &actor::on_this_machine(), &ada)
        .await
        .unwrap();
    let browser = app.signed_in("ada").await;
    (app, browser)
}

async fn page_of(app: &TestApp, name: &str) -> String {
    format!("/admin/users/{}", app.user(name).await.id)
}

/// Presses a button of an account's page, without the script.
async fn press(browser: &mut Browser, id: &UserId, change: &str) -> Answer {
    let fields = [("id", id.0.as_str()), ("change", change)];
    browser.post_form("/api/change_user", &fields).await
}

/// The field with this id, as in the page.
fn input_html(page: &Answer, id: &str) -> String {
    let html = page.text();
    let mut inputs = html
        .split("<input")
        .skip(1)
        .filter_map(|rest| rest.split('>').next());
    let found = inputs.find(|input| input.contains(&format!(" id=\"{id}\"")));
    found.unwrap_or_default().to_owned()
}

/// The secret that a page shows.
fn secret_on(page: &Answer) -> Option<String> {
    let text = visible_text(page);
    let (_, rest) = text.split_once("/password-link#")?;
    rest.split_whitespace().next().map(str::to_owned)
}

async fn events(app: &TestApp) -> Vec<Event> {
    let listed = store::audit::list(&app.core.db, &Filter::default(), None, 100).await;
    listed
        .unwrap()
        .into_iter()
        .map(|one| one.entry.event)
        .collect()
}

/// Each function for administrators, with a valid form.
fn functions(id: &UserId) -> [(&'static str, Vec<(&'static str, String)>); 5] {
    let id = || ("id", id.0.clone());
    [
        ("/api/invite_user", vec![("username", "mallory".to_owned())]),
        (
            "/api/edit_user",
            vec![id(), ("username", "mallory".to_owned())],
        ),
        (
            "/api/change_user",
            vec![id(), ("change", "promote".to_owned())],
        ),
        (
            "/api/end_user_session",
            vec![id(), ("session", "1".to_owned())],
        ),
        ("/api/delete_user", vec![id(), ("name", "ada".to_owned())]),
    ]
}

async fn post(browser: &mut Browser, path: &str, fields: &[(&'static str, String)]) -> Answer {
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    browser.post_form(path, &fields).await
}

on_both_engines! {
    /// Members get 404 for these pages and functions; anonymous visitors are sent to the sign-in.
    async fn only_administrators_get_in(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        let mut eve = app.signed_in("eve").await;
        let pages = [USERS.to_owned(), INVITE.to_owned(), "/admin/activity".to_owned(), page_of(&app, "eve").await];
        for page in &pages {
            assert_eq!(ada.get(page).await.status, 200, "{page}");
            let (mine, unknown) = (eve.get(page).await, eve.get("/nowhere").await);
            assert_eq!((mine.status, mine.text_without_nonce()), (404, unknown.text_without_nonce()), "{page}");
            assert_redirect(&app.browser().get(page).await, &format!("/login?next={page}"));
        }
        let before = app.rows().await;
        for (path, fields) in functions(&app.user("ada").await.id) {
            assert_eq!(post(&mut eve, path, &fields).await.status, 404, "{path}");
            assert_eq!(post(&mut app.browser(), path, &fields).await.status, 401, "{path}");
        }
        assert_eq!(app.rows().await, before);
        assert_eq!(ada.get("/admin/users/nobody").await.status, 404);
        assert_eq!(ada.get("/admin/users/%00").await.status, 404);
        // At once, with the same cookie.
        users::promote(&app.core, &actor::on_this_machine(), &app.user("eve").await).await.unwrap();
        assert_eq!(eve.get(USERS).await.status, 200);
        users::demote(&app.core, &actor::on_this_machine(), &app.user("eve").await).await.unwrap();
        assert_eq!(eve.get(USERS).await.status, 404);
    }

    /// From the form of the administrator to the first session, all without the script.
    async fn somebody_is_invited_and_is_signed_in(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        let input = [("username", "grace"), ("email", "g.hopper@example.org"), ("display_name", "Grace H."), ("is_admin", "on")];
        assert_redirect(&ada.post_form("/api/invite_user", &input).await, INVITE);
        let page = ada.get(INVITE).await;
        assert_contains(&page, "Invitation link for grace");
        assert_contains(&page, "Copy this link now. It is shown once, works once, until 24 September 2026, 14:13 UTC");
        let secret = secret_on(&page).expect("a link");
        assert_eq!(secret_on(&ada.get(INVITE).await), None, "it is shown once");
        assert_contains(&ada.get("/admin/users?search=hopper").await, "Grace H. Administrator Invited grace g.hopper@example.org Never 21 Sep 2026");
        assert_contains(&ada.get(&page_of(&app, "grace").await).await, "Invitation link Valid until 24 September 2026");

        let mut grace = app.browser();
        let page = grace.get("/password-link").await;
        assert_page(&page, "Paste the whole link: the address of this page, or the text that you were sent.");
        assert!(input_html(&page, "secret").contains("autocomplete=\"one-time-code\""), "{}", page.text());
        assert!(!page.text().contains("autocomplete=\"username\""), "its owner is not known yet");
        assert_redirect(&grace.open_link("0").await, "/password-link");
        assert!(!grace.get("/password-link").await.text().contains("autocomplete=\"username\""));
        assert_redirect(&grace.open_link(&secret).await, "/password-link?cookie-check");
        let page = grace.get("/password-link?cookie-check").await;
        assert_page(&page, "Welcome, Grace H. Choose a password. You will sign in as grace or g.hopper@example.org.");
        let username = input_html(&page, "username");
        for part in ["value=\"grace\"", "autocomplete=\"username\"", "hidden", "readonly"] {
            assert!(username.contains(part), "password managers know whose password it is: {username}");
        }
        assert!(!username.contains("name="), "and it is not sent: {username}");
        let fields = [("secret", secret.as_str()), ("new_password", NEW)];
        assert_redirect(&choose(&mut grace, NEW).await, COOKIE_CHECK);
        let page = grace.follow(COOKIE_CHECK).await;
        assert_contains(&page, "Your account is ready Next time you sign in as grace or g.hopper@example.org");
        assert_eq!(grace.fetch_form("/api/use_password_link", &fields).await.status, 422);
        let log = ada.get("/admin/activity?user=grace").await;
        for words in ["ada invited grace .", "ada created the account of grace .", "grace accepted the invitation.", "grace signed in with an invitation."] {
            assert_contains(&log, words);
        }
        assert!(!log.text().contains(&secret));
    }

    /// The input is kept for the confirmation, and for nothing after that.
    async fn an_invitation_that_was_sent_is_not_offered_again(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        let input = [("username", "grace"), ("display_name", "Grace H.")];
        let is_offered = |page: &Answer| input_html(page, "username").contains("value=\"grace\"");
        let confirm = [("password", PASSWORD), ("next", INVITE)];

        // It is shown once, and sent from there.
        app.set_clock(Duration::from_secs(10 * 60));
        assert_redirect(&ada.post_form("/api/invite_user", &input).await, "/account/confirm?next=/admin/users/invite");
        assert_redirect(&ada.post_form("/api/confirm_password", &confirm).await, INVITE);
        let page = ada.get(INVITE).await;
        assert_contains(&page, "No link was created yet. Press “Create invitation link” again.");
        assert!(is_offered(&page));
        assert_redirect(&ada.post_form("/api/invite_user", &input).await, INVITE);
        assert_contains(&ada.get(INVITE).await, "Invitation link for grace");
        for _ in 0..2 {
            let page = ada.get(INVITE).await;
            assert!(!is_offered(&page) && !visible_text(&page).contains("Nothing was sent"));
        }

        // Another tab sends it before it was shown.
        let input = [("username", "grace2"), ("display_name", "Grace H.")];
        let is_offered = |page: &Answer| input_html(page, "username").contains("value=\"grace2\"");
        app.set_clock(Duration::from_secs(20 * 60));
        assert_redirect(&ada.post_form("/api/invite_user", &input).await, "/account/confirm?next=/admin/users/invite");
        assert_redirect(&ada.post_form("/api/confirm_password", &confirm).await, INVITE);
        assert_redirect(&ada.post_form("/api/invite_user", &input).await, INVITE);
        for _ in 0..2 {
            assert!(!is_offered(&ada.get(INVITE).await));
        }
    }

    async fn mistakes_in_an_invitation_are_reported(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        let (name, address) = (&["username"][..], &["email"][..]);
        for (username, email, fields, words) in [
            ("EVE", "", name, "This username belongs to another account, or once did."),
            ("mallory", "ADA@example.org", address, "This email address belongs to another account."),
            ("EVE", "ADA@example.org", &["username", "email"], "or once did. This email address belongs to another account."),
            ("a b", "", name, "A username has letters and digits"),
            ("mal\u{200b}lory", "", name, "The username has an invisible character"),
            ("mallory", "mal\u{ad}lory@example.org", address, "The email address has an invisible character"),
            ("mallory", "nowhere", address, "Enter an email address"),
        ] {
            let input = [("username", username), ("email", email), ("is_admin", "on")];
            assert_redirect(&ada.post_form("/api/invite_user", &input).await, INVITE);
            let page = ada.get(INVITE).await;
            assert_contains(&page, words);
            assert!(page.text().contains(&format!("value=\"{username}\"")) && page.text().contains("checked"), "{username}");
            for field in ["username", "email"] {
                assert_eq!(input_html(&page, field).contains("aria-invalid"), fields.contains(&field), "{words} {field}");
            }
        }
        assert!(!events(&app).await.contains(&Event::LinkMade(LinkPurpose::Invitation)));
    }

    /// Each button, without the script.
    async fn an_account_is_changed_on_its_page(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        let (mut eve, user) = (app.signed_in("eve").await, app.user("eve").await);
        let page = page_of(&app, "eve").await;
        assert_contains(&ada.get(&page).await, "Signed in on 1 device");
        for (change, words) in [
            ("promote", "eve of Example is now an administrator."),
            ("demote", "eve of Example is no longer an administrator."),
            ("end_sessions", "1 device was signed out."),
            ("disable", "eve of Example is disabled. No device was signed in."),
            ("enable", "eve of Example can sign in again."),
        ] {
            assert_redirect(&press(&mut ada, &user.id, change).await, &page);
            assert_page(&ada.get(&page).await, words);
        }
        assert_redirect(&eve.get("/dashboard").await, "/login");
        assert_contains(&eve.get("/login").await, "An administrator signed you out");
        assert_contains(&ada.get(&page).await, "Not signed in on any device");

        assert_redirect(&press(&mut ada, &user.id, "make_link").await, &page);
        let secret = secret_on(&ada.get(&page).await).expect("a link");
        assert_eq!(eve.fetch_login("eve", PASSWORD).await.status, 200, "the old password is good until then");
        let fields = [("secret", secret.as_str()), ("new_password", NEW)];
        assert_eq!(app.browser().fetch_form("/api/use_password_link", &fields).await.status, 200);
        assert_redirect(&eve.get("/dashboard").await, "/login");
        assert_contains(&eve.get("/login").await, "your password was changed");
        press(&mut ada, &user.id, "disable").await;
        assert_redirect(&press(&mut ada, &user.id, "make_link").await, &page);
        assert_contains(&ada.get(&page).await, "The account is disabled. Enable it first.");
        assert_eq!(press(&mut ada, &user.id, "fly").await.status, 400);
        assert_eq!(press(&mut ada, &UserId("nobody".to_owned()), "enable").await.status, 404);
    }

    /// The names are changed in one form. The old username stays reserved, and the new one signs in at once.
    async fn an_account_is_edited_on_its_page(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        let (eve, page) = (app.user("eve").await, page_of(&app, "eve").await);
        let form = |username: &'static str, email: &'static str| {
            [("id", eve.id.0.clone()), ("username", username.to_owned()), ("display_name", "Eve M.".to_owned()), ("email", email.to_owned())]
        };
        for (username, email, words) in [
            ("ADA", "", "This username belongs to another account, or once did."),
            ("a b", "", "A username has letters and digits"),
            ("eve", "nowhere", "Enter an email address"),
        ] {
            assert_redirect(&post(&mut ada, "/api/edit_user", &form(username, email)).await, &page);
            let of_another = ada.clone().get(&page_of(&app, "ada").await).await;
            assert!(!of_another.text().contains("Error: ") && !of_another.text().contains(words), "{username}");
            let refused = ada.get(&page).await;
            assert_contains(&refused, words);
            assert!(refused.text().contains(&format!("value=\"{username}\"")) && refused.text().contains("Error: "), "{username}");
            assert!(!ada.get(&page).await.text().contains("Error: "), "the message is shown once");
        }
        assert_eq!(app.user("eve").await, eve);

        let form = form("Eve.Mallory", "eve@example.org");
        assert_redirect(&post(&mut ada, "/api/edit_user", &form).await, &page);
        let saved = ada.get(&page).await;
        for words in [
            "Saved.",
            "Earlier usernames, reserved to this account: eve",
            "ada changed the username eve to Eve.Mallory .",
            "ada changed the full name or email of Eve.Mallory .",
        ] {
            assert_contains(&saved, words);
        }
        assert!(saved.text().contains("<title>Eve M."), "the person is in the title");
        let mut browser = app.browser();
        assert_eq!(browser.fetch_login("eve", PASSWORD).await.status, 401);
        assert_eq!(browser.fetch_login("eve.mallory", PASSWORD).await.status, 200);
        assert_contains(&browser.get("/account/activity").await, "An administrator changed your username");
        // A form that does not say what it was shown with has every field.
        let form = [("id", eve.id.0.as_str()), ("username", "Eve.Mallory"), ("email", "")];
        assert_redirect(&ada.post_form("/api/edit_user", &form).await, &page);
        assert_eq!(app.user("eve.mallory").await.email, None);
        let input = [("username", "eve")];
        assert_redirect(&ada.post_form("/api/invite_user", &input).await, INVITE);
        assert_contains(&ada.get(INVITE).await, "This username belongs to another account, or once did.");
    }

    /// Its owner may have changed a field since the page was shown. After a refusal, too, only what was changed is kept.
    async fn a_field_that_is_left_alone_is_not_written(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        let (eve, page) = (app.user("eve").await, page_of(&app, "eve").await);
        let text = ada.get(&page).await.text();
        for (name, value) in [("shown_username", "eve"), ("shown_display_name", "eve of Example"), ("shown_email", "eve@example.org")] {
            assert!(text.contains(&format!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\"")), "{name} {text}");
        }
        let own = [("display_name", "Eve M."), ("email", "mallory@example.org"), ("description", "")];
        assert_eq!(app.signed_in("eve").await.post_form("/api/update_profile", &own).await.status, 303);
        let form = |username: &'static str| [
            ("id", eve.id.0.clone()),
            ("username", username.to_owned()), ("shown_username", "eve".to_owned()),
            ("display_name", "eve of Example".to_owned()), ("shown_display_name", "eve of Example".to_owned()),
            ("email", "eve@example.org".to_owned()), ("shown_email", "eve@example.org".to_owned()),
        ];
        assert_redirect(&post(&mut ada, "/api/edit_user", &form("a b")).await, &page);
        let refused = ada.get(&page).await.text();
        for value in ["a b", "Eve M.", "mallory@example.org"] {
            assert!(refused.contains(&format!("value=\"{value}\"")), "{value} {refused}");
        }
        assert_redirect(&post(&mut ada, "/api/edit_user", &form("mallory")).await, &page);
        let saved = app.user("mallory").await;
        assert_eq!((saved.display_name.as_str(), saved.email.as_deref()), ("Eve M.", Some("mallory@example.org")));
        let log = ada.get(&page).await;
        assert_contains(&log, "ada changed the username eve to mallory .");
        assert!(!visible_text(&log).contains("changed the full name or email"));
    }

    /// The names that were typed come back after the confirmation, on the page of their account alone. Other pages that
    /// keep input leave them for it.
    async fn names_that_were_not_saved_yet_are_kept(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        let (eve, page) = (app.user("eve").await, page_of(&app, "eve").await);
        let (own, next) = (page_of(&app, "ada").await, [("password", PASSWORD), ("next", page.as_str())]);
        let form = [("id", eve.id.0.clone()), ("username", "mallory".to_owned()), ("display_name", String::new()), ("email", String::new())];
        let is_offered = |page: &Answer| page.text().contains("value=\"mallory\"");
        let others = [own.as_str(), INVITE, "/account/profile", "/account/keys"];
        for (at, before) in [&[][..], &others].into_iter().enumerate() {
            app.set_clock(Duration::from_secs(10 * 60 * (at as u64 + 1)));
            let confirm = format!("/account/confirm?next={page}");
            assert_redirect(&post(&mut ada, "/api/edit_user", &form).await, &confirm);
            assert_redirect(&ada.post_form("/api/confirm_password", &next).await, &page);
            for other in before {
                assert!(!is_offered(&ada.get(other).await), "{other}");
            }
            let waiting = ada.get(&page).await;
            assert_contains(&waiting, "Nothing was saved yet. Press “Save” again.");
            assert!(is_offered(&waiting));
            assert!(!is_offered(&ada.get(&page).await));
        }
        assert_eq!(app.user("eve").await, eve);
    }

    /// A role, disabling and ending all sessions have a question that names the person, without the script too.
    async fn grave_changes_ask_first(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        app.signed_in("eve").await;
        let text = ada.get(&page_of(&app, "eve").await).await.text();
        for (change, button) in [
            ("promote", "Make <bdi>eve of Example</bdi> an administrator"),
            ("disable", "Disable <bdi>eve of Example</bdi>"),
            ("end_sessions", "Sign out <bdi>eve of Example</bdi> everywhere"),
        ] {
            let at = text.find(&format!("value=\"{change}\"")).expect(change);
            let before = &text[..at];
            assert!(before.rfind("<details") > before.rfind("</details"), "{change} is behind a question");
            let button = button.split("<bdi>").next().unwrap();
            assert!(text[at..].split("</button>").next().unwrap().contains(button), "{change}");
        }
        let at = text.find("name=\"session\"").expect("the form of her device");
        assert!(text[..at].rfind("<details") > text[..at].rfind("</details"), "a device is behind a question");
    }

    async fn one_session_of_an_account_is_ended_and_no_other(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        let (mut kept, mut ended) = (app.signed_in("eve").await, app.signed_in("eve").await);
        let sessions = app.sessions().await;
        let (eve, page) = (app.user("eve").await.id, page_of(&app, "eve").await);
        let own = sessions.iter().find(|one| one.user_id != eve).unwrap();
        for wrong in [own.id.0.as_str(), "nobody", "\0"] {
            let fields = [("id", eve.0.as_str()), ("session", wrong)];
            assert_eq!(ada.post_form("/api/end_user_session", &fields).await.status, 404, "{wrong}");
        }
        let fields = [("id", eve.0.as_str()), ("session", sessions[0].id.0.as_str())];
        assert_redirect(&ada.post_form("/api/end_user_session", &fields).await, &page);
        assert_page(&ada.get(&page).await, "1 device was signed out.");
        assert_redirect(&ended.get("/dashboard").await, "/login");
        assert_eq!(kept.get("/dashboard").await.status, 200);
    }

    async fn an_account_is_deleted_with_its_name(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        let mut eve = app.signed_in("eve").await;
        let (id, page) = (app.user("eve").await.id, page_of(&app, "eve").await);
        for wrong in ["", "ada", "eve2"] {
            let fields = [("id", id.0.as_str()), ("name", wrong)];
            assert_redirect(&ada.post_form("/api/delete_user", &fields).await, &page);
            assert_contains(&ada.get(&page).await, "That does not match the username. Nothing was deleted.");
        }
        assert_eq!(eve.get("/dashboard").await.status, 200);
        let fields = [("id", id.0.as_str()), ("name", " EVE ")];
        assert_redirect(&ada.post_form("/api/delete_user", &fields).await, USERS);
        assert_contains(&ada.get(USERS).await, "eve is deleted. 1 device was signed out.");
        assert_redirect(&eve.get("/dashboard").await, "/login");
        assert_eq!(ada.get(&page).await.status, 404);
    }

    async fn the_last_administrator_is_kept_with_a_reason(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        let (id, page) = (app.user("ada").await.id, page_of(&app, "ada").await);
        let own = visible_text(&ada.get(&page).await);
        assert!(own.contains("This is your own account") && !own.contains("Danger zone") && own.contains("This device"), "{own}");
        for change in ["demote", "disable"] {
            assert_redirect(&press(&mut ada, &id, change).await, &page);
            assert_contains(&ada.get(&page).await, "This is the last administrator");
        }
        let fields = [("id", id.0.as_str()), ("name", "ada")];
        assert_redirect(&ada.post_form("/api/delete_user", &fields).await, &page);
        assert_contains(&ada.get(&page).await, "This is the last administrator");
    }

    /// Showing or ending the sessions of others requires a recently confirmed password.
    async fn the_password_is_asked_for_after_a_while(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        let eve = app.user("eve").await;
        let (page, before) = (page_of(&app, "eve").await, app.rows().await);
        app.set_clock(Duration::from_secs(10 * 60));
        assert_eq!(ada.get(USERS).await.status, 200);
        for private in [page.as_str(), "/admin/activity"] {
            assert_redirect(&ada.get(private).await, &format!("/account/confirm?next={private}"));
        }
        for (path, fields) in functions(&eve.id) {
            let answer = post(&mut ada, path, &fields).await;
            assert!(answer.status == 303 && answer.location().starts_with("/account/confirm?next=/admin/users"), "{path}");
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            assert_eq!(ada.fetch_form(path, &fields).await.status, 403, "{path}");
        }
        let strip = |rows: String| rows.lines().filter(|row| !row.contains("127.0.0.1")).collect::<Vec<_>>().join("\n");
        assert_eq!(strip(app.rows().await), strip(before), "nothing but the sessions' own times");
        let input = [("username", "grace"), ("display_name", "Grace H.")];
        assert_redirect(&ada.post_form("/api/invite_user", &input).await, "/account/confirm?next=/admin/users/invite");
        let fields = [("password", PASSWORD), ("next", INVITE)];
        assert_redirect(&ada.post_form("/api/confirm_password", &fields).await, INVITE);
        let waiting = ada.get(INVITE).await;
        assert!(waiting.text().contains("value=\"grace\"") && waiting.text().contains("value=\"Grace H.\""));
        assert_eq!(ada.get(&page).await.status, 200);
        assert_redirect(&press(&mut ada, &eve.id, "disable").await, &page);
    }

    async fn accounts_are_searched_and_paged(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        for number in 0..60 {
            let sql = format!(
                "INSERT INTO users (id, username, username_key, display_name, display_name_key, description, is_admin, \
                 password_hash, created_at) VALUES ('u{number:02}', 'user{number:02}', 'user{number:02}', \
                 'Ümit <{number:02}>', 'ümit <{number:02}>', '', FALSE, 'x', 0)"
            );
            match &app.core.db.writer {
                vestibule::server::db::Pool::Sqlite(pool) => drop(sqlx::query(sqlx::AssertSqlSafe(sql)).execute(pool).await.unwrap()),
                vestibule::server::db::Pool::Postgres(link) => drop(sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&**link).await.unwrap()),
            }
        }
        filling::fill(&app.core).await.unwrap();
        let number = |page: &Answer| page.text().matches("href=\"/admin/users/u").count();
        for search in ["user", "%C3%9CMIT", "user+%C3%BC", "user&filter=never_signed_in"] {
            let first = ada.get(&format!("/admin/users?search={search}")).await;
            assert_eq!(number(&first), 50, "{search}");
            assert_contains(&first, "Ümit &lt;07&gt;");
            let html = first.text();
            let (_, rest) = html.split_once("<a href=\"/admin/users?search=").expect("a next page");
            let next = format!("/admin/users?search={}", rest.split('"').next().unwrap().replace("&amp;", "&"));
            let second = ada.get(&next).await;
            assert_eq!(number(&second), 10, "{next}");
            assert_contains(&second, "First page");
            assert!(!visible_text(&second).contains("Next page"));
        }
        let (page, words) = (ada.get("/admin/users?search=%3Cnobody").await, "No account matches “<nobody”. Show all users");
        assert!(visible_text(&page).contains("No account matches") && page.text().contains("&lt;nobody"), "{words}");
        assert_page(&ada.get("/admin/users?filter=disabled").await, "No account with the filter “Disabled”. Show all users");
        for query in ["search=%00", "after=%00&id=%00", "after=a", "search=%ff", "id=1", "after=zzz&id=zzz", "filter=fly", "filter=%00&search=a+b+c+d+e"] {
            assert_eq!(ada.get(&format!("/admin/users?{query}")).await.status, 200, "{query}");
        }
    }

    async fn the_audit_log_is_narrowed_and_paged(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        let eve = app.user("eve").await;
        for _ in 0..30 {
            press(&mut ada, &eve.id, "disable").await;
            press(&mut ada, &eve.id, "enable").await;
        }
        let number = |page: &Answer| page.text().matches("class=\"event\"").count();
        let first = ada.get("/admin/activity?user=EVE").await;
        assert_eq!(number(&first), 50);
        let html = first.text();
        let (_, rest) = html.split_once("<a href=\"/admin/activity?user=EVE&amp;before=").expect("older entries");
        let older = format!("/admin/activity?user=EVE&before={}", rest.split('"').next().unwrap().replace("&amp;", "&"));
        assert_eq!(number(&ada.get(&older).await), 11, "with its making");
        assert_eq!(number(&ada.get("/admin/activity?user=eve&event=user_disabled").await), 30);
        assert_eq!(number(&ada.get("/admin/activity?event=user_promoted").await), 1);
        assert_page(&ada.get("/admin/activity?user=nobody").await, "No entries match. Clear the filters .");
        for query in ["user=%00", "event=%00", "event=fly", "before=x&id=1", "before=1&id=%00", "before=99999999999999999999&id=", "since=%00&until=9999-12-31", "since=2026-02-30"] {
            assert_eq!(ada.get(&format!("/admin/activity?{query}")).await.status, 200, "{query}");
        }
    }

    /// A name leads to its account, until it is deleted. Times have seconds.
    async fn entries_of_the_audit_log_lead_to_their_accounts(database: TestDatabase) {
        let (app, mut ada) = administered(database).await;
        let eve = app.user("eve").await;
        let link = format!("<a href=\"/admin/users/{}\"><bdi>eve</bdi></a>", eve.id);
        let page = ada.get("/admin/activity").await;
        assert!(page.text().contains(&link), "{}", page.text());
        assert_contains(&page, "21 September 2026, 14:13:20 UTC");
        assert!(page.text().contains("<optgroup label=\"Sign-in\">"), "{}", page.text());
        let fields = [("id", eve.id.0.as_str()), ("name", "eve")];
        assert_eq!(ada.post_form("/api/delete_user", &fields).await.status, 303);
        let page = ada.get("/admin/activity").await.text();
        assert!(!page.contains(&link) && page.contains("<bdi>eve</bdi>"), "{page}");
    }

    /// Both days are included, in UTC. The tests begin on 21 September 2026 at 14:13:20.
    async fn the_audit_log_is_narrowed_to_days(database: TestDatabase) {
        const DAY: Duration = Duration::from_secs(86_400);
        let (app, _) = administered(database).await;
        app.set_clock(DAY);
        app.post_login("eve", "a wrong password").await;
        app.set_clock(2 * DAY);
        let mut ada = app.signed_in("ada").await;
        let first = "A command created the account of eve .";
        let second = "A sign-in as eve was refused: the password was wrong.";
        let third = "ada signed in.";
        let log = "/admin/activity";
        for (query, here, not_here) in [
            ("?since=2026-09-22", vec![second, third], vec![first]),
            ("?until=2026-09-22", vec![first, second], vec![]),
            ("?since=2026-09-22&until=2026-09-22", vec![second], vec![first, third]),
            ("?since=2026-09-24", vec![], vec![first, second, third]),
            ("?since=x&until=x", vec![first, second, third], vec![]),
            ("?user=eve&until=2026-09-21", vec![first], vec![second, third]),
        ] {
            let page = ada.get(&format!("{log}{query}")).await;
            for words in here {
                assert_page(&page, words);
            }
            for words in not_here {
                assert!(!visible_text(&page).contains(words), "{query}: {words}");
            }
        }
        // The last hour of 22 September in UTC is in the next day in Berlin.
        app.set_clock(DAY + Duration::from_secs(9 * 3_600));
        app.post_login("eve", "another wrong password").await;
        app.set_clock(2 * DAY);
        for (query, is_here) in [
            ("?since=2026-09-23&event=sign_in_refused", false),
            ("?since=2026-09-23&zone=Europe/Berlin&event=sign_in_refused", true),
            ("?since=2026-09-23&zone=Nowhere/At_All&event=sign_in_refused", false),
        ] {
            let page = ada.get(&format!("{log}{query}")).await;
            assert_eq!(visible_text(&page).contains(second), is_here, "{query}");
            let file = ada.get(&format!("/admin/activity.csv{query}")).await;
            assert_eq!(file.text().contains("wrong_password"), is_here, "{query}");
        }
        let page = ada.get("/admin/activity?since=2026-09-22&zone=Europe%2FBerlin").await;
        assert_contains(&page, "First day (Europe/Berlin)");
        assert!(page.text().contains("/admin/activity.csv?since=2026-09-22&amp;zone=Europe%2FBerlin"), "{}", page.text());
        let page = ada.get("/admin/activity?since=2026-09-22&event=sign_in_refused").await.text();
        assert!(page.contains("value=\"2026-09-22\"") && page.contains("selected>Refused sign-ins"), "the input stays");
    }

    /// Every dead link gets one answer, which does not reveal its owner.
    async fn a_link_that_is_not_right_is_refused(database: TestDatabase) {
        let (app, _) = administered(database).await;
        let mut browser = app.browser();
        for secret in ["-", "00000-00000-00000-00000-00000-00000", "https://x.example/password-link#", "\0", &"0".repeat(9_000)] {
            let fields = [("secret", secret), ("new_password", NEW)];
            let answer = browser.fetch_form("/api/use_password_link", &fields).await;
            assert_eq!((answer.status, answer.text().as_str()), (422, r#"{"refused":["link"]}"#), "{secret:.20}");
        }
        let fields = [("secret", "00000"), ("new_password", NEW)];
        for _ in 0..5 {
            browser.fetch_form("/api/use_password_link", &fields).await;
        }
        assert_eq!(browser.fetch_form("/api/use_password_link", &fields).await.status, 429);
        assert_eq!(browser.get("/api/use_password_link").await.status, 405);
    }
}
