//! An unnoticed time-out takes precedence over every later end.

use crate::{
    given, on_both_engines,
    support::{self, LIFETIMES, START},
};
use vestibule::{
    domain::session::EndReason,
    server::core::{accounts::users, actor, sign_in},
};

on_both_engines! {
    async fn signing_out_of_a_session_that_timed_out_signs_nobody_out(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        core.clock.set(START.after(LIFETIMES.idle));
        assert_eq!(sign_in::logout(&core, &given::visitor(), Some(&token)).await.unwrap(), None);
        assert_eq!(given::end_of(&core, &token).await.unwrap().reason, EndReason::Idle);
    }

    async fn disabling_counts_and_names_live_sessions_only(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        core.clock.set(START.after(LIFETIMES.idle));
        assert_eq!(users::disable(&core, &actor::on_this_machine(), &ada.user).await.unwrap(), 0);
        assert_eq!(given::end_of(&core, &token).await.unwrap().reason, EndReason::Idle);
    }
}
