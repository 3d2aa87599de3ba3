//! A page with its values.

use crate::domain::views::{
    AccessKeysView, AccountView, AuditView, ConfirmView, DashboardView, FrameView, InviteView,
    LoginKeyView, LoginView, LogoutView, NewSignInsView, OwnActivityView, PasswordLinkView,
    PasswordView, ProfileView, ProxyDiagnosis, SessionsView, SetupView, SignedOutView, UsersView,
};
use serde::{Deserialize, Serialize};

/// A page with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageView {
    Interactive(InteractiveView),
    Static(StaticView),
}

impl From<InteractiveView> for PageView {
    fn from(view: InteractiveView) -> Self {
        Self::Interactive(view)
    }
}

impl From<AdministrationView> for PageView {
    fn from(view: AdministrationView) -> Self {
        Self::Interactive(InteractiveView::Administration(view))
    }
}

impl From<StaticView> for PageView {
    fn from(view: StaticView) -> Self {
        Self::Static(view)
    }
}

/// A page that the browser hydrates: it gets the values too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InteractiveView {
    Login(LoginView),
    LoginKey(LoginKeyView),
    Logout(LogoutView),
    Sessions(Box<SessionsView>),
    Profile(Box<ProfileView>),
    Password(PasswordView),
    AccessKeys(Box<AccessKeysView>),
    Confirm(ConfirmView),
    Setup(SetupView),
    PasswordLink(Box<PasswordLinkView>),
    Administration(AdministrationView),
}

/// A page of administrators that the browser hydrates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AdministrationView {
    Invite(Box<InviteView>),
    Account(Box<AccountView>),
    /// While it is followed: new entries are shown as they happen.
    FollowedAudit(Box<AuditView>),
}

/// A page on which nothing but the frame reacts to a script. Only the server renders it, and its values stay there
/// (ADR 55).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StaticView {
    Help,
    SignedOut(SignedOutView),
    Dashboard(Box<DashboardView>),
    OwnActivity(Box<OwnActivityView>),
    Users(Box<UsersView>),
    Audit(Box<AuditView>),
    System(ProxyDiagnosis),
}

/// Everything that a document is rendered from again in the browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    pub frame: FrameView,
    /// The sign-ins that a person has to review, on every page of theirs.
    pub news: Option<NewSignInsView>,
    /// `None` for a static page.
    pub view: Option<InteractiveView>,
}
