//! The arguments of `vestibule user …`.

use crate::{domain::user::UserFilter, server::core::accounts::users::UserDraft};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Create an account with a password
    Create(NewUser),
    /// Print an invitation link, with which a person sets their first password; create the account if absent
    Invite(Invitation),
    /// List all accounts
    List {
        /// Only accounts with words that begin like these, in the username, the email or the full name
        #[arg(long, value_name = "WORDS")]
        search: Option<String>,
        /// Only accounts in this state: administrators, disabled, invited or never_signed_in
        #[arg(long, value_name = "STATE", value_parser = state)]
        only: Option<UserFilter>,
        /// Print one JSON object on each line
        #[arg(long)]
        json: bool,
    },
    /// Show one account
    Show {
        /// The username, now or before, or the email
        name: String,
        /// Print one JSON object on each line
        #[arg(long)]
        json: bool,
    },
    /// Change the username, the full name or the email of an account
    Edit(Edit),
    /// Disable an account, and end all its sessions now
    Disable(Named),
    /// Enable a disabled account
    Enable(Named),
    /// Make an account an administrator
    Promote(Named),
    /// Remove the administrator role of an account
    Demote(Named),
    /// Set a new password for an account, and end all its sessions now
    SetPassword {
        /// The username or the email
        name: String,
        /// Read the password from one line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Print a password reset link; the current password is valid until the link is used
    Reset {
        /// The username or the email
        name: String,
        /// Print the link as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Delete an account with its sessions; the audit log keeps its username
    Delete {
        /// The username or the email
        name: String,
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
    },
}

fn state(word: &str) -> Result<UserFilter, String> {
    let words = UserFilter::ALL.map(UserFilter::as_str).join(", ");
    UserFilter::parse(word).ok_or_else(|| format!("use one of {words}"))
}

/// Changes of an account.
#[derive(clap::Args)]
pub struct Edit {
    /// The username or the email
    pub(super) name: String,
    /// A new username; the old one stays reserved to the account
    #[arg(long, required_unless_present_any = ["display_name", "email"])]
    pub(super) username: Option<String>,
    /// A new full name; empty for the username
    #[arg(long)]
    pub(super) display_name: Option<String>,
    /// A new email; empty for none
    #[arg(long)]
    pub(super) email: Option<String>,
}

#[derive(clap::Args)]
pub struct Named {
    /// The username or the email
    pub(super) name: String,
}

/// The optional properties of a new account.
#[derive(clap::Args)]
pub(super) struct Details {
    /// The email, with which the person can sign in too
    #[arg(long)]
    pub(super) email: Option<String>,
    /// The full name [default: the username]
    #[arg(long)]
    pub(super) display_name: Option<String>,
    /// A text about the person, shown on their dashboard
    #[arg(long, default_value = "")]
    pub(super) description: String,
    /// Make the account an administrator
    #[arg(long)]
    pub(super) admin: bool,
}

impl Details {
    pub(super) fn draft(&self, name: &str) -> UserDraft {
        UserDraft {
            username: name.to_owned(),
            email: self.email.clone(),
            display_name: self.display_name.clone(),
            description: self.description.clone(),
            is_admin: self.admin,
        }
    }

    /// Whether an option is set that has no effect on an existing account.
    pub(super) fn has_any(&self) -> bool {
        let Self {
            email,
            display_name,
            description,
            admin,
        } = self;
        email.is_some() || display_name.is_some() || !description.is_empty() || *admin
    }
}

#[derive(clap::Args)]
pub struct NewUser {
    /// The username: 1 to 64 letters and digits, with single dots, hyphens or underscores between them
    #[arg(value_name = "USERNAME")]
    pub(super) name: String,
    #[command(flatten)]
    pub(super) details: Details,
    /// Read the password from one line of standard input
    #[arg(long)]
    pub(super) password_stdin: bool,
    /// Print the new account as one JSON object
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(clap::Args)]
pub struct Invitation {
    /// The username of a new account, or the username or email of one without a password
    #[arg(value_name = "USERNAME")]
    pub(super) name: String,
    #[command(flatten)]
    pub(super) details: Details,
    /// Print the link as one JSON object
    #[arg(long)]
    pub(super) json: bool,
}
