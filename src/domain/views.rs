//! What the pages show: purpose-built types, the only ones that cross from server to browser
//! (ASVS V15.3.1). No row of the database and no secret is among them.

mod admin;
mod reach;

pub use admin::{
    AccountView, AuditEntryView, AuditFilter, AuditView, InvitationDraft, LinkView,
    PasswordLinkView, UserNotice, UserState, UserView, UsersView,
};
pub use reach::{Finding, ReachView};

use crate::{
    domain::{
        moment::{Moment, RelativeMoment},
        profile::ProfileDraft,
        session::EndReason,
        setup::SetupDraft,
    },
    error::Refusal,
};
use serde::{Deserialize, Serialize};

/// The sign-in page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginView {
    /// Where to go afterwards: a checked path of this site.
    pub next: String,
    /// What was typed as name or e-mail before a refusal.
    pub username: String,
    pub refusal: Option<Refusal>,
    pub notice: Option<LoginNotice>,
    /// Nobody can sign in yet: the page says how to make the first account.
    pub no_account: bool,
}

/// Why a person who did not ask for it sees the sign-in page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LoginNotice {
    SessionEnded(EndReason),
    CookieNotKept,
    /// By a link.
    PasswordSet,
}

/// What every signed-in page shows of the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DashboardView {
    pub username: String,
    pub display_name: String,
    pub email: Option<String>,
    pub description: String,
    pub is_admin: bool,
    pub session: SessionView,
    pub previous_sign_in: Option<SignInView>,
    /// From browsers never seen before, until they are looked at.
    pub unrecognised: Vec<SignInView>,
    /// How many more of these there are.
    pub more_unrecognised: u32,
    /// This browser is known: only there can a sign-in be recognised.
    pub may_recognise: bool,
    /// For administrators only.
    pub reach: Option<ReachView>,
}

/// The session in which the page was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    pub device: String,
    pub address: String,
    pub remember: bool,
    pub signed_in_at: Moment,
    pub idle_ends_at: Moment,
    pub absolute_ends_at: Moment,
}

/// What an open page is told of its session, by the server's clock. All instants are Unix milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SessionLivesView<'a> {
    pub now: i64,
    pub idle_ends_at: i64,
    pub absolute_ends_at: i64,
    /// Whose it is, and which: enough to notice another one, and no access.
    pub person: &'a str,
    pub session: &'a str,
}

/// The person for whom a page was drawn, by the same name as in [`SessionLivesView`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawnFor(pub String);

/// What the forms that sign out send along: only a page of this session has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignOutProof(pub String);

/// The last that an open page is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SessionEndedView {
    pub reason: Option<EndReason>,
}

/// One sign-in of the past.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInView {
    /// Of its session: public, knowing it gives no access.
    pub id: String,
    pub has_ended: bool,
    pub device: String,
    pub address: String,
    pub at: Moment,
}

/// The page after signing out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedOutView {
    /// Who was signed out; unknown when the page is opened by hand or reloaded later.
    pub display_name: Option<String>,
    /// How many other sessions ended with it, where all were to end.
    pub others_ended: Option<u64>,
}

/// The page that asks before signing out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogoutView {
    pub display_name: Option<String>,
}

/// The page on which people see where they are signed in, and end it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionsView {
    pub display_name: String,
    pub current: LiveSessionView,
    /// The last used first.
    pub others: Vec<LiveSessionView>,
    /// So many sessions were just ended.
    pub ended: Option<u64>,
}

/// A session that can be ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveSessionView {
    /// Public: knowing it gives no access.
    pub id: String,
    pub session: SessionView,
    pub last_seen: RelativeMoment,
    pub idle_end: RelativeMoment,
    pub absolute_end: RelativeMoment,
}

/// The page on which people change their password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordView {
    pub display_name: String,
    /// For password managers, which else ask for whom the new password is.
    pub username: String,
    pub min_chars: usize,
    pub refusal: Option<Refusal>,
    pub notice: Option<PasswordNotice>,
}

/// Why the page for a new password is not as usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PasswordNotice {
    /// It was just changed, and so many other sessions ended with it.
    Changed { others_ended: u64 },
    /// A stranger was signed in, and their session has ended.
    StrangerIsOut,
}

/// The page on which people look back on what concerns them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnActivityView {
    pub display_name: String,
    /// The kind of event that it is narrowed to.
    pub event: String,
    /// What it can be narrowed to, with the names of these.
    pub kinds: Vec<(String, String)>,
    pub events: Vec<OwnEventView>,
    /// Where the older events are: a path of ours.
    pub older: Option<String>,
    pub is_newest: bool,
}

/// Something that happened to a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnEventView {
    pub at: Moment,
    pub what: String,
    /// Where the person sat, if it was them.
    pub device: Option<String>,
    pub address: Option<String>,
    pub times: u64,
}

/// The page that asks for the password once more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfirmView {
    pub display_name: String,
    /// For password managers.
    pub username: String,
    /// Where to go afterwards: a checked path of this site.
    pub next: String,
    pub refusal: Option<Refusal>,
}

/// The page on which people change what is shown of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileView {
    pub display_name: String,
    pub username: String,
    /// What stands in the fields: what is stored, or what was typed before a refusal.
    pub draft: ProfileDraft,
    pub refusal: Option<Refusal>,
    pub notice: Option<ProfileNotice>,
}

/// What came of saving a profile, beside a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProfileNotice {
    Saved,
    /// What was typed was too much to come back whole.
    TypedTooMuch,
    /// What was typed before the password was asked for.
    NotSavedYet,
}

/// The page that makes the first account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetupView {
    /// What was typed before a refusal; secrets are typed again.
    pub draft: SetupDraft,
    pub min_chars: usize,
    pub refusal: Option<Refusal>,
}
