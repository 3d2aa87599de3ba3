//! Every kind of end of a session.

use crate::{
    app::TestApp,
    support::{self, LIFETIMES, PASSWORD, http::Browser, password},
};
use std::time::Duration;
use vestibule::{
    domain::{access_key::AccessKeyId, actor::Actor, session::EndReason},
    server::core::{
        accounts::{access_keys, users},
        actor,
        background::heartbeat,
        sessions,
    },
};

const HOUR: Duration = Duration::from_secs(3_600);

/// Ends the session of ada's `browser` for `reason`. Its key is `key` if it was started with one.
pub async fn end(app: &TestApp, reason: EndReason, browser: &mut Browser, key: &AccessKeyId) {
    let (ada, machine) = (app.user("ada").await, actor::on_this_machine());
    match reason {
        EndReason::SignedOut => drop(browser.post_logout().await),
        EndReason::Replaced => drop(browser.fetch_login("ada", PASSWORD).await),
        EndReason::Idle => app.set_clock(LIFETIMES.idle),
        EndReason::Expired => {
            // Later activity does not extend the maximum lifetime.
            for hour in 1..=22 {
                app.set_clock(hour * HOUR);
                browser.get("/dashboard").await;
                support::settled(&app.core).await;
            }
            app.set_clock(LIFETIMES.absolute);
        }
        EndReason::EndedByAdmin => {
            sessions::end_all_as_admin(&app.core, &machine, &ada.id)
                .await
                .unwrap();
        }
        EndReason::UserDisabled => {
            users::disable(&app.core, &machine, &ada).await.unwrap();
            users::enable(&app.core, &machine, &ada).await.unwrap();
        }
        EndReason::PasswordChanged => {
            let new = password(PASSWORD);
            users::set_password(&app.core, &machine, &ada, &new)
                .await
                .unwrap();
        }
        EndReason::UserDeleted => {
            users::delete(&app.core, &machine, &ada).await.unwrap();
            app.create_user("ada").await;
        }
        EndReason::EndedByOwner => {
            let mut other = app.signed_in("ada").await;
            let answer = other.post_form("/api/end_other_sessions", &[]).await;
            assert_eq!(answer.status, 303);
        }
        EndReason::Restored => {
            heartbeat::end_everything(&app.core, &Actor::server())
                .await
                .unwrap();
        }
        EndReason::KeyRevoked => {
            let revoked = access_keys::revoke_as_admin(&app.core, &machine, &ada.id, key).await;
            assert!(revoked.unwrap());
        }
        EndReason::TooMany => {
            for _ in 0..app.core.max_sessions {
                app.signed_in("ada").await;
            }
        }
    }
}
