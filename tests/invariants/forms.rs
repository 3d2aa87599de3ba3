//! The answer of a server function to a body that no page of ours has sent.

use vestibule::error::AppError;

/// A server function, and the fields of its form.
#[derive(Debug)]
pub struct Function {
    pub path: &'static str,
    pub required: &'static [&'static str],
    pub optional: &'static [&'static str],
    /// Whether it requires a session before it parses the form.
    pub is_private: bool,
}

pub const FUNCTIONS: [Function; 17] = [
    Function {
        path: "/api/login",
        required: &["username", "password"],
        optional: &["remember", "next"],
        is_private: false,
    },
    Function {
        path: "/api/set_up",
        required: &["code", "username", "password"],
        optional: &["email", "display_name"],
        is_private: false,
    },
    Function {
        path: "/api/update_profile",
        required: &["display_name", "email", "description"],
        optional: &[],
        is_private: true,
    },
    Function {
        path: "/api/change_password",
        required: &["current_password", "new_password"],
        optional: &["keep_keys"],
        is_private: true,
    },
    Function {
        path: "/api/open_password_link",
        required: &["secret"],
        optional: &[],
        is_private: false,
    },
    Function {
        path: "/api/use_password_link",
        required: &["new_password"],
        optional: &["secret", "proof"],
        is_private: false,
    },
    Function {
        path: "/api/invite_user",
        required: &["username"],
        optional: &["email", "display_name", "is_admin"],
        is_private: true,
    },
    Function {
        path: "/api/edit_user",
        required: &["id", "username"],
        optional: &[
            "display_name",
            "email",
            "shown_username",
            "shown_display_name",
            "shown_email",
        ],
        is_private: true,
    },
    Function {
        path: "/api/change_user",
        required: &["id", "change"],
        optional: &[],
        is_private: true,
    },
    Function {
        path: "/api/end_user_session",
        required: &["id", "session"],
        optional: &[],
        is_private: true,
    },
    Function {
        path: "/api/login_with_key",
        required: &["key"],
        optional: &["next"],
        is_private: false,
    },
    Function {
        path: "/api/make_access_key",
        required: &["name"],
        optional: &[
            "last_day",
            "networks",
            "profile_read",
            "sessions_read",
            "sessions_end",
            "users_read",
            "users_write",
            "activity_read",
            "tokens_introspect",
        ],
        is_private: true,
    },
    Function {
        path: "/api/revoke_access_key",
        required: &["id"],
        optional: &[],
        is_private: true,
    },
    Function {
        path: "/api/confirm_access_key",
        required: &["id"],
        optional: &[],
        is_private: true,
    },
    Function {
        path: "/api/change_user_key",
        required: &["id", "key", "change"],
        optional: &[],
        is_private: true,
    },
    Function {
        path: "/api/delete_user",
        required: &["id", "name"],
        optional: &[],
        is_private: true,
    },
    Function {
        path: "/api/logout",
        required: &[],
        optional: &["proof"],
        is_private: false,
    },
];

/// The redirect of a plain form: back to its page, or on.
const PAGES: [&str; 8] = [
    "/password-link",
    "/login",
    "/login/key",
    "/account/keys",
    "/setup",
    "/account/profile",
    "/account/password",
    "/signed-out",
];

/// The sender of a form.
#[derive(Clone, Copy, Debug)]
pub struct Sender {
    /// Without our script; the answer is a page.
    pub is_plain: bool,
    pub is_signed_in: bool,
}

/// The answer of the server.
#[derive(Debug)]
pub struct Observed<'a> {
    pub status: u16,
    pub content_type: Option<&'a str>,
    pub location: Option<&'a str>,
    pub set_cookies: Vec<&'a str>,
    pub body: &'a [u8],
}

/// One clear answer that starts no session: a word of [`AppError`], a page, or a redirect to one.
pub fn check(function: &Function, form: &[u8], sender: Sender, observed: &Observed) {
    let is_plain = sender.is_plain;
    let shown = String::from_utf8_lossy(observed.body);
    let what = format!("{} {} {shown}", function.path, observed.status);
    let starts_session = |line: &&str| {
        let value = line.strip_prefix("__Host-Http-session=");
        value.is_some_and(|value| !value.starts_with(';'))
    };
    assert!(!observed.set_cookies.iter().any(starts_session), "{what}");
    match observed.status {
        200 if is_plain => panic!("a plain form ends on a page of its own: {what}"),
        200 => assert!(observed.body.len() < 8, "{what}"),
        303 => {
            let page = observed.location.and_then(|way| way.split('?').next());
            assert!(
                is_plain && page.is_some_and(|page| PAGES.contains(&page)),
                "{what}"
            );
        }
        400..=499 if is_plain => {
            assert_eq!(
                observed.content_type,
                Some("text/html; charset=utf-8"),
                "{what}"
            );
            assert!(shown.starts_with("<!DOCTYPE html>"), "{what}");
        }
        400..=499 => {
            assert_eq!(observed.content_type, Some("application/json"), "{what}");
            let error: AppError = serde_json::from_slice(observed.body).expect("one of our errors");
            assert_eq!(error.status(), observed.status, "{what}");
        }
        _ => panic!("{what}"),
    }
    if function.is_private && !sender.is_signed_in {
        assert_eq!(observed.status, 401, "{what}");
    } else if observed.status != 400 {
        assert_each_once(function, form, &what);
    }
}

/// Each field that a function reads is in the form exactly once, also for other parsers. Of two
/// passwords it would be unclear which was checked.
fn assert_each_once(function: &Function, form: &[u8], what: &str) {
    let pairs: Vec<_> = url::form_urlencoded::parse(form).into_owned().collect();
    let times = |field: &&str| pairs.iter().filter(|(name, _)| name == *field).count();
    let shown = String::from_utf8_lossy(form);
    for field in function.required {
        assert_eq!(times(field), 1, "{field} in {shown:?}: {what}");
    }
    for field in function.optional {
        assert!(times(field) <= 1, "{field} in {shown:?}: {what}");
    }
}
