//! What the pages of administrators show, and the page to which their links lead.

use super::LiveSessionView;
use crate::{
    domain::{
        audit::Part,
        moment::Moment,
        password_link::{LinkPurpose, LinkSecret},
    },
    error::Refusal,
};
use serde::{Deserialize, Serialize};

/// The page on which a person sets a password by a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordLinkView {
    pub min_chars: usize,
    /// The account, if the code was right and only the password was refused.
    pub username: Option<String>,
    pub refusal: Option<Refusal>,
}

/// The accounts, a page of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsersView {
    /// Of the administrator.
    pub display_name: String,
    /// What was searched for.
    pub search: String,
    pub users: Vec<UserView>,
    /// Where the next page is: a path of ours.
    pub next: Option<String>,
    pub is_first: bool,
    pub notice: Option<UserNotice>,
    /// What was typed of a new account before a refusal.
    pub draft: InvitationDraft,
    pub refusal: Option<Refusal>,
}

/// An account in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserView {
    /// Public: knowing it gives no access.
    pub id: String,
    pub username: String,
    pub display_name: String,
    pub email: Option<String>,
    pub is_admin: bool,
    pub state: UserState,
}

/// Whether an account can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserState {
    Enabled,
    Disabled,
    /// Without a password yet.
    Invited,
}

/// A new account as an administrator types it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationDraft {
    pub username: String,
    /// Empty: there is none.
    pub email: String,
    /// Empty: the name is shown.
    pub display_name: String,
    pub is_admin: bool,
}

/// One account, for administrators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// Of the administrator.
    pub display_name: String,
    pub user: UserView,
    pub description: String,
    /// The administrator's own account.
    pub is_own: bool,
    /// A link with which its owner may set a password is good until then.
    pub link_until: Option<Moment>,
    pub sessions: Vec<LiveSessionView>,
    /// The newest first.
    pub activity: Vec<AuditEntryView>,
    pub notice: Option<UserNotice>,
    pub refusal: Option<Refusal>,
}

/// An entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntryView {
    /// Names the entry: one that has happened again comes again.
    pub id: String,
    pub at: Moment,
    /// A sentence.
    pub what: Vec<Part>,
    pub address: String,
    /// In words; empty for commands and for the server itself.
    pub device: String,
    pub times: u64,
}

/// A page of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditView {
    /// Of the administrator.
    pub display_name: String,
    /// What it is narrowed to.
    pub narrowed: AuditFilter,
    /// The same as the query of an address; empty where it is narrowed to nothing.
    pub query: String,
    /// What it can be narrowed to, with the names of these.
    pub kinds: Vec<(String, String)>,
    pub entries: Vec<AuditEntryView>,
    /// Where the older entries are: a path of ours.
    pub older: Option<String>,
    pub is_newest: bool,
    /// What happens from now on is shown as well.
    pub is_followed: bool,
}

/// What a page of the audit log is narrowed to; what is empty narrows nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditFilter {
    /// A name that nobody has shows nothing.
    pub user: String,
    pub event: String,
    /// The first and the last day, in UTC.
    pub since: String,
    pub until: String,
}

/// What an administrator has just done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserNotice {
    Disabled {
        ended: u64,
    },
    Enabled,
    Promoted,
    Demoted,
    SessionsEnded {
        count: u64,
    },
    Deleted {
        username: String,
        ended: u64,
    },
    /// Shown once: nobody can be told it again.
    LinkMade(LinkView),
}

/// A link, as it is handed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkView {
    pub username: String,
    pub purpose: LinkPurpose,
    /// The address of the page, without the secret.
    pub page: String,
    pub secret: LinkSecret,
    pub until: Moment,
}
