//! An entry of the audit log for programs: the format of `vestibule activity --json` and of the downloads.

use crate::{domain::audit::Record, server::clock::rfc3339};
use serde::Serialize;

/// One entry. Instants are RFC 3339 in UTC.
#[derive(Serialize)]
pub struct AuditRow {
    pub at: String,
    pub event: String,
    pub reason: Option<String>,
    pub source: &'static str,
    pub user: Option<String>,
    pub actor: Option<String>,
    pub session: Option<String>,
    /// The id and the name of an access key.
    pub key: Option<String>,
    pub key_name: Option<String>,
    pub address: String,
    pub user_agent: String,
    pub times: u64,
    /// The username before it was changed.
    pub previous_name: Option<String>,
}

impl AuditRow {
    /// The names of the values, in the order of [`Self::values`].
    pub const NAMES: [&str; 13] = [
        "at",
        "event",
        "reason",
        "source",
        "user",
        "actor",
        "session",
        "key",
        "key_name",
        "address",
        "user_agent",
        "times",
        "previous_name",
    ];

    pub fn of(record: Record) -> Self {
        let (event, reason) = record.words();
        let (event, reason) = (event.to_owned(), reason.map(str::to_owned));
        let entry = record.entry;
        Self {
            at: rfc3339(entry.at),
            event,
            reason,
            source: entry.source.as_str(),
            user: record.username,
            actor: record.actor_name,
            session: entry.session.as_ref().map(|id| id.to_string()),
            key: entry.key.as_ref().map(|id| id.to_string()),
            key_name: record.key_name,
            address: entry.address,
            user_agent: entry.user_agent,
            times: record.times,
            previous_name: entry.previous_name,
        }
    }

    /// The values as text, empty if absent.
    pub fn values(self) -> [String; 13] {
        [
            self.at,
            self.event,
            self.reason.unwrap_or_default(),
            self.source.to_owned(),
            self.user.unwrap_or_default(),
            self.actor.unwrap_or_default(),
            self.session.unwrap_or_default(),
            self.key.unwrap_or_default(),
            self.key_name.unwrap_or_default(),
            self.address,
            self.user_agent,
            self.times.to_string(),
            self.previous_name.unwrap_or_default(),
        ]
    }
}
