//! An ended session stays ended.

use super::{after_minutes, ended, found, started};
use crate::{
    given, on_both_engines,
    support::{self, LIFETIMES, START},
};
use vestibule::{
    domain::{
        actor::Actor,
        moment::Timestamp,
        session::{EndReason, Session, SessionId},
    },
    server::{
        core::{
            actor::Owner,
            sessions::{self, Proven, Resumed, resume},
        },
        store,
        token::TokenDigest,
    },
};

on_both_engines! {
    /// A confirmation revives no ended session, and moves no end.
    async fn only_a_live_session_gets_a_new_token(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let (live, over) = (started(&core, &ada).await, started(&core, &ada).await);
        let end = ended(after_minutes(1), EndReason::SignedOut);
        store::sessions::end(&core.db, &over, end, &given::visitor()).await.unwrap();
        let renew = async |session: &SessionId, minutes: u64, verified: &str| {
            let sql = format!("SELECT token_digest FROM sessions WHERE id = '{session}'");
            let digest = TokenDigest::stored(given::texts(&core.db, &sql).await.remove(0));
            core.clock.set(after_minutes(minutes));
            let session = found(&core, session).await;
            let proven = Proven { presented: &digest, evidence: &given::evidence(verified, verified) };
            let actor = given::signed_in(&given::person_in(&session));
            let renewed = sessions::renew(&core, Owner::of(&actor).unwrap(), proven).await.unwrap();
            if let Some(token) = &renewed {
                let by_digest = store::sessions::find_by_digest(&core.db, &token.digest()).await.unwrap();
                assert_eq!(by_digest.map(|found| found.session.id), Some(session.id));
            }
            renewed.is_some()
        };
        let before = found(&core, &live).await;
        assert!(!renew(&over, 2, &ada.password_hash).await);
        assert!(!renew(&live, 2, "another hash").await);
        assert!(!renew(&live, 10, &ada.password_hash).await, "it has timed out");
        assert_eq!(found(&core, &live).await, before);
        assert!(renew(&live, 9, &ada.password_hash).await);
        let expected = Session {
            authenticated_at: after_minutes(9),
            idle_end_if_used: Some(before.idle_ends_at),
            ..before
        };
        assert_eq!(found(&core, &live).await, expected);
        store::users::disable(&core.db, &ada.user.id, after_minutes(9), &Actor::command()).await.unwrap();
        assert!(!renew(&live, 9, &ada.password_hash).await);
    }

    /// Later ends change nothing.
    async fn the_first_reason_to_end_stays(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        for first in EndReason::ALL {
            let id = started(&core, &ada).await;
            let end = ended(after_minutes(1), first);
            assert!(store::sessions::end(&core.db, &id, end, &Actor::command()).await.unwrap());
            for second in EndReason::ALL {
                assert!(!store::sessions::end(&core.db, &id, ended(after_minutes(2), second), &Actor::command()).await.unwrap());
            }
            store::sessions::end_all_of_user(&core.db, &ada.user.id, ended(after_minutes(3), EndReason::EndedByAdmin), &Actor::command())
                .await
                .unwrap();
            assert_eq!(found(&core, &id).await.ended, Some(end), "read back as it was written");
        }
        let unknown = SessionId("unknown".to_owned());
        assert!(!store::sessions::end(&core.db, &unknown, ended(START, EndReason::Idle), &Actor::command()).await.unwrap());
    }

    async fn ending_one_session_leaves_the_others(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let (one, other) = (started(&core, &ada).await, started(&core, &ada).await);
        let before = found(&core, &one).await;
        let end = ended(after_minutes(1), EndReason::SignedOut);
        assert!(store::sessions::end(&core.db, &one, end, &Actor::command()).await.unwrap());
        assert_eq!(found(&core, &one).await, Session { ended: Some(end), ..before });
        assert_eq!(found(&core, &other).await.ended, None);
    }

    async fn all_live_sessions_of_one_person_end_together(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let (first, second, of_grace) =
            (started(&core, &ada).await, started(&core, &ada).await, started(&core, &grace).await);
        let end = ended(after_minutes(1), EndReason::EndedByAdmin);
        assert_eq!(store::sessions::end_all_of_user(&core.db, &ada.user.id, end, &Actor::command()).await.unwrap(), 2);
        assert_eq!(store::sessions::end_all_of_user(&core.db, &ada.user.id, end, &Actor::command()).await.unwrap(), 0);
        assert_eq!(found(&core, &first).await.ended, Some(end));
        assert_eq!(found(&core, &second).await.ended, Some(end));
        assert_eq!(found(&core, &of_grace).await.ended, None);
    }

    /// By the use case as by the store: not a millisecond longer, and permanently.
    async fn the_instant_of_the_end_is_the_end(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let just_before = |end: Timestamp| Timestamp::from_millis(end.as_millis() - 1);
        let idle_end = START.after(LIFETIMES.idle);
        let token = given::session(&core, &ada).await;
        core.clock.set(just_before(idle_end));
        assert!(matches!(resume(&core, &token).await.unwrap(), Resumed::Live(_)));
        support::settled(&core).await;
        let unused = given::session_at(&core, &ada, START).await;
        core.clock.set(idle_end);
        assert_eq!(resume(&core, &unused).await.unwrap(), Resumed::Ended(EndReason::Idle));
        core.clock.set(START);
        assert_eq!(resume(&core, &unused).await.unwrap(), Resumed::Ended(EndReason::Idle));

        // Used all day long, it still reaches its absolute end.
        let used = given::session_at(&core, &ada, START).await;
        let absolute_end = START.after(LIFETIMES.absolute);
        for hour in 1..24 {
            core.clock.set(after_minutes(60 * hour));
            assert!(matches!(resume(&core, &used).await.unwrap(), Resumed::Live(_)), "hour {hour}");
            support::settled(&core).await;
        }
        core.clock.set(just_before(absolute_end));
        assert!(matches!(resume(&core, &used).await.unwrap(), Resumed::Live(_)));
        support::settled(&core).await;
        let idle_end = given::stored(&core, &used).await.session.idle_ends_at;
        assert_eq!(idle_end, absolute_end, "activity does not reach past the absolute end");
        core.clock.set(absolute_end);
        assert_eq!(resume(&core, &used).await.unwrap(), Resumed::Ended(EndReason::Expired));
        assert_eq!(given::end_of(&core, &used).await, Some(ended(absolute_end, EndReason::Expired)));
    }
}
