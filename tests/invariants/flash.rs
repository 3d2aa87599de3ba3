//! The message for the next page, which is a cookie that anybody can forge.

use super::cookie::request;
use axum::http::{HeaderMap, HeaderValue};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use vestibule::{
    domain::{profile::ProfileDraft, setup::SetupDraft},
    error::{AccountRefusal, Refusal, Refusals},
    server::web::cookies::flash::Flash,
};

const FLASH: &str = "__Host-Http-flash";

/// Any cookie value is a message of ours or none.
pub fn check_brought(value: &[u8]) {
    let encoded = BASE64_URL_SAFE_NO_PAD.encode(value);
    for value in [value, encoded.as_bytes()] {
        let line = [FLASH.as_bytes(), b"=", value].concat();
        let headers = request([line.as_slice()]);
        if let Some(flash) = Flash::of_request(&headers) {
            assert_eq!(
                Flash::of_request(&brought_back(&flash.set_cookie())),
                Some(flash)
            );
        }
    }
}

/// Any input fits into the cookie and arrives, whole or truncated.
pub fn check_typed(texts: &[String; 3]) {
    let [one, two, three] = texts;
    // As many as a form can have, with long names.
    let refusal = Refusals::of([Refusal::Account(AccountRefusal::LastAdministrator); 5]).unwrap();
    let profile = ProfileDraft {
        email: one.clone(),
        display_name: two.clone(),
        description: three.clone(),
    };
    let setup = SetupDraft {
        username: one.clone(),
        email: two.clone(),
        display_name: three.clone(),
    };
    for flash in [
        Flash::login_refused(Some(refusal), one),
        Flash::profile_refused(refusal, &profile),
        Flash::setup_refused(refusal, &setup),
    ] {
        match &flash {
            Flash::LoginRefused { username, .. } => assert!(one.starts_with(username)),
            Flash::ProfileRefused { draft, is_cut, .. } => {
                assert_eq!(*is_cut, *draft != profile);
                assert!(one.starts_with(&draft.email) && three.starts_with(&draft.description));
            }
            Flash::SetupRefused { draft, .. } => assert!(three.starts_with(&draft.display_name)),
            other => panic!("{other:?}"),
        }
        let line = flash.set_cookie();
        assert!(pair(&line).len() <= 4_096, "{} bytes", pair(&line).len());
        assert_eq!(Flash::of_request(&brought_back(&line)), Some(flash));
    }
}

fn pair(line: &HeaderValue) -> &[u8] {
    line.as_bytes()
        .split(|&byte| byte == b';')
        .next()
        .unwrap_or_default()
}

fn brought_back(line: &HeaderValue) -> HeaderMap {
    request([pair(line)])
}
