//! What the pages show: purpose-built types, the only ones that cross from server to browser
//! (ASVS V15.3.1). No row of the database and no secret is among them.

mod access_keys;
mod admin;
mod frame;
mod proxy_diagnosis;
mod sessions;
mod visit;

pub use access_keys::{
    AccessKeyNotice, AccessKeyView, AccessKeysView, KeyUseView, NewAccessKeyView,
};
pub use admin::{
    AccountView, AuditEntryView, AuditFilter, AuditView, EditDraft, EditView, InvitationDraft,
    InviteView, KindGroupView, LinkView, NameFields, UserNotice, UserState, UserView, UsersView,
};
pub use frame::FrameView;
pub use proxy_diagnosis::{Finding, ProxyDiagnosis};
pub use sessions::{
    LiveSessionView, NewSignInsView, RefusedNameView, SessionView, SessionsNotice, SessionsView,
    SignInMethod, SignInView,
};
pub use visit::{OpenedLinkView, PasswordLinkView, SignInAgain, SignedInHereView, Welcome};

use crate::{
    domain::{
        moment::Moment,
        profile::ProfileDraft,
        session::{EndReason, EndedElsewhere},
        setup::SetupDraft,
    },
    error::Refusals,
};
use serde::{Deserialize, Serialize};

/// The sign-in page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginView {
    /// The page after signing in: a checked path of this site.
    pub next: String,
    /// The name or e-mail address that was entered before a refusal.
    pub username: String,
    pub refusal: Option<Refusals>,
    pub notice: Option<LoginNotice>,
    /// No account can sign in yet: the page describes how to create the first one.
    pub no_account: bool,
    /// An access key opens a session too.
    pub has_key_page: bool,
    /// How long "stay signed in" lasts without use, in words.
    pub remember_for: String,
}

/// The page for signing in with an access key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginKeyView {
    /// The page after signing in: a checked path of this site.
    pub next: String,
    pub refusal: Option<Refusals>,
}

/// Why a person sees the sign-in page without having requested it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoginNotice {
    SessionEnded(EndReason),
    CookieNotKept,
    /// By a link.
    PasswordSet,
}

/// The dashboard of a signed-in user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DashboardView {
    pub username: String,
    pub display_name: String,
    pub email: Option<String>,
    pub description: String,
    pub is_admin: bool,
    pub session: SessionView,
    pub previous_sign_in: Option<SignInView>,
    /// On the first visit, once.
    pub welcome: Option<Welcome>,
}

/// The state of its session for an open page, by the server's clock. All instants are Unix milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SessionLivesView<'a> {
    pub now: i64,
    pub idle_ends_at: i64,
    pub absolute_ends_at: i64,
    /// The user and the session: enough to detect a change, and no access.
    pub person: &'a str,
    pub session: &'a str,
    /// The newest sign-in that the owner has to review, by the end of its id. It is left out if it could not be read:
    /// the page keeps what it shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_review: Option<Option<&'a str>>,
}

/// The person for whom a page was rendered, by the same name as in [`SessionLivesView`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedFor(pub String);

/// The value in the sign-out forms: only pages of this session have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignOutProof(pub String);

/// The last event that an open page receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SessionEndedView {
    pub reason: EndReason,
}

/// The page after signing out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignedOutView {
    /// Who was signed out; unknown if the page is opened by hand or reloaded later.
    pub display_name: Option<String>,
    /// What ended with it, if everything was to end.
    pub ended: Option<EndedElsewhere>,
}

/// The page that asks before signing out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogoutView {
    pub display_name: Option<String>,
}

/// The page on which users change their password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordView {
    /// For password managers, which otherwise ask for the account.
    pub username: String,
    pub min_chars: usize,
    /// The number of live access keys, which a new password revokes.
    pub keys: u64,
    pub refusal: Option<Refusals>,
    pub notice: Option<PasswordNotice>,
}

/// Why the page for a new password shows a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PasswordNotice {
    /// The password was just changed, and this ended with it.
    Changed { ended: EndedElsewhere },
    /// A sign-in was disowned, and its session has ended.
    StrangerIsOut,
}

/// The page on which users see the events of their own account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnActivityView {
    /// The kind of event that the list is filtered by.
    pub event: String,
    /// The kinds that it can be filtered by.
    pub kinds: Vec<KindView>,
    pub events: Vec<OwnEventView>,
    /// The page of the older events: a path of ours.
    pub older: Option<String>,
    pub is_newest: bool,
}

/// An event that concerns a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnEventView {
    pub at: Moment,
    pub what: String,
    /// The name of the access key that it is about.
    pub key: Option<String>,
    /// The browser in which it happened, unless it was that of an administrator.
    pub origin: OriginView,
    pub times: u64,
}

/// Where an event came from. All are empty if unknown, or for commands and the server itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OriginView {
    /// In words, after the name that its owner had given to it.
    pub device: String,
    pub address: String,
    /// The name of the access key with which it was done, unless the description names it.
    pub key: Option<String>,
}

/// A choice of a filter: the word for programs, and its title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindView {
    pub word: String,
    pub title: String,
}

/// The page that asks for the password again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmView {
    /// For password managers.
    pub username: String,
    /// The page after the confirmation: a checked path of this site.
    pub next: String,
    pub refusal: Option<Refusals>,
}

/// The page on which users change their profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileView {
    pub username: String,
    /// The values of the fields: those stored, or the input before a refusal.
    pub draft: ProfileDraft,
    pub refusal: Option<Refusals>,
    pub notice: Option<ProfileNotice>,
}

/// The outcome of saving a profile, if not a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProfileNotice {
    Saved,
    /// The input was too large to be returned completely.
    TypedTooMuch,
    /// Input that was sent before the password was confirmed.
    NotSavedYet,
}

/// The page that creates the first account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupView {
    /// The input before a refusal. Secrets have to be entered again.
    pub draft: SetupDraft,
    pub min_chars: usize,
    pub refusal: Option<Refusals>,
}
