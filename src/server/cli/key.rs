//! `vestibule key …`.

use super::{
    CliError, open_core,
    output::{PagedTable, ROWS_PER_PAGE, Row, counted, to_stderr, write_line, write_rows},
};
use crate::{
    domain::{
        access_key::{AccessKey, AccessKeyDraft, AccessKeyId, KeyState, Scope},
        moment::Timestamp,
    },
    server::{
        clock::rfc3339,
        config::Config,
        core::{
            Core,
            accounts::{
                access_keys,
                users::{self, UserError},
            },
            actor::{self, Admin},
        },
        db::IfMissing,
        token::key::KEY_PREFIX,
    },
};
use clap::builder::PossibleValuesParser;
use serde::Serialize;
use std::borrow::Cow;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Create an access key for an account and print it once
    Create(New),
    /// List access keys, the newest first
    List {
        /// Only keys of this account (username or email)
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// Only live and suspended keys
        #[arg(long)]
        live: bool,
        /// Print one JSON object on each line
        #[arg(long)]
        json: bool,
    },
    /// Revoke an access key, or all keys of an account; the sessions started with them end
    Revoke {
        /// The id that `vestibule key list` shows, or the whole key
        #[arg(required_unless_present = "user", conflicts_with = "user")]
        id: Option<String>,
        /// All keys of this account (username or email)
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
    },
    /// Confirm an access key that was suspended because the database was restored
    Confirm {
        /// The id that `vestibule key list` shows
        id: String,
    },
    /// After PostgreSQL was restored from a backup: suspend all access keys until confirmed, and end their sessions
    Suspend {
        /// The keys of all accounts
        #[arg(long, required = true)]
        all: bool,
    },
}

#[derive(clap::Args)]
pub struct New {
    /// The username or the email of the account
    user: String,
    /// A name for the key, such as the program that uses it
    #[arg(long, value_name = "TEXT")]
    name: String,
    /// A permission; repeat it for more. Those of users, activity and tokens need an administrator's account
    #[arg(
        long = "scope",
        value_name = "SCOPE",
        required = true,
        value_parser = PossibleValuesParser::new(Scope::ALL.iter().map(|scope| scope.as_str())),
    )]
    scopes: Vec<String>,
    /// The last day on which the key is valid, in UTC, such as 2026-12-31 [default: in 90 days]
    #[arg(long, value_name = "DAY", default_value = "")]
    last_day: String,
    /// An address or a range from which the key can be used; repeat it for more [default: everywhere]
    #[arg(long = "network", value_name = "RANGE")]
    networks: Vec<String>,
}

pub async fn run(command: Command, config: &Config) -> Result<(), CliError> {
    let core = open_core(config, IfMissing::Refuse).await?;
    let admin = actor::on_this_machine();
    let outcome = match command {
        Command::Create(new) => create(&core, &admin, new).await,
        Command::List { user, live, json } => list(&core, user.as_deref(), live, json).await,
        Command::Revoke { id, user } => match (id, user) {
            (Some(id), _) => revoke(&core, &admin, id).await,
            (None, user) => revoke_all(&core, &admin, &user.unwrap_or_default()).await,
        },
        Command::Confirm { id } => confirm(&core, &admin, id).await,
        Command::Suspend { all: _ } => suspend_all(&core, &admin).await,
    };
    core.db.close().await;
    outcome
}

async fn create(core: &Core, admin: &Admin, new: New) -> Result<(), CliError> {
    let user = users::find(core, &new.user).await?;
    let draft = AccessKeyDraft {
        name: new.name,
        last_day: new.last_day,
        scopes: new.scopes,
        networks: access_keys::networks_field(&new.networks).map_err(UserError::from)?,
    };
    let made = access_keys::make_as_admin(core, admin, &user, &draft).await?;
    to_stderr(&format!(
        "Copy this access key of {} now. It is shown once, and anyone with it can use it.",
        user.username
    ));
    Ok(write_line(made.text.reveal())?)
}

/// Wide enough for most keys.
const WIDTHS: &[usize] = &[32, 16, 20, 30, 20, 20, 12];

async fn list(core: &Core, user: Option<&str>, live: bool, json: bool) -> Result<(), CliError> {
    let now = core.clock.now();
    let is_listed =
        |key: &&AccessKey| !live || matches!(key.state(now), KeyState::Live | KeyState::Suspended);
    if let Some(name) = user {
        let user = users::find(core, name).await?;
        let keys = access_keys::list_of(core, &user.id).await?;
        let keys = keys.iter().filter(is_listed);
        let rows: Vec<_> = keys
            .map(|key| KeyRow::of(key, user.username.clone(), now))
            .collect();
        return Ok(write_rows(&rows, json)?);
    }
    let mut table = PagedTable::new(WIDTHS, json);
    let mut after: Option<AccessKeyId> = None;
    loop {
        let keys = access_keys::page(core, after.as_ref(), ROWS_PER_PAGE).await?;
        let is_last = (keys.len() as u64) < u64::from(ROWS_PER_PAGE);
        let listed = keys.iter().filter(|holder| is_listed(&&holder.key));
        let rows = listed.map(|holder| KeyRow::of(&holder.key, holder.user.username.clone(), now));
        table.write(&rows.collect::<Vec<_>>(), is_last)?;
        if is_last {
            return Ok(());
        }
        after = keys.into_iter().next_back().map(|holder| holder.key.id);
    }
}

/// The key with this id. Whoever finds a key where it should not be pastes all of it.
async fn find(core: &Core, text: String) -> Result<AccessKey, CliError> {
    let pasted = text.strip_prefix(KEY_PREFIX);
    let id = pasted.and_then(|rest| rest.split('_').next().map(str::to_owned));
    let found = access_keys::with_id(core, &AccessKeyId(id.unwrap_or(text))).await?;
    found.ok_or_else(|| CliError::Refused("there is no access key with this id".to_owned()))
}

async fn revoke(core: &Core, admin: &Admin, id: String) -> Result<(), CliError> {
    let key = find(core, id).await?;
    if access_keys::revoke_as_admin(core, admin, &key.user_id, &key.id).await? {
        to_stderr("The access key is revoked.");
    } else {
        to_stderr("The access key was already revoked.");
    }
    Ok(())
}

async fn revoke_all(core: &Core, admin: &Admin, name: &str) -> Result<(), CliError> {
    let user = users::find(core, name).await?;
    let revoked = access_keys::revoke_all_as_admin(core, admin, &user.id).await?;
    to_stderr(&format!(
        "Revoked {} of {}.",
        counted(revoked, "access key"),
        user.username
    ));
    Ok(())
}

async fn confirm(core: &Core, admin: &Admin, id: String) -> Result<(), CliError> {
    let key = find(core, id).await?;
    if access_keys::confirm_as_admin(core, admin, &key.user_id, &key.id).await? {
        to_stderr("The access key is valid again.");
        Ok(())
    } else {
        Err(CliError::Refused(
            "this access key is not suspended".to_owned(),
        ))
    }
}

async fn suspend_all(core: &Core, admin: &Admin) -> Result<(), CliError> {
    let suspended = access_keys::suspend_all(core, admin.actor()).await?;
    to_stderr(&format!(
        "Suspended {} until they are confirmed.",
        counted(suspended, "access key")
    ));
    Ok(())
}

/// A key in the output. Instants are RFC 3339 in UTC.
#[derive(Serialize)]
struct KeyRow {
    id: String,
    user: String,
    name: String,
    scopes: String,
    networks: Vec<String>,
    created_at: String,
    expires_at: String,
    last_used_at: Option<String>,
    last_address: Option<String>,
    last_user_agent: Option<String>,
    state: &'static str,
    revoke_reason: Option<&'static str>,
}

impl KeyRow {
    fn of(key: &AccessKey, user: String, now: Timestamp) -> Self {
        let last = key.last_use.as_ref();
        let (state, revoke_reason) = match key.state(now) {
            KeyState::Live => ("live", None),
            KeyState::Suspended => ("suspended", None),
            KeyState::Expired => ("expired", None),
            KeyState::Revoked(reason) => ("revoked", Some(reason.as_str())),
        };
        Self {
            id: key.id.to_string(),
            user,
            name: key.name.clone(),
            scopes: key.scopes.to_string(),
            networks: key.networks.clone(),
            created_at: rfc3339(key.created_at),
            expires_at: rfc3339(key.expires_at),
            last_used_at: last.map(|last| rfc3339(last.at)),
            last_address: last.map(|last| last.address.clone()),
            last_user_agent: last.map(|last| last.user_agent.clone()),
            state,
            revoke_reason,
        }
    }
}

impl Row for KeyRow {
    const HEADINGS: &'static [&'static str] = &[
        "ID",
        "USER",
        "NAME",
        "SCOPES",
        "LAST USED",
        "EXPIRES",
        "STATE",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        vec![
            Cow::from(&self.id),
            Cow::from(&self.user),
            Cow::from(&self.name),
            Cow::from(&self.scopes),
            Cow::from(self.last_used_at.as_deref().unwrap_or_default()),
            Cow::from(&self.expires_at),
            Cow::from(self.state),
        ]
    }
}
