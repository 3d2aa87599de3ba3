//! What is recorded about a database outside of it.

use super::file::{replace, with_suffix};
use crate::server::db::DatabaseUrl;
use std::{
    fs,
    io::{self, ErrorKind},
    path::PathBuf,
};

/// The file `<database>.heartbeat`: two numbers, that of the last beat and its time in Unix milliseconds.
#[derive(Clone, Debug)]
pub struct HeartbeatFile(PathBuf);

impl HeartbeatFile {
    /// `None` for PostgreSQL.
    pub fn of(url: &DatabaseUrl) -> Option<Self> {
        match url {
            DatabaseUrl::Sqlite(path) => Some(Self(with_suffix(path, ".heartbeat"))),
            DatabaseUrl::Postgres(_) => None,
        }
    }

    /// `None` if it does not exist.
    ///
    /// # Errors
    /// Those of the system, and [`ErrorKind::InvalidData`].
    pub fn read(&self) -> io::Result<Option<(i64, i64)>> {
        let text = match fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut numbers = text.split_whitespace().map(str::parse::<i64>);
        match (numbers.next(), numbers.next(), numbers.next()) {
            (Some(Ok(beat)), Some(Ok(at)), None) => Ok(Some((beat, at))),
            _ => Err(io::Error::new(ErrorKind::InvalidData, "not two numbers")),
        }
    }

    /// # Errors
    /// Those of the system; the old content is kept.
    pub fn write(&self, beat: i64, at: i64) -> io::Result<()> {
        replace(&self.0, format!("{beat} {at}\n").as_bytes())
    }
}
