//! Lists of sessions.

use super::{MANY, after_minutes, ended, started};
use crate::{
    given, on_both_engines,
    support::{self, START},
};
use vestibule::{
    domain::{
        actor::Actor,
        session::{CurrentUser, EndReason},
        user::UserId,
    },
    server::store,
};

on_both_engines! {
    async fn sessions_are_listed_the_newest_first(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let mut tokens = Vec::new();
        for minute in [3, 1, 2, 2] {
            core.clock.set(after_minutes(minute));
            tokens.push(given::session(&core, &ada).await);
        }
        let mut of_ada = Vec::new();
        for token in &tokens {
            // With the last sign-in of all.
            of_ada.push(given::stored(&core, token).await);
        }
        core.clock.set(after_minutes(4));
        let of_grace = given::session(&core, &grace).await;
        let of_grace = given::stored(&core, &of_grace).await;

        of_ada.sort_by_key(|found| (found.session.created_at, found.session.id.0.clone()));
        of_ada.reverse();
        assert_eq!(store::sessions::list(&core.db, Some(&ada.user.id), None, MANY).await.unwrap(), of_ada);
        let mut all: Vec<_> = [of_grace].into_iter().chain(of_ada).collect();
        // Ids contain the time of their creation, by the real clock.
        all.sort_by_key(|found| found.session.id.0.clone());
        all.reverse();
        assert_eq!(store::sessions::list(&core.db, None, None, MANY).await.unwrap(), all);
        let nobody = UserId("nobody".to_owned());
        assert!(store::sessions::list(&core.db, Some(&nobody), None, MANY).await.unwrap().is_empty());
    }

    async fn the_list_comes_in_pages(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        for minute in [1, 2, 2, 2, 3] {
            core.clock.set(after_minutes(minute));
            for account in [&ada, &grace] {
                given::session(&core, account).await;
            }
        }
        for user in [None, Some(&ada.user.id)] {
            let all = store::sessions::list(&core.db, user, None, MANY).await.unwrap();
            assert_eq!(all.len(), if user.is_some() { 5 } else { 10 });
            for size in [1_u32, 2, 5, 10] {
                let mut found = Vec::new();
                loop {
                    let last = found.last().map(|last: &CurrentUser| last.session.clone());
                    let page = store::sessions::list(&core.db, user, last.as_ref(), size).await.unwrap();
                    assert!(page.len() <= size as usize);
                    if page.is_empty() {
                        break;
                    }
                    found.extend(page);
                }
                assert_eq!(found, all, "in pages of {size}");
            }
        }
    }

    async fn ended_sessions_stay_in_the_list(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let id = started(&core, &ada).await;
        let end = ended(START, EndReason::SignedOut);
        store::sessions::end(&core.db, &id, end, &Actor::command()).await.unwrap();
        let listed = store::sessions::list(&core.db, None, None, MANY).await.unwrap();
        assert_eq!(listed[0].session.ended, Some(end));
    }

    async fn live_sessions_are_listed_the_last_used_first(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let (used, unused) = (started(&core, &ada).await, started(&core, &ada).await);
        let over = started(&core, &ada).await;
        let end = ended(after_minutes(1), EndReason::SignedOut);
        store::sessions::end(&core.db, &over, end, &given::visitor()).await.unwrap();
        started(&core, &grace).await;
        store::sessions::touch(&core.db, &used, after_minutes(5), after_minutes(15)).await.unwrap();
        let live_at = async |minutes: u64| {
            let live = store::sessions::live_of_user(&core.db, &ada.user.id, after_minutes(minutes)).await;
            live.unwrap().into_iter().map(|session| session.id).collect::<Vec<_>>()
        };
        assert_eq!(live_at(9).await, [used.clone(), unused]);
        assert_eq!(live_at(10).await, [used]);
        assert_eq!(live_at(15).await, []);
    }
}
