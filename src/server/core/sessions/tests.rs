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

#[test]
fn a_user_agent_is_kept_short_and_printable() {
    let browser = Browser::new(
        String::new(),
        &format!("a\r\n\u{1b}[31m{}", "b".repeat(1_000)),
    );
    assert!(browser.user_agent.starts_with("a[31mb"));
    assert_eq!(browser.user_agent.chars().count(), MAX_USER_AGENT_CHARS);
}
