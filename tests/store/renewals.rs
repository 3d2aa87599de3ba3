//! Renewed sessions: the permissions of the previous tokens, on every node.

use crate::{
    given, on_both_engines,
    sessions::after_minutes,
    support::{self, LIFETIMES, START, database::TestDatabase},
};
use std::{sync::Arc, time::Duration};
use tokio::task::JoinSet;
use vestibule::{
    domain::{
        access_key::Scope,
        audit::Event,
        session::{CurrentUser, EndReason, Session},
    },
    server::{
        core::{
            Core,
            actor::{self, Permitted},
            sessions::{self, Resumed, resume},
            sign_in,
        },
        store::{self, audit::Filter, users::Credentials},
        token::SessionToken,
    },
};

const SECOND: Duration = Duration::from_secs(1);
const CHANGED: [&str; 2] = ["the first hash", "a new hash"];

/// Two servers on one database, with one clock.
async fn two_nodes(database: &TestDatabase) -> [Core; 2] {
    let one = support::core(database).await;
    let clock = one.clock.clone();
    [
        one,
        Core {
            clock,
            ..support::core(database).await
        },
    ]
}

async fn current(core: &Core, token: &SessionToken) -> Session {
    given::stored(core, token).await.session
}

/// Confirms the password in the browser with `token`, and returns the new one.
async fn confirmed(core: &Core, account: &Credentials, token: &SessionToken) -> SessionToken {
    let session = current(core, token).await;
    let renewed = given::confirm(core, &session, token, &account.password_hash).await;
    renewed.expect("a new token")
}

async fn changed(core: &Core, token: &SessionToken) -> SessionToken {
    let session = current(core, token).await;
    let renewed = given::change_password(core, &session, token, CHANGED).await;
    renewed.expect("a new token").token
}

async fn is_live(core: &Core, token: &SessionToken) -> bool {
    matches!(resume(core, token).await.unwrap(), Resumed::Live(_))
}

/// The person who is accepted on grace, if any.
async fn on_grace(core: &Core, token: &SessionToken) -> Option<Box<CurrentUser>> {
    match resume(core, token).await.unwrap() {
        Resumed::Superseded(current) => Some(current),
        Resumed::Unknown => None,
        other => panic!("{other:?}"),
    }
}

async fn sign_out(core: &Core, token: &SessionToken) -> bool {
    sign_in::logout(core, &given::visitor(), Some(token))
        .await
        .unwrap()
        .is_some()
}

on_both_engines! {
    /// After any number of renewals, of any kind, and on any node.
    async fn signing_out_by_any_token_of_a_session_ends_it(database: TestDatabase) {
        let nodes = two_nodes(&database).await;
        for which in 0..4 {
            let ada = given::account(&nodes[0], &format!("ada{which}")).await;
            let first = given::session(&nodes[0], &ada).await;
            let second = confirmed(&nodes[1], &ada, &first).await;
            let third = changed(&nodes[0], &second).await;
            let ada = given::credentials(&nodes[0], &ada.user.username).await;
            let fourth = confirmed(&nodes[1], &ada, &third).await;
            let tokens = [first, second, third, fourth];
            assert!(is_live(&nodes[0], &tokens[3]).await);
            assert!(sign_out(&nodes[which % 2], &tokens[which]).await, "token {which}");
            for core in &nodes {
                for token in &tokens {
                    assert_eq!(resume(core, token).await.unwrap(), Resumed::Ended(EndReason::SignedOut));
                    assert!(!sign_out(core, token).await, "nobody is signed in with it any more");
                }
            }
        }
    }

    /// A sign-in ends the renewed session of the browser's cookie.
    async fn a_sign_in_with_an_earlier_token_ends_the_renewed_session(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let first = given::session(&core, &ada).await;
        let second = confirmed(&core, &ada, &first).await;
        let third = changed(&core, &second).await;
        let of_grace = given::session_that_replaces(&core, &grace, Some(&first)).await;
        assert_eq!(resume(&core, &third).await.unwrap(), Resumed::Ended(EndReason::Replaced));
        assert!(is_live(&core, &of_grace).await);
    }

    /// Their answers and their transactions overlap: in either order, nothing is left open.
    async fn a_renewal_and_a_sign_out_at_once_leave_nothing_open(database: TestDatabase) {
        let nodes = two_nodes(&database).await;
        let mut renewals = 0;
        for round in 0..60 {
            let ada = given::account(&nodes[0], &format!("ada{round}")).await;
            let first = Arc::new(given::session(&nodes[0], &ada).await);
            let session = current(&nodes[0], &first).await;
            let mut renewing = JoinSet::new();
            for is_change in [round % 3 > 0, round % 3 > 1] {
                let (core, session, first) = (nodes[1].clone(), session.clone(), first.clone());
                let hash = ada.password_hash.clone();
                renewing.spawn(async move {
                    if is_change {
                        let renewed = given::change_password(&core, &session, &first, CHANGED).await;
                        renewed.map(|renewed| renewed.token)
                    } else {
                        given::confirm(&core, &session, &first, &hash).await
                    }
                });
            }
            // At another moment of the renewals each time.
            tokio::time::sleep(Duration::from_micros(100 * (round % 20))).await;
            let was_live = sign_out(&nodes[0], &first).await;
            let mut issued = Vec::new();
            while let Some(renewed) = renewing.join_next().await {
                issued.extend(renewed.unwrap());
            }
            renewals += issued.len();
            assert!(was_live, "round {round}: it was signed out, and by this");
            issued.extend(Arc::into_inner(first));
            for core in &nodes {
                for token in &issued {
                    assert_eq!(resume(core, token).await.unwrap(), Resumed::Ended(EndReason::SignedOut), "round {round}");
                }
            }
        }
        assert!(renewals >= 5, "{renewals} renewals came first");
    }

    /// An end by id ends the sign-in, even during a renewal.
    async fn an_end_by_id_holds_against_a_new_password_at_the_same_moment(database: TestDatabase) {
        let nodes = two_nodes(&database).await;
        for round in 0..40 {
            let ada = given::account(&nodes[0], &format!("ada{round}")).await;
            let token = Arc::new(given::session(&nodes[0], &ada).await);
            let session = current(&nodes[0], &token).await;
            let (core, changing, presented) = (nodes[1].clone(), session.clone(), token.clone());
            let change = tokio::spawn(async move {
                given::change_password(&core, &changing, &presented, CHANGED).await
            });
            tokio::time::sleep(Duration::from_micros(100 * (round % 20))).await;
            let was_live = if round % 2 == 0 {
                sessions::end_as_admin(&nodes[0], &actor::on_this_machine(), &session).await.unwrap()
            } else {
                let asking = CurrentUser { user: ada.user.clone(), session: session.clone(), sign_ins: None };
                let actor = given::signed_in(&asking);
                sessions::end_own(&nodes[0], Permitted::of(&actor, Scope::SessionsEnd).unwrap(), &session.id).await.unwrap().is_some_and(|(_, was_live)| was_live)
            };
            let renewed = change.await.unwrap();
            assert!(was_live, "round {round}");
            for core in &nodes {
                for token in renewed.iter().map(|renewed| &renewed.token).chain([&*token]) {
                    assert!(matches!(resume(core, token).await.unwrap(), Resumed::Ended(_)), "round {round}");
                }
            }
        }
    }

    /// The answer to a confirmation may be lost: pages continue unchanged for a minute.
    async fn the_previous_token_opens_pages_for_a_minute_after_a_confirmation(database: TestDatabase) {
        let nodes = two_nodes(&database).await;
        let ada = given::account(&nodes[0], "ada").await;
        let first = given::session(&nodes[0], &ada).await;
        nodes[0].clock.set(after_minutes(20));
        let second = confirmed(&nodes[0], &ada, &first).await;
        for core in &nodes {
            let read = on_grace(core, &first).await.expect("on grace");
            assert_eq!(read.session.authenticated_at, START, "no fresher than it was");
            assert_eq!(read.session.id, current(core, &second).await.id);
            let Resumed::Superseded(read) = sessions::resume_with_sign_ins(core, &first).await.unwrap() else {
                panic!("the dashboard opens as well");
            };
            assert!(read.sign_ins.is_some() && read.session.authenticated_at == START);
        }
        nodes[0].clock.set(after_minutes(21).before(Duration::from_millis(1)));
        assert!(on_grace(&nodes[1], &first).await.is_some());
        for outside in [after_minutes(21), after_minutes(19), after_minutes(60)] {
            nodes[0].clock.set(outside);
            assert!(on_grace(&nodes[1], &first).await.is_none(), "{outside:?}");
        }
        assert!(is_live(&nodes[1], &second).await);
    }

    /// Within that request, for every node.
    async fn the_first_use_of_the_new_token_ends_the_grace(database: TestDatabase) {
        let nodes = two_nodes(&database).await;
        for way in ["a page", "the dashboard", "a stream"] {
            let ada = given::account(&nodes[0], &way.replace(' ', ".")).await;
            let first = given::session(&nodes[0], &ada).await;
            let second = confirmed(&nodes[0], &ada, &first).await;
            assert!(on_grace(&nodes[1], &first).await.is_some());
            let used = match way {
                "a page" => resume(&nodes[0], &second).await,
                "the dashboard" => sessions::resume_with_sign_ins(&nodes[0], &second).await,
                _ => sessions::peek(&nodes[0], &second).await,
            };
            assert!(matches!(used, Ok(Resumed::Live(_))), "{way}");
            for core in &nodes {
                assert!(on_grace(core, &first).await.is_none(), "{way}");
                assert_eq!(sessions::resume_with_sign_ins(core, &first).await.unwrap(), Resumed::Unknown, "{way}");
            }
            let session = current(&nodes[0], &second).await;
            assert!(given::confirm(&nodes[1], &session, &first, &ada.password_hash).await.is_none(), "{way}");
        }
    }

    async fn only_the_last_token_has_grace_and_none_after_a_new_password(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let first = given::session(&core, &ada).await;
        let second = confirmed(&core, &ada, &first).await;
        let third = confirmed(&core, &ada, &second).await;
        assert!(on_grace(&core, &first).await.is_none(), "older than the last");
        assert!(on_grace(&core, &second).await.is_some());
        let fourth = changed(&core, &third).await;
        for token in [&first, &second, &third] {
            assert!(on_grace(&core, token).await.is_none());
        }
        let session = current(&core, &fourth).await;
        for token in [&first, &second, &third] {
            let again = given::confirm(&core, &session, token, CHANGED[1]).await;
            assert!(again.is_none(), "nor is it good for a confirmation");
        }
    }

    /// If the answer was lost, the person confirms again: one token is live afterwards.
    async fn a_second_confirmation_on_grace_ends_up_in_one_live_token(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let first = given::session(&core, &ada).await;
        let lost = confirmed(&core, &ada, &first).await;
        let session = current(&core, &lost).await;
        let strange = given::session(&core, &ada).await;
        assert!(given::confirm(&core, &session, &strange, &ada.password_hash).await.is_none(), "another session's");
        let change = given::change_password(&core, &session, &first, CHANGED).await;
        assert!(change.is_none(), "it changes nothing else");
        let again = given::confirm(&core, &session, &first, &ada.password_hash).await.expect("once more");
        assert!(is_live(&core, &again).await);
        for token in [&first, &lost] {
            assert!(on_grace(&core, token).await.is_none());
        }
        assert!(sign_out(&core, &first).await);
        for token in [&first, &lost, &again] {
            assert_eq!(resume(&core, token).await.unwrap(), Resumed::Ended(EndReason::SignedOut));
        }
    }

    /// No client holds the token of a lost answer, so its session does not stay open.
    async fn a_new_password_whose_token_is_never_used_ends_the_session_after_five_minutes(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let renewed = changed(&core, &given::session(&core, &ada).await).await;
        core.clock.set(after_minutes(5));
        assert_eq!(resume(&core, &renewed).await.unwrap(), Resumed::Ended(EndReason::Idle));

        core.clock.set(START);
        let grace = given::account(&core, "grace").await;
        let used = changed(&core, &given::session(&core, &grace).await).await;
        core.clock.set(after_minutes(5).before(Duration::from_millis(1)));
        let Resumed::Live(page) = resume(&core, &used).await.unwrap() else { panic!("it was used in time") };
        // This use is written beside the page.
        let idle_end = START.after(LIFETIMES.idle);
        assert_eq!(page.session.idle_ends_at, idle_end, "and the page shows when it ends");
        support::settled(&core).await;
        core.clock.set(after_minutes(60));
        assert!(is_live(&core, &used).await);
    }

    async fn a_short_idle_time_is_not_prolonged_by_a_new_password(database: TestDatabase) {
        let lifetimes = sessions::Lifetimes { idle: 90 * SECOND, ..LIFETIMES };
        let core = Core { lifetimes, ..support::core(&database).await };
        let ada = given::account(&core, "ada").await;
        let renewed = changed(&core, &given::session(&core, &ada).await).await;
        core.clock.set(START.after(90 * SECOND));
        assert_eq!(resume(&core, &renewed).await.unwrap(), Resumed::Ended(EndReason::Idle));
    }

    /// A time-out that an earlier token reveals applies to the present token too.
    async fn an_earlier_token_gets_the_reason_of_the_end(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let first = given::session(&core, &ada).await;
        let second = confirmed(&core, &ada, &first).await;
        core.clock.set(START.after(LIFETIMES.idle));
        assert_eq!(resume(&core, &first).await.unwrap(), Resumed::Ended(EndReason::Idle));
        core.clock.set(START);
        assert_eq!(resume(&core, &second).await.unwrap(), Resumed::Ended(EndReason::Idle), "for ever");
        assert!(!sign_out(&core, &first).await);
    }

    /// The log of a renewal has the real event, and nothing else.
    async fn the_log_says_that_the_password_was_changed_and_nothing_else(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let first = given::session(&core, &ada).await;
        let before = store::audit::list(&core.db, &Filter::default(), None, 100).await.unwrap().len();
        let second = confirmed(&core, &ada, &first).await;
        changed(&core, &second).await;
        let records = store::audit::list(&core.db, &Filter::default(), None, 100).await.unwrap();
        let mut events: Vec<_> = records.iter().map(|record| record.entry.event).collect();
        events.truncate(records.len() - before);
        events.sort_by_key(|event| event.as_str());
        assert_eq!(events, [Event::PasswordChanged, Event::PasswordConfirmed]);
        let sessions = store::sessions::list(&core.db, None, None, 10).await.unwrap();
        assert_eq!(sessions.len(), 1, "it is one sign-in, before and after");
    }

    /// They are deleted with their session.
    async fn earlier_tokens_are_deleted_with_their_session(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let first = given::session(&core, &ada).await;
        let second = confirmed(&core, &ada, &first).await;
        sign_out(&core, &second).await;
        let later = core.clock.now().after(SECOND);
        assert_eq!(store::sessions::delete_ended_before(&core.db, later, 10).await.unwrap(), 1);
        assert_eq!(given::texts(&core.db, "SELECT token_digest FROM earlier_tokens").await, Vec::<String>::new());
        assert_eq!(resume(&core, &first).await.unwrap(), Resumed::Unknown);
    }
}
