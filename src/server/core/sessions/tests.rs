use super::*;

const LIFETIMES: Lifetimes = Lifetimes {
    idle: Duration::from_secs(7_200),
    absolute: Duration::from_secs(86_400),
    remember_idle: Duration::from_secs(14 * 86_400),
    remember_absolute: Duration::from_secs(90 * 86_400),
};

#[test]
fn activity_does_not_reach_past_the_absolute_end() {
    let end = Timestamp::from_millis(10_000);
    assert_eq!(
        LIFETIMES.idle_end(Timestamp::from_millis(9_000), false, end),
        end
    );
}
