//! `vestibule user …`.

use super::{
    CliError, open_core,
    output::{Row, to_stderr, write_rows},
    password::new_password,
};
use crate::{
    domain::user::User,
    server::{
        Core,
        config::Config,
        db::IfMissing,
        store,
        users::{self, UserDraft, UserError},
    },
};
use serde::Serialize;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Create an account
    Create(NewUser),
    /// List all accounts
    List {
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
    /// Forbid an account to sign in, and end all its sessions now
    Disable {
        /// The name or the e-mail address
        name: String,
    },
    /// Let a disabled account sign in again
    Enable {
        /// The name or the e-mail address
        name: String,
    },
    /// Give an account a new password, and end all its sessions now
    SetPassword {
        /// The name or the e-mail address
        name: String,
        /// Read the password from one line of standard input
        #[arg(long)]
        password_stdin: bool,
    },
}

#[derive(clap::Args)]
pub struct NewUser {
    /// 1 to 64 letters and digits, with single dots, hyphens or underscores between them
    name: String,
    /// An address that can be typed in place of the name
    #[arg(long)]
    email: Option<String>,
    /// How pages greet the person [default: the name]
    #[arg(long)]
    display_name: Option<String>,
    /// What their dashboard says about the person
    #[arg(long, default_value = "")]
    description: String,
    /// Make it an administrator
    #[arg(long)]
    admin: bool,
    /// Read the password from one line of standard input
    #[arg(long)]
    password_stdin: bool,
    /// Print the new account as one JSON object
    #[arg(long)]
    json: bool,
}

impl NewUser {
    fn draft(&self) -> UserDraft {
        UserDraft {
            username: self.name.clone(),
            email: self.email.clone(),
            display_name: self.display_name.clone(),
            description: self.description.clone(),
            is_admin: self.admin,
        }
    }
}

pub async fn run(command: Command, config: &Config) -> Result<(), CliError> {
    let if_missing = match &command {
        // A refused name makes no database.
        Command::Create(new) => new
            .draft()
            .check()
            .map(|_| IfMissing::Create)
            .map_err(UserError::from)?,
        _ => IfMissing::Refuse,
    };
    let core = open_core(config, if_missing).await?;
    let outcome = carry_out(command, &core).await;
    core.db.close().await;
    outcome
}

async fn carry_out(command: Command, core: &Core) -> Result<(), CliError> {
    match command {
        Command::Create(new) => create(core, &new).await,
        Command::List { json } => {
            let users = store::users::list(&core.db).await?;
            Ok(write_rows(
                &users.iter().map(UserRow::from).collect::<Vec<_>>(),
                json,
            )?)
        }
        Command::Show { name, json } => Ok(write_rows(
            &[UserRow::from(&users::find(core, &name).await?)],
            json,
        )?),
        Command::Disable { name } => {
            let user = users::find(core, &name).await?;
            let ended = users::disable(core, &user).await?;
            to_stderr(&format!(
                "{} is disabled; {ended} sessions ended.",
                user.username
            ));
            Ok(())
        }
        Command::Enable { name } => {
            let user = users::find(core, &name).await?;
            users::enable(core, &user).await?;
            to_stderr(&format!("{} can sign in again.", user.username));
            Ok(())
        }
        Command::SetPassword {
            name,
            password_stdin,
        } => {
            let user = users::find(core, &name).await?;
            let ended = users::set_password(core, &user, &new_password(password_stdin)?).await?;
            to_stderr(&format!(
                "{} has a new password; {ended} sessions ended.",
                user.username
            ));
            Ok(())
        }
    }
}

/// The draft is checked before the password is asked for, so that nobody types it in vain.
async fn create(core: &Core, new: &NewUser) -> Result<(), CliError> {
    let draft = new.draft().check().map_err(UserError::from)?;
    users::create(core, &draft, &new_password(new.password_stdin)?).await?;
    let user = users::find(core, &new.name).await?;
    if new.json {
        return Ok(write_rows(&[UserRow::from(&user)], true)?);
    }
    to_stderr(&format!("{} can sign in now.", user.username));
    Ok(())
}

/// An account as the command line shows it.
#[derive(Serialize)]
struct UserRow {
    id: String,
    username: String,
    email: Option<String>,
    display_name: String,
    description: String,
    admin: bool,
    disabled: bool,
}

impl From<&User> for UserRow {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            username: user.username.clone(),
            email: user.email.clone(),
            display_name: user.display_name.clone(),
            description: user.description.clone(),
            admin: user.is_admin,
            disabled: user.disabled,
        }
    }
}

impl Row for UserRow {
    const HEADINGS: &'static [&'static str] = &["NAME", "E-MAIL", "DISPLAY NAME", "ROLE", "STATE"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.username.clone(),
            self.email.clone().unwrap_or_default(),
            self.display_name.clone(),
            if self.admin {
                "administrator"
            } else {
                "member"
            }
            .to_owned(),
            if self.disabled { "disabled" } else { "enabled" }.to_owned(),
        ]
    }
}
