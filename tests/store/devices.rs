//! `store::devices`, tested by the sign-ins and resets that write it.

use crate::{
    given, on_both_engines,
    support::{self, START},
};
use vestibule::{
    domain::actor::Actor,
    server::{
        core::{
            Core,
            sessions::{self, Presented, Started, Verified},
        },
        store::{self, users::Credentials},
        token::DeviceToken,
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

    /// The table contains no cookie: a copy of it cannot imitate a device.
    async fn only_a_digest_is_kept(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let device = sign_in(&core, &ada, None).await.device.unwrap();
        let stored = DeviceToken::parse(device.digest().as_str().as_bytes()).expect("the same form");
        assert!(!is_known(&core, &stored, &ada).await);
    }
}
