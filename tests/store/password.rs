//! `store::sessions::renew_with_password`: a new password, and this session under a new token.

use crate::{
    given, on_both_engines,
    support::{self, LIFETIMES, START},
};
use std::time::Duration;
use vestibule::{
    domain::session::{EndReason, Ended, Session, SessionDevice, SessionId},
    server::{
        core::{
            Core,
            accounts::users,
            actor,
            sessions::{self, ENDS_UNUSED_AFTER, Renewed, Resumed, resume},
        },
        db::StoreError,
        store::{
            self,
            sessions::{NewPassword, NewToken},
        },
        token::SessionToken,
    },
};

const HASHES: [&str; 2] = ["the first hash", "a new hash"];

/// The use case after the current password was verified.
async fn renew(core: &Core, old: &Session, token: &SessionToken) -> Option<Renewed> {
    given::change_password(core, old, token, HASHES).await
}

async fn reason_of(core: &Core, token: &SessionToken) -> Option<EndReason> {
    given::end_of(core, token).await.map(|ended| ended.reason)
}

on_both_engines! {
    async fn this_session_goes_on_under_a_new_token_and_the_others_end(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let [this, second, third] =
            [given::session(&core, &ada).await, given::session(&core, &ada).await, given::session(&core, &ada).await];
        let of_grace = given::session(&core, &grace).await;
        let signed_out = given::session(&core, &ada).await;
        sessions::end(&core, &given::visitor(), &signed_out, EndReason::SignedOut).await.unwrap();
        let timed_out = given::session_at(&core, &ada, START).await;
        let old = given::stored(&core, &this).await.session;
        let now = START.after(Duration::from_secs(60));
        core.clock.set(now);

        let renewed = renew(&core, &old, &this).await.expect("a new token");
        assert_eq!(renewed.ended.sessions, 3, "those that lived");
        assert_eq!(resume(&core, &this).await.unwrap(), Resumed::Unknown);
        for token in [&second, &third, &timed_out] {
            let expected = Ended { at: now, reason: EndReason::PasswordChanged };
            assert_eq!(given::end_of(&core, token).await, Some(expected));
        }
        assert_eq!(reason_of(&core, &signed_out).await, Some(EndReason::SignedOut), "the first reason stays");
        assert_eq!(given::end_of(&core, &of_grace).await, None);
        assert_eq!(given::credentials(&core, "ada").await.password_hash, "a new hash");
        assert_eq!(given::credentials(&core, "grace").await.password_hash, "the first hash");

        let new = given::stored(&core, &renewed.token).await;
        assert_eq!(new.user.username, "ada");
        let expected = Session {
            last_seen_at: now,
            authenticated_at: now,
            idle_ends_at: now.after(ENDS_UNUSED_AFTER),
            absolute_ends_at: now.after(LIFETIMES.absolute),
            idle_end_if_used: Some(now.after(LIFETIMES.idle)),
            // The change came without the cookie of the browser, which is forgotten.
            device: SessionDevice::default(),
            ..old.clone()
        };
        assert_eq!(new.session, expected, "the same sign-in");

        let Resumed::Live(used) = resume(&core, &renewed.token).await.unwrap() else { panic!("it lives") };
        let expected = Session { idle_ends_at: now.after(LIFETIMES.idle), idle_end_if_used: None, ..expected };
        assert_eq!(used.session, expected, "the page shows the end that is");
        assert_eq!(given::stored(&core, &renewed.token).await.session, expected);
    }

    /// Sessions that timed out unnoticed keep that reason, and are not counted.
    async fn an_unnoticed_time_out_takes_precedence(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let forgotten = given::session(&core, &ada).await;
        core.clock.set(START.after(LIFETIMES.idle));
        let this = given::session(&core, &ada).await;
        let old = given::stored(&core, &this).await.session;
        assert_eq!(renew(&core, &old, &this).await.expect("a new token").ended.sessions, 0);
        assert_eq!(reason_of(&core, &forgotten).await, Some(EndReason::Idle));
    }

    async fn staying_signed_in_is_kept(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let started = sessions::start(&core, &given::visitor(), given::presented(None), &given::verified(&ada), true).await;
        let this = started.unwrap().unwrap().session;
        let old = given::stored(&core, &this).await.session;
        let renewed = renew(&core, &old, &this).await.expect("a new token");
        let new = given::stored(&core, &renewed.token).await.session;
        assert!(new.remember);
        assert_eq!(new.absolute_ends_at, START.after(LIFETIMES.remember_absolute));
    }

    /// After any end of the session, its password cannot be changed in it.
    async fn an_ended_session_changes_nothing(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let other = given::session_at(&core, &ada, START.after(LIFETIMES.absolute)).await;
        for (ending, after) in [("signed out", Duration::ZERO), ("idle", LIFETIMES.idle), ("expired", LIFETIMES.absolute)] {
            core.clock.set(START);
            let this = given::session(&core, &ada).await;
            let old = given::stored(&core, &this).await.session;
            if ending == "signed out" {
                sessions::end(&core, &given::visitor(), &this, EndReason::SignedOut).await.unwrap();
            }
            core.clock.set(START.after(after));
            let before = given::everything_written(&core.db).await;
            assert!(renew(&core, &old, &this).await.is_none(), "{ending}");
            assert_eq!(given::everything_written(&core.db).await, before, "{ending}");
        }
        assert_eq!(given::end_of(&core, &other).await, None);
    }

    async fn only_the_verified_hash_of_an_enabled_account_is_replaced(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let this = given::session(&core, &ada).await;
        let of_grace = given::session(&core, &grace).await;
        let old = given::stored(&core, &this).await.session;
        let before = given::everything_written(&core.db).await;
        assert!(given::change_password(&core, &old, &this, ["another hash", "a new hash"]).await.is_none());
        let strange = Session { id: given::stored(&core, &of_grace).await.session.id, ..old.clone() };
        assert!(renew(&core, &strange, &of_grace).await.is_none(), "another person's session");
        assert!(renew(&core, &old, &of_grace).await.is_none(), "another person's token");
        let unknown = Session { id: SessionId("nobody's".to_owned()), ..old.clone() };
        assert!(renew(&core, &unknown, &this).await.is_none());
        assert_eq!(given::everything_written(&core.db).await, before);

        users::disable(&core, &actor::on_this_machine(), &ada.user).await.unwrap();
        assert!(renew(&core, &old, &this).await.is_none());
        assert_eq!(given::credentials(&core, "ada").await.password_hash, "the first hash");
    }

    async fn a_failed_password_change_writes_nothing(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let (this, other) = (given::session(&core, &ada).await, given::session(&core, &ada).await);
        let old = given::stored(&core, &this).await.session;
        let before = given::everything_written(&core.db).await;
        let change = NewPassword {
            token: NewToken {
                session: &old.id,
                user: &ada.user.id,
                presented: &this.digest(),
                token_digest: &other.digest(),
                evidence: &given::evidence(HASHES[0], HASHES[1]),
                at: core.clock.now(),
                actor: &given::visitor(),
            },
            device: None,
            keep_keys: false,
            ends_unused_at: START,
            idle_ends_at: START,
            absolute_ends_at: START,
        };
        let refused = store::sessions::renew_with_password(&core.db, &change).await;
        assert!(matches!(refused, Err(StoreError::NotUnique)), "{refused:?}");
        assert_eq!(given::everything_written(&core.db).await, before);
    }

    /// Two concurrent forms, from one session or from two: one wins, and one session lives.
    async fn of_two_changes_at_once_one_wins(database: TestDatabase) {
        let core = support::core(&database).await;
        for round in 0..40 {
            let ada = given::account(&core, &format!("ada{round}")).await;
            let one = std::sync::Arc::new(given::session(&core, &ada).await);
            let other = std::sync::Arc::new(given::session(&core, &ada).await);
            let other = if round % 2 == 0 { one.clone() } else { other };
            let sessions = [given::stored(&core, &one).await.session, given::stored(&core, &other).await.session];
            let forms = [(one, "hash one"), (other, "hash two")].into_iter().zip(sessions);
            let tasks: Vec<_> = forms.map(|((token, new_hash), old)| {
                let core = core.clone();
                tokio::spawn(async move {
                    let hashes = ["the first hash", new_hash];
                    given::change_password(&core, &old, &token, hashes).await.map(|renewed| (renewed, new_hash))
                })
            }).collect();
            let mut winners = Vec::new();
            for task in tasks {
                winners.extend(task.await.unwrap());
            }
            assert_eq!(winners.len(), 1, "round {round}");
            let (renewed, new_hash) = winners.remove(0);
            assert_eq!(given::credentials(&core, &ada.user.username).await.password_hash, new_hash);
            assert_eq!(given::end_of(&core, &renewed.token).await, None);
            let sessions = store::sessions::list(&core.db, Some(&ada.user.id), None, 100).await.unwrap();
            let live = sessions.iter().filter(|found| found.session.ended.is_none());
            assert_eq!(live.count(), 1, "round {round}");
        }
    }

    /// A concurrent sign-out or disabling comes entirely before or entirely after.
    async fn an_end_at_the_same_moment_holds(database: TestDatabase) {
        let core = support::core(&database).await;
        for round in 0..60 {
            let ada = given::account(&core, &format!("ada{round}")).await;
            let this = std::sync::Arc::new(given::session(&core, &ada).await);
            let old = given::stored(&core, &this).await.session;
            let (changing, token) = (core.clone(), this.clone());
            let change = tokio::spawn(async move { renew(&changing, &old, &token).await });
            let (ending, user) = (core.clone(), ada.user.clone());
            let disables = round % 2 == 0;
            let end = tokio::spawn(async move {
                if disables {
                    users::disable(&ending, &actor::on_this_machine(), &user).await.unwrap();
                    true
                } else {
                    sessions::end(&ending, &given::visitor(), &this, EndReason::SignedOut).await.unwrap().is_some()
                }
            });
            let (renewed, was_ended) = (change.await.unwrap(), end.await.unwrap());
            let sessions = store::sessions::list(&core.db, Some(&ada.user.id), None, 100).await.unwrap();
            let live = sessions.iter().filter(|found| found.session.ended.is_none()).count();
            let hash = given::credentials(&core, &ada.user.username).await.password_hash;
            match (&renewed, disables) {
                (None, _) => assert_eq!((live, hash.as_str(), was_ended), (0, "the first hash", true)),
                (Some(_), true) => assert_eq!((live, hash.as_str()), (0, "a new hash")),
                // Signing out came after, with the old token, and has ended the renewed session.
                (Some(_), false) => assert_eq!((live, hash.as_str(), was_ended), (0, "a new hash", true)),
            }
        }
    }

    /// A concurrent sign-in with the old password is ended by it.
    async fn a_sign_in_with_the_old_password_does_not_outlive_it(database: TestDatabase) {
        let core = support::core(&database).await;
        for round in 0..60 {
            let ada = given::account(&core, &format!("ada{round}")).await;
            let this = given::session(&core, &ada).await;
            let old = given::stored(&core, &this).await.session;
            let (changing, signing_in, verified) = (core.clone(), core.clone(), given::verified(&ada));
            let change = tokio::spawn(async move { renew(&changing, &old, &this).await });
            let login = tokio::spawn(async move {
                sessions::start(&signing_in, &given::visitor(), given::presented(None), &verified, false).await.unwrap()
            });
            let (renewed, started) = (change.await.unwrap(), login.await.unwrap());
            let renewed = renewed.expect("nothing ends this session");
            assert_eq!(renewed.ended.sessions, u64::from(started.is_some()), "wholly before or wholly after");
            if let Some(started) = started {
                assert_eq!(reason_of(&core, &started.session).await, Some(EndReason::PasswordChanged));
            }
        }
    }
}
