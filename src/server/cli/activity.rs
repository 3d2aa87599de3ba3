//! `vestibule activity`: the audit log.

use super::{
    CliError, open_core,
    output::{Row, append_rows, to_stderr, write_rows},
};
use crate::{
    domain::{
        audit::{Event, Record},
        device,
        moment::Timestamp,
        user::UserId,
    },
    server::{
        clock,
        config::{Config, duration},
        core::{
            Core,
            accounts::users,
            audit::{self, AuditRow, Filter, Following, POLL_EVERY},
        },
        db::{IfMissing, StoreError},
    },
};
use clap::{Args, builder::PossibleValuesParser};
use std::{borrow::Cow, time::Duration};

#[derive(Args)]
pub struct Command {
    /// Only entries about this account (username, now or before, or email)
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Only entries of this kind
    #[arg(long, value_name = "EVENT", value_parser = PossibleValuesParser::new(Event::kinds()))]
    event: Option<String>,
    /// Only entries since this time: an RFC 3339 instant, or an age such as 2h or 7d
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Since>,
    /// At most this many entries, the newest
    #[arg(long, default_value_t = 100, value_name = "NUMBER")]
    limit: u32,
    /// Show the newest entry last, then new entries as they are written
    #[arg(long)]
    follow: bool,
    /// Print one JSON object on each line
    #[arg(long)]
    json: bool,
}

/// An instant, or a time before now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Since {
    Instant(Timestamp),
    Ago(Duration),
}

fn since(text: &str) -> Result<Since, String> {
    if let Some(instant) = clock::parse_rfc3339(text) {
        return Ok(Since::Instant(instant));
    }
    duration::parse(text).map(Since::Ago).map_err(|_| {
        "neither an instant such as 2026-09-21T14:13:20Z nor a duration such as 2h or 7d".to_owned()
    })
}

/// Wide enough for most entries; a wider cell shifts the rest of its line.
const WIDTHS: &[usize] = &[20, 18, 16, 16, 16, 15, 24, 16, 5];

pub async fn run(command: Command, config: &Config) -> Result<(), CliError> {
    let core = open_core(config, IfMissing::Refuse).await?;
    let outcome = show(&core, &command).await;
    core.db.close().await;
    outcome
}

async fn show(core: &Core, command: &Command) -> Result<(), CliError> {
    let user = match &command.user {
        Some(name) => {
            let found = users::id_of_any_name(core, name).await?;
            Some(found.ok_or(users::UserError::NotFound)?)
        }
        None => None,
    };
    let filter = filter(core, command, user.as_ref());
    if !command.follow {
        let records = audit::page(core, &filter, None, command.limit).await?;
        return Ok(write_rows(&rows_of(records), command.json)?);
    }
    let (mut following, mut records) = Following::begin(core, &filter, command.limit).await?;
    records.reverse();
    if command.json {
        append_rows(&rows_of(records), WIDTHS, true)?;
    } else {
        write_rows(&rows_of(records), false)?;
    }
    let mut is_waiting = false;
    loop {
        tokio::time::sleep(POLL_EVERY).await;
        match following.poll(core, &filter).await {
            Ok(news) => {
                is_waiting = false;
                append_rows(&rows_of(news), WIDTHS, command.json)?;
            }
            Err(error @ StoreError::Unavailable(_)) => {
                if !is_waiting {
                    to_stderr(&format!("vestibule: still waiting: {error}"));
                }
                is_waiting = true;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn filter<'a>(core: &Core, command: &'a Command, user: Option<&'a UserId>) -> Filter<'a> {
    let since = command.since.map(|since| match since {
        Since::Instant(instant) => instant,
        Since::Ago(duration) => core.clock.now().before(duration),
    });
    Filter {
        user,
        event: command.event.as_deref(),
        since,
        until: None,
    }
}

fn rows_of(records: Vec<Record>) -> Vec<AuditRow> {
    records.into_iter().map(AuditRow::of).collect()
}

impl Row for AuditRow {
    const HEADINGS: &'static [&'static str] = &[
        "TIME", "EVENT", "REASON", "USER", "KEY", "ADDRESS", "DEVICE", "BY", "TIMES",
    ];

    fn cells(&self) -> Vec<Cow<'_, str>> {
        let device = if self.user_agent.is_empty() {
            Cow::from(self.source)
        } else {
            device::in_words(&self.user_agent).into()
        };
        vec![
            Cow::from(&self.at),
            Cow::from(&self.event),
            self.reason.as_deref().unwrap_or_default().into(),
            self.user.as_deref().unwrap_or_default().into(),
            self.key_name.as_deref().unwrap_or_default().into(),
            Cow::from(&self.address),
            device,
            self.actor.as_deref().unwrap_or_default().into(),
            self.times.to_string().into(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_an_instant_or_a_duration_before_now() {
        let instant = Since::Instant(Timestamp::from_millis(1_790_000_000_000));
        assert_eq!(since("2026-09-21T14:13:20Z"), Ok(instant));
        assert_eq!(since("2026-09-21T16:13:20+02:00"), Ok(instant));
        assert_eq!(since("2h"), Ok(Since::Ago(Duration::from_secs(7_200))));
        for nonsense in ["", "yesterday", "2", "2026-09-21", "-2h"] {
            assert!(since(nonsense).is_err(), "{nonsense}");
        }
    }
}
