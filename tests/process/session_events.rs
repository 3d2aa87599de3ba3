//! Notifications of open pages: ends by the command line, and the stop of the server.

use crate::{
    on_both_engines,
    program::{Home, Server, free_port},
    support::http::{Browser, Events},
};
use std::time::Duration;

/// The time limit of a notification, with a margin for a busy machine.
const NOTICE_TIMEOUT: Duration = Duration::from_secs(5);

const EVENTS: &str = "path=\"/session/events\"";

/// A page that has received the first event of its live session, and the session's name in it.
async fn page(browser: &Browser) -> (Events, String) {
    let mut events = browser.watch().await;
    let event = events.lives().await;
    (events, event["session"].as_str().unwrap().to_owned())
}

async fn end_of(events: &mut Events) -> String {
    let reason = tokio::time::timeout(NOTICE_TIMEOUT, events.ended()).await;
    let reason = reason.expect("notified in time");
    reason.as_str().expect("a reason").to_owned()
}

/// A home whose server has the same port after each start.
fn on_one_port(home: Home) -> Home {
    let address = format!("127.0.0.1:{}", free_port());
    home.with("LEPTOS_SITE_ADDR", &address)
}

on_both_engines! {
    async fn ends_by_the_command_line_reach_open_pages(database: TestDatabase) {
        let home = Home::new(database);
        home.create_user("ada");
        home.create_user("eve");
        let server = home.serve();
        let (mut eve, _) = page(&server.signed_in("eve").await).await;
        let (mut one, name) = page(&server.signed_in("ada").await).await;
        let list = home.run(&["session", "list", "--user", "ada", "--json"]).succeeds().json();
        let id = list[0]["id"].as_str().unwrap();
        assert!(id.ends_with(&name), "{id} is called {name}");
        home.run(&["session", "end", id]).succeeds();
        assert_eq!(end_of(&mut one).await, "ended_by_admin");

        let commands: [(&[&str], &str); 3] = [
            (&["session", "end", "--user", "ada"], "ended_by_admin"),
            (&["user", "disable", "ada"], "ended_by_admin"),
            (&["user", "set-password", "ada", "--password-stdin"], "password_changed"),
        ];
        for (command, reason) in commands {
            home.run(&["user", "enable", "ada"]).succeeds();
            let browser = server.signed_in("ada").await;
            let mut pages = [page(&browser).await.0, page(&browser).await.0];
            home.run_with_input(command, "another horse battery staple\n").succeeds();
            for page in &mut pages {
                assert_eq!(end_of(page).await, reason, "{command:?}");
            }
        }

        let nothing = tokio::time::timeout(Duration::from_millis(500), eve.next()).await;
        assert!(nothing.is_err(), "nothing happened to others: {nothing:?}");
        let log = server.stop();
        let lines = log.lines().filter(|line| line.contains(EVENTS)).count();
        assert_eq!(lines, 8, "one line a stream:\n{log}");
    }

    async fn after_a_crash_a_page_comes_back_and_is_refused_if_it_ended_meanwhile(database: TestDatabase) {
        let home = on_one_port(Home::new(database));
        home.create_user("ada");
        let server = home.serve();
        let (ended_one, live_one) = (server.signed_in("ada").await, server.signed_in("ada").await);
        let (mut page_of_ended, name) = page(&ended_one).await;
        server.kill();
        assert_eq!((page_of_ended.next().await, page_of_ended.broke_off), (None, true));
        let list = home.run(&["session", "list", "--json"]).succeeds().json();
        let mut ids = list.iter().filter_map(|row| row["id"].as_str());
        let id = ids.find(|id| id.ends_with(&name)).unwrap();
        home.run(&["session", "end", id]).succeeds();
        let server = home.serve();
        assert_eq!(ended_one.watch().await.answer.status, 401);
        let (mut page, _) = page(&live_one).await;
        home.run(&["session", "end", "--user", "ada"]).succeeds();
        assert_eq!(end_of(&mut page).await, "ended_by_admin");
        drop(server);
    }

    /// Two servers on one database.
    async fn ends_on_one_server_are_notified_by_the_other(database: TestDatabase) {
        let home = Home::new(database);
        home.create_user("ada");
        let servers: [Server; 2] = [home.serve(), home.serve()];
        let mut browser = servers[0].signed_in("ada").await;
        let mut elsewhere = servers[1].browser();
        let cookie = browser.session().unwrap().to_owned();
        elsewhere.set_cookie(crate::support::http::SESSION_COOKIE, &cookie);
        let (mut events, _) = page(&elsewhere).await;
        assert_eq!(browser.post_logout().await.status, 303);
        assert_eq!(end_of(&mut events).await, "signed_out");
    }
}

#[tokio::test]
async fn open_pages_do_not_hold_the_server_up() {
    for ask in [Server::terminate, Server::interrupt] {
        let home = Home::on_sqlite()
            .await
            .with("VESTIBULE_HTTP__SHUTDOWN_TIMEOUT", "25s");
        home.create_user("ada");
        let server = home.serve();
        let browser = server.signed_in("ada").await;
        let mut pages = [page(&browser).await.0, page(&browser).await.0];
        ask(&server);
        for page in &mut pages {
            let event = tokio::time::timeout(NOTICE_TIMEOUT, page.next()).await;
            assert_eq!((event.expect("over soon"), page.broke_off), (None, false));
        }
        let (status, log) = server.ended();
        assert!(status.success(), "{log}");
        assert!(!log.contains("did not finish in time"), "{log}");
    }
}
