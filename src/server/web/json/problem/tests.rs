use super::*;
use crate::domain::{
    moment::Timestamp,
    scope::Scope,
    session::{CurrentUser, Session, SessionDevice, SessionId},
    user::{User, UserId},
};

/// A person with a live session.
pub fn user(is_admin: bool) -> Box<CurrentUser> {
    let (id, now) = (UserId("u".to_owned()), Timestamp::from_millis(0));
    Box::new(CurrentUser {
        user: User {
            id: id.clone(),
            username: "ada".to_owned(),
            email: None,
            display_name: "Ada".to_owned(),
            description: String::new(),
            is_admin,
            disabled: false,
            has_password: true,
            created_at: now,
            last_sign_in_at: None,
        },
        session: Session {
            id: SessionId("s".to_owned()),
            user_id: id,
            created_at: now,
            last_seen_at: now,
            authenticated_at: now,
            idle_ends_at: now,
            absolute_ends_at: now,
            remember: false,
            address: String::new(),
            user_agent: String::new(),
            ended: None,
            idle_end_if_used: None,
            key: None,
            method: None,
            device: SessionDevice::default(),
        },
        sign_ins: None,
    })
}

fn challenge_of(failure: Failure, cause: Option<Cause>, sent_bearer: bool) -> Option<String> {
    let answer = answer(failure.into(), cause, sent_bearer);
    let value = answer.headers().get(header::WWW_AUTHENTICATE)?;
    Some(value.to_str().unwrap().to_owned())
}

#[test]
fn the_challenge_names_an_error_only_for_a_credential_that_was_sent() {
    let realm = "Bearer realm=\"Vestibule\"";
    assert_eq!(
        challenge_of(Failure::NotSignedIn, None, false).as_deref(),
        Some(realm)
    );
    assert_eq!(
        challenge_of(Failure::NotSignedIn, None, true),
        Some(format!("{realm}, error=\"invalid_token\""))
    );
    let missing = Some(Cause::MissingScope(Scope::UsersRead));
    assert_eq!(
        challenge_of(Failure::NotPermitted, missing, true),
        Some(format!(
            "{realm}, error=\"insufficient_scope\", scope=\"users:read\""
        ))
    );
    for other in [
        Failure::PasswordNeeded,
        Failure::CrossSite,
        Failure::NotFound,
    ] {
        assert_eq!(challenge_of(other, None, true), None, "{other:?}");
    }
}

/// `urn:vestibule:problem:` and a code has to stay a URN (RFC 8141), and one code has one meaning.
#[test]
fn a_code_is_a_word() {
    let failures = [
        Failure::Throttled { seconds: 1 },
        Failure::NotSignedIn,
        Failure::PasswordNeeded,
        Failure::NotPermitted,
        Failure::Internal,
    ];
    for failure in failures {
        let (code, field) = code_of(failure.into());
        let is_word = code
            .bytes()
            .all(|byte| byte == b'_' || byte.is_ascii_lowercase());
        assert!(is_word && field.is_none(), "{code}");
    }
    assert_eq!(
        code_of(AccountRefusal::EmailTaken.into()),
        ("email_taken", Some("email"))
    );
}
