//! A wrong clock deletes nothing, ends no session but that of the request, and leaves nothing in
//! the future.

use crate::{
    given::{self, everything_written},
    on_both_engines,
    support::{self, LIFETIMES, LIMITS, START},
};
use std::time::Duration;
use vestibule::{
    domain::{
        access_key::{AccessKey, AccessKeyDraft},
        actor::Browser,
        moment::Timestamp,
        session::{EndReason, Session},
    },
    server::{
        clock::Clock,
        core::{
            Core,
            accounts::{access_keys, password_links, setup, users},
            actor,
            background::{cleanup, timekeeping},
            sessions::{self, Resumed, resume},
        },
        store::{self, users::Credentials},
        token::{self, SessionToken},
    },
};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);
const YEARS: Duration = Duration::from_secs(3 * 365 * 86_400);

/// A row in every table that is cleaned up: a live session and an ended one, their entries in the
/// log, a known browser, a failure, a link.
async fn one_row_in_every_table(core: &Core) -> (Credentials, SessionToken) {
    let ada = given::account(core, "ada").await;
    let ended = given::session(core, &ada).await;
    sessions::end(core, &given::visitor(), &ended, EndReason::SignedOut)
        .await
        .unwrap();
    let live = given::session(core, &ada).await;
    let failure = format!(
        "INSERT INTO throttle (key, failures, last_at, before_last_at, window_ends_at) VALUES ('a', 1, {0}, 0, {0})",
        core.clock.now().after(LIMITS.window).as_millis()
    );
    given::execute(&core.db, &failure).await;
    password_links::make(core, &actor::on_this_machine(), &ada.user)
        .await
        .unwrap();
    (ada, live)
}

/// The same database from a process that has just started, with this clock.
async fn started(database: &support::database::TestDatabase, now: Timestamp) -> Core {
    support::core_with_clock(database, Clock::manual(now)).await
}

async fn live(core: &Core, token: &SessionToken) -> Session {
    match resume(core, token).await.unwrap() {
        Resumed::Live(found) => found.session,
        other => panic!("{other:?}"),
    }
}

on_both_engines! {
    async fn a_clock_that_is_set_ahead_deletes_nothing_and_ends_nobody_for_an_hour(database: TestDatabase) {
        let core = support::core(&database).await;
        let (_, token) = one_row_in_every_table(&core).await;
        core.clock.set(START.after(HOUR));
        assert_eq!(cleanup::clean(&core).await.unwrap(), 1, "trusted so far: the window of the failure is over");
        let before = everything_written(&core.db).await;
        core.clock.jump(START.after(HOUR + 200 * DAY));
        for minutes in [0, 1, 59] {
            core.clock.set(START.after(HOUR + 200 * DAY + minutes * 60 * SECOND));
            assert_eq!(cleanup::clean(&core).await.unwrap(), 0);
        }
        assert_eq!(everything_written(&core.db).await, before);
        core.clock.jump(START.after(2 * HOUR - SECOND));
        live(&core, &token).await;
    }

    /// As on a machine whose clock is wrong at the start: the file records when it was last in use.
    async fn a_clock_that_is_ahead_from_the_start_is_trusted_for_a_day_each_hour(database: TestDatabase) {
        let core = support::core(&database).await;
        one_row_in_every_table(&core).await;
        let before = everything_written(&core.db).await;
        let wrong = started(&database, START.after(200 * DAY)).await;
        wrong.clock.record_known_time(START);
        assert_eq!(cleanup::clean(&wrong).await.unwrap(), 0);
        assert_eq!(everything_written(&core.db).await, before);
        wrong.clock.set(START.after(200 * DAY + HOUR));
        // Due after a day: the idle session and the failure.
        assert_eq!(cleanup::clean(&wrong).await.unwrap(), 2);
        assert!(given::texts(&core.db, "SELECT id FROM activity").await.len() > 3);
        assert_eq!(given::texts(&core.db, "SELECT id FROM sessions").await.len(), 2);
        assert_eq!(given::texts(&core.db, "SELECT purpose FROM password_links").await.len(), 1);
        // Four days make the link due, and 181 the rest.
        wrong.clock.set(START.after(200 * DAY + 4 * HOUR));
        assert_eq!(cleanup::clean(&wrong).await.unwrap(), 1);
        wrong.clock.set(START.after(200 * DAY + 182 * HOUR));
        cleanup::clean(&wrong).await.unwrap();
        assert!(given::texts(&core.db, "SELECT id FROM sessions").await.is_empty());
    }

    /// Nodes share the clock of the database server; a file has one node.
    async fn nodes_use_the_clock_of_their_database(database: TestDatabase) {
        let core = support::core(&database).await;
        let ahead = started(&database, START.after(3 * HOUR)).await;
        let difference = timekeeping::measure(&ahead.db, &ahead.clock).await.unwrap();
        if database.engine == Engine::Sqlite {
            assert_eq!((ahead.clock.now(), difference), (START.after(3 * HOUR), Duration::ZERO));
            return;
        }
        timekeeping::measure(&core.db, &core.clock).await.unwrap();
        assert!(difference > 5 * SECOND);
        let warning = timekeeping::difference_warning(&ahead.clock).expect("a sentence for commands");
        assert!(warning.contains("differs by"), "{warning}");
        let apart = ahead.clock.now().since(core.clock.now());
        assert!(apart < 60 * SECOND, "{apart:?}: the database has answered one after the other");
        assert!(core.clock.now() > START, "that of the server, which is no manual one");

        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        live(&ahead, &token).await;
        // An hour later, so that it cleans up; and its own clock is set 200 days ahead as well.
        ahead.clock.set(START.after(3 * HOUR + HOUR));
        ahead.clock.jump(START.after(200 * DAY));
        cleanup::clean(&ahead).await.unwrap();
        live(&core, &token).await;
        live(&ahead, &token).await;
    }

    async fn a_session_of_a_clock_that_was_ahead_begins_now_and_once(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        for remember in [false, true] {
            let now = core.clock.now();
            core.clock.set(START.after(YEARS));
            let token = sessions::start(&core, &given::visitor(), given::presented(None), &given::verified(&ada), remember)
                .await.unwrap().unwrap().session;
            core.clock.set(now);
            let found = given::stored(&core, &token).await;
            assert!(!actor::is_fresh(&core, &found), "it cannot have been entered yet");
            let started = live(&core, &token).await;
            assert_eq!(given::stored(&core, &token).await.session, started, "written down");
            assert_eq!((started.created_at, started.last_seen_at), (now, now));
            assert_eq!(started.idle_ends_at, now.after(LIFETIMES.idle_for(remember)));
            assert_eq!(started.absolute_ends_at, now.after(LIFETIMES.absolute_for(remember)));
            // Nor when the clock reaches that time.
            core.clock.set(START.after(YEARS));
            assert!(!actor::is_fresh(&core, &given::stored(&core, &token).await));
            core.clock.set(now.after(LIFETIMES.idle_for(remember)));
            assert_eq!(resume(&core, &token).await.unwrap(), Resumed::Ended(EndReason::Idle));
            core.clock.set(now.after(SECOND));
        }
    }

    async fn a_use_by_a_clock_that_was_ahead_counts_from_now_within_the_longest_life(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        let session = given::stored(&core, &token).await.session;
        let ahead = START.after(12 * HOUR);
        assert!(store::sessions::touch(&core.db, &session.id, START.after(HOUR), ahead.after(2 * HOUR)).await.unwrap());
        let sql = format!("UPDATE sessions SET last_seen_at = {}", ahead.as_millis());
        given::execute(&core.db, &sql).await;
        core.clock.set(START.after(2 * HOUR));
        let used = live(&core, &token).await;
        assert_eq!((used.created_at, used.last_seen_at), (START, START.after(2 * HOUR)));
        assert_eq!(used.idle_ends_at, START.after(4 * HOUR));
        assert_eq!(used.absolute_ends_at, START.after(LIFETIMES.absolute), "it does not restart");
        assert_eq!(used.authenticated_at, START);
    }

    /// Clocks may differ by a minute.
    async fn a_difference_of_a_minute_changes_nothing(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = given::session_at(&core, &ada, START.after(60 * SECOND)).await;
        let before = given::stored(&core, &token).await.session;
        assert_eq!(live(&core, &token).await, before);
        assert_eq!(cleanup::reset_future_times(&core).await.unwrap(), 0);
        assert_eq!(given::stored(&core, &token).await.session, before);
    }

    /// A machine that has lost its time in a power cut: moved to 1970, the session would end with
    /// the next NTP update.
    async fn a_clock_that_is_behind_changes_nothing(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        let before = given::stored(&core, &token).await.session;
        let behind = started(&database, Timestamp::from_millis(1_000)).await;
        behind.clock.record_known_time(START);
        assert_eq!(live(&behind, &token).await, before);
        behind.clock.set(Timestamp::from_millis(1_000).after(2 * HOUR));
        assert_eq!(cleanup::clean(&behind).await.unwrap(), 0);
        assert_eq!(given::stored(&core, &token).await.session, before);
    }

    /// It lives as long as it was made for, and its next use is recorded.
    async fn a_key_made_by_a_clock_that_was_ahead_lives_as_long_as_any(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let made_at = async |at: Timestamp| {
            core.clock.set(at);
            let draft = AccessKeyDraft { name: "Backup".to_owned(), scopes: vec!["profile:read".to_owned()], ..AccessKeyDraft::default() };
            let made = access_keys::make_as_admin(&core, &actor::on_this_machine(), &ada.user, &draft).await.unwrap();
            access_keys::with_id(&core, &made.id).await.unwrap().unwrap()
        };
        let use_at = async |key: &AccessKey, at: Timestamp| {
            let claim = core.db.background_writes.claim(&key.id.0).expect("nothing else writes it");
            let browser = Browser::new("192.0.2.1".to_owned(), "curl/8.5");
            store::access_keys::touch_in_background(&core.db, &key.id, at, &browser, claim).await.unwrap();
            support::settled(&core).await;
            access_keys::with_id(&core, &key.id).await.unwrap().unwrap()
        };
        let now = START.after(HOUR);
        let old = made_at(START).await;
        let ahead = made_at(now.after(YEARS)).await;
        let revoked = made_at(now.after(YEARS)).await;
        for key in [&old, &ahead] {
            use_at(key, now.after(YEARS)).await;
        }
        access_keys::revoke_as_admin(&core, &actor::on_this_machine(), &ada.user.id, &revoked.id).await.unwrap();
        let revoked = access_keys::with_id(&core, &revoked.id).await.unwrap();
        core.clock.set(now);
        assert_eq!(cleanup::reset_future_times(&core).await.unwrap(), 2);
        assert_eq!(cleanup::reset_future_times(&core).await.unwrap(), 0, "once");
        let stored = async |key: &AccessKey| access_keys::with_id(&core, &key.id).await.unwrap().unwrap();
        let (kept, moved) = (stored(&old).await, stored(&ahead).await);
        assert_eq!((kept.created_at, kept.expires_at), (START, old.expires_at));
        let lifetime = ahead.expires_at.as_millis() - ahead.created_at.as_millis();
        assert_eq!((moved.created_at, moved.expires_at.as_millis()), (now, now.as_millis() + lifetime));
        for key in [kept, moved] {
            assert_eq!(key.last_use.as_ref().map(|last| last.at), Some(now));
            let used = use_at(&key, now.after(SECOND)).await;
            assert_eq!(used.last_use.map(|last| last.at), Some(now.after(SECOND)));
        }
        let revocation = revoked.clone().unwrap();
        assert_eq!(access_keys::with_id(&core, &revocation.id).await.unwrap(), revoked, "a revocation is final");
    }

    async fn times_in_the_future_are_reset_without_a_request(database: TestDatabase) {
        let core = support::core(&database).await;
        core.clock.set(START.after(YEARS));
        let code = setup::new_code(&core).await.unwrap().unwrap();
        let digest = token::setup_code_digest(&code);
        core.clock.set(START);
        assert_eq!(cleanup::reset_future_times(&core).await.unwrap(), 1, "the code");
        let is_live = async |at| store::setup_codes::is_live(&core.db, &digest, at).await.unwrap();
        assert!(is_live(START.after(HOUR - SECOND)).await);
        assert!(!is_live(START.after(HOUR)).await);

        let ada = given::account(&core, "ada").await;
        core.clock.set(START.after(YEARS));
        let token = given::session(&core, &ada).await;
        password_links::make(&core, &actor::on_this_machine(), &ada.user).await.unwrap();
        core.clock.set(START);
        assert_eq!(cleanup::reset_future_times(&core).await.unwrap(), 4, "session, account, link and browser");
        assert_eq!(cleanup::reset_future_times(&core).await.unwrap(), 0, "once");
        let user = users::find(&core, "ada").await.unwrap();
        let until = password_links::valid_until(&core, &user).await.unwrap();
        assert_eq!(until, Some(START.after(password_links::LIFETIME)));
        assert_eq!(user.last_sign_in_at, Some(START));
        let session = given::stored(&core, &token).await.session;
        assert_eq!(session.idle_ends_at, START.after(LIFETIMES.idle));
        core.clock.set(START.after(LIFETIMES.idle));
        assert_eq!(cleanup::clean(&core).await.unwrap(), 1);
        assert_eq!(given::end_of(&core, &token).await.unwrap().reason, EndReason::Idle);
        core.clock.set(START.after(401 * DAY));
        cleanup::clean(&core).await.unwrap();
        assert!(given::texts(&core.db, "SELECT user_id FROM devices").await.is_empty());
    }
}
