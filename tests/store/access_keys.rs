//! `store::access_keys`, and the sessions that keys start.

mod races;

use crate::{
    given, on_both_engines,
    support::{self, KEY_LIMITS, START},
};
use std::time::Duration;
use vestibule::{
    domain::{
        access_key::{
            AccessKey, AccessKeyId, KeyState, KeyUse, RevokeReason, Revoked, Scope, Scopes,
        },
        actor::Browser,
        audit::{Entry, Event, Source},
        moment::Timestamp,
        session::{EndReason, Ended, SessionId},
        user::{User, UserId},
    },
    server::{
        core::{
            Core,
            accounts::users,
            actor::{self, Actor, Owner},
            background::{cleanup, heartbeat},
            sessions::{self, Resumed, Verified},
        },
        store::{
            self,
            access_keys::{Inserted, NewKey},
            audit::Filter,
            evidence::Evidence,
            users::Credentials,
        },
        token::{SessionToken, key::PresentedKey},
    },
};

const DAY: Duration = Duration::from_secs(86_400);

/// Inserts a key that is valid for a day.
async fn insert(
    core: &Core,
    key: &PresentedKey,
    user: &UserId,
    session: Option<&SessionId>,
) -> Inserted {
    let now = core.clock.now();
    let new = NewKey {
        id: &key.id,
        user,
        session,
        name: "Backup of ’server 2’",
        digest: &key.digest(),
        scopes: [Scope::ProfileRead, Scope::SessionsEnd]
            .into_iter()
            .collect(),
        networks: &["192.0.2.0/24".to_owned(), "2001:db8::/32".to_owned()],
        created_at: now,
        expires_at: now.after(DAY),
        max: KEY_LIMITS.max_per_person,
    };
    store::access_keys::insert(&core.db, &new, &given::visitor())
        .await
        .unwrap()
}

async fn key_of(core: &Core, user: &UserId) -> PresentedKey {
    let key = PresentedKey::random();
    assert_eq!(insert(core, &key, user, None).await, Inserted::Made);
    key
}

async fn found(core: &Core, id: &AccessKeyId) -> AccessKey {
    let found = store::access_keys::find(&core.db, id).await.unwrap();
    found.expect("a key").holder.key
}

async fn state(core: &Core, id: &AccessKeyId) -> KeyState {
    found(core, id).await.state(core.clock.now())
}

/// Starts a session with a key as it was found. `None` if the key is no longer good for one.
async fn start_with(core: &Core, user: &User, key: AccessKey) -> Option<SessionToken> {
    let verified = Verified {
        user: user.clone(),
        evidence: Evidence::AccessKey(key),
        known_device: None,
    };
    let (actor, presented) = (given::visitor(), given::presented(None));
    let started = sessions::start(core, &actor, presented, &verified, true).await;
    let started = started.unwrap()?;
    assert!(started.device.is_none(), "a key makes no known browser");
    Some(started.session)
}

async fn signed_in_with(core: &Core, user: &User, key: &PresentedKey) -> SessionToken {
    let key = found(core, &key.id).await;
    start_with(core, user, key).await.expect("a session")
}

async fn revoke(core: &Core, user: &UserId, id: &AccessKeyId, reason: RevokeReason) -> bool {
    let (now, actor) = (core.clock.now(), Actor::command());
    store::access_keys::revoke(&core.db, user, id, reason, now, &actor)
        .await
        .unwrap()
}

async fn end_of(core: &Core, token: &SessionToken) -> Option<EndReason> {
    given::end_of(core, token).await.map(|ended| ended.reason)
}

/// Events about keys, the oldest first, with the key and its name.
async fn entries(core: &Core) -> Vec<(Event, Option<AccessKeyId>, Option<String>)> {
    let records = store::audit::list(&core.db, &Filter::default(), None, 1_000).await;
    let records = records.unwrap().into_iter().rev();
    let records = records.filter(|record| record.entry.key.is_some());
    records
        .map(|record| (record.entry.event, record.entry.key, record.key_name))
        .collect()
}

on_both_engines! {
    async fn a_key_is_found_by_its_id_with_its_owner(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let key = key_of(&core, &ada.user.id).await;
        key_of(&core, &given::account(&core, "grace").await.user.id).await;
        let stored = store::access_keys::find(&core.db, &key.id).await.unwrap().expect("a key");
        assert_eq!(stored.holder.user, ada.user);
        assert!(key.verifies(Some(&stored.digest)));
        assert_eq!(stored.holder.key, AccessKey {
            id: key.id.clone(),
            user_id: ada.user.id.clone(),
            name: "Backup of ’server 2’".to_owned(),
            scopes: "profile:read sessions:end".parse().unwrap(),
            networks: vec!["192.0.2.0/24".to_owned(), "2001:db8::/32".to_owned()],
            created_at: START,
            expires_at: START.after(DAY),
            last_use: None,
            suspended_at: None,
            revoked: None,
        });
        assert!(store::access_keys::find(&core.db, &PresentedKey::random().id).await.unwrap().is_none());
        let name = Some("Backup of ’server 2’".to_owned());
        assert_eq!(entries(&core).await[0], (Event::AccessKeyMade, Some(key.id), name));
    }

    /// Neither the secret nor the text, in whole or in part.
    async fn only_a_digest_of_the_secret_is_stored(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let key = key_of(&core, &ada.user.id).await;
        signed_in_with(&core, &ada.user, &key).await;
        let (text, written) = (key.text(), given::everything_written(&core.db).await);
        let secret = text.reveal().split('_').nth(2).unwrap();
        assert!(written.contains(&key.id.0) && !written.contains(secret));
        assert!(!written.contains(&secret[..16]), "not even a part");
    }

    async fn the_keys_of_an_account_are_listed_the_newest_first(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let mut keys = Vec::new();
        for second in 0..5 {
            core.clock.set(START.after(Duration::from_secs(second)));
            let owner = if second == 2 { &grace } else { &ada };
            keys.push(key_of(&core, &owner.user.id).await.id);
        }
        keys.reverse();
        let ids = |keys: Vec<AccessKey>| keys.into_iter().map(|key| key.id).collect::<Vec<_>>();
        let of_ada = store::access_keys::list_of(&core.db, &ada.user.id).await.unwrap();
        let expected: Vec<_> = keys.iter().enumerate().filter(|(at, _)| *at != 2).map(|(_, id)| id.clone()).collect();
        assert_eq!(ids(of_ada), expected);
        let (mut paged, mut below) = (Vec::new(), None);
        loop {
            let page = store::access_keys::list_all(&core.db, below.as_ref(), 2).await.unwrap();
            let page: Vec<_> = page.into_iter().map(|holder| holder.key).collect();
            let Some(last) = page.last() else { break };
            below = Some(last.id.clone());
            paged.extend(ids(page));
        }
        assert_eq!(paged, keys, "in pages, each key once");
    }

    async fn live_keys_are_counted_with_the_suspended_ones(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let revoked = key_of(&core, &ada.user.id).await;
        key_of(&core, &ada.user.id).await;
        core.clock.set(START.after(DAY / 2));
        key_of(&core, &ada.user.id).await;
        assert!(revoke(&core, &ada.user.id, &revoked.id, RevokeReason::ByOwner).await);
        let count = async || store::access_keys::count_live(&core.db, &ada.user.id, core.clock.now()).await.unwrap();
        assert_eq!(count().await, 2);
        store::access_keys::suspend_some(&core.db, core.clock.now(), 10, &Actor::server()).await.unwrap();
        assert_eq!(count().await, 2);
        core.clock.set(START.after(DAY));
        assert_eq!(count().await, 1, "one has expired");
    }

    /// A disabled account, an ended session, and the session of another person make no key.
    async fn a_key_needs_a_live_session_of_an_enabled_account(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let session = async |account: &Credentials| {
            let token = given::session(&core, account).await;
            given::stored(&core, &token).await.session.id
        };
        let (of_ada, of_grace) = (session(&ada).await, session(&grace).await);
        let make = async |session: Option<&SessionId>| insert(&core, &PresentedKey::random(), &ada.user.id, session).await;
        assert_eq!(make(Some(&of_ada)).await, Inserted::Made);
        assert_eq!(make(Some(&of_grace)).await, Inserted::NotSignedIn);
        let ended = Ended { at: START, reason: EndReason::EndedByAdmin };
        store::sessions::end_all_of_user(&core.db, &ada.user.id, ended, &Actor::command()).await.unwrap();
        assert_eq!(make(Some(&of_ada)).await, Inserted::NotSignedIn);
        users::disable(&core, &actor::on_this_machine(), &ada.user).await.unwrap();
        let before = given::everything_written(&core.db).await;
        assert_eq!(make(None).await, Inserted::NotSignedIn);
        assert_eq!(insert(&core, &PresentedKey::random(), &UserId("nobody".to_owned()), None).await, Inserted::NotSignedIn);
        assert_eq!(given::everything_written(&core.db).await, before);
    }

    /// Keys that were revoked or have expired leave room.
    async fn the_limit_counts_live_keys(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let mut last = None;
        for _ in 0..KEY_LIMITS.max_per_person {
            last = Some(key_of(&core, &ada.user.id).await);
        }
        let make = async || insert(&core, &PresentedKey::random(), &ada.user.id, None).await;
        assert_eq!(make().await, Inserted::TooMany);
        revoke(&core, &ada.user.id, &last.unwrap().id, RevokeReason::ByOwner).await;
        assert_eq!(make().await, Inserted::Made);
        assert_eq!(make().await, Inserted::TooMany);
        core.clock.set(START.after(DAY));
        assert_eq!(make().await, Inserted::Made);
    }

    /// The first reason is kept, and a key of another account is not touched.
    async fn a_revocation_is_final(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let (key, kept) = (key_of(&core, &ada.user.id).await, key_of(&core, &ada.user.id).await);
        let session = signed_in_with(&core, &ada.user, &key).await;
        let others = [signed_in_with(&core, &ada.user, &kept).await, given::session(&core, &ada).await];
        assert!(!revoke(&core, &grace.user.id, &key.id, RevokeReason::ByOwner).await, "not hers");
        assert_eq!(state(&core, &key.id).await, KeyState::Live);
        assert!(revoke(&core, &ada.user.id, &key.id, RevokeReason::ByAdmin).await);
        core.clock.set(START.after(Duration::from_secs(5)));
        assert!(!revoke(&core, &ada.user.id, &key.id, RevokeReason::ByOwner).await);
        let first = Revoked { at: START, reason: RevokeReason::ByAdmin };
        assert_eq!(found(&core, &key.id).await.revoked, Some(first));
        assert_eq!(end_of(&core, &session).await, Some(EndReason::KeyRevoked));
        for other in &others {
            assert_eq!(end_of(&core, other).await, None);
        }
        let events: Vec<_> = entries(&core).await.into_iter().filter(|(_, about, _)| *about == Some(key.id.clone())).collect();
        let events: Vec<_> = events.into_iter().map(|(event, ..)| event).collect();
        let revoked = Event::AccessKeyRevoked(RevokeReason::ByAdmin);
        assert_eq!(events, [Event::AccessKeyMade, Event::SignedIn, revoked]);
    }

    async fn all_keys_of_an_account_are_revoked_at_once(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let keys = [key_of(&core, &ada.user.id).await, key_of(&core, &ada.user.id).await];
        let of_grace = key_of(&core, &grace.user.id).await;
        store::access_keys::suspend_some(&core.db, START, 1, &Actor::server()).await.unwrap();
        let session = signed_in_with(&core, &ada.user, &keys[1]).await;
        let (reason, command) = (RevokeReason::ByAdmin, Actor::command());
        let revoke_all = async || {
            store::access_keys::revoke_all(&core.db, &ada.user.id, reason, core.clock.now(), &command).await.unwrap()
        };
        assert_eq!(revoke_all().await, 2, "suspended ones, too");
        assert_eq!(revoke_all().await, 0);
        for key in keys {
            assert_eq!(state(&core, &key.id).await, KeyState::Revoked(reason));
        }
        assert_eq!(state(&core, &of_grace.id).await, KeyState::Live);
        assert_eq!(end_of(&core, &session).await, Some(EndReason::KeyRevoked));
    }

    /// A clock that was ahead while the keys were revoked must not leave keys that are valid again once it is right.
    async fn a_clock_that_is_ahead_saves_no_key(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let key = key_of(&core, &ada.user.id).await;
        core.clock.set(START.after(2 * DAY));
        let (now, command) = (core.clock.now(), Actor::command());
        store::users::set_password(&core.db, &ada.user.id, "a new hash", now, &command).await.unwrap();
        core.clock.set(START);
        assert_eq!(state(&core, &key.id).await, KeyState::Revoked(RevokeReason::PasswordChanged));
    }

    /// Each change of the account, what it revokes, and for which reason.
    async fn keys_end_with_what_their_account_loses(database: TestDatabase) {
        let core = support::core(&database).await;
        for (number, (reason, keeps)) in [
            (RevokeReason::PasswordChanged, false), (RevokeReason::PasswordChanged, true),
            (RevokeReason::SignedOutEverywhere, false), (RevokeReason::SignedOutEverywhere, true),
            (RevokeReason::UserDisabled, false),
        ].into_iter().enumerate() {
            let ada = given::account(&core, &format!("ada{number}")).await;
            let (key, token) = (key_of(&core, &ada.user.id).await, given::session(&core, &ada).await);
            let session = given::stored(&core, &token).await.session;
            let started = signed_in_with(&core, &ada.user, &key).await;
            let signed_in = given::signed_in(&given::person_in(&session));
            let owner = Owner::of(&signed_in).unwrap();
            let counted = match reason {
                RevokeReason::PasswordChanged => {
                    let evidence = given::evidence("the first hash", "a new hash");
                    let proven = sessions::Proven { presented: &token.digest(), evidence: &evidence };
                    let renewed = sessions::renew_with_password(&core, owner, None, proven, keeps).await.unwrap();
                    renewed.unwrap().ended.keys
                }
                RevokeReason::UserDisabled => {
                    users::disable(&core, &actor::on_this_machine(), &ada.user).await.unwrap();
                    1
                }
                _ => sessions::end_all(&core, owner, keeps).await.unwrap().keys,
            };
            assert_eq!(counted, u64::from(!keeps), "{reason:?}");
            let expected = if keeps { KeyState::Live } else { KeyState::Revoked(reason) };
            assert_eq!(state(&core, &key.id).await, expected, "{reason:?}");
            assert!(end_of(&core, &started).await.is_some(), "{reason:?} {keeps}: its session ends in any case");
        }
    }

    async fn a_reset_revokes_every_key(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let key = key_of(&core, &ada.user.id).await;
        store::users::set_password(&core.db, &ada.user.id, "a new hash", START, &Actor::command()).await.unwrap();
        assert_eq!(state(&core, &key.id).await, KeyState::Revoked(RevokeReason::PasswordChanged));
    }

    async fn keys_are_deleted_with_the_account(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let key = key_of(&core, &ada.user.id).await;
        let session = signed_in_with(&core, &ada.user, &key).await;
        users::delete(&core, &actor::on_this_machine(), &ada.user).await.unwrap();
        assert!(store::access_keys::find(&core.db, &key.id).await.unwrap().is_none());
        assert_eq!(sessions::resume(&core, &session).await.unwrap(), Resumed::Unknown);
        let (event, about, name) = entries(&core).await.remove(0);
        assert_eq!((event, about), (Event::AccessKeyMade, Some(key.id)));
        assert!(name.is_some(), "the log keeps the name");
    }

    async fn suspended_keys_are_confirmed_one_by_one(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let keys = [key_of(&core, &ada.user.id).await, key_of(&core, &ada.user.id).await, key_of(&core, &ada.user.id).await];
        revoke(&core, &ada.user.id, &keys[2].id, RevokeReason::ByOwner).await;
        let suspend = async |limit| store::access_keys::suspend_some(&core.db, START, limit, &Actor::server()).await.unwrap();
        assert_eq!([suspend(1).await, suspend(10).await, suspend(10).await], [1, 1, 0]);
        let confirm = async |user: &UserId, key: &PresentedKey| {
            store::access_keys::confirm(&core.db, user, &key.id, START, &given::visitor()).await.unwrap()
        };
        assert!(!confirm(&grace.user.id, &keys[0]).await, "not hers");
        assert!(confirm(&ada.user.id, &keys[0]).await);
        assert!(!confirm(&ada.user.id, &keys[0]).await, "it is not suspended");
        assert!(!confirm(&ada.user.id, &keys[2]).await, "it is revoked");
        let states = [state(&core, &keys[0].id).await, state(&core, &keys[1].id).await, state(&core, &keys[2].id).await];
        assert_eq!(states, [KeyState::Live, KeyState::Suspended, KeyState::Revoked(RevokeReason::ByOwner)]);
        let events: Vec<_> = entries(&core).await.into_iter().map(|(event, ..)| event).collect();
        let suspended = Event::AccessKeySuspended;
        assert_eq!(events[4..], [suspended, suspended, Event::AccessKeyConfirmed]);
    }

    /// A restored database: every key is suspended, and no session of a key lives.
    async fn a_suspended_key_starts_no_session(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let key = key_of(&core, &ada.user.id).await;
        let (as_found, session) = (found(&core, &key.id).await, signed_in_with(&core, &ada.user, &key).await);
        heartbeat::end_everything(&core, &Actor::server()).await.unwrap();
        assert_eq!(end_of(&core, &session).await, Some(EndReason::Restored));
        assert_eq!(state(&core, &key.id).await, KeyState::Suspended);
        assert!(start_with(&core, &ada.user, as_found.clone()).await.is_none());
        store::access_keys::confirm(&core.db, &ada.user.id, &key.id, START, &given::visitor()).await.unwrap();
        assert!(start_with(&core, &ada.user, as_found).await.is_some());
    }

    /// Those of other keys and of passwords live on.
    async fn the_sessions_of_a_suspended_key_end(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let mut keys = [key_of(&core, &ada.user.id).await, key_of(&core, &ada.user.id).await];
        keys.sort_by(|one, other| one.id.0.cmp(&other.id.0));
        let by_password = given::session(&core, &ada).await;
        let of_first = [signed_in_with(&core, &ada.user, &keys[0]).await, signed_in_with(&core, &ada.user, &keys[0]).await];
        let of_second = signed_in_with(&core, &ada.user, &keys[1]).await;
        let suspend_one = async || store::access_keys::suspend_some(&core.db, START, 1, &Actor::command()).await.unwrap();
        assert_eq!(suspend_one().await, 1);
        for session in &of_first {
            assert_eq!(end_of(&core, session).await, Some(EndReason::Restored));
        }
        assert_eq!(end_of(&core, &of_second).await, None);
        assert_eq!(suspend_one().await, 1);
        assert_eq!(end_of(&core, &of_second).await, Some(EndReason::Restored));
        assert_eq!(end_of(&core, &by_password).await, None);
    }

    /// The session names its key and scopes, and ends with the key however long it is remembered.
    async fn a_session_carries_its_key(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let key = key_of(&core, &ada.user.id).await;
        let token = signed_in_with(&core, &ada.user, &key).await;
        let current = given::stored(&core, &token).await;
        let started_by = current.session.key.as_ref().expect("a key");
        assert_eq!((&started_by.id, started_by.scopes), (&key.id, current.scopes()));
        assert_eq!(current.scopes(), [Scope::ProfileRead, Scope::SessionsEnd].into_iter().collect::<Scopes>());
        assert_eq!(current.session.absolute_ends_at, START.after(DAY), "the key's end, not that of a remembered session");
        core.clock.set(START.after(DAY));
        assert_ne!(sessions::resume(&core, &token).await.unwrap(), Resumed::Live(Box::new(current)));
    }

    /// It could not answer: who has a key has not entered the password.
    async fn a_session_of_a_key_is_asked_about_no_sign_in(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let known = given::session(&core, &ada).await;
        let of_key = signed_in_with(&core, &ada.user, &key_of(&core, &ada.user.id).await).await;
        let strange = given::session(&core, &ada).await;
        let [known, of_key, strange] = [known, of_key, strange].map(|token| token.digest());
        let id = async |digest| store::sessions::find_by_digest(&core.db, digest).await.unwrap().unwrap().session.id;
        let strange = id(&strange).await;
        for (session, asked) in [(&known, Some(strange)), (&of_key, None)] {
            let newest = store::sessions::newest_to_review(&core.db, &id(session).await).await;
            assert_eq!(newest.unwrap(), asked);
        }
    }

    /// The last use moves forward, and not after the revocation.
    async fn the_last_use_is_recorded(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let key = key_of(&core, &ada.user.id).await;
        let touch = async |at: Timestamp, address: &str| {
            let claim = core.db.background_writes.claim(&key.id.0).expect("nothing else writes it");
            let browser = Browser::new(address.to_owned(), "curl/8.5");
            store::access_keys::touch_in_background(&core.db, &key.id, at, &browser, claim).await.unwrap();
            support::settled(&core).await;
            found(&core, &key.id).await.last_use
        };
        let used = |at, address: &str| Some(KeyUse { at, address: address.to_owned(), user_agent: "curl/8.5".to_owned() });
        let later = START.after(Duration::from_secs(90));
        assert_eq!(touch(later, "192.0.2.1").await, used(later, "192.0.2.1"));
        assert_eq!(touch(START, "192.0.2.2").await, used(later, "192.0.2.1"), "not backwards");
        revoke(&core, &ada.user.id, &key.id, RevokeReason::ByOwner).await;
        assert_eq!(touch(later.after(DAY), "192.0.2.3").await, used(later, "192.0.2.1"));
    }

    /// Ended keys are listed for as long as the audit log is kept, then deleted in steps.
    async fn ended_keys_are_cleaned_up(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let [expired, revoked] = [key_of(&core, &ada.user.id).await, key_of(&core, &ada.user.id).await];
        revoke(&core, &ada.user.id, &revoked.id, RevokeReason::ByOwner).await;
        let delete = async |before: Timestamp, limit| {
            store::access_keys::delete_ended_before(&core.db, before, limit).await.unwrap()
        };
        assert_eq!(delete(START, 10).await, 0);
        core.clock.set(START.after(core.keep_activity + DAY / 2));
        cleanup::clean(&core).await.unwrap();
        let left = async || {
            let keys = store::access_keys::list_of(&core.db, &ada.user.id).await.unwrap();
            keys.into_iter().map(|key| key.id).collect::<Vec<_>>()
        };
        assert_eq!(left().await, std::slice::from_ref(&expired.id));
        let more = [key_of(&core, &ada.user.id).await, key_of(&core, &ada.user.id).await];
        let all = core.clock.now().after(3 * DAY);
        assert_eq!([delete(all, 2).await, delete(all, 2).await, delete(all, 2).await], [2, 1, 0]);
        assert!(left().await.is_empty(), "{:?}", more.map(|key| key.id));
    }

    /// What was done with a key is in the log with its credential.
    async fn the_log_names_the_credential(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let key = key_of(&core, &ada.user.id).await;
        for source in Source::ALL {
            let entry = Entry { source, ..given::entry(&core, Event::SignedIn, &ada.user.id).about_key(&key.id) };
            store::audit::insert(&core.db, entry).await.unwrap();
        }
        let records = store::audit::list(&core.db, &Filter::default(), None, 5).await.unwrap();
        let read: Vec<_> = records.iter().rev().map(|record| record.entry.source).collect();
        assert_eq!(read, Source::ALL);
        assert!(records.iter().all(|record| record.key_name.is_some()));
    }
}
