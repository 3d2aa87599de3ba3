//! `store::users`.

use crate::{
    given, on_both_engines,
    support::{self, START},
};
use vestibule::{
    domain::{
        actor::Actor,
        audit::Event,
        session::{EndReason, Ended},
        user::{Email, LookupKey, User, UserId, Username},
    },
    server::{
        db::StoreError,
        store::{
            self,
            users::{Credentials, NewUser, Profile},
        },
        token,
    },
};

on_both_engines! {
    /// Username and email lead to the same account, in any spelling.
    async fn an_account_is_found_by_name_and_by_email(database: TestDatabase) {
        let core = support::core(&database).await;
        support::create_user(&core, "ada").await;
        for input in ["ada", "ADA", "Ada@Example.ORG", " ada "] {
            let found = store::users::find_credentials(&core.db, &LookupKey::of(input)).await.unwrap();
            assert_eq!(found.expect(input).user.username, "ada");
        }
        assert!(store::users::find_credentials(&core.db, &LookupKey::of("grace")).await.unwrap().is_none());
        assert_eq!(core.clock.now(), START);
    }

    /// Every value is stored unchanged; name and address keep their spelling.
    async fn an_account_comes_back_as_it_was_given(database: TestDatabase) {
        let core = support::core(&database).await;
        let given = NewUser {
            id: token::new_user_id(),
            username: &Username::parse("Éva.Straße").unwrap(),
            email: Some(&Email::parse("Eva@Example.org").unwrap()),
            display_name: "Éva \"the first\" 'O; DROP TABLE users; --",
            description: "Zwölf 🐎",
            is_admin: true,
            password_hash: "$argon2id$…",
            created_at: START,
        };
        store::users::insert(&core.db, &given, &Actor::command()).await.unwrap();
        let Credentials { user, password_hash } = given::credentials(&core, "ÉVA.STRASSE").await;
        let expected = User {
            id: given.id,
            username: "Éva.Straße".to_owned(),
            email: Some("Eva@Example.org".to_owned()),
            display_name: given.display_name.to_owned(),
            description: given.description.to_owned(),
            is_admin: true,
            disabled: false,
            has_password: true,
            created_at: START,
            last_sign_in_at: None,
        };
        assert_eq!(user, expected);
        assert_eq!(password_hash, "$argon2id$…");
        assert_eq!(support::users(&core).await, [expected]);
    }

    async fn a_name_is_taken_in_every_spelling(database: TestDatabase) {
        let core = support::core(&database).await;
        given::insert(&core, "Ada", None).await.unwrap();
        for spelling in ["Ada", "ada", "ADA", "Ａｄａ"] {
            let refused = given::insert(&core, spelling, Some("other@example.org")).await;
            assert!(matches!(refused, Err(StoreError::NotUnique)), "{spelling}: {refused:?}");
        }
        assert_eq!(support::users(&core).await.len(), 1);
    }

    async fn an_address_is_taken_in_every_case(database: TestDatabase) {
        let core = support::core(&database).await;
        given::insert(&core, "ada", Some("ada@example.org")).await.unwrap();
        for spelling in ["ada@example.org", "ADA@example.org", "Ada@EXAMPLE.Org"] {
            let refused = given::insert(&core, "grace", Some(spelling)).await;
            assert!(matches!(refused, Err(StoreError::NotUnique)), "{spelling}: {refused:?}");
        }
        assert_eq!(support::users(&core).await.len(), 1);
    }

    async fn an_id_is_never_given_twice(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let again = NewUser {
            id: ada.user.id,
            username: &Username::parse("grace").unwrap(),
            email: None,
            display_name: "",
            description: "",
            is_admin: true,
            password_hash: "",
            created_at: START,
        };
        assert!(matches!(store::users::insert(&core.db, &again, &Actor::command()).await, Err(StoreError::NotUnique)));
        assert!(!given::credentials(&core, "ada").await.user.is_admin);
    }

    async fn many_accounts_may_be_without_an_address(database: TestDatabase) {
        let core = support::core(&database).await;
        given::insert(&core, "ada", None).await.unwrap();
        given::insert(&core, "grace", None).await.unwrap();
        assert_eq!(given::credentials(&core, "grace").await.user.email, None);
    }

    async fn of_two_at_once_one_gets_the_name(database: TestDatabase) {
        let core = support::core(&database).await;
        for round in 0..20 {
            let (lower, upper) = (format!("ada{round}"), format!("ADA{round}"));
            let (one, other) = tokio::join!(
                given::insert(&core, &lower, None),
                given::insert(&core, &upper, None),
            );
            assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
            let refused = one.and(other);
            assert!(matches!(refused, Err(StoreError::NotUnique)), "{refused:?}");
        }
    }

    async fn accounts_are_listed_by_name(database: TestDatabase) {
        let core = support::core(&database).await;
        for name in ["grace", "Bob", "ada", "Ada2"] {
            given::account(&core, name).await;
        }
        let listed = support::users(&core).await;
        let names: Vec<_> = listed.iter().map(|user| user.username.as_str()).collect();
        assert_eq!(names, ["ada", "Ada2", "Bob", "grace"]);
    }

    async fn it_is_known_whether_anybody_can_sign_in(database: TestDatabase) {
        let core = support::core(&database).await;
        assert!(!store::users::any_exists(&core.db).await.unwrap());
        assert!(support::users(&core).await.is_empty());
        given::account(&core, "ada").await;
        assert!(store::users::any_exists(&core.db).await.unwrap());
    }

    /// Every live session of the account, and no other.
    async fn disabling_ends_all_sessions(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let [first, second, signed_out] =
            [given::session(&core, &ada).await, given::session(&core, &ada).await, given::session(&core, &ada).await];
        let other = given::session(&core, &grace).await;
        let earlier = Ended { at: START, reason: EndReason::SignedOut };
        let signed_out_id = given::stored(&core, &signed_out).await.session.id;
        store::sessions::end(&core.db, &signed_out_id, earlier, &Actor::command()).await.unwrap();

        let now = START.after(std::time::Duration::from_secs(5));
        assert_eq!(store::users::disable(&core.db, &ada.user.id, now, &Actor::command()).await.unwrap(), 2);

        let by_disabling = Some(Ended { at: now, reason: EndReason::UserDisabled });
        assert_eq!(given::end_of(&core, &first).await, by_disabling);
        assert_eq!(given::end_of(&core, &second).await, by_disabling);
        assert_eq!(given::end_of(&core, &signed_out).await, Some(earlier), "the first reason stays");
        assert_eq!(given::end_of(&core, &other).await, None, "another person's session continues");
        assert!(given::credentials(&core, "ada").await.user.disabled);
        assert!(given::stored(&core, &first).await.user.disabled);
        assert!(!given::credentials(&core, "grace").await.user.disabled);
    }

    async fn disabling_twice_is_disabling_once(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        assert_eq!(store::users::disable(&core.db, &ada.user.id, START, &Actor::command()).await.unwrap(), 1);
        let later = START.after(std::time::Duration::from_secs(60));
        assert_eq!(store::users::disable(&core.db, &ada.user.id, later, &Actor::command()).await.unwrap(), 0);
        assert_eq!(given::end_of(&core, &token).await.unwrap().at, START);
        let since = given::texts(&core.db, "SELECT CAST(disabled_at AS TEXT) FROM users").await;
        assert_eq!(since, [START.as_millis().to_string()]);
    }

    async fn enabling_lets_an_account_in_and_revives_nothing(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let before = given::session(&core, &ada).await;
        store::users::disable(&core.db, &ada.user.id, START, &Actor::command()).await.unwrap();
        store::users::enable(&core.db, &ada.user.id, START, &Actor::command()).await.unwrap();
        assert!(!given::credentials(&core, "ada").await.user.disabled);
        assert_eq!(given::end_of(&core, &before).await.unwrap().reason, EndReason::UserDisabled);
        let after = given::session(&core, &ada).await;
        assert_eq!(given::end_of(&core, &after).await, None);
        store::users::enable(&core.db, &ada.user.id, START, &Actor::command()).await.expect("enabling twice is no error");
        assert_eq!(given::end_of(&core, &after).await, None);
    }

    async fn a_new_password_ends_all_sessions(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let (first, second) = (given::session(&core, &ada).await, given::session(&core, &ada).await);
        let other = given::session(&core, &grace).await;
        let ended = store::users::set_password(&core.db, &ada.user.id, "a new hash", START, &Actor::command()).await.unwrap();
        assert_eq!(ended, 2);
        for token in [&first, &second] {
            let end = given::end_of(&core, token).await;
            assert_eq!(end, Some(Ended { at: START, reason: EndReason::PasswordChanged }));
        }
        assert_eq!(given::end_of(&core, &other).await, None);
        assert_eq!(given::credentials(&core, "ada").await.password_hash, "a new hash");
        assert_eq!(given::credentials(&core, "grace").await.password_hash, "the first hash");
    }

    async fn a_new_password_does_not_enable(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        store::users::disable(&core.db, &ada.user.id, START, &Actor::command()).await.unwrap();
        store::users::set_password(&core.db, &ada.user.id, "a new hash", START, &Actor::command()).await.unwrap();
        assert!(given::credentials(&core, "ada").await.user.disabled);
    }

    async fn an_unknown_account_changes_nobody(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        let nobody = UserId("nobody".to_owned());
        assert_eq!(store::users::disable(&core.db, &nobody, START, &Actor::command()).await.unwrap(), 0);
        assert_eq!(store::users::set_password(&core.db, &nobody, "hash", START, &Actor::command()).await.unwrap(), 0);
        store::users::enable(&core.db, &nobody, START, &Actor::command()).await.unwrap();
        assert_eq!(given::end_of(&core, &token).await, None);
        assert_eq!(given::credentials(&core, "ada").await.password_hash, "the first hash");
    }

    async fn a_profile_is_changed_and_nothing_else(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let token = given::session(&core, &ada).await;
        let email = Email::parse("Ada@Analytical.Example").unwrap();
        let profile = Profile { display_name: "Ada 🐎 'L'", email: Some(&email), description: "Zwölf" };
        assert!(store::users::update_profile(&core.db, &ada.user.id, &profile, given::entry(&core, Event::ProfileChanged, &ada.user.id)).await.unwrap());
        let expected = User {
            display_name: "Ada 🐎 'L'".to_owned(),
            email: Some("Ada@Analytical.Example".to_owned()),
            description: "Zwölf".to_owned(),
            last_sign_in_at: Some(START),
            ..ada.user.clone()
        };
        let found = given::credentials(&core, "ADA@analytical.example").await;
        assert_eq!((found.user, found.password_hash.as_str()), (expected, "the first hash"));
        let before = store::users::find_credentials(&core.db, &LookupKey::of("ada@example.org")).await.unwrap();
        assert!(before.is_none(), "the address before leads nowhere");
        assert_eq!(given::end_of(&core, &token).await, None);
        assert_eq!(given::credentials(&core, "grace").await.user, grace.user);

        let bare = Profile { display_name: "ada", email: None, description: "" };
        for _ in 0..2 {
            assert!(store::users::update_profile(&core.db, &ada.user.id, &bare, given::entry(&core, Event::ProfileChanged, &ada.user.id)).await.unwrap());
        }
        assert_eq!(given::credentials(&core, "ada").await.user.email, None);
    }

    async fn an_address_of_another_account_is_refused_in_every_case(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        given::account(&core, "grace").await;
        for spelling in ["grace@example.org", "GRACE@Example.ORG"] {
            let email = Email::parse(spelling).unwrap();
            let profile = Profile { display_name: "changed", email: Some(&email), description: "changed" };
            let refused = store::users::update_profile(&core.db, &ada.user.id, &profile, given::entry(&core, Event::ProfileChanged, &ada.user.id)).await;
            assert!(matches!(refused, Err(StoreError::NotUnique)), "{spelling}: {refused:?}");
        }
        assert_eq!(given::credentials(&core, "ada").await.user, ada.user);
        let own = Email::parse("ADA@example.org").unwrap();
        let profile = Profile { display_name: "Ada", email: Some(&own), description: "" };
        assert!(store::users::update_profile(&core.db, &ada.user.id, &profile, given::entry(&core, Event::ProfileChanged, &ada.user.id)).await.unwrap(), "one's own in another case");
    }

    async fn of_two_at_once_one_gets_the_address(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        for round in 0..20 {
            let wanted = [format!("one{round}@example.org"), format!("ONE{round}@example.org")];
            let [lower, upper] = wanted.map(|address| Email::parse(&address).unwrap());
            let profile = |email| Profile { display_name: "", email: Some(email), description: "" };
            let (of_ada, of_grace) = (profile(&lower), profile(&upper));
            let (one, other) = tokio::join!(
                store::users::update_profile(&core.db, &ada.user.id, &of_ada, given::entry(&core, Event::ProfileChanged, &ada.user.id)),
                store::users::update_profile(&core.db, &grace.user.id, &of_grace, given::entry(&core, Event::ProfileChanged, &grace.user.id)),
            );
            assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
        }
    }

    async fn a_disabled_or_unknown_account_has_no_profile_to_change(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        store::users::disable(&core.db, &ada.user.id, START, &Actor::command()).await.unwrap();
        let profile = Profile { display_name: "changed", email: None, description: "" };
        for id in [ada.user.id.clone(), UserId("nobody".to_owned())] {
            assert!(!store::users::update_profile(&core.db, &id, &profile, given::entry(&core, Event::ProfileChanged, &id)).await.unwrap());
        }
        assert_eq!(given::credentials(&core, "ada").await.user.display_name, "Somebody");
    }
}
