//! `store::sessions`.

mod corruption;
mod ends;
mod lists;
mod touches;

pub use corruption::without_checks;

use crate::{
    given, on_both_engines,
    support::{self, LIFETIMES, START},
};
use std::{sync::LazyLock, time::Duration};
use vestibule::{
    domain::{
        actor::Actor,
        moment::Timestamp,
        session::{EndReason, Ended, Session, SessionDevice, SessionId},
        user::{User, UserId},
    },
    server::{
        core::{Core, sessions},
        db::{Pool, StoreError},
        store::{
            self,
            devices::KnownDevice,
            evidence::Evidence,
            sessions::{NewSession, Proof},
            users::Credentials,
        },
        token::{self, DeviceDigest, DeviceToken, SessionToken, TokenDigest},
    },
};

/// More sessions than any sequence has.
const MANY: u32 = 1_000;

pub fn after_minutes(minutes: u64) -> Timestamp {
    START.after(Duration::from_secs(60 * minutes))
}

fn new_session<'a>(account: &'a Credentials, digest: &'a TokenDigest) -> NewSession<'a> {
    NewSession {
        id: token::new_session_id(),
        token_digest: digest,
        user_id: &account.user.id,
        created_at: START,
        idle_ends_at: after_minutes(10),
        absolute_ends_at: after_minutes(60),
        remember: true,
        address: "2001:db8::1",
        user_agent: "Mozilla/5.0 (quoted ' and \")",
        key: None,
    }
}

fn proof(evidence: &Evidence) -> Proof<'_> {
    Proof {
        max_sessions: 50,
        evidence,
        replaced: None,
        device: Some(KnownDevice {
            digest: &DEVICE,
            known_as: None,
        }),
    }
}

/// Evidence that the password of the account was entered.
fn evidence_of(account: &Credentials) -> Evidence {
    given::evidence(&account.password_hash, &account.password_hash)
}

static DEVICE: LazyLock<DeviceDigest> = LazyLock::new(|| DeviceToken::random().digest());

/// Idle end after 10 minutes, absolute end after 60.
async fn started(core: &Core, account: &Credentials) -> SessionId {
    let digest = SessionToken::random().digest();
    let session = new_session(account, &digest);
    let id = session.id.clone();
    assert!(
        store::sessions::start(
            &core.db,
            &session,
            &proof(&evidence_of(account)),
            &given::visitor()
        )
        .await
        .unwrap()
    );
    id
}

async fn found(core: &Core, id: &SessionId) -> Session {
    store::sessions::find(&core.db, id)
        .await
        .unwrap()
        .expect("a session")
        .session
}

async fn number_of_sessions(core: &Core) -> usize {
    store::sessions::list(&core.db, None, None, MANY)
        .await
        .unwrap()
        .len()
}

fn ended(at: Timestamp, reason: EndReason) -> Ended {
    Ended { at, reason }
}

on_both_engines! {
    async fn a_session_comes_back_as_it_was_started(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        given::account(&core, "grace").await;
        let digest = SessionToken::random().digest();
        let new = new_session(&ada, &digest);
        assert!(store::sessions::start(&core.db, &new, &proof(&evidence_of(&ada)), &given::visitor()).await.unwrap());

        let by_digest = store::sessions::find_by_digest(&core.db, &digest).await.unwrap().unwrap();
        assert_eq!(by_digest.user, User { last_sign_in_at: Some(START), ..ada.user.clone() });
        assert_eq!(by_digest.session, Session {
            id: new.id.clone(),
            user_id: ada.user.id.clone(),
            created_at: START,
            last_seen_at: START,
            authenticated_at: START,
            idle_ends_at: after_minutes(10),
            absolute_ends_at: after_minutes(60),
            remember: true,
            address: "2001:db8::1".to_owned(),
            user_agent: "Mozilla/5.0 (quoted ' and \")".to_owned(),
            ended: None,
            idle_end_if_used: None,
            key: None,
            method: None,
            device: SessionDevice {
                is_on_record: true,
                ..SessionDevice::default()
            },
        });
        assert_eq!(store::sessions::find(&core.db, &new.id).await.unwrap(), Some(by_digest));
    }

    async fn unknown_sessions_are_absent_and_no_error(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        started(&core, &ada).await;
        let other = SessionToken::random().digest();
        assert_eq!(store::sessions::find_by_digest(&core.db, &other).await.unwrap(), None);
        assert_eq!(store::sessions::find(&core.db, &SessionId("other".to_owned())).await.unwrap(), None);
    }

    async fn a_disabled_account_starts_nothing(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        store::users::disable(&core.db, &ada.user.id, START, &Actor::command()).await.unwrap();
        let digest = SessionToken::random().digest();
        assert!(!store::sessions::start(&core.db, &new_session(&ada, &digest), &proof(&evidence_of(&ada)), &given::visitor()).await.unwrap());
        assert_eq!(number_of_sessions(&core).await, 0);
    }

    /// Nor does the refusal end the browser's previous session.
    async fn a_password_changed_in_between_starts_nothing(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        store::users::set_password(&core.db, &ada.user.id, "a new hash", START, &Actor::command()).await.unwrap();
        let previous = given::session(&core, &grace).await;
        let digest = SessionToken::random().digest();
        let evidence = evidence_of(&ada);
        let stale = Proof { replaced: Some(&previous.digest()), ..proof(&evidence) };
        assert!(!store::sessions::start(&core.db, &new_session(&ada, &digest), &stale, &given::visitor()).await.unwrap());
        assert_eq!(number_of_sessions(&core).await, 1);
        assert_eq!(given::end_of(&core, &previous).await, None);
        assert_eq!(given::credentials(&core, "ada").await.password_hash, "a new hash");
    }

    async fn an_unknown_account_starts_nothing(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let (digest, nobody) = (SessionToken::random().digest(), UserId("nobody".to_owned()));
        let session = NewSession { user_id: &nobody, ..new_session(&ada, &digest) };
        assert!(!store::sessions::start(&core.db, &session, &proof(&evidence_of(&ada)), &given::visitor()).await.unwrap());
        assert_eq!(number_of_sessions(&core).await, 0);
    }

    async fn the_upgraded_hash_replaces_the_verified_one(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        given::account(&core, "grace").await;
        let digest = SessionToken::random().digest();
        let upgraded = given::evidence(&ada.password_hash, "a stronger hash");
        let upgrade = proof(&upgraded);
        assert!(store::sessions::start(&core.db, &new_session(&ada, &digest), &upgrade, &given::visitor()).await.unwrap());
        assert_eq!(given::credentials(&core, "ada").await.password_hash, "a stronger hash");
        assert_eq!(given::credentials(&core, "grace").await.password_hash, "the first hash");
    }

    /// For any owner of the previous session: a browser has one session.
    async fn the_previous_session_of_the_browser_ends(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let (previous, elsewhere) = (given::session(&core, &grace).await, given::session(&core, &grace).await);
        core.clock.set(after_minutes(1));
        let token = given::session_that_replaces(&core, &ada, Some(&previous)).await;
        let replaced = ended(after_minutes(1), EndReason::Replaced);
        assert_eq!(given::end_of(&core, &previous).await, Some(replaced));
        assert_eq!(given::end_of(&core, &elsewhere).await, None);
        assert_eq!(given::end_of(&core, &token).await, None);

        core.clock.set(after_minutes(2));
        given::session_that_replaces(&core, &ada, Some(&previous)).await;
        assert_eq!(given::end_of(&core, &previous).await, Some(replaced), "the first end stays");
        given::session_that_replaces(&core, &ada, Some(&SessionToken::random())).await;
    }

    /// Creating is an INSERT that fails, never a save (tower-sessions PR 188).
    async fn a_digest_or_an_id_in_use_is_not_used_again(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let token = given::session(&core, &ada).await;
        let before = given::stored(&core, &token).await;
        let previous = given::session(&core, &ada).await;
        let (taken, free) = (token.digest(), SessionToken::random().digest());
        let same_digest = new_session(&grace, &taken);
        let same_id = NewSession { id: before.session.id.clone(), ..new_session(&grace, &free) };
        for session in [same_digest, same_id] {
            let evidence = given::evidence(&grace.password_hash, "rolled back");
            let proof = Proof { replaced: Some(&previous.digest()), ..proof(&evidence) };
            let refused = store::sessions::start(&core.db, &session, &proof, &given::visitor()).await;
            assert!(matches!(refused, Err(StoreError::NotUnique)), "{refused:?}");
        }
        assert_eq!(given::stored(&core, &token).await, before);
        assert_eq!(given::end_of(&core, &previous).await, None, "all or nothing");
        assert_eq!(given::credentials(&core, "grace").await.password_hash, "the first hash");
    }

    async fn sessions_go_with_their_account(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        started(&core, &ada).await;
        let left = started(&core, &grace).await;
        given::execute(&core.db, "DELETE FROM users WHERE username = 'ada'").await;
        let listed = store::sessions::list(&core.db, None, None, MANY).await.unwrap();
        assert_eq!(listed.iter().map(|found| &found.session.id).collect::<Vec<_>>(), [&left]);
    }

    /// A stolen copy of the database contains nothing that signs in (CVE-2019-16782).
    async fn no_column_holds_a_token(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let token = given::session(&core, &ada).await;
        let next = given::session_that_replaces(&core, &ada, Some(&token)).await;
        let written = given::everything_written(&core.db).await;
        for token in [&token, &next] {
            assert!(written.contains(token.digest().as_str()), "the search finds what is there");
            assert!(!written.contains(&token.cookie_value()));
            assert_ne!(token.digest().as_str(), token.cookie_value());
            assert!(SessionToken::parse(token.digest().as_str().as_bytes())
                .is_some_and(|stolen| stolen.digest() != token.digest()), "a digest as a cookie is another token");
        }
        if let Pool::Sqlite(_) = &core.db.pool {
            let address = database.address.trim_start_matches("sqlite:");
            let files = ["", "-wal"].map(|suffix| std::fs::read(format!("{address}{suffix}")).unwrap()).concat();
            let holds = |text: &str| files.windows(text.len()).any(|bytes| bytes == text.as_bytes());
            assert!(holds(token.digest().as_str()), "the search finds what is there");
            assert!(!holds(&token.cookie_value()) && !holds(&next.cookie_value()), "nor does a file");
        }
    }

    /// The use case starts sessions with the configured lifetimes, remembered or not.
    async fn lifetimes_are_those_of_the_configuration(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        for remember in [false, true] {
            let started = sessions::start(&core, &given::visitor(), given::presented(None), &given::verified(&ada), remember)
                .await
                .unwrap()
                .unwrap();
            let session = given::stored(&core, &started.session).await.session;
            assert_eq!(session.remember, remember);
            assert_eq!(session.idle_ends_at, START.after(LIFETIMES.idle_for(remember)));
            assert_eq!(session.absolute_ends_at, START.after(LIFETIMES.absolute_for(remember)));
        }
    }
}
