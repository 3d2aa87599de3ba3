use super::*;

#[test]
fn a_kind_is_listed_once() {
    let kinds = Event::kinds();
    assert!(kinds.is_sorted());
    for kind in [
        "signed_in",
        "session_ended",
        "device_named",
        "link_made",
        "user_deleted",
    ] {
        assert_eq!(
            kinds.iter().filter(|known| **known == kind).count(),
            1,
            "{kind}"
        );
    }
}

#[test]
fn every_event_parses_from_its_words() {
    let events = [
        Event::SignedIn,
        Event::SignedInBy(RecordedMethod::Invitation),
        Event::SignInRefused(SignInRefusal::UnknownUser),
        Event::SignInRefused(SignInRefusal::WrongPassword),
        Event::SignInRefused(SignInRefusal::UserDisabled),
        Event::SignInThrottled,
        Event::PasswordChangeRefused(SignInRefusal::WrongPassword),
        Event::PasswordChangeThrottled,
        Event::PasswordConfirmed,
        Event::ConfirmationRefused(SignInRefusal::WrongPassword),
        Event::ConfirmationThrottled,
        Event::SessionEnded(EndReason::SignedOut),
        Event::SessionEnded(EndReason::Idle),
        Event::DeviceNamed,
        Event::SignInRecognised,
        Event::SignInDisowned,
        Event::UserCreated,
        Event::UserDisabled,
        Event::UserEnabled,
        Event::UserPromoted,
        Event::UserDemoted,
        Event::UserDeleted,
        Event::LinkMade(LinkPurpose::Invitation),
        Event::LinkMade(LinkPurpose::Reset),
        Event::LinkUsed(LinkPurpose::Invitation),
        Event::LinkUsed(LinkPurpose::Reset),
        Event::LinkRefused,
        Event::LinkThrottled,
        Event::PasswordSet,
        Event::PasswordChanged,
        Event::ProfileChanged,
        Event::AuditDownloaded,
        Event::SetUp,
        Event::SetUpRefused,
        Event::SetUpThrottled,
    ];
    for event in events {
        assert_eq!(Event::parse(event.as_str(), event.reason()), Ok(event));
    }
    for (event, reason) in [
        ("signed_in", Some("idle")),
        ("session_ended", None),
        ("x", None),
    ] {
        let unknown = Event::parse(event, reason).expect_err(event);
        assert_eq!(
            (&*unknown.event, unknown.reason.as_deref()),
            (event, reason)
        );
    }
}
