//! `store::sessions::find_with_sign_ins`.

use crate::{
    given, on_both_engines,
    sessions::{after_minutes, without_checks},
    support,
};
use std::time::Duration;
use vestibule::{
    domain::{
        actor::Actor,
        session::{CurrentUser, EndReason, Ended, Session, SessionId, SignIn},
    },
    server::{
        core::{
            Core,
            sessions::{self, Presented},
        },
        store::{self, users::Credentials},
        token::{DeviceToken, SessionToken},
    },
};

async fn found(core: &Core, token: &SessionToken) -> CurrentUser {
    let found = store::sessions::find_with_sign_ins(&core.db, &token.digest()).await;
    found.unwrap().unwrap()
}

/// The sessions of sign-ins from new browsers, one in each of these minutes, in order.
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

/// A sign-in, and its browser.
struct SignedIn {
    id: SessionId,
    token: SessionToken,
    device: DeviceToken,
}

/// In a new browser, or in the one with `device`.
async fn signs_in(core: &Core, account: &Credentials, device: Option<&DeviceToken>) -> SignedIn {
    let copy = |device: &DeviceToken| DeviceToken::parse(device.cookie_value().as_bytes()).unwrap();
    let mut verified = given::verified(account);
    if let Some(device) = device {
        let digest = device.digest();
        let is_known = store::devices::is_known(&core.db, &digest, &account.user.id)
            .await
            .unwrap();
        verified.known_device = is_known.then_some(digest);
    }
    let presented = Presented {
        device: device.map(copy),
        session: None,
    };
    let started = sessions::start(core, &given::visitor(), presented, &verified, false)
        .await
        .unwrap()
        .unwrap();
    SignedIn {
        id: given::stored(core, &started.session).await.session.id,
        token: started.session,
        device: started.device.expect("a browser that is known"),
    }
}

async fn recognises(core: &Core, asks: &Session, id: &SessionId) -> bool {
    store::sessions::recognise(&core.db, asks, id, core.clock.now(), &given::visitor())
        .await
        .unwrap()
}

async fn disowns(core: &Core, asks: &Session, id: &SessionId) -> bool {
    store::sessions::disown(&core.db, asks, id, core.clock.now(), &given::visitor())
        .await
        .unwrap()
}

on_both_engines! {
    /// Of the same person, ended or not; two in the same millisecond are distinguished.
    async fn the_previous_sign_in_is_found(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        sign_ins(&core, &grace, &[1, 2, 2, 3]).await;
        let mut sessions = sign_ins(&core, &ada, &[1, 2, 2, 3]).await;
        // Each from an address of its own, to identify the found one.
        for (number, (session, _)) in sessions.iter_mut().enumerate() {
            session.address = format!("192.0.2.{number}");
            let sql = format!("UPDATE sessions SET address = '{}' WHERE id = '{}'", session.address, session.id.0);
            given::execute(&core.db, &sql).await;
        }
        let end = Ended { at: after_minutes(4), reason: EndReason::SignedOut };
        store::sessions::end(&core.db, &sessions[0].0.id, end, &Actor::command()).await.unwrap();
        sessions[0].0.ended = Some(end);
        let first = found(&core, &sessions[0].1).await;
        assert_eq!((&first.session, first.sign_ins.unwrap().previous), (&sessions[0].0, None));
        for pair in sessions.windows(2) {
            let Session { id: session, created_at: at, address, user_agent, ended, device, .. } = pair[0].0.clone();
            let previous = Some(SignIn { session, at, device_name: device.name, address, user_agent, has_ended: ended.is_some() });
            let found = found(&core, &pair[1].1).await;
            assert_eq!((&found.session, found.user.username.as_str()), (&pair[1].0, "ada"));
            assert_eq!(found.sign_ins.unwrap().previous, previous);
        }
        let unknown = store::sessions::find_with_sign_ins(&core.db, &SessionToken::random().digest()).await;
        assert_eq!(unknown.unwrap(), None);
    }

    /// Without a known browser the first one is not shown: there is none in which it could be
    /// recognised.
    async fn a_new_device_is_shown_from_the_second_on(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let is_new = async |id: &SessionId| {
            let sql = format!("SELECT CAST(id AS TEXT) FROM sessions WHERE id = '{id}' AND new_device");
            !given::texts(&core.db, &sql).await.is_empty()
        };
        let first = signs_in(&core, &ada, None).await;
        let again = signs_in(&core, &ada, Some(&first.device)).await;
        let second = signs_in(&core, &ada, None).await;
        assert_eq!([is_new(&first.id).await, is_new(&again.id).await, is_new(&second.id).await], [false, false, true]);
        // A reset makes every browser unknown: then the next one is the first again.
        store::users::set_password(&core.db, &ada.user.id, "the first hash", core.clock.now(), &Actor::command()).await.unwrap();
        let renewed = signs_in(&core, &ada, Some(&first.device)).await;
        assert!(!is_new(&renewed.id).await);
    }

    /// A limited number, and the count of the others; not the caller's own, and no recognised one.
    async fn the_newest_five_unrecognised_are_shown(database: TestDatabase) {
        let core = support::core(&database).await;
        let (ada, grace) = (given::account(&core, "ada").await, given::account(&core, "grace").await);
        let sessions = sign_ins(&core, &ada, &[0, 1, 2, 3, 4, 5, 5, 6, 7]).await;
        sign_ins(&core, &grace, &[8, 9]).await;
        let (known, recognised) = (&sessions[0].0, &sessions[6].0.id);
        assert!(recognises(&core, known, recognised).await);
        let notice = async |token: &SessionToken| {
            let sign_ins = found(&core, token).await.sign_ins.unwrap();
            let shown = sign_ins.unrecognised.into_iter().map(|one| one.session).collect::<Vec<_>>();
            (shown, sign_ins.more, sign_ins.may_recognise)
        };
        let ids = |numbers: [usize; 5]| numbers.map(|number| sessions[number].0.id.clone()).to_vec();
        assert_eq!(notice(&sessions[0].1).await, (ids([8, 7, 5, 4, 3]), 2, true));
        assert_eq!(notice(&sessions[7].1).await, (ids([8, 5, 4, 3, 2]), 1, false));
        assert_eq!(notice(&sessions[6].1).await, (ids([8, 7, 5, 4, 3]), 2, true), "it was recognised");
    }

    /// A thief of the password can sign in twice, in one browser or in two, and recognise neither
    /// sign-in.
    async fn a_new_sign_in_recognises_no_other(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let known = signs_in(&core, &ada, None).await;
        let (one, other) = (signs_in(&core, &ada, None).await, signs_in(&core, &ada, None).await);
        // Signing in again makes no browser known, nor does confirming or changing the password.
        let again = signs_in(&core, &ada, Some(&one.device)).await;
        core.clock.set(after_minutes(1));
        let session = given::stored(&core, &again.token).await.session;
        let confirmed = given::confirm(&core, &session, &again.token, &ada.password_hash).await.unwrap();
        for (asks, about) in [(&one, &other), (&other, &one), (&again, &one), (&again, &other), (&one, &one)] {
            let asks = store::sessions::find(&core.db, &asks.id).await.unwrap().unwrap().session;
            assert!(!recognises(&core, &asks, &about.id).await, "{} for {}", asks.id, about.id);
        }
        let sign_ins = found(&core, &confirmed).await.sign_ins.unwrap();
        assert!(!sign_ins.may_recognise);
        assert_eq!(sign_ins.unrecognised.iter().map(|one| &one.session).collect::<Vec<_>>(), [&other.id], "not its own");
        let sign_ins = found(&core, &known.token).await.sign_ins.unwrap();
        assert_eq!((sign_ins.unrecognised.len(), sign_ins.may_recognise), (2, true));

        // A browser that its owner recognises is known from then on, in every session of it.
        let known = given::stored(&core, &known.token).await.session;
        assert!(recognises(&core, &known, &one.id).await);
        let vouching = given::stored(&core, &confirmed).await.session;
        assert!(recognises(&core, &vouching, &other.id).await);
        let later = signs_in(&core, &ada, Some(&one.device)).await;
        assert!(found(&core, &later.token).await.sign_ins.unwrap().may_recognise);
    }

    /// A new password in a new browser changes nothing of that: a thief may have set it.
    async fn a_new_password_makes_no_browser_known(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let known = signs_in(&core, &ada, None).await;
        let (one, other) = (signs_in(&core, &ada, None).await, signs_in(&core, &ada, None).await);
        let session = given::stored(&core, &one.token).await.session;
        let hashes = [ada.password_hash.as_str(), "a new hash"];
        let changed = given::change_password(&core, &session, &one.token, hashes).await.unwrap();
        let session = given::stored(&core, &changed.token).await.session;
        assert!(!recognises(&core, &session, &other.id).await);
        assert!(!found(&core, &changed.token).await.sign_ins.unwrap().may_recognise);
        let ended = given::stored(&core, &known.token).await.session;
        assert!(!recognises(&core, &ended, &other.id).await, "one that has ended recognises nothing");
    }

    /// All sessions of that browser end, and it is unknown again.
    async fn a_browser_that_was_not_its_owners_is_unknown_again(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let known = signs_in(&core, &ada, None).await;
        let strange = signs_in(&core, &ada, None).await;
        let again = signs_in(&core, &ada, Some(&strange.device)).await;
        let asks = given::stored(&core, &again.token).await.session;
        assert!(!disowns(&core, &asks, &strange.id).await, "not of itself");
        let asks = given::stored(&core, &known.token).await.session;
        assert!(disowns(&core, &asks, &strange.id).await);
        for token in [&strange.token, &again.token] {
            let ended = given::end_of(&core, token).await.map(|ended| ended.reason);
            assert_eq!(ended, Some(EndReason::EndedByOwner));
        }
        assert_eq!(found(&core, &known.token).await.sign_ins.unwrap().unrecognised, []);
        let digest = strange.device.digest();
        let is_on_record = store::devices::is_known(&core.db, &digest, &ada.user.id).await.unwrap();
        assert!(!is_on_record, "its guesses are throttled like those of a stranger");
        signs_in(&core, &ada, Some(&strange.device)).await;
        assert_eq!(found(&core, &known.token).await.sign_ins.unwrap().unrecognised.len(), 1, "shown again");
    }

    /// A new browser can end a session, and cannot hide it from its owner.
    async fn a_notice_dismissed_by_a_new_device_stays(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let known = signs_in(&core, &ada, None).await;
        let (one, other) = (signs_in(&core, &ada, None).await, signs_in(&core, &ada, None).await);
        let asks = given::stored(&core, &one.token).await.session;
        assert!(disowns(&core, &asks, &other.id).await);
        assert!(given::end_of(&core, &other.token).await.is_some());
        let notice = found(&core, &known.token).await.sign_ins.unwrap().unrecognised;
        let mut notice: Vec<_> = notice.into_iter().map(|one| one.session).collect();
        notice.sort_by(|a, b| a.0.cmp(&b.0));
        let mut both = vec![one.id, other.id];
        both.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(notice, both);
    }

    /// If the unrecognised sign-in was deleted, its browser does not become known by that.
    async fn an_unrecognised_sign_in_is_shown_again(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let known = signs_in(&core, &ada, None).await;
        let strange = signs_in(&core, &ada, None).await;
        given::execute(&core.db, &format!("DELETE FROM sessions WHERE id = '{}'", strange.id)).await;
        let again = signs_in(&core, &ada, Some(&strange.device)).await;
        let notice = found(&core, &known.token).await.sign_ins.unwrap().unrecognised;
        assert_eq!(notice.into_iter().map(|one| one.session).collect::<Vec<_>>(), [again.id]);
    }

    /// A stranger's browser must not keep the account without one that recognises sign-ins.
    async fn after_the_last_known_browser_the_next_one_is_known(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        signs_in(&core, &ada, None).await;
        let strange = signs_in(&core, &ada, None).await;
        // The first one was not used for so long that it was cleaned up.
        assert_eq!(given::execute(&core.db, "DELETE FROM devices WHERE alert_id IS NULL").await, 1);
        let next = signs_in(&core, &ada, None).await;
        let asks = given::stored(&core, &next.token).await.session;
        assert!(found(&core, &next.token).await.sign_ins.unwrap().may_recognise);
        assert!(recognises(&core, &asks, &strange.id).await);
    }

    /// Neither by the stream of an open page nor by a later one.
    async fn no_browser_is_asked_about_its_own_sign_in(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let known = signs_in(&core, &ada, None).await;
        let strange = signs_in(&core, &ada, None).await;
        let again = signs_in(&core, &ada, Some(&strange.device)).await;
        for (session, asked) in [(&known, Some(&strange.id)), (&strange, None), (&again, None)] {
            let newest = store::sessions::newest_to_review(&core.db, &session.id).await.unwrap();
            assert_eq!(newest.as_ref(), asked);
            let shown = found(&core, &session.token).await.sign_ins.unwrap().unrecognised;
            assert_eq!(shown.first().map(|one| &one.session), asked);
        }
    }

    /// A session with a reason of a later version does not hide another one from its owner.
    async fn a_session_with_an_unknown_reason_blocks_no_other(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let sessions = sign_ins(&core, &ada, &[0, 1, 2]).await;
        let odd = &sessions[1].0.id;
        let sql = format!("UPDATE sessions SET ended_at = 5, end_reason = 'of a later version' WHERE id = '{odd}'");
        without_checks(&core.db, &sql).await;
        let found = found(&core, &sessions[2].1).await.sign_ins.unwrap();
        let summary = |one: &SignIn| (one.session.clone(), one.has_ended);
        assert_eq!(found.previous.as_ref().map(summary), Some((odd.clone(), true)));
        assert_eq!(found.unrecognised.iter().map(summary).collect::<Vec<_>>(), [(odd.clone(), true)]);
    }

    /// A rename of a browser writes its device and then its sessions, a review the other way round. All of them write the
    /// account first, so that none waits for another in a circle.
    async fn a_review_waits_for_other_changes_of_the_account(database: TestDatabase) {
        let core = support::core(&database).await;
        let ada = given::account(&core, "ada").await;
        let sessions = sign_ins(&core, &ada, &[1, 2, 3]).await;
        let [asks, one, other] = [0, 1, 2].map(|at: usize| sessions[at].0.clone());
        let begin = if database.engine == Engine::Sqlite { "BEGIN IMMEDIATE" } else { "BEGIN" };
        let change = given::Writer::begin(&core.db, begin, "UPDATE users SET disabled_at = disabled_at").await;
        let (core, again) = (core.clone(), (core.clone(), asks.clone()));
        let recognising = tokio::spawn(async move { recognises(&core, &asks, &one.id).await });
        let disowning = tokio::spawn(async move { disowns(&again.0, &again.1, &other.id).await });
        // Time to reach the account and wait for it.
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!recognising.is_finished() && !disowning.is_finished());
        change.commit().await;
        assert!(recognising.await.unwrap() && disowning.await.unwrap());
    }
}
