//! `vestibule session …`.

use super::{
    CliError, open_core,
    output::{PagedTable, ROWS_PER_PAGE, Row, counted, to_stderr, write_rows},
};
use crate::{
    domain::{
        device,
        moment::Timestamp,
        session::{CurrentUser, Session, SessionId},
    },
    server::{
        clock::rfc3339,
        config::Config,
        core::{
            Core,
            accounts::users,
            actor::{self, Admin},
            sessions,
        },
        db::IfMissing,
    },
};
use serde::Serialize;
use std::borrow::Cow;

#[derive(clap::Subcommand)]
pub enum Command {
    /// List sessions, the newest first
    List {
        /// Only sessions of this account (username or email)
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// Only live sessions
        #[arg(long)]
        live: bool,
        /// Print one JSON object on each line
        #[arg(long)]
        json: bool,
    },
    /// End a session, all sessions of an account, or all sessions of all accounts
    End {
        /// The id that `vestibule session list` shows
        #[arg(required_unless_present_any = ["user", "all"], conflicts_with_all = ["user", "all"])]
        id: Option<String>,
        /// All sessions of this account (username or email)
        #[arg(long, value_name = "NAME", conflicts_with = "all")]
        user: Option<String>,
        /// All sessions of all accounts
        #[arg(long)]
        all: bool,
        /// List the sessions that would end, without ending them
        #[arg(long)]
        dry_run: bool,
        /// With --dry-run: print one JSON object on each line
        #[arg(long, requires = "dry_run")]
        json: bool,
    },
}

pub async fn run(command: Command, config: &Config) -> Result<(), CliError> {
    let core = open_core(config, IfMissing::Refuse).await?;
    let admin = actor::on_this_machine();
    let outcome = match command {
        Command::List { user, live, json } => list(&core, user.as_deref(), live, json).await,
        Command::End {
            id,
            user,
            all: _,
            dry_run,
            json,
        } => match (id, user) {
            (Some(id), _) if dry_run => list_if_live(&core, id, json).await,
            (Some(id), _) => end(&core, &admin, id).await,
            (None, user) if dry_run => list(&core, user.as_deref(), true, json).await,
            (None, Some(name)) => end_all(&core, &admin, &name).await,
            (None, None) => end_every_session(&core, &admin).await,
        },
    };
    core.db.close().await;
    outcome
}

/// Wide enough for most sessions.
const WIDTHS: &[usize] = &[36, 16, 24, 15, 20, 20, 30];

async fn list(core: &Core, user: Option<&str>, live: bool, json: bool) -> Result<(), CliError> {
    let user = match user {
        Some(name) => Some(users::find(core, name).await?.id),
        None => None,
    };
    let now = core.clock.now();
    let mut after: Option<Session> = None;
    let mut table = PagedTable::new(WIDTHS, json);
    loop {
        let found = sessions::page(core, user.as_ref(), after.as_ref(), ROWS_PER_PAGE).await?;
        let is_last = (found.len() as u64) < u64::from(ROWS_PER_PAGE);
        let rows = found.iter().map(|found| SessionRow::of(found, now));
        let rows: Vec<_> = rows.filter(|row| !live || row.ended_at.is_none()).collect();
        table.write(&rows, is_last)?;
        if is_last {
            return Ok(());
        }
        after = found.into_iter().next_back().map(|found| found.session);
    }
}

async fn find(core: &Core, id: String) -> Result<CurrentUser, CliError> {
    let found = sessions::with_id(core, &SessionId(id)).await?;
    found.ok_or_else(|| CliError::Refused("there is no session with this id".to_owned()))
}

async fn list_if_live(core: &Core, id: String, json: bool) -> Result<(), CliError> {
    let row = SessionRow::of(&find(core, id).await?, core.clock.now());
    let live = if row.ended_at.is_none() {
        vec![row]
    } else {
        Vec::new()
    };
    Ok(write_rows(&live, json)?)
}

async fn end(core: &Core, admin: &Admin, id: String) -> Result<(), CliError> {
    let found = find(core, id).await?;
    if sessions::end_as_admin(core, admin, &found.session).await? {
        to_stderr("The session has ended.");
    } else {
        to_stderr("The session had already ended.");
    }
    Ok(())
}

async fn end_all(core: &Core, admin: &Admin, name: &str) -> Result<(), CliError> {
    let user = users::find(core, name).await?;
    let ended = sessions::end_all_as_admin(core, admin, &user.id).await?;
    let ended = counted(ended, "session");
    to_stderr(&format!("Ended {ended} of {}.", user.username));
    Ok(())
}

async fn end_every_session(core: &Core, admin: &Admin) -> Result<(), CliError> {
    let ended = sessions::end_every_session_as_admin(core, admin).await?;
    to_stderr(&format!("Ended {}.", counted(ended, "session")));
    Ok(())
}

/// A session in the output. Instants are RFC 3339 in UTC.
#[derive(Serialize)]
struct SessionRow {
    id: String,
    user: String,
    created_at: String,
    last_seen_at: String,
    authenticated_at: String,
    idle_ends_at: String,
    absolute_ends_at: String,
    remember: bool,
    /// The id of the access key with which it was started.
    key: Option<String>,
    address: String,
    user_agent: String,
    device: String,
    ended_at: Option<String>,
    end_reason: Option<&'static str>,
}

impl SessionRow {
    /// A session whose time-out is not recorded yet has ended as well.
    fn of(found: &CurrentUser, now: Timestamp) -> Self {
        let session = &found.session;
        let ended = session.end_by(now);
        Self {
            id: session.id.to_string(),
            user: found.user.username.clone(),
            created_at: rfc3339(session.created_at),
            last_seen_at: rfc3339(session.last_seen_at),
            authenticated_at: rfc3339(session.authenticated_at),
            idle_ends_at: rfc3339(session.idle_ends_at),
            absolute_ends_at: rfc3339(session.absolute_ends_at),
            remember: session.remember,
            key: session.key.as_ref().map(|key| key.id.to_string()),
            address: session.address.clone(),
            user_agent: session.user_agent.clone(),
            device: device::in_words(&session.user_agent),
            ended_at: ended.map(|ended| rfc3339(ended.at)),
            end_reason: ended.map(|ended| ended.reason.as_str()),
        }
    }
}

impl Row for SessionRow {
    const HEADINGS: &'static [&'static str] = &[
        "ID",
        "USER",
        "DEVICE",
        "ADDRESS",
        "SINCE",
        "LAST SEEN",
        "ENDED",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let ended = match (&self.ended_at, self.end_reason) {
            (Some(at), Some(reason)) => format!("{at} {reason}"),
            _ => String::new(),
        };
        vec![
            Cow::from(&self.id),
            Cow::from(&self.user),
            Cow::from(&self.device),
            Cow::from(&self.address),
            Cow::from(&self.created_at),
            Cow::from(&self.last_seen_at),
            ended.into(),
        ]
    }
}
