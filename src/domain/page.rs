//! All pages, files and streams: their paths, and who has access.

mod view;

pub use view::{AdministrationView, Document, InteractiveView, PageView, StaticView};

use super::access_key::Scope;

/// Who has access to a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Anyone,
    SignedIn,
    /// For all others the page does not exist.
    Administrator,
}

/// A group of pages in the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Account,
    Security,
    Administration,
}

impl Group {
    pub const ALL: [Self; 3] = [Self::Account, Self::Security, Self::Administration];

    pub const fn title(self) -> &'static str {
        match self {
            Self::Account => "Account",
            Self::Security => "Security",
            Self::Administration => "Administration",
        }
    }
}

/// The page that shows the JSON API. It is no [`Page`]: its script is not ours, and it is not hydrated.
pub const API_VIEWER: &str = "/api/docs";

/// The web app manifest: what a browser needs for a shortcut to the site.
pub const MANIFEST: &str = "/site.webmanifest";

/// Generates the enum and its tables from one row for each page.
macro_rules! pages {
    ($($(#[$note:meta])* $name:ident: $path:literal for $access:ident $(, in $group:ident $label:literal)?;)*) => {
        /// A page. Every navigation is a page load (ADR 4): the server selects the page, and the browser hydrates what
        /// it received. So these rows are the whole router.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Page {
            $($(#[$note])* $name,)*
        }

        impl Page {
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The pages in the navigation, with their groups and labels there.
            pub const MENU: &'static [(Self, Group, &'static str)] =
                &[$($((Self::$name, Group::$group, $label),)?)*];

            /// Its path. A segment in braces matches any segment that is not empty.
            pub const fn path(self) -> &'static str {
                match self {
                    $(Self::$name => $path,)*
                }
            }

            pub const fn access(self) -> Access {
                match self {
                    $(Self::$name => Access::$access,)*
                }
            }
        }
    };
}

pages! {
    /// Redirects to the dashboard or to the sign-in page.
    Home: "/" for Anyone;
    Login: "/login" for Anyone;
    /// Exists only if the server permits it.
    LoginKey: "/login/key" for Anyone;
    /// For users who cannot sign in. It depends on no account.
    Help: "/help" for Anyone;
    Logout: "/logout" for Anyone;
    SignedOut: "/signed-out" for Anyone;
    Dashboard: "/dashboard" for SignedIn, in Account "Overview";
    Sessions: "/account/sessions" for SignedIn, in Account "Sessions";
    OwnActivity: "/account/activity" for SignedIn, in Account "Activity";
    Profile: "/account/profile" for SignedIn, in Account "Profile";
    Password: "/account/password" for SignedIn, in Security "Password";
    AccessKeys: "/account/keys" for SignedIn, in Security "Access keys";
    Confirm: "/account/confirm" for SignedIn;
    /// Redirects to the page for a new password. Password managers expect it at this path (W3C, "A Well-Known URL for
    /// Changing Passwords").
    ChangePassword: "/.well-known/change-password" for Anyone;
    /// Exists only until the first account is created.
    Setup: "/setup" for Anyone;
    /// The owner of a link has no password yet. Browsers do not send what follows `#`, so no server's log contains it.
    PasswordLink: "/password-link" for Anyone;
    Users: "/admin/users" for Administrator, in Administration "Users";
    Invite: "/admin/users/invite" for Administrator;
    Account: "/admin/users/{id}" for Administrator;
    Audit: "/admin/activity" for Administrator, in Administration "Audit log";
    System: "/admin/system" for Administrator, in Administration "System";
}

impl Page {
    /// The page of one account, by its id.
    pub fn of_account(id: &str) -> String {
        Self::Account.path().replace("{id}", id)
    }

    /// The page that the navigation marks while this one is shown: that of the list for a page of one entry.
    #[must_use]
    pub const fn entry(self) -> Self {
        match self {
            Self::Account | Self::Invite => Self::Users,
            page => page,
        }
    }

    /// Whether the password must have been entered recently: these pages show data of other people.
    pub const fn needs_fresh_password(self) -> bool {
        matches!(self, Self::Account | Self::Audit)
    }

    /// The scope that a session needs which was started with an access key. Such a session has no access to the pages
    /// that name none: above all those that change credentials, and those that need a recent password.
    pub const fn scope(self) -> Option<Scope> {
        match self {
            Self::Dashboard | Self::OwnActivity => Some(Scope::ProfileRead),
            Self::Sessions => Some(Scope::SessionsRead),
            Self::Users => Some(Scope::UsersRead),
            Self::Home
            | Self::Login
            | Self::LoginKey
            | Self::Help
            | Self::Logout
            | Self::SignedOut
            | Self::Profile
            | Self::Password
            | Self::AccessKeys
            | Self::Confirm
            | Self::ChangePassword
            | Self::Setup
            | Self::PasswordLink
            | Self::Invite
            | Self::Account
            | Self::Audit
            | Self::System => None,
        }
    }

    /// Whether the other sign-ins are read together with the session: every page of a person announces those that have
    /// to be reviewed. A second statement would cost more than the rows that it finds (ADR 22).
    pub const fn needs_sign_ins(self) -> bool {
        !matches!(self.access(), Access::Anyone) || matches!(self, Self::Help | Self::Logout)
    }

    /// Whether it shows the message of a form, which is then deleted. The others leave it for a later page.
    pub const fn shows_messages(self) -> bool {
        !matches!(self, Self::Logout | Self::Dashboard | Self::Help)
    }
}

/// A target that is saved as a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Download {
    AuditJsonLines,
    AuditCsv,
}

impl Download {
    pub const ALL: [Self; 2] = [Self::AuditJsonLines, Self::AuditCsv];

    pub const fn path(self) -> &'static str {
        match self {
            Self::AuditJsonLines => "/admin/activity.jsonl",
            Self::AuditCsv => "/admin/activity.csv",
        }
    }

    /// The page that links it, and whose access it has.
    pub const fn page(self) -> Page {
        match self {
            Self::AuditJsonLines | Self::AuditCsv => Page::Audit,
        }
    }
}

/// Events for an open page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// When its session expires, and that it has ended.
    Session,
    /// New entries, for an open page of the audit log.
    Audit,
}

impl Stream {
    pub const ALL: [Self; 2] = [Self::Session, Self::Audit];

    pub const fn path(self) -> &'static str {
        match self {
            Self::Session => "/session/events",
            Self::Audit => "/admin/activity/events",
        }
    }

    pub const fn access(self) -> Access {
        match self {
            Self::Session => Access::SignedIn,
            Self::Audit => Page::Audit.access(),
        }
    }
}

#[cfg(test)]
mod tests;
