//! The sessions and sign-ins of a user, on pages.

use crate::{
    domain::{
        device::DeviceKind,
        id::short,
        moment::{Moment, RelativeMoment},
    },
    error::Refusals,
};
use serde::{Deserialize, Serialize};

/// A session, on the pages of its owner and of administrators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// In words.
    pub device: String,
    /// The name that its owner has given to the browser; empty if none.
    pub name: String,
    pub kind: DeviceKind,
    pub address: String,
    pub remember: bool,
    pub method: SignInMethod,
    pub signed_in_at: Moment,
    pub idle_ends_at: Moment,
    pub absolute_ends_at: Moment,
}

impl SessionView {
    /// The name that its owner has given to the browser, otherwise the device in words.
    pub fn called(&self) -> &str {
        if self.name.is_empty() {
            &self.device
        } else {
            &self.name
        }
    }
}

/// The proof with which a session was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignInMethod {
    Password,
    /// It can do what the key permits.
    AccessKey,
    /// The link with which the owner chose the first password.
    Invitation,
}

impl SignInMethod {
    pub const fn title(self) -> &'static str {
        match self {
            Self::Password => "Password",
            Self::AccessKey => "Access key",
            Self::Invitation => "Invitation link",
        }
    }
}

/// Another sign-in of the owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInView {
    /// That of its session: public, it gives no access.
    pub id: String,
    pub has_ended: bool,
    pub device: String,
    /// The name that its owner has given to the browser; empty if none.
    pub name: String,
    pub kind: DeviceKind,
    pub address: String,
    pub at: Moment,
}

impl SignInView {
    /// The end of the id, by which an open page compares it with later ones.
    pub fn short_id(&self) -> &str {
        short(&self.id)
    }
}

/// Sign-ins from new browsers, on every page of their owner until they are recognised or disowned.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSignInsView {
    /// The newest first.
    pub sign_ins: Vec<SignInView>,
    /// The number of further ones.
    pub more: u32,
    /// This browser is known: only in a known one can a sign-in be recognised.
    pub may_recognise: bool,
    /// The page to which the answer returns.
    pub here: String,
}

/// The page on which users see their sessions, and end them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionsView {
    pub current: LiveSessionView,
    /// The most recently used first.
    pub others: Vec<LiveSessionView>,
    /// The number of live access keys, which signing out everywhere revokes.
    pub keys: u64,
    /// Whether this browser is known: only in a known one can browsers be named.
    pub may_name: bool,
    pub notice: Option<SessionsNotice>,
    /// A name that was refused, without the script.
    pub refused_name: Option<RefusedNameView>,
}

/// The input for the name of a device, and why it was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedNameView {
    /// The session by which the device was chosen.
    pub session: String,
    pub input: String,
    pub refusal: Refusals,
}

/// What was just done on the page of the sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionsNotice {
    SignedOut {
        device: String,
        /// It had not ended before.
        was_live: bool,
    },
    OthersSignedOut {
        count: u64,
    },
    /// Without a name it was removed.
    Named {
        name: String,
    },
}

/// A session that can be ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveSessionView {
    /// Public: it gives no access.
    pub id: String,
    pub session: SessionView,
    /// From a new browser that the owner has not recognised yet.
    pub is_new: bool,
    /// The browser is on record, so it can be named.
    pub is_on_record: bool,
    pub last_seen: RelativeMoment,
    pub idle_end: RelativeMoment,
    pub absolute_end: RelativeMoment,
}
