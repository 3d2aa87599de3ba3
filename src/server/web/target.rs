//! The target of a request, and the access that the guard demands for it.

use crate::domain::{
    access_key::Scope,
    page::{Access, Download, Page, Stream},
};

/// What a route leads to. A route without a target cannot be added (see [`routes`](super::routes)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Page(Page),
    Download(Download),
    Stream(Stream),
    /// A server function, by its path.
    Function(&'static str),
}

/// How the session of a request is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookUp {
    /// The request counts as use of the session.
    Use,
    UseWithSignIns,
    /// It does not, or the function records the use itself.
    Peek,
}

/// The server functions that need no session. Every other one does, until it is listed here. Behind a filter that hides
/// the origin of a request they run as for a caller without a cookie, or not at all (ADR 38).
pub const PUBLIC_FUNCTIONS: &[&str] = &[
    "/api/login",
    "/api/login_with_key",
    LOGOUT,
    "/api/set_up",
    "/api/use_password_link",
];

/// Signs out. Its form is read by the function itself.
pub const LOGOUT: &str = "/api/logout";

/// The server function that checks the password of a signed-in user again.
pub const CONFIRMATION: &str = "/api/confirm_password";

/// They end the caller's session, or record its use: a concurrent write of "last seen" would only delay them.
const WRITE_THEMSELVES: &[&str] = &[LOGOUT, "/api/end_all_sessions", "/api/stay_signed_in"];

impl Target {
    /// Needs a session, unless declared otherwise.
    pub fn access(self) -> Access {
        match self {
            Self::Page(page) => page.access(),
            Self::Download(file) => file.page().access(),
            Self::Stream(stream) => stream.access(),
            Self::Function(path) if PUBLIC_FUNCTIONS.contains(&path) => Access::Anyone,
            Self::Function(_) => Access::SignedIn,
        }
    }

    /// The scope that a session needs which was started with an access key. Without one, such a session is refused.
    pub fn scope(self) -> Option<Scope> {
        match self {
            Self::Page(page) => page.scope(),
            Self::Function("/api/end_session" | "/api/end_other_sessions") => {
                Some(Scope::SessionsEnd)
            }
            Self::Stream(_) | Self::Download(_) | Self::Function(_) => None,
        }
    }

    /// Whether every session may use it, whatever its scopes: a page that it may see has to follow its end, and stays
    /// covered otherwise.
    pub fn concerns_own_session(self) -> bool {
        matches!(
            self,
            Self::Stream(Stream::Session) | Self::Function("/api/stay_signed_in")
        )
    }

    pub fn look_up(self) -> LookUp {
        match self {
            Self::Page(page) if page.needs_sign_ins() => LookUp::UseWithSignIns,
            Self::Stream(_) => LookUp::Peek,
            Self::Function(path) if WRITE_THEMSELVES.contains(&path) => LookUp::Peek,
            Self::Page(_) | Self::Download(_) | Self::Function(_) => LookUp::Use,
        }
    }
}
