//! The target of a request, and the access that the guard demands for it.

use crate::domain::{
    page::{Access, Download, Page, Stream},
    scope::Scope,
};

/// What a route leads to. A route without a target cannot be added (see [`routes`](super::routes)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Page(Page),
    Download(Download),
    Stream(Stream),
    /// A server function, by its path.
    Function(&'static str),
    /// An operation of the JSON API.
    Api(Demand),
    /// The page that shows the JSON API.
    Viewer(Demand),
}

/// What an operation of the JSON API demands of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    Public,
    /// The session cookie itself: neither a key nor a token.
    Cookie,
    /// The same, to watch the session: it is no use of it.
    Watch,
    /// A session with all rights of its account: no key, and no session of one.
    Owner,
    /// The same of an administrator. For all others the operation does not exist.
    Administrator,
    SignedIn,
    /// Signed in, with a credential that has this scope. If the scope is for administrators, the operation does not
    /// exist for all others.
    Scope(Scope),
}

impl Demand {
    const fn access(self) -> Access {
        match self {
            Self::Public => Access::Anyone,
            Self::Administrator => Access::Administrator,
            Self::Scope(scope) if scope.is_for_administrators() => Access::Administrator,
            Self::Cookie | Self::Watch | Self::Owner | Self::SignedIn | Self::Scope(_) => {
                Access::SignedIn
            }
        }
    }
}

/// The path of the JSON API. Everything below it answers failures as problems (RFC 9457).
pub const API: &str = "/api/v1";

/// Whether a path is one of the JSON API, known or not.
pub fn is_api(path: &str) -> bool {
    path.strip_prefix(API)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
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
    "/api/theme",
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
            Self::Api(demand) | Self::Viewer(demand) => demand.access(),
        }
    }

    /// The scope that a session needs which was started with an access key. Without one, such a session is refused.
    pub fn scope(self) -> Option<Scope> {
        match self {
            Self::Page(page) => page.scope(),
            Self::Function("/api/end_session" | "/api/end_other_sessions") => {
                Some(Scope::SessionsEnd)
            }
            // The document of the API shows nothing of an account.
            Self::Viewer(_) => Some(Scope::ProfileRead),
            // An operation names its own, for every credential.
            Self::Api(Demand::Scope(scope)) => Some(scope),
            Self::Api(
                Demand::Public
                | Demand::Cookie
                | Demand::Watch
                | Demand::Owner
                | Demand::Administrator
                | Demand::SignedIn,
            )
            | Self::Stream(_)
            | Self::Download(_)
            | Self::Function(_) => None,
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
            // A public operation acts for nobody.
            Self::Stream(_) | Self::Api(Demand::Public | Demand::Watch) => LookUp::Peek,
            Self::Function(path) if WRITE_THEMSELVES.contains(&path) => LookUp::Peek,
            Self::Page(_)
            | Self::Download(_)
            | Self::Function(_)
            | Self::Api(_)
            | Self::Viewer(_) => LookUp::Use,
        }
    }
}
