//! Each way in which a session can end, on the running program: an open page is notified, and the
//! copied cookie is refused by every route, also after the server was killed at that moment.

use super::{copied_cookie, sign_out};
use crate::{
    on_both_engines,
    program::{Home, Server, sign_in},
    support::{
        PASSWORD,
        http::{ACCEPT_PAGE, Browser, Events, FORM, Request, SESSION_COOKIE, send},
    },
};
use std::time::Duration;
use vestibule::domain::session::EndReason;

const NEW: &str = "another horse, another battery";

/// The time for a time-out and its notification, on a busy machine.
const NOTICE_TIMEOUT: Duration = Duration::from_secs(20);

/// The time to sign in and open a page on a busy machine.
const SHORT: &str = "3s";

/// The settings with which a session can end in this way. Other sign-ins here stay.
fn settings(reason: EndReason) -> &'static [(&'static str, &'static str)] {
    const IDLE: &str = "VESTIBULE_SESSION__REMEMBER_IDLE_TIMEOUT";
    const LONGEST: &str = "VESTIBULE_SESSION__REMEMBER_ABSOLUTE_TIMEOUT";
    match reason {
        EndReason::Idle => &[(IDLE, SHORT)],
        EndReason::Expired => &[(IDLE, SHORT), (LONGEST, SHORT)],
        EndReason::TooMany => &[("VESTIBULE_SESSION__MAX_SESSIONS", "1")],
        EndReason::KeyRevoked => &[("VESTIBULE_KEYS__SIGN_IN", "true")],
        _ => &[],
    }
}

/// Ends the session of `browser`, which is ada's, in this way. A new way needs an arm here.
async fn end(reason: EndReason, home: &Home, server: &Server, browser: &mut Browser) {
    let run = |arguments: &[&str]| drop(home.run(arguments).succeeds());
    match reason {
        // The clock does it.
        EndReason::Idle | EndReason::Expired => {}
        EndReason::SignedOut => sign_out(browser).await,
        EndReason::Replaced => {
            assert_eq!(sign_in(browser, "ada", PASSWORD).await.status, 303);
        }
        EndReason::EndedByOwner => {
            let mut elsewhere = server.signed_in("ada").await;
            let answer = elsewhere.post_form("/api/end_other_sessions", &[]).await;
            assert_eq!(answer.status, 303);
        }
        EndReason::TooMany => drop(server.signed_in("ada").await),
        EndReason::Restored => unreachable!("it comes with a start"),
        EndReason::KeyRevoked => run(&["key", "revoke", "--user", "ada"]),
        EndReason::EndedByAdmin => run(&["session", "end", "--user", "ada"]),
        EndReason::UserDisabled => run(&["user", "disable", "ada"]),
        EndReason::UserDeleted => run(&["user", "delete", "ada", "--yes"]),
        EndReason::PasswordChanged => {
            let arguments = ["user", "set-password", "ada", "--password-stdin"];
            home.run_with_input(&arguments, NEW).succeeds();
        }
    }
}

/// A browser that was signed in with an access key of ada's.
async fn signed_in_with_key(home: &Home, server: &Server) -> Browser {
    let arguments = [
        "key",
        "create",
        "ada",
        "--name",
        "A program",
        "--scope",
        "profile:read",
    ];
    let key = home.run(&arguments).succeeds().stdout;
    let mut browser = server.browser();
    let answer = browser
        .post_form("/api/login_with_key", &[("key", key.trim())])
        .await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    browser
}

/// Reverses the obstacle to a new sign-in: the old session stays dead all the same.
fn undo(reason: EndReason, home: &Home) {
    match reason {
        EndReason::UserDisabled => drop(home.run(&["user", "enable", "ada"]).succeeds()),
        EndReason::UserDeleted => home.create_user("ada"),
        EndReason::PasswordChanged => {
            let arguments = ["user", "set-password", "ada", "--password-stdin"];
            home.run_with_input(&arguments, PASSWORD).succeeds();
        }
        _ => {}
    }
}

/// The reason that an open page receives. The holder of a cookie learns nothing of the account.
const fn notified_as(reason: EndReason) -> &'static str {
    match reason {
        EndReason::UserDisabled | EndReason::UserDeleted => EndReason::EndedByAdmin.as_str(),
        other => other.as_str(),
    }
}

/// The end of the oldest session of ada, as the command line lists it. Deleting an account deletes
/// its sessions.
fn listed_as(home: &Home, reason: EndReason) -> Option<String> {
    if reason == EndReason::UserDeleted {
        return Some(reason.as_str().to_owned());
    }
    let listed = home.run(&["session", "list", "--user", "ada", "--json"]);
    let oldest = listed.succeeds().json().pop()?;
    oldest["end_reason"].as_str().map(str::to_owned)
}

/// The copied cookie is refused: by pages, functions and streams.
async fn assert_refused_everywhere(server: &Server, token: &str, when: &str) {
    let cookie = format!("{SESSION_COOKIE}={token}");
    let host = format!("localhost:{}", server.address.port());
    let asked = |request: Request| {
        let request = request.header("host", &host).header("cookie", &cookie);
        let request = request.header("sec-fetch-site", "same-origin");
        send(server.address, request)
    };
    for page in ["/account/profile", "/account/sessions", "/admin/users"] {
        let answer = asked(Request::get(page).header("accept", ACCEPT_PAGE)).await;
        let to = format!("/login?next={page}");
        assert_eq!(
            (answer.status, answer.location()),
            (303, to.as_str()),
            "{when}"
        );
        assert_eq!(answer.text(), "", "{when}");
    }
    for function in ["end_other_sessions", "stay_signed_in", "update_profile"] {
        let origin = format!("http://{host}");
        let form = Request::post(
            &format!("/api/{function}"),
            b"display_name=E&email=&description=",
        );
        let form = form.header("content-type", FORM).header("origin", &origin);
        let answer = asked(form.header("accept", "application/json")).await;
        let result = (answer.status, answer.text());
        assert_eq!(
            result,
            (401, r#"{"failed":"not_signed_in"}"#.to_owned()),
            "{function} {when}"
        );
        assert_eq!(answer.session_token(), None, "{function} {when}");
    }
    for method in ["GET", "HEAD"] {
        let answer = asked(Request::new(method, "/session/events")).await;
        assert_eq!(answer.status, 401, "{method} {when}");
        assert_eq!(answer.header("x-session"), None, "{method} {when}");
    }
}

async fn notified(page: &mut Events) -> String {
    let reason = tokio::time::timeout(NOTICE_TIMEOUT, page.ended()).await;
    let reason = reason.expect("notified in time");
    reason.as_str().expect("a reason").to_owned()
}

on_both_engines! {
    async fn a_copied_cookie_is_dead_after_each_kind_of_end(database: TestDatabase) {
        let home = Home::new(database);
        // At a start, with a restored file: see `restored_files.rs`.
        for reason in EndReason::ALL.into_iter().filter(|reason| *reason != EndReason::Restored) {
            home.create_user("ada");
            let exports = settings(reason).iter().map(|(name, value)| format!("{name}={value}"));
            let exports = exports.fold("export NO_MORE=".to_owned(), |all, one| all + " " + &one);
            let server = home.serve_after(&exports);
            let mut browser = match reason {
                EndReason::KeyRevoked => signed_in_with_key(&home, &server).await,
                _ => server.signed_in("ada").await,
            };
            let copy = copied_cookie(&browser);
            let mut page = browser.watch().await;
            page.lives().await;

            end(reason, &home, &server, &mut browser).await;
            assert_eq!(notified(&mut page).await, notified_as(reason));
            assert_refused_everywhere(&server, &copy, &format!("{reason:?}")).await;
            assert_eq!(listed_as(&home, reason).as_deref(), Some(reason.as_str()));
            server.kill();
            undo(reason, &home);
            let server = home.serve();
            assert_refused_everywhere(&server, &copy, &format!("{reason:?}, after a crash")).await;
            // The routes are open to others, and a new session does not revive the old cookie.
            server.lets_in(&copied_cookie(&server.signed_in("ada").await)).await;
            assert_refused_everywhere(&server, &copy, &format!("{reason:?}, beside a new session")).await;
            server.stop();
            home.run(&["user", "delete", "ada", "--yes"]).succeeds();
        }
    }
}
