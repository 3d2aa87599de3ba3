//! The message of an answer to the next page, for browsers without JavaScript.
//!
//! It is a cookie and not a query: a link cannot forge it, and it stays out of histories and logs. It contains a closed
//! set of codes, and the person's own input.

use super::{session, truncated};
use crate::{
    domain::{
        access_key::{AccessKeyDraft, AccessKeyText},
        profile::ProfileDraft,
        session::EndedElsewhere,
        setup::SetupDraft,
        views::{AccessKeyNotice, EditDraft, InvitationDraft, SessionsNotice, UserNotice, Welcome},
    },
    error::Refusals,
};
use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::Response,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::time::Duration;

const FLASH_COOKIE: &str = "__Host-Http-flash";

/// Long enough for a redirect on a slow connection, short enough that no outdated message is shown.
const LIFETIME: Duration = Duration::from_secs(60);

/// Input is truncated to this length before it is put into a header.
const MAX_INPUT_CHARS: usize = 320;

/// A message for the next page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flash {
    /// The form of a page was refused. Forms that show their input again have messages of their own.
    Refused {
        /// Its path: another tab may request another page first.
        page: String,
        refusal: Refusals,
    },
    /// Without a refusal if another page has shown it.
    LoginRefused {
        refusal: Option<Refusals>,
        username: String,
    },
    SignedOut {
        display_name: String,
        /// What ended with it, if everything was to end.
        ended: Option<EndedElsewhere>,
    },
    /// From the list of sessions.
    Sessions {
        notice: SessionsNotice,
    },
    /// The name of the browser of the session with this id.
    DeviceNameRefused {
        id: String,
        refusal: Refusals,
        input: String,
    },
    /// A disowned session has ended, and an attacker may know the password.
    SignInDisowned,
    PasswordChanged {
        ended: EndedElsewhere,
    },
    ProfileRefused {
        refusal: Refusals,
        draft: ProfileDraft,
        /// Part of the input did not fit.
        is_cut: bool,
    },
    ProfileSaved,
    SetupRefused {
        refusal: Refusals,
        draft: SetupDraft,
    },
    /// For the dashboard, and no other page.
    Welcome {
        welcome: Welcome,
    },
    /// A password was set by a link, for this account.
    PasswordSet {
        username: String,
    },
    /// The outcome of an administrator's action on an account.
    User {
        notice: UserNotice,
    },
    /// Shown once, and deleted with the next answer.
    AccessKeyMade {
        name: String,
        text: AccessKeyText,
    },
    AccessKey {
        notice: AccessKeyNotice,
    },
    AccessKeyRefused {
        refusal: Refusals,
        draft: AccessKeyDraft,
    },
    InvitationRefused {
        refusal: Refusals,
        draft: InvitationDraft,
    },
    /// The names of the account with this id.
    EditRefused {
        id: String,
        refusal: Refusals,
        draft: EditDraft,
    },
}

impl Flash {
    pub fn refused(page: &str, refusal: Refusals) -> Self {
        Self::Refused {
            page: page.to_owned(),
            refusal,
        }
    }

    pub fn device_name_refused(id: &str, refusal: Refusals, input: &str) -> Self {
        Self::DeviceNameRefused {
            id: id.chars().take(MAX_INPUT_CHARS).collect(),
            refusal,
            input: input.chars().take(MAX_INPUT_CHARS).collect(),
        }
    }

    pub fn login_refused(refusal: Option<Refusals>, username: &str) -> Self {
        Self::LoginRefused {
            refusal,
            username: username.chars().take(MAX_INPUT_CHARS).collect(),
        }
    }

    pub fn profile_refused(refusal: Refusals, input: &ProfileDraft) -> Self {
        let draft = truncated::profile(input);
        Self::ProfileRefused {
            refusal,
            is_cut: draft != *input,
            draft,
        }
    }

    /// Without the code and the password: they have to be entered again.
    pub fn setup_refused(refusal: Refusals, input: &SetupDraft) -> Self {
        let draft = truncated::setup(input);
        Self::SetupRefused { refusal, draft }
    }

    pub fn invitation_refused(refusal: Refusals, input: &InvitationDraft) -> Self {
        let draft = truncated::invitation(input);
        Self::InvitationRefused { refusal, draft }
    }

    pub fn edit_refused(id: &str, refusal: Refusals, input: &EditDraft) -> Self {
        Self::EditRefused {
            id: id.chars().take(MAX_INPUT_CHARS).collect(),
            refusal,
            draft: truncated::names(input),
        }
    }

    pub fn access_key_refused(refusal: Refusals, input: &AccessKeyDraft) -> Self {
        let draft = truncated::access_key(input);
        Self::AccessKeyRefused { refusal, draft }
    }

    /// The `Set-Cookie` that carries it.
    pub fn set_cookie(&self) -> HeaderValue {
        set_value(FLASH_COOKIE, self, LIFETIME)
    }

    /// The message of a request; `None` if it cannot be parsed.
    pub fn of_request(headers: &HeaderMap) -> Option<Self> {
        value_of(headers, FLASH_COOKIE)
    }
}

/// The `Set-Cookie` that carries a value.
pub fn set_value(name: &'static str, value: &impl Serialize, lifetime: Duration) -> HeaderValue {
    let json = serde_json::to_vec(value).unwrap_or_default();
    session::set(name, BASE64_URL_SAFE_NO_PAD.encode(json), lifetime)
}

/// The value that a cookie carries; `None` if it cannot be parsed.
pub fn value_of<T: DeserializeOwned>(headers: &HeaderMap, name: &str) -> Option<T> {
    let json = BASE64_URL_SAFE_NO_PAD
        .decode(session::single(headers, name)?)
        .ok()?;
    serde_json::from_slice(&json).ok()
}

/// Deletes the message from the browser after it was shown.
pub fn forget_shown(request: &HeaderMap, response: &mut Response) {
    forget(FLASH_COOKIE, request, response);
}

/// Deletes a cookie, if the browser has it.
pub fn forget(name: &'static str, request: &HeaderMap, response: &mut Response) {
    if session::single(request, name).is_some() {
        let forget = session::clear(name);
        response.headers_mut().append(header::SET_COOKIE, forget);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{AccountRefusal, Refusal};

    #[test]
    fn messages_round_trip_through_the_cookie() {
        let flash = Flash::login_refused(Some(Refusal::SignIn.into()), "Zoë; \"x\"\r\n");
        let cookie = flash
            .set_cookie()
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        let headers = HeaderMap::from_iter([(header::COOKIE, cookie.parse().unwrap())]);
        assert_eq!(Flash::of_request(&headers), Some(flash));
    }

    #[test]
    fn the_cookie_stays_small() {
        let flash = Flash::login_refused(Some(Refusal::SignIn.into()), &"漢".repeat(60_000));
        assert!(flash.set_cookie().len() < 2_048);
    }

    /// Browsers drop a cookie that is too large, and with it the reason.
    #[test]
    fn long_profiles_are_truncated_and_marked() {
        let refusal = Refusals::from(AccountRefusal::EmailTaken);
        for (letter, fits) in [("a", 1_024), ("ж", 1_024), ("漢", 900)] {
            let draft = ProfileDraft {
                display_name: "Ada".to_owned(),
                email: "ada@example.org".to_owned(),
                description: letter.repeat(fits),
            };
            let flash = Flash::profile_refused(refusal, &draft);
            assert_eq!(
                flash,
                Flash::ProfileRefused {
                    refusal,
                    draft,
                    is_cut: false
                },
                "{letter}"
            );
        }
        for character in ["漢", "\u{1}", "\"", "\u{2028}"] {
            let long = character.repeat(60_000);
            let draft = ProfileDraft {
                display_name: long.clone(),
                email: long.clone(),
                description: long,
            };
            let flash = Flash::profile_refused(refusal, &draft);
            assert!(matches!(flash, Flash::ProfileRefused { is_cut: true, .. }));
            let cookie = flash.set_cookie();
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            assert!(pair.len() <= 4_096, "{character:?}: {}", pair.len());
        }
    }

    #[test]
    fn malformed_messages_are_none() {
        for value in ["", "e30", "not base64!", "bnVsbA"] {
            let headers = HeaderMap::from_iter([(
                header::COOKIE,
                format!("{FLASH_COOKIE}={value}").parse().unwrap(),
            )]);
            assert_eq!(Flash::of_request(&headers), None, "{value}");
        }
    }
}
