//! `core::tokens` over a real database, and several servers that share it.

use crate::{
    given, on_both_engines,
    support::{self, START},
};
use std::{collections::BTreeSet, time::Duration};
use tokio::task::JoinSet;
use vestibule::{
    domain::{moment::Timestamp, session::SessionId, user::UserId},
    server::{
        core::{
            Core,
            background::cleanup,
            tokens::{
                self, AccessToken, DEFAULT_LIFETIME, Grant, InvalidToken, Issuer, NotIssued,
                NotVerified, Tokens,
            },
        },
        sealing::SealingKey,
        store,
    },
};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

fn issuer() -> Issuer {
    Issuer::new("https://id.example.org")
}

async fn issue_until(core: &Core, session_ends_at: Timestamp) -> Result<AccessToken, NotIssued> {
    let (user, session) = (UserId("u1".to_owned()), SessionId("s1".to_owned()));
    let grant = Grant {
        user: &user,
        session: &session,
        scope: "profile:read sessions:read",
        authenticated_at: START,
        session_ends_at,
    };
    tokens::issue(core, &issuer(), grant).await
}

async fn issue(core: &Core) -> AccessToken {
    let ends_at = core.clock.now().after(DAY);
    issue_until(core, ends_at).await.expect("a token")
}

async fn refusal(core: &Core, text: &str) -> Option<InvalidToken> {
    match tokens::verify(core, &issuer(), text).await {
        Ok(_) => None,
        Err(NotVerified::Invalid(refusal)) => Some(refusal),
        Err(error) => panic!("{error}"),
    }
}

async fn kids(core: &Core) -> Vec<String> {
    let jwks = tokens::jwks(core).await.unwrap();
    jwks.keys.into_iter().map(|key| key.kid).collect()
}

/// Another server with the same clock.
async fn second(core: &Core, database: &support::database::TestDatabase) -> Core {
    Core {
        clock: core.clock.clone(),
        ..support::core(database).await
    }
}

fn with_key(core: &Core, key: Option<SealingKey>) -> Core {
    Core {
        tokens: Tokens::new(DEFAULT_LIFETIME, key),
        ..core.clone()
    }
}

on_both_engines! {
    async fn an_issued_token_is_valid_until_it_expires(database: TestDatabase) {
        let core = support::core(&database).await;
        core.clock.set(START.after(Duration::from_millis(700)));
        let token = issue(&core).await;
        assert_eq!(token.lifetime(), DEFAULT_LIFETIME);
        let claims = tokens::verify(&core, &issuer(), token.reveal()).await.unwrap();
        assert_eq!(claims, token.claims);
        assert_eq!((claims.user.0.as_str(), claims.session.0.as_str()), ("u1", "s1"));
        assert_eq!((claims.issued_at, claims.expires_at), (START, START.after(DEFAULT_LIFETIME)));
        assert_ne!(issue(&core).await.claims.id, claims.id);
        core.clock.set(START.after(DEFAULT_LIFETIME));
        assert_eq!(refusal(&core, token.reveal()).await, Some(InvalidToken::Expired));
        assert!(!format!("{token:?}").contains(&token.reveal()[..8]));
    }

    async fn a_token_does_not_outlive_its_session(database: TestDatabase) {
        let core = support::core(&database).await;
        let end = START.after(Duration::from_millis(90_900));
        let token = issue_until(&core, end).await.unwrap();
        assert_eq!(token.lifetime(), Duration::from_secs(90));
        core.clock.set(end);
        assert_eq!(refusal(&core, token.reveal()).await, Some(InvalidToken::Expired));
        assert_eq!(refusal(&core, issue_until(&core, START).await.unwrap().reveal()).await, Some(InvalidToken::Lifetime));
    }

    /// Servers that start together on an empty database sign with the same key.
    async fn many_servers_at_once_make_one_key(database: TestDatabase) {
        let core = support::core(&database).await;
        let mut starting = JoinSet::new();
        for _ in 0..6 {
            let node = second(&core, &database).await;
            starting.spawn(async move {
                tokens::renew(&node).await.unwrap();
                (issue(&node).await, kids(&node).await)
            });
        }
        let started = starting.join_all().await;
        let published: BTreeSet<_> = started.iter().map(|(_, kids)| kids.clone()).collect();
        assert_eq!(published.len(), 1, "{published:?}");
        assert_eq!(published.first().unwrap().len(), 1);
        for (token, _) in &started {
            assert_eq!(refusal(&core, token.reveal()).await, None);
        }
    }

    async fn the_document_holds_public_keys_only(database: TestDatabase) {
        let core = support::core(&database).await;
        let document = serde_json::to_value(tokens::jwks(&core).await.unwrap()).unwrap();
        let key = document["keys"][0].as_object().unwrap();
        let members: Vec<_> = key.keys().map(String::as_str).collect();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x", "y"], "and no d");
        for (name, value) in [("alg", "ES256"), ("crv", "P-256"), ("kty", "EC"), ("use", "sig")] {
            assert_eq!(key[name], value);
        }
        for coordinate in ["x", "y"] {
            assert_eq!(key[coordinate].as_str().unwrap().len(), 43, "32 bytes");
        }
        assert_eq!(document["keys"].as_array().unwrap().len(), 1);
    }

    /// No copy of the database signs tokens.
    async fn the_database_holds_no_private_key(database: TestDatabase) {
        let core = support::core(&database).await;
        issue(&core).await;
        let written = given::everything_written(&core.db).await;
        let rows = store::signing_keys::list(&core.db).await.unwrap();
        assert!(written.contains(&rows[0].sealed_key) && rows[0].sealed_key.starts_with("v1."));
        // Every PKCS #8 of P-256 begins so, in base64url; in hexadecimal digits; as bytes.
        for plain in ["MIGHAgEAMBMGByqGSM49", "308187020100301306", "\u{2}\u{1}\u{0}0\u{13}\u{6}"] {
            assert!(!written.contains(plain), "{written}");
        }
        assert!(!written.contains(support::SEALING_KEY), "{written}");
    }

    async fn tokens_stay_valid_through_a_rotation(database: TestDatabase) {
        let core = support::core(&database).await;
        let other = second(&core, &database).await;
        issue(&other).await;
        let first = kids(&core).await;
        core.clock.set(START.after(29 * DAY));
        tokens::renew(&core).await.unwrap();
        let both = kids(&core).await;
        assert_eq!((both.len(), &both[..1]), (2, first.as_slice()), "published before it signs");
        core.clock.set(START.after(30 * DAY).before(MINUTE));
        let last = issue(&core).await;
        core.clock.set(START.after(30 * DAY));
        let first_of_new = issue(&core).await;
        let kid = |token: &AccessToken| token.reveal().split('.').next().unwrap().to_owned();
        assert_ne!(kid(&last), kid(&first_of_new));
        // The other one has not read its keys since.
        for node in [&core, &other] {
            assert_eq!(refusal(node, last.reveal()).await, None);
            assert_eq!(refusal(node, first_of_new.reveal()).await, None);
        }
        core.clock.set(START.after(31 * DAY));
        assert_eq!(kids(&core).await, both[1..], "and the old one is not published for ever");
    }

    async fn the_clean_up_keeps_every_published_key(database: TestDatabase) {
        let core = support::core(&database).await;
        issue(&core).await;
        core.clock.set(START.after(29 * DAY));
        tokens::renew(&core).await.unwrap();
        let stored = async || store::signing_keys::list(&core.db).await.unwrap().len();
        core.clock.set(START.after(31 * DAY).before(MINUTE));
        cleanup::clean(&core).await.unwrap();
        assert_eq!(stored().await, 2);
        core.clock.set(START.after(31 * DAY));
        cleanup::clean(&core).await.unwrap();
        assert_eq!(stored().await, 1);
        assert_eq!(kids(&core).await.len(), 1);
        assert_eq!(refusal(&core, issue(&core).await.reveal()).await, None);
    }

    /// Forged names of keys cost nothing: the database is asked once in five seconds.
    async fn an_unknown_key_is_looked_up_once_in_a_while(database: TestDatabase) {
        let core = support::core(&database).await;
        let other = second(&core, &database).await;
        let kept = issue(&core).await;
        issue(&other).await;
        // An operator deletes the row of a key that has leaked; one of the servers notices, and makes another one.
        given::execute(&core.db, "DELETE FROM signing_keys").await;
        core.clock.set(START.after(Duration::from_secs(4)));
        tokens::renew(&core).await.unwrap();
        let new = issue(&core).await;
        assert_eq!(refusal(&other, new.reveal()).await, Some(InvalidToken::UnknownKey), "read four seconds ago");
        core.clock.set(START.after(Duration::from_secs(5)));
        assert_eq!(refusal(&other, new.reveal()).await, None);
        assert_eq!(refusal(&other, kept.reveal()).await, Some(InvalidToken::UnknownKey), "it has leaked");
        // Without the database: a known key verifies, and an unknown one is not refused for good.
        given::execute(&core.db, "ALTER TABLE signing_keys RENAME TO gone").await;
        core.clock.set(START.after(Duration::from_secs(11)));
        assert_eq!(refusal(&other, new.reveal()).await, None);
        let unknown = tokens::verify(&other, &issuer(), kept.reveal()).await;
        assert!(matches!(unknown, Err(NotVerified::Failed(_))), "{unknown:?}");
        let again = tokens::verify(&other, &issuer(), kept.reveal()).await;
        assert!(matches!(again, Err(NotVerified::Unavailable)), "without another query: {again:?}");
        core.clock.set(START.after(Duration::from_secs(17)));
        given::execute(&core.db, "ALTER TABLE gone RENAME TO signing_keys").await;
        assert_eq!(refusal(&other, kept.reveal()).await, Some(InvalidToken::UnknownKey));
    }

    /// A server that has not read its keys for long does not sign with them.
    async fn old_keys_sign_nothing(database: TestDatabase) {
        let core = support::core(&database).await;
        issue(&core).await;
        given::execute(&core.db, "ALTER TABLE signing_keys RENAME TO gone").await;
        core.clock.set(START.after(10 * MINUTE).before(Duration::from_millis(1)));
        issue(&core).await;
        core.clock.set(START.after(10 * MINUTE));
        let outcome = issue_until(&core, START.after(DAY)).await;
        assert!(matches!(outcome, Err(NotIssued::Failed(_))), "{outcome:?}");
    }

    /// After it was lost or changed, clients get new tokens; what was sealed with it is of no use.
    async fn another_sealing_key_makes_other_signing_keys(database: TestDatabase) {
        let before = support::core(&database).await;
        let token = issue(&before).await;
        before.clock.set(START.after(MINUTE));
        let after = with_key(&before, Some(SealingKey::random()));
        let new = issue(&after).await;
        assert_eq!(refusal(&after, new.reveal()).await, None);
        assert_eq!(refusal(&after, token.reveal()).await, Some(InvalidToken::UnknownKey));
        assert_eq!(kids(&after).await.len(), 1);
        assert_ne!(kids(&after).await, kids(&before).await);
        let back = with_key(&before, SealingKey::parse(support::SEALING_KEY));
        assert_eq!(refusal(&back, token.reveal()).await, None, "the old one was found again");
    }

    async fn without_a_sealing_key_there_are_no_tokens(database: TestDatabase) {
        let core = support::core(&database).await;
        let token = issue(&core).await;
        let without = with_key(&core, None);
        let outcome = issue_until(&without, START.after(DAY)).await;
        assert!(matches!(outcome, Err(NotIssued::NoSealingKey)), "{outcome:?}");
        assert_eq!(refusal(&without, token.reveal()).await, Some(InvalidToken::UnknownKey));
        assert_eq!(kids(&without).await, [""; 0]);
        tokens::renew(&without).await.unwrap();
    }
}
