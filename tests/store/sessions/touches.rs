//! The last use of a session, and how far it moves the idle end.

use super::{after_minutes, ended, found, started};
use crate::{
    given, on_both_engines,
    support::{self, START},
};
use std::time::Duration;
use vestibule::{
    domain::{
        actor::Actor,
        moment::Timestamp,
        session::{EndReason, Session, SessionId},
    },
    server::{core::sessions::resume, store},
};

on_both_engines! {
    async fn a_touch_moves_the_idle_end_and_nothing_else(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let (used, unused) = (started(&core, &ada).await, started(&core, &ada).await);
        let (before, beside) = (found(&core, &used).await, found(&core, &unused).await);
        assert!(store::sessions::touch(&core.db, &used, after_minutes(5), after_minutes(15)).await.unwrap());
        let expected = Session { last_seen_at: after_minutes(5), idle_ends_at: after_minutes(15), ..before };
        assert_eq!(found(&core, &used).await, expected);
        assert_eq!(found(&core, &unused).await, beside);
    }

    async fn an_ended_session_is_not_touched(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        for reason in EndReason::ALL {
            let id = started(&core, &ada).await;
            store::sessions::end(&core.db, &id, ended(after_minutes(1), reason), &Actor::command()).await.unwrap();
            let before = found(&core, &id).await;
            for now in [START, after_minutes(1), after_minutes(2)] {
                assert!(!store::sessions::touch(&core.db, &id, now, after_minutes(20)).await.unwrap());
            }
            assert_eq!(found(&core, &id).await, before);
        }
    }

    /// The end is exclusive: a session of ten minutes is dead at minute ten.
    async fn a_touch_at_or_after_the_idle_end_comes_too_late(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let id = started(&core, &ada).await;
        let last_moment = Timestamp::from_millis(after_minutes(10).as_millis() - 1);
        for late in [after_minutes(10), after_minutes(11), after_minutes(600)] {
            assert!(!store::sessions::touch(&core.db, &id, late, after_minutes(20)).await.unwrap());
        }
        assert_eq!(found(&core, &id).await.idle_ends_at, after_minutes(10));
        assert!(store::sessions::touch(&core.db, &id, last_moment, after_minutes(20)).await.unwrap());
    }

    async fn no_touch_reaches_past_the_absolute_end(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let id = started(&core, &ada).await;
        // An idle end after the absolute one, which no use case would request.
        assert!(store::sessions::touch(&core.db, &id, after_minutes(5), after_minutes(1_000)).await.unwrap());
        for late in [after_minutes(60), after_minutes(61)] {
            assert!(!store::sessions::touch(&core.db, &id, late, after_minutes(2_000)).await.unwrap());
        }
        assert_eq!(found(&core, &id).await.absolute_ends_at, after_minutes(60));
    }

    async fn an_unknown_session_is_not_touched(database: TestDatabase) {
        let core = support::core(&database).await;
        let unknown = SessionId("unknown".to_owned());
        assert!(!store::sessions::touch(&core.db, &unknown, START, after_minutes(1)).await.unwrap());
    }

    /// A page view is normally one read: "last seen" is written at most once a minute.
    async fn last_seen_moves_once_a_minute(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        for (seconds, seen) in [(59, 0), (60, 60), (119, 60), (120, 120)] {
            core.clock.set(START.after(Duration::from_secs(seconds)));
            resume(&core, &token).await.unwrap();
            support::settled(&core).await;
            let session = given::stored(&core, &token).await.session;
            assert_eq!(session.last_seen_at, START.after(Duration::from_secs(seen)), "{seconds} s");
        }
    }
}
