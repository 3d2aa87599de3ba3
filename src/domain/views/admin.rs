//! The pages of administrators.

use super::{AccessKeyView, KindView, LiveSessionView, OriginView};
use crate::{
    domain::{
        audit::Part,
        moment::Moment,
        password_link::{LinkPurpose, LinkSecret},
        user::UserFilter,
    },
    error::Refusals,
};
use serde::{Deserialize, Serialize};

/// One page of the list of accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsersView {
    /// The search text.
    pub search: String,
    pub filter: Option<UserFilter>,
    pub users: Vec<UserView>,
    /// The next page of the list: a path of ours.
    pub next: Option<String>,
    /// The first page of the same list, on later ones.
    pub first: Option<String>,
    pub notice: Option<UserNotice>,
}

/// The page that invites a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteView {
    /// The input before a refusal, or before the password was confirmed.
    pub draft: InvitationDraft,
    /// The password was confirmed after the form was sent, and nothing was done yet.
    pub is_unsent: bool,
    pub refusal: Option<Refusals>,
    /// The link of the account that was just made.
    pub made: Option<LinkView>,
}

/// An account in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserView {
    /// Public: it gives no access.
    pub id: String,
    pub username: String,
    pub display_name: String,
    pub email: Option<String>,
    pub is_admin: bool,
    pub state: UserState,
    pub created: Moment,
    pub last_sign_in: Option<Moment>,
}

/// Whether an account can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserState {
    Enabled,
    Disabled,
    /// Without a password yet.
    Invited,
}

/// An administrator's input for a new account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationDraft {
    pub username: String,
    /// Empty if absent.
    pub email: String,
    /// If empty, pages show the username.
    pub display_name: String,
    pub is_admin: bool,
}

/// An administrator's changes of the names of an account. What is absent keeps its value: its owner may have changed it
/// since the administrator saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditDraft {
    pub username: Option<String>,
    /// If empty, pages show the username.
    pub display_name: Option<String>,
    /// If empty, it is removed.
    pub email: Option<String>,
}

/// The fields of the form for the names of an account.
pub struct NameFields {
    pub username: String,
    pub display_name: String,
    /// Empty if absent.
    pub email: String,
}

impl EditDraft {
    /// The fields that differ from those that the form was shown with; all of them if that is not known.
    pub fn of_form(shown: &NameFields, input: NameFields) -> Self {
        let is_known = !shown.username.is_empty();
        let changed = |shown: &str, input: String| (!is_known || input != shown).then_some(input);
        Self {
            username: changed(&shown.username, input.username),
            display_name: changed(&shown.display_name, input.display_name),
            email: changed(&shown.email, input.email),
        }
    }
}

/// The form for the names of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditView {
    /// The changes before a refusal, or before the password was confirmed. The other fields show what is stored.
    pub draft: EditDraft,
    /// The password was confirmed after the form was sent, and nothing was saved yet.
    pub is_unsaved: bool,
    pub refusal: Option<Refusals>,
    /// The usernames that the account had before, which are reserved to it.
    pub given_up: Vec<String>,
}

/// One account, for administrators. Only the server renders what is not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    pub user: UserView,
    pub edit: EditView,
    #[serde(skip)]
    pub description: String,
    /// The administrator's own account.
    pub is_own: bool,
    /// The session of this browser, if it is one of the account's.
    pub own_session: Option<String>,
    /// The owner may set a password by a link until then.
    #[serde(skip)]
    pub link_until: Option<Moment>,
    pub sessions: Vec<LiveSessionView>,
    /// The access keys that are live or suspended.
    pub keys: Vec<AccessKeyView>,
    /// The newest first.
    #[serde(skip)]
    pub activity: Vec<AuditEntryView>,
    pub notice: Option<UserNotice>,
    pub refusal: Option<Refusals>,
}

/// An entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntryView {
    /// Identifies the entry. If it happens again, it is sent again with the same id.
    pub id: String,
    pub at: Moment,
    /// The description, a sentence.
    pub what: Vec<Part>,
    pub origin: OriginView,
    pub times: u64,
    /// It has arrived while the page was open. Set by the page.
    #[serde(default, skip)]
    pub is_new: bool,
}

/// A page of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditView {
    /// The current filter. Only the server renders it.
    #[serde(skip)]
    pub narrowed: AuditFilter,
    /// The filter as the query of a URL; empty without a filter.
    pub query: String,
    /// The kinds that it can be filtered by. Only the server renders them.
    #[serde(skip)]
    pub kinds: Vec<KindGroupView>,
    pub entries: Vec<AuditEntryView>,
    /// The page of the older entries: a path of ours.
    pub older: Option<String>,
    pub is_newest: bool,
}

/// The filter of a page of the audit log; empty values do not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// A name without an account shows nothing.
    pub user: String,
    pub event: String,
    /// The first and the last day.
    pub since: String,
    pub until: String,
    /// The time zone of these days, as in the IANA's database; empty for UTC.
    pub zone: String,
}

/// Kinds of events that belong together, in a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindGroupView {
    pub title: String,
    pub kinds: Vec<KindView>,
}

/// The outcome of an administrator's action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserNotice {
    Disabled {
        ended: u64,
    },
    Enabled,
    Promoted,
    Demoted,
    Edited,
    SessionsEnded {
        count: u64,
    },
    KeyRevoked,
    KeyConfirmed,
    Deleted {
        username: String,
        ended: u64,
    },
    /// Shown once: it cannot be read again.
    LinkMade(LinkView),
}

/// A link for the administrator to hand on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkView {
    pub username: String,
    pub purpose: LinkPurpose,
    /// The address of the page, without the secret.
    pub page: String,
    pub secret: LinkSecret,
    pub until: Moment,
}
