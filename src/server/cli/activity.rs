//! `vestibule activity`: the audit log.

use super::{
    CliError, open_core,
    output::{Row, write_rows},
};
use crate::{
    domain::{activity::Record, device},
    server::{clock::rfc3339, config::Config, db::IfMissing, store, users},
};
use clap::Args;
use serde::Serialize;

#[derive(Args)]
pub struct Command {
    /// Only what concerns this account (a name or an e-mail address)
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// So many of the newest entries
    #[arg(long, default_value_t = 100, value_name = "NUMBER")]
    limit: u32,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub async fn run(command: Command, config: &Config) -> Result<(), CliError> {
    let core = open_core(config, IfMissing::Refuse).await?;
    let user = match &command.user {
        Some(name) => Some(users::find(&core, name).await?.id),
        None => None,
    };
    let records = store::activity::list(&core.db, user.as_ref(), command.limit).await?;
    let rows: Vec<_> = records.iter().map(ActivityRow::of).collect();
    write_rows(&rows, command.json)?;
    core.db.close().await;
    Ok(())
}

/// An entry as the command line shows it. Instants are RFC 3339 in UTC.
#[derive(Serialize)]
struct ActivityRow {
    at: String,
    event: &'static str,
    reason: Option<&'static str>,
    source: &'static str,
    user: Option<String>,
    session: Option<String>,
    address: String,
    user_agent: String,
    times: u64,
}

impl ActivityRow {
    fn of(record: &Record) -> Self {
        let entry = &record.entry;
        Self {
            at: rfc3339(entry.at),
            event: entry.event.as_str(),
            reason: entry.event.reason(),
            source: entry.source.as_str(),
            user: record.username.clone(),
            session: entry.session.as_ref().map(|id| id.to_string()),
            address: entry.address.clone(),
            user_agent: entry.user_agent.clone(),
            times: record.times,
        }
    }
}

impl Row for ActivityRow {
    const HEADINGS: &'static [&'static str] = &[
        "TIME", "EVENT", "REASON", "USER", "ADDRESS", "DEVICE", "TIMES",
    ];

    fn cells(&self) -> Vec<String> {
        let device = if self.user_agent.is_empty() {
            self.source.to_owned()
        } else {
            device::in_words(&self.user_agent)
        };
        vec![
            self.at.clone(),
            self.event.to_owned(),
            self.reason.unwrap_or_default().to_owned(),
            self.user.clone().unwrap_or_default(),
            self.address.clone(),
            device,
            self.times.to_string(),
        ]
    }
}
