//! `/api/v1/sessions` and `/api/v1/logout`.

use super::{assert_problem, call, get};
use crate::{app::TestApp, on_both_engines, support::http::SESSION_COOKIE};
use std::time::Duration;
use vestibule::domain::session::EndReason;

const SESSIONS: &str = "/api/v1/sessions";
const LOGOUT: &str = "/api/v1/logout";

on_both_engines! {
    async fn own_sessions_are_listed_and_ended(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        let mut laptop = app.signed_in("ada").await;
        app.set_clock(Duration::from_secs(60));
        let mut phone = app.signed_in("ada").await;
        app.signed_in("eve").await;
        let list = get(&mut laptop, SESSIONS).await;
        let items = list["items"].as_array().unwrap();
        let current: Vec<_> = items.iter().map(|one| one["current"].as_bool().unwrap()).collect();
        assert_eq!(current, [false, true], "the last used first, and none of eve's: {list}");
        let id = items[0]["id"].as_str().unwrap();
        let target = format!("{SESSIONS}/{id}");
        let answer = laptop.send(call("DELETE", &target)).await;
        assert_eq!((answer.status, answer.body.len()), (204, 0));
        assert!(answer.header_all("set-cookie").is_empty(), "that of this browser stays");
        assert_problem(&phone.send(call("GET", SESSIONS)).await, 401, "not_signed_in");
        // It is ended, whoever ended it.
        assert_eq!(laptop.send(call("DELETE", &target)).await.status, 204);
        let list = get(&mut laptop, SESSIONS).await;
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        assert_eq!(app.endings().await, [None, Some(EndReason::EndedByOwner), None]);
    }

    async fn ending_the_current_session_signs_out(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut ada = app.signed_in("ada").await;
        let id = app.sessions().await[0].id.clone();
        let answer = ada.send(call("DELETE", &format!("{SESSIONS}/{id}"))).await;
        assert_eq!(answer.status, 204);
        assert_eq!(ada.session(), None, "the cookie is deleted");
        assert_eq!(app.endings().await, [Some(EndReason::SignedOut)]);
    }

    /// Sessions of others are as unknown as those that never were.
    async fn a_session_of_somebody_else_is_not_found(database: TestDatabase) {
        let app = TestApp::new(database).await;
        app.create_user("eve").await;
        app.signed_in("ada").await;
        let id = app.sessions().await[0].id.clone();
        let mut eve = app.signed_in("eve").await;
        let foreign = eve.send(call("DELETE", &format!("{SESSIONS}/{id}"))).await;
        let foreign = assert_problem(&foreign, 404, "not_found");
        for unknown in ["x", "%00", "%20", "..%2f", "é", &"x".repeat(2_000)] {
            let answer = eve.send(call("DELETE", &format!("{SESSIONS}/{unknown}"))).await;
            assert_eq!(assert_problem(&answer, 404, "not_found"), foreign, "{unknown}");
        }
        let no_text = eve.send(call("DELETE", &format!("{SESSIONS}/%ff"))).await;
        assert_problem(&no_text, 400, "bad_request");
        assert_eq!(app.endings().await, [None, None]);
    }

    async fn signing_out_ends_the_session_before_it_answers(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut ada = app.signed_in("ada").await;
        let mut replay = ada.clone();
        let answer = ada.send(call("POST", LOGOUT)).await;
        assert_eq!((answer.status, answer.body.len()), (204, 0));
        assert_eq!(ada.session(), None);
        assert_eq!(app.endings().await, [Some(EndReason::SignedOut)]);
        assert_problem(&replay.send(call("GET", SESSIONS)).await, 401, "not_signed_in");
        // Twice is no error, and neither is once without a session.
        assert_eq!(replay.send(call("POST", LOGOUT)).await.status, 204);
        assert_eq!(app.send(call("POST", LOGOUT)).await.status, 204);
        assert_eq!(app.endings().await, [Some(EndReason::SignedOut)]);
    }

    /// Only 401 means that a session has ended.
    async fn without_the_database_nobody_is_signed_out(database: TestDatabase) {
        let app = TestApp::new(database).await;
        let mut ada = app.signed_in("ada").await;
        app.core.db.close().await;
        for (method, path) in [("GET", "/api/v1/me"), ("GET", SESSIONS), ("POST", LOGOUT), ("DELETE", "/api/v1/sessions/x")] {
            let answer = ada.send(call(method, path)).await;
            assert_problem(&answer, 503, "unavailable");
            assert_eq!(answer.header("retry-after"), Some("5"));
            assert!(answer.set_cookies(SESSION_COOKIE).is_empty());
        }
        assert!(ada.session().is_some());
    }
}
