//! Names that administrators change, the ones that are given up, and the time of the last sign-in.

use crate::{
    given, on_both_engines,
    support::{self, START},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::Barrier;
use vestibule::{
    domain::{
        actor::Actor,
        audit::Event,
        user::{Email, LookupKey, User},
        views::EditDraft,
    },
    error::AccountRefusal,
    server::{
        core::{
            Core,
            accounts::users::{self, UserDraft, UserError},
            actor::on_this_machine,
        },
        store::{self, audit::Filter, users::Profile},
    },
};

async fn edit(core: &Core, user: &User, username: &str, email: &str) -> Result<(), UserError> {
    let draft = EditDraft {
        username: Some(username.to_owned()),
        display_name: Some("Somebody".to_owned()),
        email: Some(email.to_owned()),
    };
    users::edit(core, &on_this_machine(), &user.id, &draft).await
}

async fn rename(core: &Core, user: &User, username: &str) -> Result<(), UserError> {
    let draft = EditDraft {
        username: Some(username.to_owned()),
        ..EditDraft::default()
    };
    users::edit(core, &on_this_machine(), &user.id, &draft).await
}

async fn found_as(core: &Core, name: &str) -> Option<User> {
    let found = store::users::find_credentials(&core.db, &LookupKey::of(name)).await;
    found.unwrap().map(|found| found.user)
}

async fn reserved(core: &Core, user: &User) -> Vec<String> {
    users::given_up_names(core, &user.id).await.unwrap()
}

/// What was logged of an account, the newest first, with the name before.
async fn log(core: &Core, user: &User) -> Vec<(Event, Option<String>, Option<String>)> {
    let filter = Filter {
        user: Some(&user.id),
        ..Filter::default()
    };
    let records = store::audit::list(&core.db, &filter, None, 100)
        .await
        .unwrap();
    let records = records.into_iter();
    let records = records.map(|one| (one.entry.event, one.entry.previous_name, one.username));
    records.collect()
}

/// Whether the username was refused because another account has or had it.
fn is_taken<T>(outcome: Result<T, UserError>) -> bool {
    is_refused(outcome, AccountRefusal::UsernameTaken)
}

fn is_refused<T>(outcome: Result<T, UserError>, refusal: AccountRefusal) -> bool {
    matches!(outcome, Err(UserError::Refused(refusals)) if refusals == refusal.into())
}

on_both_engines! {
    async fn a_name_that_was_given_up_stays_reserved(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, eve) = (given::account(&core, "Ada").await.user, given::account(&core, "eve").await.user);
        rename(&core, &ada, "Lovelace").await.unwrap();
        assert_eq!(found_as(&core, "lovelace").await.unwrap().id, ada.id);
        assert!(found_as(&core, "ada").await.is_none(), "the old name leads nowhere");
        assert_eq!(reserved(&core, &ada).await, ["Ada"]);
        assert!(is_taken(rename(&core, &eve, "ADA").await));
        assert!(matches!(given::insert(&core, "Ａｄａ", None).await, Err(vestibule::server::db::StoreError::NotUnique)));
        assert_eq!(found_as(&core, "eve").await.unwrap().id, eve.id, "nothing was changed");

        // Its owner takes it back, and then the other one is reserved.
        rename(&core, &ada, "ada").await.unwrap();
        assert_eq!(reserved(&core, &ada).await, ["Lovelace"]);
        assert!(is_taken(rename(&core, &eve, "lovelace").await));
        // Another spelling of the same name gives nothing up.
        rename(&core, &ada, "ADA").await.unwrap();
        assert_eq!(reserved(&core, &ada).await, ["Lovelace"]);
        let renamed = log(&core, &ada).await.into_iter().filter(|(event, ..)| *event == Event::UserRenamed);
        let renamed: Vec<_> = renamed.map(|(_, before, after)| (before.unwrap(), after.unwrap())).collect();
        let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        assert_eq!(renamed, [pair("ada", "ADA"), pair("Lovelace", "ada"), pair("Ada", "Lovelace")]);

        // With its account a name is free.
        users::delete(&core, &on_this_machine(), &ada).await.unwrap();
        rename(&core, &eve, "lovelace").await.unwrap();
    }

    /// The audit log shows each event with the name of its time.
    async fn an_account_is_found_by_an_earlier_name(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "Ada").await.user;
        rename(&core, &ada, "lovelace").await.unwrap();
        for name in ["ADA", "lovelace", "ada@example.org"] {
            let found = users::find_by_any_name(&core, name).await;
            assert_eq!(found.ok().map(|user| user.id), Some(ada.id.clone()), "{name}");
        }
        assert!(matches!(users::find_by_any_name(&core, "nobody").await, Err(UserError::NotFound)));
    }

    async fn names_of_other_accounts_are_refused(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, eve) = (given::account(&core, "ada").await.user, given::account(&core, "eve").await.user);
        let before = given::everything_written(&core.db).await;
        assert!(is_taken(rename(&core, &eve, "ADA").await));
        assert!(is_refused(edit(&core, &eve, "mallory", "ADA@example.org").await, AccountRefusal::EmailTaken));
        for (username, email) in [("a b", ""), ("eve", "nowhere")] {
            assert!(matches!(edit(&core, &eve, username, email).await, Err(UserError::Refused(_))));
        }
        assert_eq!(given::everything_written(&core.db).await, before);
        let gone = User { id: vestibule::server::token::new_user_id(), ..ada };
        assert!(matches!(edit(&core, &gone, "gone", "").await, Err(UserError::NotFound)));
    }

    /// Nobody corrects one field to learn about the next.
    async fn all_wrong_names_are_refused_at_once(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await.user;
        let [username, email, display_name] = ["a b", "nowhere", "A\u{202e}da"].map(str::to_owned);
        let draft = UserDraft {
            username: username.clone(),
            email: Some(email.clone()),
            display_name: Some(display_name.clone()),
            description: "\u{202e}".to_owned(),
            is_admin: false,
        };
        let Err(refusals) = draft.check() else { panic!("an account with such names") };
        assert_eq!(refusals.iter().count(), 4, "{refusals}");
        let draft = EditDraft { username: Some(username), email: Some(email), display_name: Some(display_name) };
        let Err(UserError::Refused(refusals)) = users::edit(&core, &on_this_machine(), &ada.id, &draft).await else {
            panic!("such names")
        };
        assert_eq!(refusals.iter().count(), 3, "{refusals}");
    }

    /// Its owner may change it while an administrator changes another one.
    async fn what_is_not_given_is_not_written(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await.user;
        let email = Email::parse("lovelace@example.org").unwrap();
        let profile = Profile { display_name: "Ada Lovelace", email: Some(&email), description: "" };
        let entry = given::entry(&core, Event::ProfileChanged, &ada.id);
        assert!(store::users::update_profile(&core.db, &ada.id, &profile, entry).await.unwrap());
        // Somebody else has the address that she had before, which is not written again.
        given::insert(&core, "eve", Some("ada@example.org")).await.unwrap();
        rename(&core, &ada, "countess").await.unwrap();
        let user = found_as(&core, "countess").await.unwrap();
        assert_eq!((user.email.as_deref(), user.display_name.as_str()), (Some("lovelace@example.org"), "Ada Lovelace"));
        let events = async || log(&core, &ada).await.into_iter().map(|(event, ..)| event).collect::<Vec<_>>();
        assert_eq!(events().await, [Event::UserRenamed, Event::ProfileChanged, Event::UserCreated]);
        // Without a full name the username is shown, as it is then.
        let draft = EditDraft { display_name: Some(String::new()), ..EditDraft::default() };
        users::edit(&core, &on_this_machine(), &ada.id, &draft).await.unwrap();
        let user = found_as(&core, "lovelace@example.org").await.unwrap();
        assert_eq!((user.username.as_str(), user.display_name.as_str()), ("countess", "countess"));
        users::edit(&core, &on_this_machine(), &ada.id, &EditDraft::default()).await.unwrap();
        assert_eq!(events().await.len(), 4, "nothing was changed");
        assert_eq!(found_as(&core, "countess").await.unwrap(), user);
    }

    async fn only_what_was_changed_is_logged(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await.user;
        rename(&core, &ada, "ada").await.unwrap();
        assert_eq!(log(&core, &ada).await.len(), 1, "it was made, and nothing was changed");
        edit(&core, &ada, "ada", "").await.unwrap();
        let events: Vec<_> = log(&core, &ada).await.into_iter().map(|(event, ..)| event).collect();
        assert_eq!(events, [Event::UserEdited, Event::UserCreated]);
        assert_eq!(found_as(&core, "ada").await.unwrap().email, None);
    }

    /// Of two people who take a name at once, one of whom gives it up, nobody gets the other's.
    async fn a_name_never_has_two_owners(database: TestDatabase) {
        let core = support::core(&database).await;
        for round in 0..20 {
            let name = format!("name{round}");
            let owner = given::account(&core, &name).await.user;
            let barrier = Arc::new(Barrier::new(2));
            let giving = {
                let (core, owner, barrier) = (core.clone(), owner.clone(), Arc::clone(&barrier));
                tokio::spawn(async move {
                    barrier.wait().await;
                    rename(&core, &owner, &format!("other{round}")).await
                })
            };
            barrier.wait().await;
            let taken = given::insert(&core, &name, None).await;
            giving.await.unwrap().unwrap();
            assert!(taken.is_err(), "round {round}");
            assert!(found_as(&core, &name).await.is_none());
            assert_eq!(reserved(&core, &owner).await, [name]);
        }
    }

    async fn the_last_sign_in_is_written_with_the_session(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        assert_eq!((ada.user.created_at, ada.user.last_sign_in_at), (START, None));
        given::session(&core, &ada).await;
        assert_eq!(given::credentials(&core, "ada").await.user.last_sign_in_at, Some(START));
        core.clock.set(START.after(Duration::from_secs(60)));
        // A sign-in that is refused, because the password was changed meanwhile, is none.
        store::users::set_password(&core.db, &ada.user.id, "another", core.clock.now(), &Actor::command()).await.unwrap();
        let refused = vestibule::server::core::sessions::start(&core, &given::visitor(), given::presented(None), &given::verified(&ada), false).await;
        assert!(refused.unwrap().is_none());
        assert_eq!(given::credentials(&core, "ada").await.user.last_sign_in_at, Some(START));
    }

    /// Long afterwards nothing else is left of it.
    async fn another_name_leaves_the_last_sign_in_as_it_is(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        given::session(&core, &ada).await;
        for table in ["sessions", "devices"] {
            assert_eq!(given::execute(&core.db, &format!("DELETE FROM {table}")).await, 1);
        }
        rename(&core, &ada.user, "lovelace").await.unwrap();
        assert_eq!(found_as(&core, "lovelace").await.unwrap().last_sign_in_at, Some(START));
        let signed_in = given::texts(&core.db, "SELECT username FROM users WHERE has_signed_in").await;
        assert_eq!(signed_in, ["lovelace"]);
    }
}
