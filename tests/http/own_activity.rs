//! `/account/activity`: the events of an account, for its owner.

use crate::{
    app::{TestApp, WRONG, assert_contains, assert_page, assert_redirect, visible_text},
    on_both_engines,
    support::{PASSWORD, http::Browser},
};
use std::time::Duration;
use vestibule::server::core::{actor, sessions};

const PAGE: &str = "/account/activity";

async fn text(browser: &mut Browser, path: &str) -> String {
    visible_text(&browser.get(path).await)
}

/// The link to older events, as in the page.
fn older(html: &str) -> Option<String> {
    let link = html.split("rel=\"next\"").next()?;
    let link = link.rsplit_once("href=\"")?.1;
    let path = link.split('"').next()?;
    html.contains("rel=\"next\"")
        .then(|| path.replace("&amp;", "&"))
}

on_both_engines! {
    async fn people_see_their_own_activity(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        app.signed_in("eve").await;
        app.fetch_login("ada", WRONG).await;
        app.set_clock(Duration::from_secs(60));
        let mut signed_out = app.signed_in("ada").await;
        signed_out.post_logout().await;
        app.set_clock(Duration::from_secs(120));
        let mut ada = app.signed_in("ada").await;
        let page = ada.get(PAGE).await;
        assert_page(&page, "Your activity");
        assert_contains(&page, "You signed in. 21 September 2026, 14:15 UTC");
        assert_contains(&page, "A session ended: you signed out.");
        assert_contains(&page, "A sign-in was refused: the password was wrong. 21 September 2026, 14:13 UTC");
        let text = visible_text(&page);
        let at = |words: &str| text.find(words).unwrap();
        assert!(at("14:15") < at("you signed out") && at("you signed out") < at("was refused"), "{text}");
        assert_eq!(text.matches("You signed in").count(), 2, "eve's is not among them: {text}");
    }

    async fn it_is_filtered_by_kind_of_event(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.fetch_login("ada", WRONG).await;
        let mut ada = app.signed_in("ada").await;
        let refused = text(&mut ada, "/account/activity?event=sign_in_refused").await;
        assert!(refused.contains("A sign-in was refused") && !refused.contains("You signed in."), "{refused}");
        let none = text(&mut ada, "/account/activity?event=password_changed").await;
        assert!(none.contains("No entries match. Clear the filters ."), "{none}");
        // An event of no own kind filters nothing.
        for query in ["user_deleted", "' OR 1=1 --", "%00"] {
            let all = text(&mut ada, &format!("/account/activity?event={query}").replace(' ', "%20")).await;
            assert!(all.contains("You signed in."), "{query}: {all}");
        }
    }

    async fn pages_join_without_gap_or_repetition(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut ada = app.signed_in("ada").await;
        for minute in 1..=60 {
            app.set_clock(Duration::from_secs(60 * minute));
            assert_eq!(ada.fetch_login("ada", PASSWORD).await.status, 200);
        }
        let (mut path, mut sign_ins, mut pages) = (PAGE.to_owned(), 0, 0);
        loop {
            let page = ada.get(&path).await;
            sign_ins += visible_text(&page).matches("You signed in.").count();
            pages += 1;
            match older(&page.text()) {
                Some(next) => path = next,
                None => break,
            }
        }
        // Each sign-in, and the session that it replaced.
        assert_eq!((sign_ins, pages), (61, 3));
        for query in ["before=x&id=1", "before=1", "before=99999999999999999999&id=x", "before=1&id=%00"] {
            assert_eq!(ada.get(&format!("{PAGE}?{query}")).await.status, 200, "{query}");
        }
    }

    /// The address of an administrator is not shown to others.
    async fn actions_of_an_administrator_are_shown_without_their_address(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut ada = app.signed_in("ada").await;
        let id = app.user("ada").await.id;
        sessions::end_all_as_admin(&app.core, &actor::on_this_machine(), &id).await.unwrap();
        assert_redirect(&ada.get(PAGE).await, "/login?next=/account/activity");
        let mut again = app.signed_in("ada").await;
        assert_contains(&again.get(PAGE).await, "A session ended: an administrator signed the device out.");
    }
}
