//! `store::audit`, tested by the functions that write it.

use crate::{
    given, on_both_engines,
    support::{self, PASSWORD, START},
};
use std::time::Duration;
use vestibule::{
    domain::{
        audit::{Event, Record, SignInRefusal, Source},
        moment::Timestamp,
        session::EndReason,
    },
    error::{AppError, Failure, Refusal},
    server::{
        core::{
            Core,
            accounts::users,
            actor::{self, Actor, Browser},
            background::cleanup,
            sessions::{self, Presented, Started},
            sign_in::{self, Credentials},
        },
        store::{self, audit::Filter},
    },
};

async fn records(core: &Core) -> Vec<Record> {
    let mut records = store::audit::list(&core.db, &Filter::default(), None, 1_000)
        .await
        .unwrap();
    records.reverse();
    records
}

/// Event and reason of each entry, the oldest first.
async fn events(core: &Core) -> Vec<Event> {
    records(core)
        .await
        .into_iter()
        .map(|record| record.entry.event)
        .collect()
}

async fn sign_in(core: &Core, username: &str, input: &str) -> Result<Started, AppError> {
    let visitor = Actor::visitor(Browser::new(
        "192.0.2.7".to_owned(),
        "A browser\r\nof the \u{1b}[31mtests",
    ));
    let password = support::password(input);
    sign_in::login(
        core,
        &visitor,
        Presented::default(),
        &Credentials {
            username,
            password: &password,
        },
        false,
    )
    .await
}

fn later(core: &Core, seconds: u64) {
    core.clock
        .set(core.clock.now().after(Duration::from_secs(seconds)));
}

on_both_engines! {
    /// A server of a newer version may run beside this one, or was reverted.
    async fn events_of_a_newer_version_are_listed(database: TestDatabase) {
        let core = support::core(&database).await;
        given::account(&core, "ada").await;
        given::execute(&core.db, "INSERT INTO activity (id, at, event, reason, source, credential, address, user_agent, times) VALUES \
            ('x', 1, 'moved', NULL, 'browser', 'passkey', '', '', 1), ('y', 2, 'session_ended', 'moved', 'server', NULL, '', '', 1)").await;
        let records = records(&core).await;
        let words: Vec<_> = records.iter().map(|record| (record.words(), record.entry.event, record.entry.source)).collect();
        assert_eq!(words, [
            (("moved", None), Event::Unknown, Source::Browser),
            (("session_ended", Some("moved")), Event::Unknown, Source::Server),
            (("user_created", None), Event::UserCreated, Source::Command),
        ]);
    }

    /// Every event of an account and its sessions is a row (ASVS V16.3.1).
    async fn events_are_recorded(database: TestDatabase) {
        let core = support::core(&database).await;
        support::create_user(&core, "ada").await;
        let ada = users::find(&core, "ada").await.unwrap();
        later(&core, 1);
        let first = sign_in(&core, "ada", PASSWORD).await.unwrap().session;
        later(&core, 1);
        sign_in::logout(&core, &given::visitor(), Some(&first)).await.unwrap();
        later(&core, 1);
        let second = sign_in(&core, "ada", PASSWORD).await.unwrap().session;
        later(&core, 1);
        users::disable(&core, &actor::on_this_machine(), &ada).await.unwrap();
        users::disable(&core, &actor::on_this_machine(), &ada).await.unwrap();
        later(&core, 1);
        assert_eq!(sign_in(&core, "ada", PASSWORD).await.unwrap_err(), AppError::from(Refusal::SignIn));
        later(&core, 1);
        users::enable(&core, &actor::on_this_machine(), &ada).await.unwrap();
        users::enable(&core, &actor::on_this_machine(), &ada).await.unwrap();
        later(&core, 1);
        users::set_password(&core, &actor::on_this_machine(), &ada, &support::password("another long password")).await.unwrap();
        later(&core, 1);
        assert_eq!(sign_in(&core, "ada", PASSWORD).await.unwrap_err(), AppError::from(Refusal::SignIn));
        later(&core, 1);
        assert_eq!(sign_in(&core, "nobody", PASSWORD).await.unwrap_err(), AppError::from(Refusal::SignIn));
        let expected = [
            Event::UserCreated,
            Event::SignedIn,
            Event::SessionEnded(EndReason::SignedOut),
            Event::SignedIn,
            Event::UserDisabled,
            Event::SessionEnded(EndReason::UserDisabled),
            Event::SignInRefused(SignInRefusal::UserDisabled),
            Event::UserEnabled,
            Event::PasswordSet,
            Event::SignInRefused(SignInRefusal::WrongPassword),
            Event::SignInRefused(SignInRefusal::UnknownUser),
        ];
        assert_eq!(events(&core).await, expected);
        let records = records(&core).await;
        for record in &records[..10] {
            assert_eq!(record.username.as_deref(), Some("ada"));
            assert_eq!(record.entry.user.as_ref(), Some(&ada.id));
        }
        assert_eq!((&records[10].entry.user, &records[10].username), (&None, &None), "an unknown name is not kept");
        for (record, token) in [(&records[1], &first), (&records[2], &first), (&records[3], &second)] {
            let session = given::stored(&core, token).await.session;
            assert_eq!(record.entry.session.as_ref(), Some(&session.id));
            assert_eq!(record.entry.address, "192.0.2.7");
            assert_eq!(record.entry.user_agent, "A browserof the [31mtests");
        }
        assert_eq!(records[1].entry.at, START.after(Duration::from_secs(1)));
    }

    async fn a_session_that_is_replaced_ends_in_the_log_too(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let previous = given::session(&core, &ada).await;
        later(&core, 1);
        given::session_that_replaces(&core, &ada, Some(&previous)).await;
        let events = events(&core).await;
        assert!(events.contains(&Event::SessionEnded(EndReason::Replaced)), "{events:?}");
        assert_eq!(events.iter().filter(|&&event| event == Event::SignedIn).count(), 2);
    }

    /// A time-out has no actor, even if a request noticed it.
    async fn a_time_out_is_recorded_by_the_first_to_notice(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let (resumed, unnoticed) = (given::session(&core, &ada).await, given::session(&core, &ada).await);
        later(&core, 2 * 3_600);
        sessions::resume(&core, &resumed).await.unwrap();
        sessions::resume(&core, &resumed).await.unwrap();
        assert_eq!(cleanup::clean(&core).await.unwrap(), 1, "the one whose browser never came back");
        assert_eq!(cleanup::clean(&core).await.unwrap(), 0);
        let ended: Vec<_> = records(&core)
            .await
            .into_iter()
            .filter(|record| record.entry.event == Event::SessionEnded(EndReason::Idle))
            .collect();
        assert_eq!(ended.len(), 2);
        for record in ended {
            assert_eq!(record.entry.source, Source::Server);
            assert_eq!(record.entry.at, START.after(Duration::from_secs(2 * 3_600)), "when it ended, not when it was seen");
        }
        assert_eq!(given::end_of(&core, &unnoticed).await.unwrap().reason, EndReason::Idle);
    }

    /// A thousand throttled refusals are one row.
    async fn throttled_attempts_are_aggregated(database: TestDatabase) {
        let core = support::core(&database).await;
        support::create_user(&core, "ada").await;
        for _ in 0..10 {
            sign_in(&core, "ada", "a wrong password").await.unwrap_err();
        }
        for _ in 0..1_000 {
            let refused = sign_in(&core, "ada", "a wrong password").await.unwrap_err();
            assert_eq!(refused, AppError::Failed(Failure::Throttled { seconds: 30 }));
        }
        let throttled = async || {
            let records = records(&core).await.into_iter();
            records.filter(|record| record.entry.event == Event::SignInThrottled).collect::<Vec<_>>()
        };
        assert_eq!(throttled().await, [], "nothing is written while they come");
        core.tallies.flush(&core.db).await;
        let rows = throttled().await;
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].times, rows[0].username.as_deref()), (1_000, Some("ada")));
        sign_in(&core, "ada", "a wrong password").await.unwrap_err();
        core.tallies.flush(&core.db).await;
        core.tallies.flush(&core.db).await;
        assert_eq!(throttled().await.iter().map(|row| row.times).collect::<Vec<_>>(), [1_001], "in the same row");
    }

    /// A flood from ever new addresses does not fill the memory either.
    async fn overlong_attempts_are_aggregated_by_address(database: TestDatabase) {
        let core = support::core(&database).await;
        let too_long = support::password(&"x".repeat(1_025));
        for number in 0..1_100 {
            let address = format!("198.51.{}.{}", number / 256, number % 256);
            let visitor = Actor::visitor(Browser::new(address, ""));
            let credentials = Credentials { username: "ada", password: &too_long };
            sign_in::login(&core, &visitor, Presented::default(), &credentials, false).await.unwrap_err();
        }
        core.tallies.flush(&core.db).await;
        let records = store::audit::list(&core.db, &Filter::default(), None, 2_000).await.unwrap();
        assert_eq!(records.iter().map(|record| record.times).sum::<u64>(), 1_100);
        assert_eq!(records.len(), 1_025);
        let together = records.iter().find(|record| record.times > 1).unwrap();
        assert_eq!((together.times, together.entry.address.as_str()), (76, ""));
    }

    async fn old_rows_are_deleted_in_small_steps(database: TestDatabase) {
        let core = support::core(&database).await;
        support::create_user(&core, "ada").await;
        let ada = given::credentials(&core, "ada").await;
        let old = given::session(&core, &ada).await;
        sign_in(&core, "ada", "a wrong password").await.unwrap_err();
        for number in 0..=store::STEP {
            let sql = format!(
                "INSERT INTO activity (id, at, event, source, address, user_agent, times) \
                 VALUES ('{number}', {}, 'signed_in', 'browser', '', '', 1)",
                START.as_millis()
            );
            given::execute(&core.db, &sql).await;
        }
        later(&core, 179 * 86_400);
        cleanup::clean(&core).await.unwrap();
        assert!(events(&core).await.len() > store::STEP as usize, "kept for 180 days");
        let live = given::session(&core, &ada).await;
        later(&core, 86_401);
        cleanup::clean(&core).await.unwrap();
        let kept = events(&core).await;
        assert_eq!(kept, [Event::SessionEnded(EndReason::Idle), Event::SignedIn, Event::SessionEnded(EndReason::Idle)]);
        let sessions = store::sessions::list(&core.db, None, None, 100).await.unwrap();
        assert_eq!(sessions.len(), 2, "they ended within the last 180 days");
        assert!(given::end_of(&core, &live).await.is_some());
        later(&core, 180 * 86_400);
        cleanup::clean(&core).await.unwrap();
        assert_eq!(store::sessions::list(&core.db, None, None, 100).await.unwrap().len(), 0);
        assert_eq!(events(&core).await, []);
        let deleted = store::sessions::find_by_digest(&core.db, &old.digest()).await.unwrap();
        assert_eq!(deleted, None, "and an ended session is refused");
        let counters = given::execute(&core.db, "DELETE FROM throttle").await;
        assert_eq!(counters, 0, "counters whose windows are over are gone");
        given::session(&core, &ada).await;
        assert_eq!(given::execute(&core.db, "UPDATE devices SET last_used_at = last_used_at").await, 3);
        core.clock.set(Timestamp::from_millis(core.clock.now().as_millis() + 401 * 86_400_000));
        cleanup::clean(&core).await.unwrap();
        assert_eq!(given::execute(&core.db, "DELETE FROM devices").await, 0);
    }
}
