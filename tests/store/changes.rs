//! Notifications of changes by other processes on the same database, and by the store in its own.

use crate::{
    given::{self, account, session, stored},
    on_both_engines,
    support::{
        self, START,
        database::{Engine, TestDatabase},
    },
};
use std::{collections::HashMap, time::Duration};
use vestibule::{
    domain::session::{EndReason, SessionId},
    server::{
        core::{
            Core,
            actor::{self, Owner},
            sessions,
        },
        db::{Changes, Hint, PERSON},
        store,
        watchers::{Notice, Watch, WatchLimits, Watched},
    },
};

const LIMITS: WatchLimits = WatchLimits {
    total: 9,
    per_session: 9,
    per_person: 9,
};

/// Several times the duration of a poll.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The next hint that is not empty.
async fn hint(changes: &mut Changes) -> Hint {
    let received = async {
        loop {
            match changes.next().await {
                Hint::Unchanged => {}
                hint => return hint,
            }
        }
    };
    tokio::time::timeout(TIMEOUT, received)
        .await
        .expect("a hint")
}

async fn watch(core: &Core, token: &vestibule::server::token::SessionToken) -> (SessionId, Watch) {
    let current = stored(core, token).await;
    let watch = core.db.watchers.watch(&Watched::of(&current), LIMITS);
    (current.session.id, watch.unwrap())
}

async fn notice(watch: &mut Watch) -> Option<Notice> {
    let soon = Duration::from_millis(50);
    tokio::time::timeout(soon, watch.notice()).await.ok()
}

on_both_engines! {
    /// On PostgreSQL by id, with the commit; on SQLite only that something was written.
    async fn an_end_in_another_process_is_notified(database: TestDatabase) {
        let (core, other) = (support::core(&database).await, support::core(&database).await);
        let ada = account(&core, "ada").await;
        let mut changes = core.db.changes();
        assert_eq!(hint(&mut changes).await, Hint::Unknown, "nothing is known at first");
        for _ in 0..3 {
            let ids = [session(&core, &ada).await, session(&core, &ada).await];
            let ids = [stored(&core, &ids[0]).await.session.id, stored(&core, &ids[1]).await.session.id];
            if database.engine == Engine::Sqlite {
                assert_eq!(hint(&mut changes).await, Hint::Changed);
            }
            sessions::end_all_as_admin(&other, &actor::on_this_machine(), &ada.user.id).await.unwrap();
            let mut news = hint(&mut changes).await;
            // The sign-ins were from new browsers.
            while matches!(&news, Hint::Named(names) if names[0].starts_with(PERSON)) {
                news = hint(&mut changes).await;
            }
            match (database.engine, news) {
                (Engine::Sqlite, hint) => assert_eq!(hint, Hint::Changed),
                (Engine::Postgres, Hint::Named(mut named)) => {
                    named.sort_unstable();
                    let mut ids = ids.map(|id| id.0);
                    ids.sort_unstable();
                    assert_eq!(named, ids);
                }
                (Engine::Postgres, hint) => panic!("{hint:?}"),
            }
            assert_eq!(changes.next().await, Hint::Unchanged);
        }
    }

    /// More than one notification can name.
    async fn hundreds_of_ends_at_once_are_all_notified(database: TestDatabase) {
        let (core, other) = (support::core(&database).await, support::core(&database).await);
        let ada = account(&core, "ada").await;
        session(&core, &ada).await;
        // Further ones that differ only in their names.
        let sql = "INSERT INTO sessions (id, token_digest, user_id, created_at, last_seen_at, authenticated_at, \
            idle_ends_at, absolute_ends_at, remember, address, user_agent, new_device) SELECT '00000000-0000-0000-0000-000000000' || n, '' || n, user_id, created_at, \
            last_seen_at, authenticated_at, idle_ends_at, absolute_ends_at, remember, address, user_agent, \
            new_device FROM sessions, (WITH RECURSIVE numbers (n) AS \
            (SELECT 100 UNION ALL SELECT n + 1 FROM numbers WHERE n < 348) SELECT n FROM numbers) AS numbers";
        assert_eq!(given::execute(&core.db, sql).await, 249);
        let mut changes = core.db.changes();
        assert_eq!(hint(&mut changes).await, Hint::Unknown);
        assert_eq!(sessions::end_all_as_admin(&other, &actor::on_this_machine(), &ada.user.id).await.unwrap(), 250);
        if database.engine == Engine::Postgres {
            let mut named = 0;
            while named < 250 {
                match hint(&mut changes).await {
                    Hint::Named(names) => named += names.len(),
                    hint => panic!("{named} were named, then {hint:?}"),
                }
            }
            assert_eq!(named, 250);
        } else {
            assert_eq!(hint(&mut changes).await, Hint::Changed);
        }
    }

    async fn a_missing_database_hints_nothing_and_afterwards_at_any_change(database: TestDatabase) {
        let core = support::core(&database).await;
        let mut changes = core.db.changes();
        assert_eq!(hint(&mut changes).await, Hint::Unknown);
        let Changes::Sqlite(_) = &changes else {
            // tests/process/session_events.rs stops its own server.
            return;
        };
        let file = database.address.trim_start_matches("sqlite:");
        let kept = format!("{file}.kept");
        std::fs::rename(file, &kept).unwrap();
        for _ in 0..2 {
            assert_eq!(changes.next().await, Hint::Unchanged);
        }
        std::fs::copy(&kept, file).unwrap();
        assert_eq!(hint(&mut changes).await, Hint::Unknown, "another file");
    }

    async fn lives_of_many_sessions_are_read_in_one_call(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = account(&core, "ada").await;
        let (first, second) = (session(&core, &ada).await, session(&core, &ada).await);
        let (first, second) = (stored(&core, &first).await.session, stored(&core, &second).await.session);
        assert!(sessions::end_as_admin(&core, &actor::on_this_machine(), &second).await.unwrap());
        let nobody = |n: u32| SessionId(format!("nobody's {n}"));
        let mut ids: Vec<_> = (0..600).map(nobody).collect();
        ids.insert(1, first.id.clone());
        ids.push(second.id.clone());
        let validities = store::sessions::validities(&core.db, &ids).await.unwrap();
        assert_eq!(validities.len(), 2);
        assert_eq!(validities[&first.id], first.validity());
        let ended = validities[&second.id].ended.unwrap();
        assert_eq!((ended.at, ended.reason), (START, EndReason::EndedByAdmin));
        let live = ids.remove(1);
        assert_eq!(store::sessions::ended_among(&core.db, &ids).await.unwrap(), ids, "ended or without a row");
        assert!(store::sessions::ended_among(&core.db, &[live]).await.unwrap().is_empty());
        assert!(store::sessions::validities(&core.db, &[]).await.unwrap().is_empty());
        assert!(store::sessions::ended_among(&core.db, &[]).await.unwrap().is_empty());
    }

    /// A sign-in from a new browser, and its review, reach the pages of the user, and of nobody else.
    async fn a_sign_in_to_review_is_notified(database: TestDatabase) {
        let (core, other) = (support::core(&database).await, support::core(&database).await);
        let (ada, grace) = (account(&core, "ada").await, account(&core, "grace").await);
        let token = session(&core, &ada).await;
        let (_, mut watch_ada) = watch(&core, &token).await;
        let (_, mut watch_grace) = watch(&core, &session(&core, &grace).await).await;
        let mut changes = core.db.changes();
        assert_eq!(hint(&mut changes).await, Hint::Unknown);
        let known = stored(&core, &token).await;
        // Without its cookie a browser is a new one.
        let newest = stored(&core, &session(&core, &ada).await).await.session.id;
        assert_eq!(notice(&mut watch_ada).await, Some(Notice::ToReview));
        assert_eq!(store::sessions::newest_to_review(&core.db, &known.session.id).await.unwrap(), Some(newest.clone()));
        let of_all = store::sessions::newest_to_review_of(&core.db, &[ada.user.id.clone(), grace.user.id.clone()]).await.unwrap();
        assert_eq!(of_all, HashMap::from([(ada.user.id.clone(), newest.clone())]));
        if database.engine == Engine::Postgres {
            assert_eq!(hint(&mut changes).await, Hint::Named(vec![format!("{PERSON}{}", ada.user.id)]));
        }
        assert_eq!(notice(&mut watch_ada).await, None);
        let actor = given::signed_in(&known);
        assert!(sessions::recognise_sign_in(&other, Owner::of(&actor).unwrap(), &newest).await.unwrap());
        assert_eq!(notice(&mut watch_grace).await, None);
        assert_eq!(store::sessions::newest_to_review(&core.db, &known.session.id).await.unwrap(), None);
        // From the other process.
        match (database.engine, hint(&mut changes).await) {
            (Engine::Sqlite, hint) => assert_eq!(hint, Hint::Changed),
            (Engine::Postgres, hint) => assert_eq!(hint, Hint::Named(vec![format!("{PERSON}{}", ada.user.id)])),
        }
    }

    /// Nobody waits for the next poll: the notice of the open page goes when the answer comes.
    async fn a_review_is_notified_in_its_own_process(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = account(&core, "ada").await;
        let token = session(&core, &ada).await;
        let (_, mut watch_ada) = watch(&core, &token).await;
        let known = given::signed_in(&stored(&core, &token).await);
        let owner = Owner::of(&known).unwrap();
        for recognised in [true, false] {
            let newest = stored(&core, &session(&core, &ada).await).await.session.id;
            assert_eq!(notice(&mut watch_ada).await, Some(Notice::ToReview));
            assert_eq!(notice(&mut watch_ada).await, None);
            let reviewed = if recognised {
                sessions::recognise_sign_in(&core, owner, &newest).await
            } else {
                sessions::disown_sign_in(&core, owner, &newest).await
            };
            assert!(reviewed.unwrap());
            assert_eq!(notice(&mut watch_ada).await, Some(Notice::ToReview), "{recognised}");
        }
    }

    async fn the_store_notifies_its_own_process_after_the_commit(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = account(&core, "ada").await;
        let token = session(&core, &ada).await;
        let (id, mut watch) = watch(&core, &token).await;
        let (now, until) = (START.after(Duration::from_secs(70)), START.after(Duration::from_secs(900)));
        assert!(store::sessions::touch(&core.db, &id, now, until).await.unwrap());
        let Some(Notice::Alive(life)) = notice(&mut watch).await else { panic!("no notice") };
        assert_eq!(life.idle_ends_at, until);
        let ended = vestibule::domain::session::Ended { at: now, reason: EndReason::UserDisabled };
        assert_eq!(store::sessions::end_all_of_user(&core.db, &ada.user.id, ended, &given::visitor()).await.unwrap(), 1);
        assert_eq!(notice(&mut watch).await, Some(Notice::Ended(EndReason::UserDisabled)));
        assert!(!store::sessions::touch(&core.db, &id, now, until).await.unwrap());
        assert_eq!(notice(&mut watch).await, None);
    }
}

/// Some poolers drop NOTIFY. Then polling has to be frequent enough for a page to leave within a
/// second. A poll takes at most a quarter of one.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_notification_postgres_is_polled_within_a_second() {
    let database = TestDatabase::new(Engine::Postgres).await;
    let core = support::core(&database).await;
    let mut changes = core.db.changes();
    assert_eq!(hint(&mut changes).await, Hint::Unknown);
    for _ in 0..3 {
        let hints = [
            changes.next().await,
            changes.next().await,
            changes.next().await,
        ];
        assert!(hints.contains(&Hint::Changed), "{hints:?}");
    }
}
