//! `vestibule user …`.

mod arguments;
mod rows;

pub use arguments::Command;

use super::{
    CliError, open_core,
    output::{PagedTable, ROWS_PER_PAGE, counted, to_stderr, write_rows},
    password::new_password,
};
use crate::{
    domain::{
        user::{LookupKey, User, UserFilter, UserSearch},
        views::EditDraft,
    },
    server::{
        config::Config,
        core::{
            Core,
            accounts::{
                password_links::{self, MadeLink},
                users::{self, UserDraft, UserError},
            },
            actor::{self, Admin},
        },
        db::IfMissing,
        web::layers::origin::Site,
    },
};
use arguments::{Edit, Invitation, Named, NewUser};
use rows::{LinkRow, UserRow};
use std::io::{self, BufRead, Read};

pub async fn run(command: Command, config: &Config) -> Result<(), CliError> {
    let check = |draft: UserDraft| draft.check().map_err(UserError::from);
    let if_missing = match &command {
        // Validated first: a refused name must not create a database.
        Command::Create(new) => check(new.details.draft(&new.name)).map(|_| IfMissing::Create)?,
        _ => IfMissing::Refuse,
    };
    let core = open_core(config, if_missing).await?;
    let admin = actor::on_this_machine();
    let outcome = carry_out(command, &core, &admin, config).await;
    core.db.close().await;
    outcome
}

async fn carry_out(
    command: Command,
    core: &Core,
    admin: &Admin,
    config: &Config,
) -> Result<(), CliError> {
    match command {
        Command::Create(new) => create(core, admin, &new).await,
        Command::Invite(invitation) => invite(core, admin, config, &invitation).await,
        Command::List { search, only, json } => list(core, search.as_deref(), only, json).await,
        Command::Edit(edit) => self::edit(core, admin, &edit).await,
        Command::Show { name, json } => show(core, &name, json).await,
        Command::Reset { name, json } => reset(core, admin, config, &name, json).await,
        Command::Delete { name, yes } => delete(core, admin, &name, yes).await,
        Command::Disable(Named { name }) => {
            let user = users::find(core, &name).await?;
            let ended = users::disable(core, admin, &user).await?;
            let ended = counted(ended, "session");
            report(&format!("{} is disabled; {ended} ended.", user.username))
        }
        Command::Enable(Named { name }) => {
            let user = users::find(core, &name).await?;
            users::enable(core, admin, &user).await?;
            report(&format!("{} can sign in again.", user.username))
        }
        Command::Promote(Named { name }) => {
            let user = users::find(core, &name).await?;
            let is_new = users::promote(core, admin, &user).await?;
            let word = if is_new { "now" } else { "already" };
            report(&format!("{} is {word} an administrator.", user.username))
        }
        Command::Demote(Named { name }) => {
            let user = users::find(core, &name).await?;
            let was = users::demote(core, admin, &user).await?;
            let word = if was { "no longer" } else { "not" };
            report(&format!("{} is {word} an administrator.", user.username))
        }
        Command::SetPassword {
            name,
            password_stdin,
        } => {
            let user = users::find(core, &name).await?;
            let password = new_password(password_stdin)?;
            let ended = users::set_password(core, admin, &user, &password).await?;
            let ended = counted(ended, "session");
            report(&format!(
                "{} has a new password; {ended} ended.",
                user.username
            ))
        }
    }
}

fn report(line: &str) -> Result<(), CliError> {
    to_stderr(line);
    Ok(())
}

/// Wide enough for most accounts.
const WIDTHS: &[usize] = &[20, 30, 24, 13, 8, 20, 20];

async fn list(
    core: &Core,
    search: Option<&str>,
    only: Option<UserFilter>,
    json: bool,
) -> Result<(), CliError> {
    let search = UserSearch::of(search.unwrap_or_default(), only);
    let mut after = None;
    let mut table = PagedTable::new(WIDTHS, json);
    loop {
        let found = users::page(core, &search, after.as_ref(), ROWS_PER_PAGE).await?;
        let rows: Vec<_> = found.users.into_iter().map(UserRow::from).collect();
        table.write(&rows, found.next.is_none())?;
        after = found.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

async fn show(core: &Core, name: &str, json: bool) -> Result<(), CliError> {
    let user = users::find_by_any_name(core, name).await?;
    let names = [Some(&user.username), user.email.as_ref()];
    let has_name = |one: &String| LookupKey::of(one) == LookupKey::of(name);
    if !names.into_iter().flatten().any(has_name) {
        to_stderr(&format!("{} had this username before.", user.username));
    }
    Ok(write_rows(&[UserRow::from(user)], json)?)
}

/// Properties without an option keep their value.
async fn edit(core: &Core, admin: &Admin, edit: &Edit) -> Result<(), CliError> {
    let user = users::find(core, &edit.name).await?;
    let draft = EditDraft {
        username: edit.username.clone(),
        display_name: edit.display_name.clone(),
        email: edit.email.clone(),
    };
    users::edit(core, admin, &user.id, &draft).await?;
    let username = draft.username.as_deref().unwrap_or(&user.username);
    report(&format!("{} was changed.", username.trim()))
}

/// The draft is validated before the password is asked for, so that an error costs no typing.
async fn create(core: &Core, admin: &Admin, new: &NewUser) -> Result<(), CliError> {
    let draft = new
        .details
        .draft(&new.name)
        .check()
        .map_err(UserError::from)?;
    users::create(core, admin, &draft, &new_password(new.password_stdin)?).await?;
    let user = users::find(core, &new.name).await?;
    if new.json {
        return Ok(write_rows(&[UserRow::from(user)], true)?);
    }
    report(&format!("{} can sign in now.", user.username))
}

/// An account without a password gets another link; the previous one becomes invalid.
async fn invite(
    core: &Core,
    admin: &Admin,
    config: &Config,
    invitation: &Invitation,
) -> Result<(), CliError> {
    let Invitation {
        name,
        details,
        json,
    } = invitation;
    let link = match users::find(core, name).await {
        Ok(user) if user.has_password => {
            let reason =
                "already has a password. Create a password reset link with `vestibule user reset`.";
            return Err(CliError::Refused(format!("{} {reason}", user.username)));
        }
        Ok(user) if details.has_any() => {
            let reason =
                "this account already exists; invite it by its username alone, without options.";
            return Err(CliError::Refused(format!("{}: {reason}", user.username)));
        }
        Ok(user) => password_links::make(core, admin, &user).await?,
        Err(UserError::NotFound) => {
            let draft = details.draft(name).check().map_err(UserError::from)?;
            password_links::invite(core, admin, &draft).await?
        }
        Err(error) => return Err(error.into()),
    };
    let user = users::find(core, name).await?;
    print_link(&user, &link, config, *json)
}

async fn reset(
    core: &Core,
    admin: &Admin,
    config: &Config,
    name: &str,
    json: bool,
) -> Result<(), CliError> {
    let user = users::find(core, name).await?;
    if !user.has_password {
        let reason = "has no password yet. Create an invitation link with `vestibule user invite`.";
        return Err(CliError::Refused(format!("{} {reason}", user.username)));
    }
    let link = password_links::make(core, admin, &user).await?;
    print_link(&user, &link, config, json)
}

/// The link is printed to standard output only, and cannot be shown again.
fn print_link(user: &User, link: &MadeLink, config: &Config, json: bool) -> Result<(), CliError> {
    let site = Site::new(config.public_url.clone(), config.site_addr.port());
    let row = LinkRow {
        user: user.username.clone(),
        purpose: link.purpose.as_str(),
        expires_at: crate::server::clock::rfc3339(link.expires_at),
        link: link.address(&site.public_url.origin()),
    };
    if json {
        return Ok(write_rows(&[row], true)?);
    }
    to_stderr(&format!(
        "Copy this link for {} now. It is shown once and works once, until {}. Anyone with it can take over the \
         account, so send it privately:",
        row.user, row.expires_at
    ));
    Ok(super::output::write_line(&row.link)?)
}

async fn delete(core: &Core, admin: &Admin, name: &str, yes: bool) -> Result<(), CliError> {
    let user = users::find(core, name).await?;
    if !yes {
        confirm(&user)?;
    }
    let ended = users::delete(core, admin, &user).await?;
    let ended = counted(ended, "session");
    report(&format!("{} is deleted; {ended} ended.", user.username))
}

/// Asks for the username, on the terminal or in one line of standard input.
fn confirm(user: &User) -> Result<(), CliError> {
    const MAX_BYTES: u64 = 4_096;
    let name = &user.username;
    to_stderr(&format!(
        "This deletes {name} and signs out all devices. It cannot be undone. Type the username to confirm:"
    ));
    let mut input = String::new();
    io::stdin().lock().take(MAX_BYTES).read_line(&mut input)?;
    if LookupKey::of(&input) == LookupKey::of(name) {
        return Ok(());
    }
    Err(CliError::Refused(format!(
        "that does not match “{name}”. Nothing was deleted. Without a terminal, use --yes."
    )))
}
