//! `store::devices`, tested by the sign-ins and resets that write it.

use crate::{
    given, on_both_engines,
    support::{self, START},
};
use std::time::Duration;
use vestibule::{
    domain::{
        actor::Actor,
        audit::Event,
        device::DeviceName,
        session::{EndReason, Session, SessionId},
    },
    server::{
        core::{
            Core,
            actor::Owner,
            sessions::{self, Presented, Proven, Started, Verified},
        },
        store::{self, users::Credentials},
        token::{DeviceToken, SessionToken},
    },
};

/// Signs in with a browser, which is then known.
async fn sign_in(core: &Core, account: &Credentials, brings: Option<&DeviceToken>) -> Started {
    let device = brings.map(copy);
    let known_device = match &device {
        Some(device) if is_known(core, device, account).await => Some(device.digest()),
        _ => None,
    };
    let verified = Verified {
        known_device,
        ..given::verified(account)
    };
    let presented = Presented {
        device,
        session: None,
    };
    sessions::start(core, &given::visitor(), presented, &verified, false)
        .await
        .unwrap()
        .unwrap()
}

fn copy(device: &DeviceToken) -> DeviceToken {
    DeviceToken::parse(device.cookie_value().as_bytes()).expect("its own spelling")
}

async fn is_known(core: &Core, device: &DeviceToken, account: &Credentials) -> bool {
    store::devices::is_known(&core.db, &device.digest(), &account.user.id)
        .await
        .unwrap()
}

const HOUR: Duration = Duration::from_secs(3_600);

/// `caller` gives a name to the browser of `target`.
async fn names(core: &Core, caller: &Session, target: &Session, name: &str) -> bool {
    let actor = given::signed_in(&given::person_in(caller));
    let name = DeviceName::parse(name).expect("a name");
    sessions::name_device(core, Owner::of(&actor).unwrap(), &target.id, &name)
        .await
        .unwrap()
}

async fn name_of(core: &Core, token: &SessionToken) -> String {
    given::stored(core, token).await.session.device.name
}

on_both_engines! {
    async fn a_browser_is_known_to_those_who_signed_in_with_it(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let device = sign_in(&core, &ada, None).await.device.unwrap();
        assert!(is_known(&core, &device, &ada).await);
        assert!(!is_known(&core, &device, &grace).await, "another person");
        assert!(!is_known(&core, &DeviceToken::random(), &ada).await, "another browser");
    }

    async fn a_known_browser_keeps_its_name(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let device = sign_in(&core, &ada, None).await.device.unwrap();
        let again = sign_in(&core, &ada, Some(&device)).await.device.unwrap();
        assert_eq!(again.digest(), device.digest());
    }

    /// A device cookie planted before is useless afterwards.
    async fn a_second_person_gives_the_browser_a_new_name(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let first = sign_in(&core, &ada, None).await.device.unwrap();
        let second = sign_in(&core, &grace, Some(&first)).await.device.unwrap();
        assert_ne!(second.digest(), first.digest());
        for person in [&ada, &grace] {
            assert!(is_known(&core, &second, person).await, "both go on as known people");
            assert!(!is_known(&core, &first, person).await);
        }
        let planted = DeviceToken::random();
        let issued = sign_in(&core, &ada, Some(&planted)).await.device.unwrap();
        assert_ne!(issued.digest(), planted.digest(), "a name is never adopted");
        assert!(!is_known(&core, &planted, &ada).await);
    }

    async fn a_reset_makes_every_browser_unknown(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let device = sign_in(&core, &ada, None).await.device.unwrap();
        let of_grace = sign_in(&core, &grace, None).await.device.unwrap();
        store::users::set_password(&core.db, &ada.user.id, "a new hash", START, &Actor::command()).await.unwrap();
        assert!(!is_known(&core, &device, &ada).await);
        assert!(is_known(&core, &of_grace, &grace).await);
    }

    /// The name stays with the browser, for its next sessions.
    async fn a_browser_has_a_name_in_all_its_sessions(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let first = sign_in(&core, &ada, None).await;
        let (device, first) = (first.device.unwrap(), given::stored(&core, &first.session).await.session);
        assert!(first.device.is_on_record && first.device.name.is_empty());
        core.clock.set(START.after(HOUR));
        let second = sign_in(&core, &ada, Some(&device)).await.session;
        assert!(names(&core, &first, &first, "Ada’s phone").await);
        assert_eq!(name_of(&core, &second).await, "Ada’s phone", "another session in the same browser");
        let third = sign_in(&core, &ada, Some(&device)).await.session;
        assert_eq!(name_of(&core, &third).await, "Ada’s phone", "the next one");
        let elsewhere = sign_in(&core, &ada, None).await.session;
        assert_eq!(name_of(&core, &elsewhere).await, "", "another browser");
        // Somebody else signs in, and the browser gets another digest.
        let grace = given::account(&core, "grace").await;
        let moved = sign_in(&core, &grace, Some(&device)).await.device.unwrap();
        let fourth = sign_in(&core, &ada, Some(&moved)).await.session;
        assert_eq!(name_of(&core, &fourth).await, "Ada’s phone");
        sessions::end(&core, &given::visitor(), &third, EndReason::SignedOut).await.unwrap();
        assert!(names(&core, &first, &first, "").await);
        assert_eq!(name_of(&core, &fourth).await, "", "removed");
        assert_eq!(name_of(&core, &third).await, "Ada’s phone", "one that has ended keeps that of its time");
        let log = store::audit::list(&core.db, &Default::default(), None, 99).await.unwrap();
        let of = |event: Event| log.iter().filter(move |record| record.entry.event == event);
        assert_eq!(of(Event::DeviceNamed).count(), 2);
        let mut named: Vec<_> = of(Event::DeviceNamed).map(|record| record.device_name.as_deref()).collect();
        named.sort_unstable();
        assert_eq!(named, [None, Some("Ada’s phone")], "in the browser that has the name");
        let mut sign_ins: Vec<_> = of(Event::SignedIn).map(|record| record.device_name.as_deref()).collect();
        sign_ins.sort_unstable();
        assert_eq!(sign_ins, [None, None, None, None, Some("Ada’s phone"), Some("Ada’s phone")]);
    }

    async fn a_browser_is_named_by_its_owner_in_a_known_one(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let session = async |account, device: Option<&DeviceToken>| {
            let started = sign_in(&core, account, device).await;
            (given::stored(&core, &started.session).await.session, started)
        };
        let (known, started) = session(&ada, None).await;
        let (of_grace, _) = session(&grace, None).await;
        core.clock.set(START.after(HOUR));
        let (new, of_new) = session(&ada, None).await;
        assert!(new.device.is_unrecognised);
        let (again, _) = session(&ada, of_new.device.as_ref()).await;
        for caller in [&of_grace, &new, &again] {
            for target in [&known, &new, &again] {
                assert!(!names(&core, caller, target, "Mine").await, "{caller:?} {target:?}");
            }
        }
        let unknown = Session { id: SessionId("never-was".to_owned()), ..known.clone() };
        assert!(!names(&core, &known, &unknown, "Mine").await);
        assert!(names(&core, &known, &new, "The stranger").await);
        sessions::end(&core, &given::visitor(), &of_new.session, EndReason::SignedOut).await.unwrap();
        assert!(!names(&core, &known, &new, "Mine").await, "it has ended");
        sessions::end(&core, &given::visitor(), &started.session, EndReason::SignedOut).await.unwrap();
        assert!(!names(&core, &known, &again, "Mine").await, "the caller has ended");
        let names = given::texts(&core.db, "SELECT name FROM devices ORDER BY name").await;
        assert_eq!(names, ["", "", "The stranger"]);
    }

    /// The password is changed in a browser that no longer sends its device cookie: its session goes on without a device.
    async fn a_forgotten_browser_is_not_offered_for_naming(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = sign_in(&core, &ada, None).await.session;
        let before = given::stored(&core, &token).await.session;
        assert!(before.device.is_on_record);
        let hash = ada.password_hash.as_str();
        let renewed = given::change_password(&core, &before, &token, [hash, "a new hash"]).await.unwrap();
        let after = given::stored(&core, &renewed.token).await.session;
        assert_eq!((&after.id, after.device.is_on_record), (&before.id, false));
        assert!(!names(&core, &after, &after, "Mine").await);

        // With the cookie it keeps its browser.
        let ada = given::credentials(&core, "ada").await;
        let Started { session: token, device } = sign_in(&core, &ada, None).await;
        let session = given::stored(&core, &token).await.session;
        let proven = Proven { presented: &token.digest(), evidence: &given::evidence("a new hash", "another") };
        let actor = given::signed_in(&given::person_in(&session));
        let digest = device.map(|device| device.digest());
        let renewed = sessions::renew_with_password(&core, Owner::of(&actor).unwrap(), digest.as_ref(), proven, false).await;
        let after = given::stored(&core, &renewed.unwrap().unwrap().token).await.session;
        assert!(after.device.is_on_record && names(&core, &after, &after, "Mine").await);
    }

    /// The table contains no cookie: a copy of it cannot imitate a device.
    async fn only_a_digest_is_kept(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let device = sign_in(&core, &ada, None).await.device.unwrap();
        let stored = DeviceToken::parse(device.digest().as_str().as_bytes()).expect("the same form");
        assert!(!is_known(&core, &stored, &ada).await);
    }
}
