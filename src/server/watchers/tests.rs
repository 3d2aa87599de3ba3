use super::*;
use crate::domain::session::Ended;

const LIMITS: WatchLimits = WatchLimits {
    total: 3,
    per_session: 2,
    per_person: 2,
};

fn session(name: &str) -> SessionId {
    SessionId(name.to_owned())
}

fn validity(idle_ends_at: i64) -> Validity {
    Validity {
        idle_ends_at: Timestamp::from_millis(idle_ends_at),
        absolute_ends_at: Timestamp::from_millis(1_000),
        ended: None,
    }
}

fn watched(name: &str, idle_ends_at: i64) -> Watched {
    Watched {
        session: session(name),
        person: UserId(format!("person of {name}")),
        validity: validity(idle_ends_at),
    }
}

/// The notice that is there already, if any.
async fn notice(watch: &mut Watch) -> Option<Notice> {
    let soon = std::time::Duration::from_millis(20);
    tokio::time::timeout(soon, watch.notice()).await.ok()
}

#[tokio::test]
async fn notices_reach_only_the_watchers_of_their_session() {
    let watchers = Watchers::default();
    let [mut first, mut second] =
        [0, 1].map(|_| watchers.watch(&watched("a", 10), LIMITS).unwrap());
    let mut other = watchers.watch(&watched("b", 10), LIMITS).unwrap();
    watchers.used(&session("a"), Timestamp::from_millis(20));
    watchers.used(&session("a"), Timestamp::from_millis(20));
    for watch in [&mut first, &mut second] {
        assert_eq!(notice(watch).await, Some(Notice::Alive(validity(20))));
        assert_eq!(notice(watch).await, None);
    }
    watchers.ended(&session("a"), EndReason::SignedOut);
    for watch in [&mut first, &mut second] {
        assert_eq!(
            notice(watch).await,
            Some(Notice::Ended(EndReason::SignedOut))
        );
    }
    assert_eq!(notice(&mut other).await, None);
}

#[tokio::test]
async fn an_end_is_final() {
    let watchers = Watchers::default();
    let mut watch = watchers.watch(&watched("a", 10), LIMITS).unwrap();
    watchers.ended(&session("a"), EndReason::SignedOut);
    watchers.notify(&session("a"), Notice::Alive(validity(90)));
    watchers.used(&session("a"), Timestamp::from_millis(90));
    watchers.ended(&session("a"), EndReason::Idle);
    let ended = Notice::Ended(EndReason::SignedOut);
    assert_eq!(notice(&mut watch).await, Some(ended));
    assert_eq!(notice(&mut watch).await, None);
    assert_eq!((watchers.live(), watchers.is_empty()), (Vec::new(), false));
}

#[tokio::test]
async fn watchers_are_limited_and_free_their_slots() {
    let watchers = Watchers::default();
    let watch = |name| watchers.watch(&watched(name, 10), LIMITS);
    let first = watch("a").unwrap();
    let second = watch("a").unwrap();
    assert_eq!(watch("a").unwrap_err(), Refused::SessionLimit);
    let third = watch("b").unwrap();
    assert_eq!(watch("c").unwrap_err(), Refused::TotalLimit);
    drop(first);
    drop(watch("a").unwrap());
    drop((second, third));
    assert!(watchers.is_empty());
}

#[tokio::test]
async fn sessions_are_due_at_their_idle_end() {
    let watchers = Watchers::default();
    let watches = ["a", "b", "c"].map(|name| watchers.watch(&watched(name, 10), LIMITS).unwrap());
    watchers.used(&session("b"), Timestamp::from_millis(20));
    watchers.ended(&session("c"), EndReason::SignedOut);
    let due = |now| watchers.due(Timestamp::from_millis(now));
    assert_eq!(due(9), []);
    assert_eq!(due(10), [session("a")]);
    assert_eq!(due(20).len(), 2);
    let named = watchers.among(vec![session("b"), session("nobody's")]);
    assert_eq!(named, [session("b")]);
    drop(watches);
}

#[tokio::test]
async fn watching_resumes_after_unknown_but_not_after_stop() {
    let watchers = Watchers::default();
    let mut old = watchers.watch(&watched("a", 10), LIMITS).unwrap();
    watchers.notify(&session("a"), Notice::Unknown);
    assert_eq!(notice(&mut old).await, Some(Notice::Unknown));
    let mut new = watchers.watch(&watched("a", 90), LIMITS).unwrap();
    drop(old);
    assert_eq!(watchers.live(), [session("a")]);
    watchers.stop();
    assert_eq!(notice(&mut new).await, Some(Notice::Unknown));
    let refused = watchers.watch(&watched("b", 10), LIMITS).unwrap_err();
    assert_eq!(refused, Refused::Stopping);
}

#[test]
fn a_recorded_end_precedes_a_time_out_by_the_clock() {
    let ended = Ended {
        at: Timestamp::from_millis(5),
        reason: EndReason::SignedOut,
    };
    let written = Validity {
        ended: Some(ended),
        ..validity(10)
    };
    assert_eq!(written.end_by(Timestamp::from_millis(50)), Some(ended));
    assert_eq!(validity(10).end_by(Timestamp::from_millis(9)), None);
}

#[tokio::test]
async fn a_new_watcher_displaces_the_oldest_of_its_person() {
    let watchers = Watchers::default();
    let watch = |name| {
        let person = UserId("one".to_owned());
        let watched = Watched {
            person,
            ..watched(name, 10)
        };
        watchers.watch(&watched, LIMITS).unwrap()
    };
    let (mut first, mut second) = (watch("a"), watch("b"));
    let other = watchers
        .watch(&watched("c", 10), WatchLimits { total: 9, ..LIMITS })
        .unwrap();
    assert_eq!(notice(&mut first).await, None);
    drop(other);
    let third = watch("c");
    assert_eq!(notice(&mut first).await, Some(Notice::Displaced));
    assert_eq!(notice(&mut second).await, None);
    drop((first, third));
    let _fourth = watch("a");
    assert_eq!(notice(&mut second).await, None, "there was a free slot");
}
