//! Promoting and demoting administrators, and deleting accounts: the last administrator is kept.

use crate::{
    given, on_both_engines,
    support::{self, START},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::Barrier;
use vestibule::{
    domain::{
        access_key::Scope,
        actor::Actor,
        audit::{Event, Record, Source},
        session::{CurrentUser, EndReason},
        user::{User, UserId},
    },
    error::{AppError, Failure},
    server::{
        core::{
            Core,
            accounts::users::{self, UserError},
            actor::{self, Admin, Browser},
            sessions::{self, Resumed},
        },
        db::StoreError,
        store::{self, audit::Filter},
    },
};

async fn administrator(core: &Core, name: &str) -> User {
    let user = given::account(core, name).await.user;
    users::promote(core, &actor::on_this_machine(), &user)
        .await
        .unwrap();
    given::credentials(core, name).await.user
}

/// The permission of a signed-in person.
async fn acting(core: &Core, name: &str) -> Admin {
    let account = given::credentials(core, name).await;
    let token = given::session(core, &account).await;
    let current = Box::new(given::stored(core, &token).await);
    Admin::of(
        core,
        Actor::signed_in(current, browser()),
        Scope::UsersWrite,
    )
    .expect("an administrator")
}

fn browser() -> Browser {
    Browser::new("203.0.113.5".to_owned(), "The administrator's browser")
}

async fn records(core: &Core) -> Vec<Record> {
    let filter = Filter::default();
    store::audit::list(&core.db, &filter, None, 1_000)
        .await
        .unwrap()
}

/// The number of accounts that can administer.
async fn administrators(core: &Core) -> usize {
    let users = support::users(core).await;
    users.iter().filter(|user| user.administers()).count()
}

/// The operations that remove an administrator.
#[derive(Clone, Copy, Debug)]
enum Removal {
    Demote,
    Disable,
    Delete,
}

impl Removal {
    const ALL: [Self; 3] = [Self::Demote, Self::Disable, Self::Delete];

    async fn apply(self, core: &Core, by: &Admin, user: &User) -> Result<(), UserError> {
        match self {
            Self::Demote => users::demote(core, by, user).await.map(drop),
            Self::Disable => users::disable(core, by, user).await.map(drop),
            Self::Delete => users::delete(core, by, user).await.map(drop),
        }
    }
}

on_both_engines! {
    async fn an_account_is_made_an_administrator_and_none_again(database: TestDatabase) {
        let core = support::core(&database).await;
        administrator(&core, "root").await;
        let ada = given::account(&core, "ada").await.user;
        let machine = actor::on_this_machine();
        assert!(users::promote(&core, &machine, &ada).await.unwrap());
        assert!(!users::promote(&core, &machine, &ada).await.unwrap());
        assert!(given::credentials(&core, "ada").await.user.is_admin);
        assert!(users::demote(&core, &machine, &ada).await.unwrap());
        assert!(!users::demote(&core, &machine, &ada).await.unwrap());
        assert_eq!(given::credentials(&core, "ada").await.user, ada);
        let of_ada = records(&core).await.into_iter().filter(|record| record.username.as_deref() == Some("ada"));
        let events: Vec<_> = of_ada.map(|record| record.entry.event).collect();
        assert_eq!(events, [Event::UserDemoted, Event::UserPromoted, Event::UserCreated]);
    }

    async fn the_last_administrator_is_kept(database: TestDatabase) {
        let core = support::core(&database).await;
        let root = administrator(&core, "root").await;
        let (member, machine) = (given::account(&core, "ada").await.user, actor::on_this_machine());
        // None of these could administer instead.
        let disabled = administrator(&core, "disabled").await;
        users::disable(&core, &machine, &disabled).await.unwrap();
        given::execute(&core.db, &format!(
            "INSERT INTO users (id, username, username_key, display_name, description, is_admin, password_hash, created_at) \
             VALUES ('invited', 'invited', 'invited', '', '', TRUE, '{}', 0)", store::users::NO_PASSWORD
        )).await;
        let token = given::session(&core, &given::credentials(&core, "root").await).await;
        let before = given::everything_written(&core.db).await;
        for removal in Removal::ALL {
            let refused = removal.apply(&core, &machine, &root).await;
            assert!(matches!(refused, Err(UserError::LastAdministrator)), "{removal:?}: {refused:?}");
        }
        assert_eq!(given::everything_written(&core.db).await, before);
        assert!(matches!(sessions::resume(&core, &token).await.unwrap(), Resumed::Live(_)));
        // A member may be removed, and so may an administrator when there is another.
        for removal in [Removal::Disable, Removal::Delete] {
            removal.apply(&core, &machine, &member).await.unwrap();
        }
        users::enable(&core, &machine, &disabled).await.unwrap();
        for removal in Removal::ALL {
            if removal.apply(&core, &machine, &root).await.is_ok() {
                let other = given::credentials(&core, "disabled").await.user;
                let refused = removal.apply(&core, &machine, &other).await;
                assert!(matches!(refused, Err(UserError::LastAdministrator)), "{removal:?}: {refused:?}");
                break;
            }
        }
        assert_eq!(administrators(&core).await, 1);
    }

    /// Two administrators are left, and both are to be removed concurrently, by every pair of
    /// operations.
    async fn of_two_losses_at_once_one_is_refused(database: TestDatabase) {
        let core = support::core(&database).await;
        let machine = Arc::new(actor::on_this_machine());
        for first in Removal::ALL {
            for second in Removal::ALL {
                let mut pair = Vec::new();
                for name in ["one", "other"] {
                    if store::users::find_credentials(&core.db, &vestibule::domain::user::LookupKey::of(name)).await.unwrap().is_none() {
                        given::account(&core, name).await;
                    }
                    let user = given::credentials(&core, name).await.user;
                    users::promote(&core, &machine, &user).await.unwrap();
                    users::enable(&core, &machine, &user).await.unwrap();
                    pair.push(user);
                }
                let start = Arc::new(Barrier::new(2));
                let tasks: Vec<_> = [first, second].into_iter().zip(pair).map(|(removal, user)| {
                    let (core, machine, start) = (core.clone(), machine.clone(), start.clone());
                    tokio::spawn(async move {
                        start.wait().await;
                        removal.apply(&core, &machine, &user).await
                    })
                }).collect();
                let mut refused = 0;
                for task in tasks {
                    match task.await.unwrap() {
                        Ok(()) => {}
                        Err(UserError::LastAdministrator) => refused += 1,
                        Err(error) => panic!("{first:?} and {second:?}: {error:?}"),
                    }
                }
                assert_eq!(refused, 1, "{first:?} and {second:?}");
                assert_eq!(administrators(&core).await, 1, "{first:?} and {second:?}");
            }
        }
    }

    /// The other demotion is not yet committed: the second waits for it, and then counts again.
    async fn the_second_waits_and_counts_again(database: TestDatabase) {
        let core = support::core(&database).await;
        let (one, other) = (administrator(&core, "one").await, administrator(&core, "other").await);
        let sql = format!(
            "UPDATE administration SET changes = changes + 1; UPDATE users SET is_admin = FALSE WHERE id = '{}'", one.id
        );
        let begin = if database.engine == Engine::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
        let first = given::Writer::begin(&core.db, begin, &sql).await;
        let second = {
            let core = core.clone();
            tokio::spawn(async move { users::demote(&core, &actor::on_this_machine(), &other).await })
        };
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!second.is_finished());
        first.commit().await;
        assert!(matches!(second.await.unwrap(), Err(UserError::LastAdministrator)));
        assert_eq!(administrators(&core).await, 1);
    }

    /// Both are administrators at the request; the second no longer is when it runs.
    async fn of_two_who_demote_each_other_one_wins(database: TestDatabase) {
        let core = support::core(&database).await;
        administrator(&core, "third").await;
        for round in 0..10 {
            let names = [format!("one{round}"), format!("other{round}")];
            let mut tasks = Vec::new();
            let start = Arc::new(Barrier::new(2));
            let users = [administrator(&core, &names[0]).await, administrator(&core, &names[1]).await];
            let acting = [acting(&core, &names[0]).await, acting(&core, &names[1]).await];
            let [one, other] = users;
            for (by, victim) in acting.into_iter().zip([other, one]) {
                let (core, start) = (core.clone(), start.clone());
                tasks.push(tokio::spawn(async move {
                    start.wait().await;
                    users::demote(&core, &by, &victim).await
                }));
            }
            let mut won = 0;
            for task in tasks {
                match task.await.unwrap() {
                    Ok(changed) => won += usize::from(changed),
                    Err(error) => assert_eq!(AppError::from(error), AppError::Failed(Failure::NotFound)),
                }
            }
            assert_eq!((won, administrators(&core).await), (1, 2), "round {round}");
            for name in names {
                let user = given::credentials(&core, &name).await.user;
                users::delete(&core, &actor::on_this_machine(), &user).await.unwrap();
            }
        }
    }

    async fn only_administrators_get_the_permission(database: TestDatabase) {
        let core = support::core(&database).await;
        administrator(&core, "other").await;
        let root = administrator(&core, "root").await;
        let token = given::session(&core, &given::credentials(&core, "root").await).await;
        let current = given::stored(&core, &token).await;
        assert!(Admin::of(&core, Actor::signed_in(Box::new(current.clone()), browser()), Scope::UsersWrite).is_ok());
        for user in [
            User { is_admin: false, ..root.clone() },
            User { disabled: true, ..root.clone() },
        ] {
            let current = Box::new(CurrentUser { user, ..current.clone() });
            let refused = Admin::of(&core, Actor::signed_in(current, browser()), Scope::UsersWrite);
            assert_eq!(refused.unwrap_err(), AppError::Failed(Failure::NotFound));
        }
        for nobody in [Actor::visitor(browser()), Actor::confirming(Box::new(current), browser()), Actor::server()] {
            assert_eq!(Admin::of(&core, nobody, Scope::UsersWrite).unwrap_err(), AppError::Failed(Failure::NotSignedIn));
        }
    }

    /// The actor of a change in a browser is recorded in the audit log, with address and browser.
    async fn the_log_says_which_administrator_it_was(database: TestDatabase) {
        let core = support::core(&database).await;
        administrator(&core, "root").await;
        let by = acting(&core, "root").await;
        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        users::promote(&core, &by, &ada.user).await.unwrap();
        users::demote(&core, &by, &ada.user).await.unwrap();
        sessions::end_all_as_admin(&core, &by, &ada.user.id).await.unwrap();
        let session = given::stored(&core, &token).await.session;
        users::disable(&core, &by, &ada.user).await.unwrap();
        users::enable(&core, &by, &ada.user).await.unwrap();
        users::set_password(&core, &by, &ada.user, &support::password("another long password")).await.unwrap();
        users::delete(&core, &by, &ada.user).await.unwrap();
        let root = given::credentials(&core, "root").await.user;
        let records = records(&core).await;
        let done: Vec<_> = records.iter().filter(|record| record.entry.actor.as_ref() == Some(&root.id)).collect();
        let events: Vec<_> = done.iter().rev().map(|record| record.entry.event).collect();
        let expected = [
            Event::UserPromoted, Event::UserDemoted, Event::SessionEnded(EndReason::EndedByAdmin),
            Event::UserDisabled, Event::UserEnabled, Event::PasswordSet, Event::UserDeleted,
        ];
        assert_eq!(events.len(), expected.len(), "{events:?}");
        for event in expected {
            assert!(events.contains(&event), "{event:?}");
        }
        for record in done {
            let entry = &record.entry;
            assert_eq!((record.username.as_deref(), record.actor_name.as_deref()), (Some("ada"), Some("root")));
            assert_eq!(entry.source, Source::Browser);
            let from = if entry.session.is_some() { &session.address } else { "203.0.113.5" };
            assert_eq!(entry.address, from, "{:?}", entry.event);
        }
    }

    /// Sessions, devices and links are deleted with the account; the log entries stay, and record
    /// the ends.
    async fn a_deleted_account_leaves_its_name_in_the_log_alone(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, eve) = (given::account(&core, "ada").await, given::account(&core, "eve").await);
        let (token, kept) = (given::session(&core, &ada).await, given::session(&core, &eve).await);
        let verified = given::verified(&ada);
        let machine = actor::on_this_machine();
        vestibule::server::core::accounts::password_links::make(&core, &machine, &ada.user).await.unwrap();
        assert_eq!(users::delete(&core, &machine, &ada.user).await.unwrap(), 1);
        assert_eq!(sessions::resume(&core, &token).await.unwrap(), Resumed::Unknown);
        assert!(sessions::start(&core, &given::visitor(), given::presented(None), &verified, false).await.unwrap().is_none());
        for table in ["sessions", "devices", "password_links"] {
            let rows = given::texts(&core.db, &format!("SELECT user_id FROM {table}")).await;
            assert!(!rows.contains(&ada.user.id.0), "{table}");
        }
        assert!(matches!(users::find(&core, "ada").await, Err(UserError::NotFound)));
        assert!(matches!(users::delete(&core, &machine, &ada.user).await, Err(UserError::NotFound)));
        let events: Vec<_> = records(&core).await.into_iter()
            .filter(|record| record.username.as_deref() == Some("ada"))
            .map(|record| record.entry.event)
            .collect();
        assert!(events.contains(&Event::SessionEnded(EndReason::UserDeleted)) && events.contains(&Event::UserDeleted), "{events:?}");
        assert!(matches!(sessions::resume(&core, &kept).await.unwrap(), Resumed::Live(_)));
    }

    /// The password was right, and then the account is deleted before the session starts.
    async fn a_sign_in_cannot_outrun_deleting(database: TestDatabase) {
        let core = support::core(&database).await;
        for round in 0..50 {
            let ada = given::account(&core, &format!("ada{round}")).await;
            let (signing_in, verified) = (core.clone(), given::verified(&ada));
            let (administering, user) = (core.clone(), ada.user.clone());
            let starting = tokio::spawn(async move {
                sessions::start(&signing_in, &given::visitor(), given::presented(None), &verified, false).await.unwrap()
            });
            let deleting = tokio::spawn(async move {
                users::delete(&administering, &actor::on_this_machine(), &user).await.unwrap()
            });
            let (started, ended) = (starting.await.unwrap(), deleting.await.unwrap());
            assert_eq!(ended, u64::from(started.is_some()), "wholly before or wholly after");
            if let Some(started) = started {
                assert_eq!(sessions::resume(&core, &started.session).await.unwrap(), Resumed::Unknown);
            }
        }
    }

    /// Also a caller that forgot to make the permission.
    async fn an_actor_without_the_permission_changes_no_account(database: TestDatabase) {
        let core = support::core(&database).await;
        let root = administrator(&core, "root").await;
        let ada = given::account(&core, "ada").await.user;
        let token = given::session(&core, &given::credentials(&core, "root").await).await;
        let signed_in = given::signed_in(&given::stored(&core, &token).await);
        for actor in [given::visitor(), Actor::server(), signed_in] {
            let changes = [
                store::users::promote(&core.db, &ada.id, START, &actor).await.map(drop),
                store::users::demote(&core.db, &root.id, START, &actor).await.map(drop),
                store::users::disable(&core.db, &ada.id, START, &actor).await.map(drop),
                store::users::enable(&core.db, &ada.id, START, &actor).await,
                store::users::delete(&core.db, &ada.id, START, &actor).await.map(drop),
            ];
            for change in changes {
                assert!(matches!(change, Err(StoreError::NotAdministrator)), "{actor:?}: {change:?}");
            }
        }
    }

    async fn an_unknown_account_is_neither_changed_nor_deleted(database: TestDatabase) {
        let core = support::core(&database).await;
        let (nobody, by) = (UserId("nobody".to_owned()), Actor::command());
        assert!(!store::users::promote(&core.db, &nobody, START, &by).await.unwrap());
        assert!(!store::users::demote(&core.db, &nobody, START, &by).await.unwrap());
        assert_eq!(store::users::delete(&core.db, &nobody, START, &by).await.unwrap(), None);
        assert_eq!(records(&core).await, []);
    }

    async fn every_session_of_everybody_is_ended_in_steps(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, eve) = (given::account(&core, "ada").await, given::account(&core, "eve").await);
        let old = given::session(&core, &ada).await;
        core.clock.set(START.after(Duration::from_secs(3 * 3_600)));
        let tokens = [given::session(&core, &ada).await, given::session(&core, &eve).await];
        assert_eq!(sessions::end_every_session_as_admin(&core, &actor::on_this_machine()).await.unwrap(), 2);
        assert_eq!(given::end_of(&core, &old).await.map(|end| end.reason), Some(EndReason::Idle));
        for token in tokens {
            assert_eq!(sessions::resume(&core, &token).await.unwrap(), Resumed::Ended(EndReason::EndedByAdmin));
        }
        let by = Actor::command();
        let ended = vestibule::domain::session::Ended { at: core.clock.now(), reason: EndReason::EndedByAdmin };
        for _ in 0..5 {
            given::session(&core, &ada).await;
        }
        let (next, count) = store::sessions::end_some(&core.db, ended, &store::sessions::above_every_id(), 3, &by).await.unwrap();
        assert_eq!(count, 3);
        // Concurrent sign-ins do not prolong the run: newer sessions are skipped.
        let newer = given::session(&core, &ada).await;
        let (next, count) = store::sessions::end_some(&core.db, ended, &next.unwrap(), 3, &by).await.unwrap();
        assert_eq!(count, 2);
        assert_eq!(store::sessions::end_some(&core.db, ended, &next.unwrap(), 3, &by).await.unwrap(), (None, 0));
        assert_eq!(given::end_of(&core, &newer).await, None);
    }

    /// This includes sessions from another machine whose clock is ahead, or from a restored file.
    async fn a_session_that_began_later_by_the_clock_is_ended_with_the_others(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let later = given::session_at(&core, &ada, START.after(Duration::from_secs(3_600))).await;
        let now = given::session(&core, &ada).await;
        assert_eq!(sessions::end_every_session_as_admin(&core, &actor::on_this_machine()).await.unwrap(), 2);
        for token in [later, now] {
            assert_eq!(given::end_of(&core, &token).await.map(|end| end.reason), Some(EndReason::EndedByAdmin));
        }
    }

    /// More sessions than one step ends, some of which end elsewhere meanwhile, with continuous
    /// sign-ins.
    async fn continuing_sign_ins_do_not_make_it_endless(database: TestDatabase) {
        let core = Core { max_sessions: u32::MAX, ..support::core(&database).await };
        let ada = given::account(&core, "ada").await;
        given::session(&core, &ada).await;
        given::execute(&core.db, "INSERT INTO sessions (id, token_digest, user_id, created_at, last_seen_at, \
            authenticated_at, idle_ends_at, absolute_ends_at, remember, address, user_agent, new_device) \
            SELECT '0' || n, '' || n, user_id, created_at, last_seen_at, authenticated_at, idle_ends_at, \
            absolute_ends_at, remember, address, user_agent, new_device FROM sessions, (WITH RECURSIVE numbers (n) AS \
            (SELECT 10001 UNION ALL SELECT n + 1 FROM numbers WHERE n < 11000) SELECT n FROM numbers) AS numbers").await;
        let (signing_in, account) = (core.clone(), given::credentials(&core, "ada").await);
        let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        let stopped = stop.clone();
        let sign_ins = tokio::spawn(async move {
            while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
                given::session(&signing_in, &account).await;
            }
        });
        let machine = actor::on_this_machine();
        let ending = sessions::end_every_session_as_admin(&core, &machine);
        let ended = tokio::time::timeout(Duration::from_secs(120), ending).await.expect("an end").unwrap();
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        sign_ins.await.unwrap();
        assert!(ended > 0);
        let left = given::texts(&core.db, "SELECT id FROM sessions WHERE ended_at IS NULL AND id LIKE '01____'").await;
        assert_eq!(left, Vec::<String>::new());
    }
}
