//! `store::sessions::find_with_sign_ins`.

use crate::{
    given, on_both_engines,
    sessions::{after_minutes, without_checks},
    support,
};
use vestibule::{
    domain::{
        activity::{Event, Source},
        session::{CurrentUser, EndReason, Ended, Session, SignIn},
    },
    server::{
        Core, sessions,
        store::{self, users::Credentials},
        token::{DeviceToken, SessionToken},
    },
};

async fn found(core: &Core, token: &SessionToken) -> CurrentUser {
    let found = store::sessions::find_with_sign_ins(&core.db, &token.digest()).await;
    found.unwrap().unwrap()
}

/// The sessions of sign-ins from browsers never seen before, one in each of these minutes, in their order.
async fn sign_ins(
    core: &Core,
    account: &Credentials,
    minutes: &[u64],
) -> Vec<(Session, SessionToken)> {
    let mut sessions = Vec::new();
    for minute in minutes {
        core.clock.set(after_minutes(*minute));
        let token = given::session(core, account).await;
        sessions.push((given::stored(core, &token).await.session, token));
    }
    sessions.sort_by_key(|(session, _)| (session.created_at, session.id.0.clone()));
    sessions
}

on_both_engines! {
    /// Of the same person, ended or not; two in the same millisecond are told apart.
    async fn the_sign_in_before_this_one_is_found(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        sign_ins(&core, &grace, &[1, 2, 2, 3]).await;
        let mut sessions = sign_ins(&core, &ada, &[1, 2, 2, 3]).await;
        // Each from an address of its own, to know which one was found.
        for (place, (session, _)) in sessions.iter_mut().enumerate() {
            session.address = format!("192.0.2.{place}");
            let sql = format!("UPDATE sessions SET address = '{}' WHERE id = '{}'", session.address, session.id.0);
            given::execute(&core.db, &sql).await;
        }
        let end = Ended { at: after_minutes(4), reason: EndReason::SignedOut };
        store::sessions::end(&core.db, &sessions[0].0.id, end, Source::Command).await.unwrap();
        sessions[0].0.ended = Some(end);
        let first = found(&core, &sessions[0].1).await;
        assert_eq!((&first.session, first.sign_ins.unwrap().previous), (&sessions[0].0, None));
        for pair in sessions.windows(2) {
            let Session { id: session, created_at: at, address, user_agent, ended, .. } = pair[0].0.clone();
            let previous = Some(SignIn { session, at, address, user_agent, has_ended: ended.is_some() });
            let found = found(&core, &pair[1].1).await;
            assert_eq!((&found.session, found.user.username.as_str()), (&pair[1].0, "ada"));
            assert_eq!(found.sign_ins.unwrap().previous, previous);
        }
        let unknown = store::sessions::find_with_sign_ins(&core.db, &SessionToken::random().digest()).await;
        assert_eq!(unknown.unwrap(), None);
    }

    /// Where somebody signs in for the first time at all, every browser is new, and that is no news.
    async fn a_new_device_is_news_from_the_second_on(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let mut found = Vec::new();
        for known in [None, None, Some(DeviceToken::random().digest())] {
            let verified = sessions::Verified { known_device: known, ..given::verified(&ada) };
            let started = sessions::start(&core, &verified, given::visitor(None), false).await.unwrap().unwrap();
            let id = given::stored(&core, &started.session).await.session.id;
            found.push(given::texts(&core.db, &format!("SELECT CAST(new_device AS TEXT) FROM sessions WHERE id = '{id}'")).await);
        }
        let [first, second, third] = found.try_into().unwrap();
        assert_ne!(first, second);
        assert_eq!(first, third);
    }

    /// No more than anybody reads; not the one that asks, and none that was looked at.
    async fn the_newest_five_that_nobody_has_recognised_are_news(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let sessions = sign_ins(&core, &ada, &[0, 1, 2, 3, 4, 5, 5, 6, 7]).await;
        sign_ins(&core, &grace, &[8, 9]).await;
        let recognised = &sessions[6].0.id;
        let entry = given::entry(&core, Event::SignInRecognised, &ada.user.id);
        assert!(store::sessions::recognise(&core.db, &ada.user.id, recognised, entry).await.unwrap());
        let news = async |token: &SessionToken| {
            let sign_ins = found(&core, token).await.sign_ins.unwrap();
            sign_ins.unrecognised.into_iter().map(|one| one.session).collect::<Vec<_>>()
        };
        let ids = |places: [usize; 5]| places.map(|place| sessions[place].0.id.clone());
        assert_eq!(news(&sessions[0].1).await, ids([8, 7, 5, 4, 3]));
        assert_eq!(news(&sessions[7].1).await, ids([8, 5, 4, 3, 2]));
    }

    /// A session whose reason this version does not know is no reason to keep its owner from another one.
    async fn an_odd_session_beside_stops_nobody(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let sessions = sign_ins(&core, &ada, &[0, 1, 2]).await;
        let odd = &sessions[1].0.id;
        let sql = format!("UPDATE sessions SET ended_at = 5, end_reason = 'of a later version' WHERE id = '{odd}'");
        without_checks(&core.db, &sql).await;
        let found = found(&core, &sessions[2].1).await.sign_ins.unwrap();
        let told = |one: &SignIn| (one.session.clone(), one.has_ended);
        assert_eq!(found.previous.as_ref().map(told), Some((odd.clone(), true)));
        assert_eq!(found.unrecognised.iter().map(told).collect::<Vec<_>>(), [(odd.clone(), true)]);
    }
}
