use super::*;
use crate::domain::moment::Timestamp;

/// `null` hides the sign-ins that a page shows, so an error is not sent as that.
#[test]
fn a_sign_in_to_review_that_could_not_be_read_is_left_out() {
    let now = Timestamp::from_millis(1_790_000_000_000);
    let validity = Validity {
        idle_ends_at: now,
        absolute_ends_at: now,
        ended: None,
    };
    let newest = SessionId("01234567-89ab-cdef-0123-456789abcdef".to_owned());
    for (found, expected) in [
        (Ok(Some(newest.clone())), Some(newest.short().into())),
        (Ok(None), Some(serde_json::Value::Null)),
        (Err(StoreError::NoFreeWriter), None),
    ] {
        let found = known(found);
        let sent = view(&Clock::manual(now), validity, ("a", "b"), &found).to_review;
        let sent = sent.map(|newest| newest.map_or(serde_json::Value::Null, Into::into));
        assert_eq!(sent, expected);
    }
    let unknown = view(&Clock::manual(now), validity, ("a", "b"), &None);
    let sent = serde_json::to_string(&unknown).unwrap();
    assert!(!sent.contains("to_review"), "{sent}");
}
