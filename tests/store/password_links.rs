//! `store::password_links`, and the passwords that they set.

use crate::{
    given, on_both_engines,
    support::{self, PASSWORD, START},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::Barrier;
use vestibule::{
    domain::{
        audit::{Event, RecordedMethod, SignInRefusal},
        password_link::{LinkPurpose, LinkSecret},
        session::{EndReason, SessionId},
        user::User,
    },
    error::{AccountRefusal, AppError, Failure, Refusal},
    server::{
        core::{
            Core,
            accounts::{
                password_links::{self, LIFETIME, MadeLink},
                users::{self, UserDraft, UserError},
            },
            actor::{self, Actor, Browser},
            background::cleanup,
            sessions::{self, Resumed, Started, Verified},
            sign_in::{self, Credentials},
        },
        db::StoreError,
        store::{
            self,
            audit::Filter,
            evidence::Evidence,
            sessions::{NewSession, Proof},
            users::Redemption,
        },
        token::{self, SessionToken},
    },
};

const NEW: &str = "a new password, long enough";

async fn invite(core: &Core, name: &str) -> MadeLink {
    let draft = UserDraft {
        username: name.to_owned(),
        ..UserDraft::default()
    };
    let draft = draft.check().expect("a valid draft");
    password_links::invite(core, &actor::on_this_machine(), &draft)
        .await
        .unwrap()
}

async fn reset(core: &Core, user: &User) -> MadeLink {
    password_links::make(core, &actor::on_this_machine(), user)
        .await
        .unwrap()
}

async fn redeem(core: &Core, secret: &LinkSecret, input: &str) -> Result<(), AppError> {
    let browser = Browser::new("192.0.2.9".to_owned(), "Somebody's browser");
    let (actor, password) = (Actor::visitor(browser), support::password(input));
    let nothing = Some(given::presented(None));
    let redeemed = password_links::redeem(core, &actor, nothing, secret, &password).await;
    redeemed.map(drop)
}

/// Without hashing, which would spread the attempts in time.
async fn redeem_unhashed(core: &Core, secret: &LinkSecret, hash: &str) -> Option<u64> {
    redeem_as(core, secret, LinkPurpose::Reset, hash).await
}

async fn redeem_as(
    core: &Core,
    secret: &LinkSecret,
    purpose: LinkPurpose,
    password_hash: &str,
) -> Option<u64> {
    let redemption = Redemption {
        link: &token::link_digest(secret),
        purpose,
        password_hash,
        at: core.clock.now(),
    };
    store::users::redeem_link(&core.db, &redemption, &given::visitor())
        .await
        .unwrap()
}

/// The evidence of an invitation, without hashing.
async fn invited(core: &Core, name: &str, link: &LinkSecret, hash: &str) -> Verified {
    Verified {
        user: users::find(core, name).await.unwrap(),
        evidence: Evidence::Invitation {
            link: token::link_digest(link),
            password_hash: hash.to_owned(),
        },
        known_device: None,
    }
}

async fn start(core: &Core, verified: &Verified) -> Option<Started> {
    let nothing = given::presented(None);
    sessions::start(core, &given::visitor(), nothing, verified, false)
        .await
        .unwrap()
}

async fn sign_in(core: &Core, username: &str, input: &str) -> Result<(), AppError> {
    let password = support::password(input);
    let credentials = Credentials {
        username,
        password: &password,
    };
    sign_in::login(
        core,
        &given::visitor(),
        given::presented(None),
        &credentials,
        false,
    )
    .await
    .map(drop)
}

async fn events(core: &Core) -> Vec<Event> {
    let records = store::audit::list(&core.db, &Filter::default(), None, 1_000).await;
    let records = records.unwrap().into_iter().rev();
    records.map(|record| record.entry.event).collect()
}

on_both_engines! {
    /// The account exists, but cannot sign in before its owner has set a password.
    async fn an_invited_person_sets_the_first_password(database: TestDatabase) {
        let core = support::core(&database).await;
        let link = invite(&core, "ada").await;
        assert_eq!((link.purpose, link.expires_at), (LinkPurpose::Invitation, START.after(LIFETIME)));
        let ada = users::find(&core, "ada").await.unwrap();
        assert!(!ada.has_password && !ada.disabled);
        assert_eq!(password_links::valid_until(&core, &ada).await.unwrap(), Some(link.expires_at));
        for input in [PASSWORD, "", NEW] {
            assert_eq!(sign_in(&core, "ada", input).await, Err(AppError::from(Refusal::SignIn)));
        }
        redeem(&core, &link.secret, NEW).await.unwrap();
        sign_in(&core, "ada", NEW).await.unwrap();
        assert!(users::find(&core, "ada").await.unwrap().has_password);
        assert_eq!(redeem(&core, &link.secret, PASSWORD).await, Err(AppError::from(Refusal::Link)), "once");
        sign_in(&core, "ada", NEW).await.unwrap();
        let refused = Event::SignInRefused(SignInRefusal::WrongPassword);
        let expected = [
            Event::UserCreated, Event::LinkMade(LinkPurpose::Invitation), refused, refused, refused,
            Event::LinkUsed(LinkPurpose::Invitation), Event::SignedInBy(RecordedMethod::Invitation), Event::SignedIn,
            Event::LinkRefused, Event::SignedIn,
        ];
        assert_eq!(events(&core).await, expected);
    }

    /// The link, the password and the session: all in one transaction.
    async fn an_invitation_starts_a_session(database: TestDatabase) {
        let core = support::core(&database).await;
        let link = invite(&core, "ada").await;
        let verified = invited(&core, "ada", &link.secret, "the first hash").await;
        let started = start(&core, &verified).await.expect("a session");
        let found = given::stored(&core, &started.session).await;
        assert_eq!((found.user.username.as_str(), found.session.authenticated_at), ("ada", START));
        assert_eq!(found.session.method, Some(RecordedMethod::Invitation));
        given::execute(&core.db, "UPDATE sessions SET method = 'of a newer server'").await;
        assert_eq!(given::stored(&core, &started.session).await.session.method, None, "and it is readable");
        assert_eq!(given::credentials(&core, "ada").await.password_hash, "the first hash");
        assert!(given::texts(&core.db, "SELECT purpose FROM password_links").await.is_empty());
        let known = given::texts(&core.db, "SELECT user_id FROM devices WHERE alert_id IS NULL").await;
        assert_eq!(known, std::slice::from_ref(&found.user.id.0), "the browser is known");
        assert!(given::texts(&core.db, "SELECT id FROM sessions WHERE new_device").await.is_empty(), "no alert");
        assert_eq!(events(&core).await[2..], [
            Event::LinkUsed(LinkPurpose::Invitation), Event::SignedInBy(RecordedMethod::Invitation),
        ]);
        assert!(start(&core, &verified).await.is_none(), "once");
        assert!(matches!(sessions::resume(&core, &started.session).await.unwrap(), Resumed::Live(_)));
    }

    /// If the session cannot be stored, the link is as it was.
    async fn an_invitation_is_used_whole_or_not_at_all(database: TestDatabase) {
        let core = support::core(&database).await;
        let link = invite(&core, "ada").await;
        let verified = invited(&core, "ada", &link.secret, "the first hash").await;
        let digest = SessionToken::random().digest();
        let session = |id: &str| NewSession {
            id: SessionId(id.to_owned()),
            token_digest: &digest,
            user_id: &verified.user.id,
            created_at: START,
            idle_ends_at: START.after(LIFETIME),
            absolute_ends_at: START.after(LIFETIME),
            remember: false,
            address: "",
            user_agent: "",
            key: None,
        };
        let proof = |evidence| Proof { evidence, replaced: None, device: None, max_sessions: 50 };
        let grace = given::account(&core, "grace").await;
        let password = given::evidence(&grace.password_hash, &grace.password_hash);
        let of_grace = NewSession { user_id: &grace.user.id, ..session("taken") };
        let (db, visitor) = (&core.db, given::visitor());
        assert!(store::sessions::start(db, &of_grace, &proof(&password), &visitor).await.unwrap());
        let invitation = proof(&verified.evidence);
        let taken = store::sessions::start(db, &session("taken"), &invitation, &visitor).await;
        assert!(matches!(taken, Err(StoreError::NotUnique)));
        assert!(!users::find(&core, "ada").await.unwrap().has_password);
        let of_another = NewSession { user_id: &grace.user.id, ..session("free") };
        assert!(!store::sessions::start(db, &of_another, &invitation, &visitor).await.unwrap(), "the link of one account starts no session of another");
        assert!(!users::find(&core, "ada").await.unwrap().has_password);
        redeem(&core, &link.secret, NEW).await.unwrap();
    }

    /// An account that has a password by now does not get another one by an invitation, nor the other way round.
    async fn a_link_is_used_for_its_purpose_alone(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await.user;
        let (invitation, reset) = (invite(&core, "grace").await.secret, reset(&core, &ada).await.secret);
        assert_eq!(redeem_as(&core, &invitation, LinkPurpose::Reset, "x").await, None);
        assert_eq!(redeem_as(&core, &reset, LinkPurpose::Invitation, "x").await, None);
        assert_eq!(redeem_as(&core, &invitation, LinkPurpose::Invitation, "x").await, Some(0));
        assert_eq!(redeem_as(&core, &reset, LinkPurpose::Reset, "x").await, Some(0));
    }

    /// Of many browsers with one invitation one is signed in, with its own password.
    async fn of_many_at_once_one_is_signed_in(database: TestDatabase) {
        let core = support::core(&database).await;
        for round in 0..10 {
            let name = format!("ada{round}");
            let secret = invite(&core, &name).await.secret;
            let barrier = Arc::new(Barrier::new(6));
            let mut tasks = Vec::new();
            for number in 0..6 {
                let hash = format!("hash {number}");
                let verified = invited(&core, &name, &secret, &hash).await;
                let (core, barrier) = (core.clone(), barrier.clone());
                tasks.push(tokio::spawn(async move {
                    barrier.wait().await;
                    start(&core, &verified).await.map(|_| hash)
                }));
            }
            let mut won = Vec::new();
            for task in tasks {
                won.extend(task.await.unwrap());
            }
            assert_eq!(won.len(), 1, "round {round}: {won:?}");
            assert_eq!(given::credentials(&core, &name).await.password_hash, won[0], "round {round}");
        }
        assert_eq!(given::texts(&core.db, "SELECT id FROM sessions").await.len(), 10);
    }

    /// The placeholder of the hash is never compared, as if the account did not exist.
    async fn no_password_is_no_hash(database: TestDatabase) {
        let core = support::core(&database).await;
        invite(&core, "ada").await;
        let ada = given::credentials(&core, "ada").await;
        assert_eq!((ada.hash(), ada.password_hash.as_str()), (None, store::users::NO_PASSWORD));
        assert_eq!(sign_in(&core, "ada", "").await, Err(AppError::from(Refusal::SignIn)));
    }

    /// The old password and the sessions are valid until the link is used; then they all end.
    async fn a_reset_changes_nothing_before_it_is_used(database: TestDatabase) {
        let core = support::core(&database).await;
        support::create_user(&core, "ada").await;
        let ada = given::credentials(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        let link = reset(&core, &ada.user).await;
        assert_eq!(link.purpose, LinkPurpose::Reset);
        assert!(matches!(sessions::resume(&core, &token).await.unwrap(), Resumed::Live(_)));
        sign_in(&core, "ada", PASSWORD).await.unwrap();
        redeem(&core, &link.secret, NEW).await.unwrap();
        assert_eq!(sessions::resume(&core, &token).await.unwrap(), Resumed::Ended(EndReason::PasswordChanged));
        assert_eq!(sign_in(&core, "ada", PASSWORD).await, Err(AppError::from(Refusal::SignIn)));
        sign_in(&core, "ada", NEW).await.unwrap();
        assert_eq!(given::texts(&core.db, "SELECT user_id FROM devices").await.len(), 1, "all others are unknown");
        let events = events(&core).await;
        assert!(events.contains(&Event::LinkUsed(LinkPurpose::Reset)) && !events.contains(&Event::PasswordSet));
    }

    async fn a_weak_password_leaves_the_link_as_it_is(database: TestDatabase) {
        let core = support::core(&database).await;
        let link = invite(&core, "ada").await;
        for weak in ["too short", "aaaaaaaaaaaaaaaa", &"long ".repeat(205)] {
            assert!(matches!(redeem(&core, &link.secret, weak).await, Err(AppError::Refused(refusals)) if matches!(refusals.first(), Refusal::Password(_))), "{weak}");
        }
        redeem(&core, &link.secret, NEW).await.unwrap();
    }

    async fn a_link_lives_for_three_days(database: TestDatabase) {
        let core = support::core(&database).await;
        support::create_user(&core, "ada").await;
        let ada = users::find(&core, "ada").await.unwrap();
        let link = reset(&core, &ada).await;
        core.clock.set(START.after(LIFETIME - Duration::from_millis(1)));
        assert_eq!(redeem(&core, &link.secret, "short").await.map_err(AppError::status), Err(422));
        assert!(password_links::valid_until(&core, &ada).await.unwrap().is_some());
        core.clock.set(START.after(LIFETIME));
        assert_eq!(redeem(&core, &link.secret, "short").await, Err(AppError::from(Refusal::Link)), "the account is not revealed");
        assert_eq!(redeem(&core, &link.secret, NEW).await, Err(AppError::from(Refusal::Link)));
        assert_eq!(redeem_unhashed(&core, &link.secret, "x").await, None);
        assert_eq!(password_links::valid_until(&core, &ada).await.unwrap(), None);
        cleanup::clean(&core).await.unwrap();
        assert!(given::texts(&core.db, "SELECT purpose FROM password_links").await.is_empty());
        sign_in(&core, "ada", PASSWORD).await.unwrap();
    }

    async fn a_newer_link_makes_the_older_one_void(database: TestDatabase) {
        let core = support::core(&database).await;
        let older = invite(&core, "ada").await;
        let ada = users::find(&core, "ada").await.unwrap();
        let newer = reset(&core, &ada).await;
        assert_eq!(newer.purpose, LinkPurpose::Invitation, "it has no password yet");
        assert_eq!(redeem(&core, &older.secret, NEW).await, Err(AppError::from(Refusal::Link)));
        redeem(&core, &newer.secret, NEW).await.unwrap();
    }

    /// Every other change of the account voids pending links (ASVS V7.4.3).
    async fn a_link_does_not_outlive_its_password(database: TestDatabase) {
        let core = support::core(&database).await;
        let machine = actor::on_this_machine();
        for (round, what) in ["set", "changed", "disabled", "another link", "deleted"].into_iter().enumerate() {
            let name = format!("ada{round}");
            let ada = given::account(&core, &name).await;
            let token = given::session(&core, &ada).await;
            let link = reset(&core, &ada.user).await;
            match what {
                "set" => drop(users::set_password(&core, &machine, &ada.user, &support::password(PASSWORD)).await.unwrap()),
                "changed" => {
                    let session = given::stored(&core, &token).await.session;
                    let hashes = [ada.password_hash.as_str(), "the second hash"];
                    assert!(given::change_password(&core, &session, &token, hashes).await.is_some());
                }
                "disabled" => {
                    users::disable(&core, &machine, &ada.user).await.unwrap();
                    assert_eq!(redeem(&core, &link.secret, NEW).await, Err(AppError::from(Refusal::Link)));
                    users::enable(&core, &machine, &ada.user).await.unwrap();
                }
                "another link" => redeem(&core, &reset(&core, &ada.user).await.secret, NEW).await.unwrap(),
                _ => drop(users::delete(&core, &machine, &ada.user).await.unwrap()),
            }
            assert_eq!(redeem(&core, &link.secret, NEW).await, Err(AppError::from(Refusal::Link)), "{what}");
            assert_eq!(redeem_unhashed(&core, &link.secret, "x").await, None, "{what}");
        }
    }

    async fn disabled_and_deleted_accounts_get_no_link(database: TestDatabase) {
        let core = support::core(&database).await;
        let machine = actor::on_this_machine();
        let ada = given::account(&core, "ada").await.user;
        users::disable(&core, &machine, &ada).await.unwrap();
        let refused = password_links::make(&core, &machine, &ada).await;
        assert!(matches!(refused, Err(UserError::Disabled)), "{refused:?}");
        users::delete(&core, &machine, &ada).await.unwrap();
        assert!(matches!(password_links::make(&core, &machine, &ada).await, Err(UserError::Disabled)));
        assert!(given::texts(&core.db, "SELECT purpose FROM password_links").await.is_empty());
    }

    /// For a taken name neither an account nor a link is created.
    async fn an_invitation_is_made_whole_or_not_at_all(database: TestDatabase) {
        let core = support::core(&database).await;
        given::account(&core, "ada").await;
        let draft = UserDraft { username: "ADA".to_owned(), ..UserDraft::default() }.check().unwrap();
        let refused = password_links::invite(&core, &actor::on_this_machine(), &draft).await;
        assert!(matches!(refused, Err(UserError::Refused(refusals)) if refusals == AccountRefusal::UsernameTaken.into()), "{refused:?}");
        assert!(given::texts(&core.db, "SELECT purpose FROM password_links").await.is_empty());
    }

    async fn only_a_digest_is_written(database: TestDatabase) {
        let core = support::core(&database).await;
        let link = invite(&core, "ada").await;
        let written = given::everything_written(&core.db).await;
        for shape in [link.secret.reveal().to_owned(), link.secret.canonical().to_string(), link.secret.reveal().to_lowercase()] {
            assert!(!written.contains(&shape), "{written}");
        }
        assert!(written.contains(token::link_digest(&link.secret).as_str()), "the search finds what is there");
    }

    /// Many concurrent uses of one link: one complete password.
    async fn of_many_at_once_one_sets_the_password(database: TestDatabase) {
        let core = support::core(&database).await;
        for round in 0..20 {
            let ada = given::account(&core, &format!("ada{round}")).await.user;
            let secret = Arc::new(reset(&core, &ada).await.secret);
            let start = Arc::new(Barrier::new(6));
            let tasks: Vec<_> = (0..6).map(|number| {
                let (core, secret, start) = (core.clone(), secret.clone(), start.clone());
                tokio::spawn(async move {
                    start.wait().await;
                    let hash = format!("hash {number}");
                    redeem_unhashed(&core, &secret, &hash).await.map(|_| hash)
                })
            }).collect();
            let mut won = Vec::new();
            for task in tasks {
                won.extend(task.await.unwrap());
            }
            assert_eq!(won.len(), 1, "round {round}: {won:?}");
            assert_eq!(given::credentials(&core, &ada.username).await.password_hash, won[0], "round {round}");
        }
        let used = events(&core).await.into_iter().filter(|event| *event == Event::LinkUsed(LinkPurpose::Reset));
        assert_eq!(used.count(), 20);
    }

    /// A sign-in with the old password comes entirely before the reset, and ends with it, or not at
    /// all.
    async fn a_sign_in_does_not_outlive_a_reset(database: TestDatabase) {
        let core = support::core(&database).await;
        for round in 0..50 {
            let ada = given::account(&core, &format!("ada{round}")).await;
            let link = reset(&core, &ada.user).await;
            let (signing_in, verified) = (core.clone(), given::verified(&ada));
            let starting = tokio::spawn(async move {
                sessions::start(&signing_in, &given::visitor(), given::presented(None), &verified, false).await.unwrap()
            });
            let redeeming = core.clone();
            let resetting = tokio::spawn(async move { redeem_unhashed(&redeeming, &link.secret, "new").await });
            let (started, ended) = (starting.await.unwrap(), resetting.await.unwrap());
            assert_eq!(ended, Some(u64::from(started.is_some())), "wholly before or wholly after");
            if let Some(started) = started {
                let resumed = sessions::resume(&core, &started.session).await.unwrap();
                assert_eq!(resumed, Resumed::Ended(EndReason::PasswordChanged));
            }
        }
    }

    /// Concurrent disabling: no link is left that would be valid again once the account is enabled.
    async fn a_link_at_the_moment_of_disabling_is_void(database: TestDatabase) {
        let core = support::core(&database).await;
        for round in 0..50 {
            let ada = given::account(&core, &format!("ada{round}")).await.user;
            let making = { let (core, ada) = (core.clone(), ada.clone()); tokio::spawn(async move {
                password_links::make(&core, &actor::on_this_machine(), &ada).await.ok()
            }) };
            let disabling = { let (core, ada) = (core.clone(), ada.clone()); tokio::spawn(async move {
                users::disable(&core, &actor::on_this_machine(), &ada).await.unwrap()
            }) };
            let made = making.await.unwrap();
            disabling.await.unwrap();
            users::enable(&core, &actor::on_this_machine(), &ada).await.unwrap();
            if let Some(link) = made {
                assert_eq!(redeem_unhashed(&core, &link.secret, "new").await, None, "round {round}");
            }
        }
    }

    /// Even if it was left, as by another program that writes to the database.
    async fn no_link_of_a_disabled_account_is_valid(database: TestDatabase) {
        let core = support::core(&database).await;
        let secret = invite(&core, "ada").await.secret;
        let evidence = invited(&core, "ada", &secret, "new").await;
        assert!(password_links::find(&core, &secret).await.unwrap().is_some());
        given::execute(&core.db, "UPDATE users SET disabled_at = 1").await;
        assert!(password_links::find(&core, &secret).await.unwrap().is_none());
        assert_eq!(redeem_as(&core, &secret, LinkPurpose::Invitation, "new").await, None);
        assert!(start(&core, &evidence).await.is_none());
    }

    /// The same through the whole use case, with its hashing.
    async fn of_two_people_with_one_link_one_sets_the_password(database: TestDatabase) {
        let core = support::core(&database).await;
        let secret = Arc::new(invite(&core, "ada").await.secret);
        let passwords = [NEW, "another one that is long"];
        let tasks = passwords.map(|input| {
            let (core, secret) = (core.clone(), secret.clone());
            tokio::spawn(async move { redeem(&core, &secret, input).await })
        });
        let mut outcomes = Vec::new();
        for task in tasks {
            outcomes.push(task.await.unwrap());
        }
        let won = outcomes.iter().position(Result::is_ok).expect("one wins");
        assert_eq!(outcomes[1 - won], Err(AppError::from(Refusal::Link)));
        sign_in(&core, "ada", passwords[won]).await.unwrap();
        assert_eq!(sign_in(&core, "ada", passwords[1 - won]).await, Err(AppError::from(Refusal::SignIn)));
    }

    /// Guesses are throttled by address, as for the setup code; right links are free.
    async fn guesses_are_slowed(database: TestDatabase) {
        let core = support::core(&database).await;
        let link = invite(&core, "ada").await;
        for _ in 0..support::LIMITS.account_failures {
            let guess = token::new_link_secret();
            assert_eq!(redeem(&core, &guess, NEW).await, Err(AppError::from(Refusal::Link)));
        }
        assert!(matches!(redeem(&core, &link.secret, NEW).await, Err(AppError::Failed(Failure::Throttled { .. }))));
        core.tallies.flush(&core.db).await;
        assert!(events(&core).await.contains(&Event::LinkThrottled));
        let elsewhere = Actor::visitor(Browser::new("198.51.100.1".to_owned(), ""));
        let nothing = Some(given::presented(None));
        password_links::redeem(&core, &elsewhere, nothing, &link.secret, &support::password(NEW)).await.unwrap();
    }
}
