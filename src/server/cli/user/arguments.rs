//! The arguments of `vestibule user …`.

use crate::{domain::user::UserFilter, server::core::accounts::users::UserDraft};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Create an account with a password
    Create(NewUser),
    /// Print a link with which a person sets their first password; makes the account where there is none
    Invite(Invitation),
    /// List all accounts
    List {
        /// Only those with words that begin so, in the username, the email or the full name
        #[arg(long, value_name = "WORDS")]
        search: Option<String>,
        /// Only those in this state: administrators, disabled, invited or never_signed_in
        #[arg(long, value_name = "STATE", value_parser = state)]
        only: Option<UserFilter>,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Show one account
    Show {
        /// The name or the e-mail address
        name: String,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Change the username, the full name or the email of an account
    Edit(Edit),
    /// Forbid an account to sign in, and end all its sessions now
    Disable(Named),
    /// Let a disabled account sign in again
    Enable(Named),
    /// Make an account an administrator
    Promote(Named),
    /// Make an account an administrator no more
    Demote(Named),
    /// Give an account a new password, and end all its sessions now
    SetPassword {
        /// The name or the e-mail address
        name: String,
        /// Read the password from one line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// Print a link with which a person sets a new password; the old one is good until it is used
    Reset {
        /// The name or the e-mail address
        name: String,
        /// Print the link as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Delete an account with its sessions; the audit log keeps its name
    Delete {
        /// The name or the e-mail address
        name: String,
        /// Do not ask for the name once more
        #[arg(long)]
        yes: bool,
    },
}

fn state(word: &str) -> Result<UserFilter, String> {
    let words = UserFilter::ALL.map(UserFilter::as_str).join(", ");
    UserFilter::parse(word).ok_or_else(|| format!("it is none of {words}"))
}

/// What is to be changed of an account.
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
    /// The name or the e-mail address
    pub(super) name: String,
}

/// What is known of a new account beside its name.
#[derive(clap::Args)]
pub(super) struct Details {
    /// An address that can be typed in place of the name
    #[arg(long)]
    pub(super) email: Option<String>,
    /// How pages greet the person [default: the name]
    #[arg(long)]
    pub(super) display_name: Option<String>,
    /// What their dashboard says about the person
    #[arg(long, default_value = "")]
    pub(super) description: String,
    /// Make it an administrator
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
    /// 1 to 64 letters and digits, with single dots, hyphens or underscores between them
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
    /// The name of a new account, or the name or e-mail address of one that has no password yet
    pub(super) name: String,
    #[command(flatten)]
    pub(super) details: Details,
    /// Print the link as one JSON object
    #[arg(long)]
    pub(super) json: bool,
}
