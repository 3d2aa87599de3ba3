//! Concurrent steps: an ended session stays ended, and an acknowledged end is an end.

use crate::{
    given, on_both_engines,
    support::{self, PASSWORD, START},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{sync::Barrier, task::JoinSet};
use vestibule::{
    domain::{actor::Actor, session::EndReason},
    error::{AppError, Refusal},
    server::{
        core::{
            Core,
            accounts::users,
            actor,
            sessions::{self, Resumed},
            sign_in::{self, Credentials},
        },
        store,
        token::SessionToken,
    },
};
const ROUNDS: usize = 40;

/// One token, and whether its end was acknowledged.
#[derive(Clone)]
struct Watched {
    token: Arc<SessionToken>,
    ended: Arc<AtomicBool>,
}

impl Watched {
    fn new(token: SessionToken) -> Self {
        Self {
            token: Arc::new(token),
            ended: Arc::default(),
        }
    }

    fn acknowledge(&self) {
        self.ended.store(true, Ordering::SeqCst);
    }

    async fn is_live(&self, core: &Core) -> bool {
        matches!(
            sessions::resume(core, &self.token).await.unwrap(),
            Resumed::Live(_)
        )
    }
}

/// A browser that reloads continuously, each time late enough to update "last seen".
async fn reload(core: Core, watched: Watched) {
    let mut dead = false;
    for _ in 0..12 {
        let over = dead || watched.ended.load(Ordering::SeqCst);
        core.clock
            .set(core.clock.now().after(Duration::from_secs(61)));
        let live = watched.is_live(&core).await;
        assert!(
            !(over && live),
            "a session lives after its end was acknowledged or reported"
        );
        dead |= !live;
    }
}

on_both_engines! {
    /// Signing out and an administrator's end, while the same sessions are used continuously.
    async fn an_end_holds_against_requests_under_way(database: TestDatabase) {
        let core = support::core(&database).await;
        for round in 0..ROUNDS {
            core.clock.set(START);
            let ada = given::account(&core, &format!("ada{round}")).await;
            let [left, ended, kept] = [
                Watched::new(given::session(&core, &ada).await),
                Watched::new(given::session(&core, &ada).await),
                Watched::new(given::session(&core, &ada).await),
            ];
            let start = Arc::new(Barrier::new(8));
            let mut tasks = JoinSet::new();
            for watched in [&left, &left, &ended, &ended, &kept, &kept] {
                let (core, watched, start) = (core.clone(), watched.clone(), start.clone());
                tasks.spawn(async move {
                    start.wait().await;
                    reload(core, watched).await;
                });
            }
            let (signing_out, at_start, watched) = (core.clone(), start.clone(), left.clone());
            tasks.spawn(async move {
                at_start.wait().await;
                let signed_out = sign_in::logout(&signing_out, &given::visitor(), Some(&watched.token)).await.unwrap();
                watched.acknowledge();
                assert!(signed_out.is_some());
                assert!(!watched.is_live(&signing_out).await);
            });
            let (administering, watched) = (core.clone(), ended.clone());
            tasks.spawn(async move {
                start.wait().await;
                let session = given::stored(&administering, &watched.token).await.session;
                assert!(sessions::end_as_admin(&administering, &actor::on_this_machine(), &session).await.unwrap());
                watched.acknowledge();
                assert!(!watched.is_live(&administering).await);
            });
            while let Some(task) = tasks.join_next().await {
                task.unwrap();
            }
            let reason = async |watched: &Watched| {
                given::end_of(&core, &watched.token).await.map(|end| end.reason)
            };
            assert_eq!(reason(&left).await, Some(EndReason::SignedOut));
            assert_eq!(reason(&ended).await, Some(EndReason::EndedByAdmin));
            assert_eq!(reason(&kept).await, None, "the others stay signed in");
        }
    }

    /// The end is written while "last seen" is on its way to the database: the request is answered
    /// by the state that it has read, and the session is not revived.
    async fn a_session_that_ends_during_its_request_is_not_revived(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        core.clock.set(START.after(Duration::from_secs(61)));
        let ended = core.clock.now().as_millis();
        let sql = format!("UPDATE sessions SET ended_at = {ended}, end_reason = 'signed_out'");
        // No other transaction sees the end before its commit, and no other writes to the row.
        let begin = if database.engine == Engine::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
        let ending = given::Writer::begin(&core.db, begin, &sql).await;
        assert!(matches!(sessions::resume(&core, &token).await.unwrap(), Resumed::Live(_)));
        // Time to reach the row and wait for it; a later one finds the end anyway.
        tokio::time::sleep(Duration::from_millis(300)).await;
        ending.commit().await;
        support::settled(&core).await;
        assert_eq!(sessions::resume(&core, &token).await.unwrap(), Resumed::Ended(EndReason::SignedOut));
        assert_eq!(given::stored(&core, &token).await.session.last_seen_at, START);
    }

    /// Disabling or a new password, while the account signs in, signs out and reloads.
    async fn disabling_holds_against_everything_at_once(database: TestDatabase) {
        let core = support::core(&database).await;
        for round in 0..ROUNDS {
            core.clock.set(START);
            let name = format!("ada{round}");
            let ada = given::account(&core, &name).await;
            let used = Watched::new(given::session(&core, &ada).await);
            let previous = Watched::new(given::session(&core, &ada).await);
            let start = Arc::new(Barrier::new(5));
            let mut tasks = JoinSet::new();
            let (reloading, at_start, watched) = (core.clone(), start.clone(), used.clone());
            tasks.spawn(async move {
                at_start.wait().await;
                reload(reloading, watched).await;
                None
            });
            for brings in [None, Some(previous.clone())] {
                let (core, start, verified) = (core.clone(), start.clone(), given::verified(&ada));
                tasks.spawn(async move {
                    start.wait().await;
                    let presented = given::presented(brings.as_ref().map(|watched| &*watched.token));
                    sessions::start(&core, &given::visitor(), presented, &verified, true).await.unwrap()
                });
            }
            let (signing_out, at_start, watched) = (core.clone(), start.clone(), previous.clone());
            tasks.spawn(async move {
                at_start.wait().await;
                sign_in::logout(&signing_out, &given::visitor(), Some(&watched.token)).await.unwrap();
                watched.acknowledge();
                assert!(!watched.is_live(&signing_out).await);
                None
            });
            let (administering, user, watched) = (core.clone(), ada.user.clone(), used.clone());
            tasks.spawn(async move {
                start.wait().await;
                if round % 2 == 0 {
                    users::disable(&administering, &actor::on_this_machine(), &user).await.unwrap();
                } else {
                    let now = administering.clock.now();
                    store::users::set_password(&administering.db, &user.id, "changed", now, &Actor::command()).await.unwrap();
                }
                watched.acknowledge();
                assert!(!watched.is_live(&administering).await);
                None
            });
            let mut tokens = vec![used, previous];
            while let Some(task) = tasks.join_next().await {
                tokens.extend(task.unwrap().map(|started| Watched::new(started.session)));
            }
            for _ in ["as it is", "enabled again"] {
                for watched in &tokens {
                    assert!(!watched.is_live(&core).await, "a session outlived its account's end");
                }
                users::enable(&core, &actor::on_this_machine(), &ada.user).await.unwrap();
            }
        }
    }

    /// The password was right, and then the account is disabled before the session starts.
    async fn a_sign_in_cannot_outrun_disabling(database: TestDatabase) {
        let core = support::core(&database).await;
        for round in 0..100 {
            let ada = given::account(&core, &format!("ada{round}")).await;
            let (signing_in, verified) = (core.clone(), given::verified(&ada));
            let (administering, user) = (core.clone(), ada.user.clone());
            let starting = tokio::spawn(async move {
                sessions::start(&signing_in, &given::visitor(), given::presented(None), &verified, false).await.unwrap()
            });
            let disabling =
                tokio::spawn(async move { users::disable(&administering, &actor::on_this_machine(), &user).await.unwrap() });
            let (started, ended) = (starting.await.unwrap(), disabling.await.unwrap());
            assert_eq!(ended, u64::from(started.is_some()), "wholly before or wholly after");
            if let Some(started) = started {
                assert!(!Watched::new(started.session).is_live(&core).await);
            }
        }
    }

    /// The same through the whole sign-in: the account is disabled while its password is hashed.
    async fn disabling_during_a_whole_sign_in_leaves_nobody_signed_in(database: TestDatabase) {
        let core = support::core(&database).await;
        support::create_user(&core, "ada").await;
        let user = given::credentials(&core, "ada").await.user;
        for round in 0..10_u64 {
            users::enable(&core, &actor::on_this_machine(), &user).await.unwrap();
            let signing_in = core.clone();
            let login = tokio::spawn(async move {
                let password = support::password(PASSWORD);
                let credentials = Credentials { username: "ada", password: &password };
                sign_in::login(&signing_in, &given::visitor(), given::presented(None), &credentials, false).await
            });
            // At another moment of the sign-in each time.
            tokio::time::sleep(Duration::from_millis(4 * round)).await;
            users::disable(&core, &actor::on_this_machine(), &user).await.unwrap();
            match login.await.unwrap() {
                Ok(started) => assert!(!Watched::new(started.session).is_live(&core).await),
                Err(refusal) => assert_eq!(refusal, AppError::from(Refusal::SignIn)),
            }
        }
        let sessions = store::sessions::list(&core.db, None, None, 100).await.unwrap();
        assert!(sessions.iter().all(|found| found.session.ended.is_some()));
    }
}
