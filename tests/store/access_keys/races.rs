//! Keys that are made, used and revoked at the same time as something else.

use super::{end_of, found, insert, key_of, revoke, signed_in_with, start_with, state};
use crate::{
    given, on_both_engines,
    support::{self, KEY_LIMITS},
};
use std::sync::Arc;
use tokio::{sync::Barrier, task::JoinSet};
use vestibule::{
    domain::{
        access_key::{KeyState, RevokeReason},
        session::EndReason,
    },
    server::{
        core::{
            accounts::users,
            actor::{self, Actor, Owner},
            background::heartbeat,
            sessions,
        },
        store::{self, access_keys::Inserted},
        token::key::PresentedKey,
    },
};

const ROUNDS: usize = 40;

on_both_engines! {
    /// Beside a new password, signing out everywhere, disabling, and a reset: wholly before or wholly after.
    async fn a_key_made_beside_the_end_of_all_does_not_outlive_it(database: TestDatabase) {
        let core = support::core(&database).await;
        let mut made = [0; 2];
        for round in 0..ROUNDS {
            let ada = given::account(&core, &format!("ada{round}")).await;
            let token = given::session(&core, &ada).await;
            let session = given::stored(&core, &token).await.session;
            let start = Arc::new(Barrier::new(2));
            let key = PresentedKey::random();
            let id = key.id.clone();
            let (making, user, at, at_start) = (core.clone(), ada.user.id.clone(), session.id.clone(), start.clone());
            let making = tokio::spawn(async move {
                at_start.wait().await;
                insert(&making, &key, &user, Some(&at)).await
            });
            let signed_in = given::signed_in(&given::person_in(&session));
            let owner = Owner::of(&signed_in).unwrap();
            start.wait().await;
            match round % 4 {
                0 => {
                    let renewed = given::change_password(&core, &session, &token, ["the first hash", "a new hash"]).await;
                    assert!(renewed.is_some());
                }
                1 => drop(sessions::end_all(&core, owner, false).await.unwrap()),
                2 => drop(users::disable(&core, &actor::on_this_machine(), &ada.user).await.unwrap()),
                _ => {
                    let now = core.clock.now();
                    store::users::set_password(&core.db, &ada.user.id, "a new hash", now, &Actor::command()).await.unwrap();
                }
            }
            let inserted = making.await.unwrap();
            let live = store::access_keys::count_live(&core.db, &ada.user.id, core.clock.now()).await.unwrap();
            // A new password keeps this session, which may make a key afterwards.
            if round % 4 != 0 {
                assert_eq!(live, 0, "round {round}: {inserted:?}");
                made[usize::from(inserted == Inserted::Made)] += 1;
            } else if live == 1 {
                assert_eq!((inserted, state(&core, &id).await), (Inserted::Made, KeyState::Live));
            }
        }
        assert_eq!(made.iter().sum::<usize>(), ROUNDS - ROUNDS.div_ceil(4));
    }

    /// The session is dead after both, or was never started.
    async fn a_sign_in_beside_the_revocation_does_not_outlive_it(database: TestDatabase) {
        let core = support::core(&database).await;
        for round in 0..ROUNDS {
            let ada = given::account(&core, &format!("ada{round}")).await;
            let key = key_of(&core, &ada.user.id).await;
            let as_found = found(&core, &key.id).await;
            let start = Arc::new(Barrier::new(2));
            let (entering, user, at_start) = (core.clone(), ada.user.clone(), start.clone());
            let entering = tokio::spawn(async move {
                at_start.wait().await;
                start_with(&entering, &user, as_found).await
            });
            start.wait().await;
            assert!(revoke(&core, &ada.user.id, &key.id, RevokeReason::ByOwner).await);
            if let Some(token) = entering.await.unwrap() {
                assert_eq!(end_of(&core, &token).await, Some(EndReason::KeyRevoked), "round {round}");
            }
        }
    }

    /// While a restore suspends everything, a key gets no session that lives on.
    async fn a_sign_in_beside_a_restore_does_not_outlive_it(database: TestDatabase) {
        let core = support::core(&database).await;
        for round in 0..ROUNDS {
            let ada = given::account(&core, &format!("ada{round}")).await;
            let key = key_of(&core, &ada.user.id).await;
            let as_found = found(&core, &key.id).await;
            let start = Arc::new(Barrier::new(2));
            let (restoring, at_start) = (core.clone(), start.clone());
            let restoring = tokio::spawn(async move {
                at_start.wait().await;
                heartbeat::end_everything(&restoring, &Actor::server()).await.unwrap();
            });
            start.wait().await;
            // A program that signs in again and again, until its key is refused.
            let mut tokens = Vec::new();
            while let Some(token) = start_with(&core, &ada.user, as_found.clone()).await {
                tokens.push(token);
                assert!(tokens.len() < 2_000, "round {round}: the key is never refused");
            }
            restoring.await.unwrap();
            assert_eq!(state(&core, &key.id).await, KeyState::Suspended);
            for token in tokens {
                assert!(end_of(&core, &token).await.is_some(), "round {round}");
            }
        }
    }

    async fn of_two_revocations_one_wins(database: TestDatabase) {
        let core = support::core(&database).await;
        for round in 0..ROUNDS {
            let ada = given::account(&core, &format!("ada{round}")).await;
            let key = key_of(&core, &ada.user.id).await;
            signed_in_with(&core, &ada.user, &key).await;
            let reasons = [RevokeReason::ByOwner, RevokeReason::ByAdmin];
            let start = Arc::new(Barrier::new(reasons.len()));
            let tasks = reasons.map(|reason| {
                let (core, user, id, start) = (core.clone(), ada.user.id.clone(), key.id.clone(), start.clone());
                tokio::spawn(async move {
                    start.wait().await;
                    revoke(&core, &user, &id, reason).await
                })
            });
            let mut winners = Vec::new();
            for (task, reason) in tasks.into_iter().zip(reasons) {
                if task.await.unwrap() {
                    winners.push(KeyState::Revoked(reason));
                }
            }
            assert_eq!(winners, [state(&core, &key.id).await], "round {round}");
        }
    }

    async fn the_limit_holds_for_keys_made_at_once(database: TestDatabase) {
        let core = support::core(&database).await;
        for round in 0..5 {
            let ada = given::account(&core, &format!("ada{round}")).await;
            for _ in 3..KEY_LIMITS.max_per_person {
                key_of(&core, &ada.user.id).await;
            }
            let start = Arc::new(Barrier::new(8));
            let mut making = JoinSet::new();
            for _ in 0..8 {
                let (core, user, start) = (core.clone(), ada.user.id.clone(), start.clone());
                making.spawn(async move {
                    start.wait().await;
                    insert(&core, &PresentedKey::random(), &user, None).await
                });
            }
            let made = making.join_all().await;
            assert_eq!(made.iter().filter(|one| **one == Inserted::Made).count(), 3, "{made:?}");
        }
    }
}
