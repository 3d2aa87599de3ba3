//! The pages, files and streams that there are: where each stands, and who may ask for it.

use super::views::{
    AccountView, AuditView, ConfirmView, DashboardView, LoginView, LogoutView, OwnActivityView,
    PasswordLinkView, PasswordView, ProfileView, SessionsView, SetupView, SignedOutView, UsersView,
};
use serde::{Deserialize, Serialize};

/// Who may ask for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Anyone,
    SignedIn,
    /// To everybody else there is no such page.
    Administrator,
}

/// Makes the enum, and its tables, of one row for each page.
macro_rules! pages {
    ($($(#[$note:meta])* $name:ident: $path:literal for $access:ident $(, tab $tab:literal)?;)*) => {
        /// A page. Every navigation is a page load (ADR 4), so the server finds the page and the browser brings to
        /// life what it was sent: these rows are all the router that there has to be.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Page {
            $($(#[$note])* $name,)*
        }

        impl Page {
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The pages of a person's own account, as the navigation between them names them.
            pub const ACCOUNT_TABS: &'static [(Self, &'static str)] = &[$($((Self::$name, $tab),)?)*];

            /// Where it stands. A segment in braces stands for any one that is not empty.
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
    /// Leads on: to the dashboard or to the sign-in page.
    Home: "/" for Anyone;
    Login: "/login" for Anyone;
    Logout: "/logout" for Anyone;
    SignedOut: "/signed-out" for Anyone;
    Dashboard: "/dashboard" for SignedIn, tab "Dashboard";
    Sessions: "/account/sessions" for SignedIn, tab "Sessions";
    OwnActivity: "/account/activity" for SignedIn, tab "Activity";
    Profile: "/account/profile" for SignedIn, tab "Profile";
    Password: "/account/password" for SignedIn, tab "Password";
    Confirm: "/account/confirm" for SignedIn;
    /// Leads on to the page for a new password, from where password managers look for it (W3C, "A Well-Known URL for
    /// Changing Passwords").
    ChangePassword: "/.well-known/change-password" for Anyone;
    /// There only until the first account exists.
    Setup: "/setup" for Anyone;
    /// The owner of a link has no password yet. What comes behind `#` stays in the browser: no server's log holds it.
    PasswordLink: "/password-link" for Anyone;
    Users: "/admin/users" for Administrator;
    Account: "/admin/users/{id}" for Administrator;
    Audit: "/admin/activity" for Administrator;
}

/// A page and all that it shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PageView {
    Login(LoginView),
    Logout(LogoutView),
    SignedOut(SignedOutView),
    Dashboard(Box<DashboardView>),
    Sessions(Box<SessionsView>),
    OwnActivity(Box<OwnActivityView>),
    Profile(Box<ProfileView>),
    Password(PasswordView),
    Confirm(ConfirmView),
    Setup(SetupView),
    PasswordLink(PasswordLinkView),
    Users(Box<UsersView>),
    Account(Box<AccountView>),
    Audit(Box<AuditView>),
}

impl Page {
    /// The page of one account, by its id.
    pub fn of_account(id: &str) -> String {
        Self::Account.path().replace("{id}", id)
    }

    /// Whether the password must have been typed not long ago: these show what belongs to other people.
    pub const fn needs_fresh_password(self) -> bool {
        matches!(self, Self::Account | Self::Audit)
    }

    /// Whether the other sign-ins are looked up with the session: a second statement would cost more than what it
    /// finds (ADR 22).
    pub const fn needs_sign_ins(self) -> bool {
        matches!(self, Self::Dashboard)
    }

    /// Whether it shows what a form had to say, which is then over. The others leave it to the page behind them.
    pub const fn shows_messages(self) -> bool {
        !matches!(self, Self::Logout | Self::Dashboard)
    }

    /// Whether it gives back what was typed before the password was asked for.
    pub const fn shows_drafts(self) -> bool {
        matches!(self, Self::Profile | Self::Users)
    }
}

/// What is no page and is kept as a file.
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
    /// How long its session lives, and that it has ended.
    Session,
    /// What happens, for an open page of the audit log.
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
mod tests {
    use super::*;

    /// A path that one of them has is no other's, and what belongs to administrators says so.
    #[test]
    fn each_stands_somewhere_else() {
        let pages = Page::ALL.iter().map(|page| (page.path(), page.access()));
        let files = Download::ALL.map(|file| (file.path(), file.page().access()));
        let streams = Stream::ALL.map(|stream| (stream.path(), stream.access()));
        let all: Vec<_> = pages.chain(files).chain(streams).collect();
        for (at, (path, access)) in all.iter().enumerate() {
            assert!(path.starts_with('/'), "{path}");
            assert!(all[..at].iter().all(|(other, _)| other != path), "{path}");
            let is_for_administrators = path.starts_with("/admin/");
            assert_eq!(
                *access == Access::Administrator,
                is_for_administrators,
                "{path}"
            );
        }
    }

    #[test]
    fn an_account_has_a_page_of_its_own() {
        assert_eq!(Page::of_account("abc"), "/admin/users/abc");
    }
}
