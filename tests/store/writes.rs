//! Writes: beside a request, concurrent ones, and retries.

use crate::{
    given, on_both_engines,
    support::{
        self, START,
        database::{Engine, TestDatabase, texts},
    },
};
use std::time::Duration;
use tokio::{task::JoinSet, time::timeout};
use vestibule::{
    domain::{actor::Actor, moment::Timestamp, session::EndReason},
    server::{
        core::{
            actor::Owner,
            sessions::{self, Resumed},
        },
        db::{Db, Pool, StoreError},
        store,
    },
};

/// A request that does not wait takes far less, also on a busy machine.
const MAX_LATENCY: Duration = Duration::from_secs(4);

fn after_seconds(seconds: u64) -> Timestamp {
    START.after(Duration::from_secs(seconds))
}

/// A lock of another program on every session: on SQLite on the whole file.
async fn hold_sessions(database: &TestDatabase, db: &Db) -> given::Writer {
    let begin = match database.engine {
        Engine::Sqlite => "BEGIN IMMEDIATE",
        Engine::Postgres => "BEGIN",
    };
    given::Writer::begin(db, begin, "UPDATE sessions SET address = address").await
}

/// This number of statements wait for a lock.
async fn waiting(db: &Db) -> usize {
    const SQL: &str = "SELECT l.pid::text FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
        WHERE NOT l.granted AND a.datname = current_database()";
    texts(db, SQL).await.len()
}

/// Makes the next `times` entries of the audit log fail with `code`. A sequence is not rolled back.
async fn fail_entries(db: &Db, times: u32, code: &str) {
    let sql = format!(
        "CREATE SEQUENCE failures; \
         CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF nextval('failures') <= {times} THEN RAISE EXCEPTION 'made up' USING ERRCODE = '{code}'; END IF; \
         RETURN NEW; END $$; \
         CREATE TRIGGER fail BEFORE INSERT ON activity FOR EACH ROW EXECUTE FUNCTION fail()"
    );
    given::execute(db, &sql).await;
}

on_both_engines! {
    async fn a_page_waits_for_no_last_seen(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        let before = given::stored(&core, &token).await.session;
        core.clock.set(after_seconds(61));
        let holder = hold_sessions(&database, &core.db).await;
        for _ in 0..3 {
            let resumed = timeout(MAX_LATENCY, sessions::resume(&core, &token)).await.expect("it does not wait");
            let Resumed::Live(current) = resumed.unwrap() else { panic!("not live") };
            assert_eq!(current.session, before, "pages show the state of the database");
        }
        assert!(core.db.background_writes.claim(&before.id.0).is_none(), "one is in flight, and no other one begins");
        if database.engine == Engine::Postgres {
            // The first of them completes later, and no second one follows.
            while waiting(&core.db).await == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
            assert_eq!(waiting(&core.db).await, 1);
        }
        holder.commit().await;
        support::settled(&core).await;
        let after = given::stored(&core, &token).await.session;
        assert_eq!(after.last_seen_at, after_seconds(61));
        assert!(after.idle_ends_at > before.idle_ends_at);
    }

    /// It could not be written: the session is accepted until the stored idle end.
    async fn a_last_seen_that_is_lost_ends_nobody(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        let idle_end = given::stored(&core, &token).await.session.idle_ends_at;
        let failing = match database.engine {
            Engine::Sqlite => "CREATE TRIGGER refuse BEFORE UPDATE ON sessions BEGIN SELECT RAISE(ABORT, 'made up'); END",
            Engine::Postgres => "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS \
                $$ BEGIN RAISE EXCEPTION 'made up'; END $$; \
                CREATE TRIGGER refuse BEFORE UPDATE ON sessions FOR EACH ROW EXECUTE FUNCTION refuse()",
        };
        given::execute(&core.db, failing).await;
        for seconds in [61, 3_600, 7_199] {
            core.clock.set(after_seconds(seconds));
            let Resumed::Live(current) = sessions::resume(&core, &token).await.unwrap() else { panic!("not live") };
            assert_eq!((current.session.last_seen_at, current.session.idle_ends_at), (START, idle_end));
            support::settled(&core).await;
        }
        core.clock.set(idle_end);
        assert_eq!(sessions::resume(&core, &token).await.unwrap(), Resumed::Ended(EndReason::Idle));
    }

    async fn a_last_seen_that_comes_late_moves_nothing_back(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        let id = given::stored(&core, &token).await.session.id;
        let (late, later) = (after_seconds(100), after_seconds(200));
        assert!(store::sessions::touch(&core.db, &id, later, after_seconds(2_000)).await.unwrap());
        let written = given::stored(&core, &token).await.session;
        let claim = core.db.background_writes.claim(&id.0).expect("none is in flight");
        store::sessions::touch_in_background(&core.db, &id, late, after_seconds(1_000), claim).await.unwrap();
        assert_eq!(given::stored(&core, &token).await.session, written);
        let claim = core.db.background_writes.claim(&id.0).expect("the claim before is over");
        store::sessions::touch_in_background(&core.db, &id, after_seconds(300), after_seconds(3_000), claim).await.unwrap();
        assert_eq!(given::stored(&core, &token).await.session.last_seen_at, after_seconds(300));
    }

    /// The answer promises that the session continues, so the write has to succeed first.
    async fn staying_signed_in_waits_for_its_write(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        let Resumed::Live(current) = sessions::resume(&core, &token).await.unwrap() else { panic!("not live") };
        core.clock.set(after_seconds(30));
        let holder = hold_sessions(&database, &core.db).await;
        let asking = core.clone();
        let mut staying = tokio::spawn(async move {
            let actor = given::signed_in(&current);
            sessions::extend(&asking, Owner::of(&actor).unwrap()).await
        });
        assert!(timeout(Duration::from_millis(500), &mut staying).await.is_err(), "it did not wait");
        holder.commit().await;
        assert!(staying.await.unwrap().unwrap());
        assert_eq!(given::stored(&core, &token).await.session.last_seen_at, after_seconds(30));
    }
}

/// Many wait for rows that another program locks, and others continue to read.
#[tokio::test(flavor = "multi_thread")]
async fn readers_have_connections_that_writers_cannot_take() {
    let database = TestDatabase::new(Engine::Postgres).await;
    let core = support::core(&database).await;
    let ada = given::account(&core, "ada").await;
    let mut tokens = Vec::new();
    // Enough to use all connections of either pool.
    for person in [&ada, &given::account(&core, "eve").await] {
        for _ in 0..30 {
            tokens.push(given::session(&core, person).await);
        }
    }
    let reader = given::session(&core, &ada).await;
    core.clock.set(after_seconds(61));
    let holder = hold_sessions(&database, &core.db).await;
    let mut leaving = JoinSet::new();
    for token in tokens {
        let core = core.clone();
        leaving.spawn(async move {
            let seen = sessions::resume(&core, &token).await;
            assert!(matches!(seen, Ok(Resumed::Live(_))), "{seen:?}");
            sessions::end(&core, &given::visitor(), &token, EndReason::SignedOut).await
        });
    }
    // Of the ten connections that write one is the holder's, and the others wait for it.
    let beside = sqlx::PgPool::connect(&database.address).await.unwrap();
    while waiting_beside(&beside).await < 9 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for _ in 0..20 {
        let resumed = timeout(MAX_LATENCY, sessions::resume(&core, &reader)).await;
        assert!(matches!(resumed, Ok(Ok(Resumed::Live(_)))), "{resumed:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    holder.commit().await;
    leaving.join_all().await;
    support::settled(&core).await;
}

async fn waiting_beside(pool: &sqlx::PgPool) -> i64 {
    const SQL: &str = "SELECT count(*) FROM pg_stat_activity \
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    sqlx::query_scalar(SQL).fetch_one(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_met_another_one_is_carried_out_again_at_most_three_times() {
    for code in ["40001", "40P01"] {
        for times in [1, 3, 4] {
            let database = TestDatabase::new(Engine::Postgres).await;
            let core = support::core(&database).await;
            let ada = given::account(&core, "ada").await;
            let token = given::session(&core, &ada).await;
            let entries = store::audit::list(&core.db, &Default::default(), None, 100).await;
            fail_entries(&core.db, times, code).await;
            let ended = sessions::end(&core, &given::visitor(), &token, EndReason::SignedOut).await;
            let after = store::audit::list(&core.db, &Default::default(), None, 100).await;
            let written = after.unwrap().len() - entries.unwrap().len();
            if times <= 3 {
                assert!(matches!(ended, Ok(Some(_))), "{code} {times}: {ended:?}");
                assert_eq!(written, 1, "{code} {times}");
            } else {
                assert!(
                    matches!(ended, Err(StoreError::Unavailable(_))),
                    "{code} {times}"
                );
                assert_eq!((written, given::end_of(&core, &token).await), (0, None));
                assert!(!core.db.writes.are_failing(), "others may well write");
            }
        }
    }
}

/// As after a failover: the existing connections take no writes, and a new one does.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_takes_no_writes_costs_no_request() {
    let database = TestDatabase::new(Engine::Postgres).await;
    let core = support::core(&database).await;
    let ada = given::account(&core, "ada").await;
    let token = given::session(&core, &ada).await;
    let Pool::Postgres(link) = &core.db.writer else {
        panic!("not PostgreSQL")
    };
    // All connections: one that is just returned to the pool would be used instead.
    let mut held = Vec::new();
    for _ in 0..link.options().get_max_connections() {
        let mut one = link.acquire().await.unwrap();
        let sql = sqlx::raw_sql("SET default_transaction_read_only = on");
        sql.execute(&mut *one).await.unwrap();
        held.push(one);
    }
    let held_count = held.len();
    drop(held);
    while link.num_idle() < held_count {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let ended = sessions::end(&core, &given::visitor(), &token, EndReason::SignedOut).await;
    assert!(matches!(ended, Ok(Some(_))), "{ended:?}");
    assert!(!core.db.writes.are_failing());
}

/// Two that lock rows in another order than every statement of ours: PostgreSQL ends one of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_with_another_program_is_retried() {
    let database = TestDatabase::new(Engine::Postgres).await;
    let core = support::core(&database).await;
    let ada = given::account(&core, "ada").await;
    let token = given::session(&core, &ada).await;
    let id = given::stored(&core, &token).await.session.id;
    // The other program is not chosen: it waits longest before it checks for a deadlock.
    let mut other = sqlx::PgPool::connect(&database.address)
        .await
        .unwrap()
        .acquire()
        .await
        .unwrap();
    let lock = format!(
        "SET deadlock_timeout = '1min'; BEGIN; UPDATE sessions SET address = address WHERE id = '{id}'"
    );
    let run = async |other: &mut sqlx::pool::PoolConnection<sqlx::Postgres>, sql: String| {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .execute(&mut **other)
            .await
            .unwrap();
    };
    run(&mut other, lock).await;
    // It writes the account first, and then waits for the session.
    let disabling = core.clone();
    let user = ada.user.id.clone();
    let disabled = tokio::spawn(async move {
        let now = disabling.clock.now();
        store::users::set_password(&disabling.db, &user, "changed", now, &Actor::command()).await
    });
    while waiting(&core.db).await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    run(
        &mut other,
        "UPDATE users SET username = username; COMMIT".to_owned(),
    )
    .await;
    assert_eq!(disabled.await.unwrap().unwrap(), 1);
}

/// Defaults of the database for other applications do not matter here.
#[tokio::test(flavor = "multi_thread")]
async fn the_default_isolation_of_the_database_does_not_matter() {
    for isolation in ["serializable", "repeatable read"] {
        let database = TestDatabase::new(Engine::Postgres).await;
        let core = support::core(&database).await;
        let set = format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = \
             ''{isolation}''', current_database()); END $$"
        );
        given::execute(&core.db, &set).await;
        core.db.close().await;
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        for _ in 0..4 {
            let mut arriving = JoinSet::new();
            for _ in 0..12 {
                let (core, verified) = (core.clone(), given::verified(&ada));
                arriving.spawn(async move {
                    sessions::start(
                        &core,
                        &given::visitor(),
                        given::presented(None),
                        &verified,
                        false,
                    )
                    .await
                });
            }
            for started in arriving.join_all().await {
                assert!(matches!(started, Ok(Some(_))), "{isolation}");
            }
        }
    }
}
