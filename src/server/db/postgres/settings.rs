//! Settings of a PostgreSQL server and of a connection: read back, because setting them may have no effect.

use crate::server::db::OpenError;
use sqlx::{AssertSqlSafe, Error, PgConnection, Row, postgres::PgRow, raw_sql};

/// PostgreSQL 15, in the form of `server_version_num`.
const OLDEST_POSTGRES: i64 = 150_000;

/// As texts, so that it runs without a prepared statement.
const READ: &str = "SELECT current_setting('server_version_num') AS version, \
    current_setting('server_encoding') AS encoding, \
    current_setting('synchronous_commit') AS synchronous_commit, \
    current_setting('statement_timeout') AS statement_timeout, \
    current_setting('transaction_isolation') AS isolation, \
    current_setting('fsync') AS fsync, \
    current_setting('full_page_writes') AS full_page_writes, \
    current_setting('transaction_read_only') AS read_only, \
    pg_is_in_recovery()::text AS standby, \
    current_database() || ' ' || pg_postmaster_start_time() AS identity";

/// The values that were read back on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    pub version: String,
    pub encoding: String,
    pub synchronous_commit: String,
    pub statement_timeout: String,
    pub isolation: String,
    pub fsync: String,
    pub full_page_writes: String,
    pub is_read_only: bool,
    pub is_standby: bool,
    /// Database and server, to compare two addresses.
    pub identity: String,
}

impl ServerSettings {
    /// Within a transaction that begins like this, or else in the session.
    pub async fn read(connection: &mut PgConnection, begin: Option<&str>) -> Result<Self, Error> {
        let sql = match begin {
            None => raw_sql(READ),
            Some(begin) => raw_sql(AssertSqlSafe(format!("{begin}; {READ}; ROLLBACK"))),
        };
        Self::of(&sql.fetch_one(connection).await?)
    }

    fn of(row: &PgRow) -> Result<Self, Error> {
        let text = |column: &str| row.try_get::<String, _>(column);
        Ok(Self {
            version: text("version")?,
            encoding: text("encoding")?,
            synchronous_commit: text("synchronous_commit")?,
            statement_timeout: text("statement_timeout")?,
            isolation: text("isolation")?,
            fsync: text("fsync")?,
            full_page_writes: text("full_page_writes")?,
            is_read_only: text("read_only")? == "on",
            is_standby: text("standby")? == "true",
            identity: text("identity")?,
        })
    }

    /// Refuses to start on this server. While a server runs, the same findings are warnings.
    ///
    /// # Errors
    /// [`OpenError`], with the remedy.
    pub fn check(&self) -> Result<(), OpenError> {
        // A version that is no number is not known to be too old.
        match self.version.parse::<i64>() {
            Ok(version) if version < OLDEST_POSTGRES => {
                return Err(OpenError::OldPostgres(version / 10_000));
            }
            _ => {}
        }
        if self.encoding != "UTF8" {
            return Err(OpenError::Encoding(self.encoding.clone()));
        }
        if self.is_read_only || self.is_standby {
            return Err(OpenError::ReadOnly);
        }
        if !self.is_durable() {
            return Err(OpenError::NotDurable(self.synchronous_commit.clone()));
        }
        Ok(())
    }

    /// Whether a commit is on disk before it is confirmed, as far as the settings decide that.
    fn is_durable(&self) -> bool {
        matches!(self.synchronous_commit.as_str(), "on" | "remote_apply")
    }

    /// Warnings for the operator, each with its remedy.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for (setting, value) in [
            ("fsync", &self.fsync),
            ("full_page_writes", &self.full_page_writes),
        ] {
            if value != "on" {
                warnings.push(format!(
                    "PostgreSQL runs with {setting} = {value}: when its machine loses power, answered sign-outs may \
                     come undone and the database may be damaged. Set {setting} = on in postgresql.conf."
                ));
            }
        }
        if !self.is_durable() {
            warnings.push(format!(
                "PostgreSQL has synchronous_commit = {} although it was set to on: a crash may undo answered \
                 sign-outs. Look for what stands between, such as a pooler.",
                self.synchronous_commit
            ));
        }
        for (setting, value, expected) in [
            ("statement_timeout", &self.statement_timeout, "10s"),
            ("transaction_isolation", &self.isolation, "read committed"),
            ("server_encoding", &self.encoding, "UTF8"),
        ] {
            if value != expected {
                warnings.push(format!(
                    "PostgreSQL has {setting} = {value} and not {expected}."
                ));
            }
        }
        if self.is_read_only || self.is_standby {
            warnings.push("PostgreSQL takes no writes: this is a standby, or default_transaction_read_only is on.".to_owned());
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> ServerSettings {
        ServerSettings {
            version: "160003".to_owned(),
            encoding: "UTF8".to_owned(),
            synchronous_commit: "on".to_owned(),
            statement_timeout: "10s".to_owned(),
            isolation: "read committed".to_owned(),
            fsync: "on".to_owned(),
            full_page_writes: "on".to_owned(),
            is_read_only: false,
            is_standby: false,
            identity: "auth 2026".to_owned(),
        }
    }

    #[test]
    fn a_sound_server_is_accepted_without_warnings() {
        assert!(sound().check().is_ok());
        assert_eq!(sound().warnings(), Vec::<String>::new());
    }

    #[test]
    fn an_old_postgres_is_refused() {
        let of_version = |version: &str| ServerSettings {
            version: version.to_owned(),
            ..sound()
        };
        for (version, major) in [("90624", 9), ("130001", 13), ("149999", 14)] {
            let refused = of_version(version).check().expect_err(version);
            assert!(matches!(refused, OpenError::OldPostgres(version) if version == major));
            let message = format!("15 or newer is needed; this server is version {major}.");
            assert!(refused.to_string().ends_with(&message), "{refused}");
        }
        for version in ["150000", "180002", "200000", "a development build"] {
            assert!(of_version(version).check().is_ok(), "{version}");
        }
    }

    #[test]
    fn unsafe_settings_are_refused_at_start_and_warned_of_later() {
        for (settings, remedy) in [
            (
                ServerSettings {
                    encoding: "LATIN1".to_owned(),
                    ..sound()
                },
                "ENCODING 'UTF8'",
            ),
            (
                ServerSettings {
                    synchronous_commit: "off".to_owned(),
                    ..sound()
                },
                "database_pooler",
            ),
            (
                ServerSettings {
                    synchronous_commit: "local".to_owned(),
                    ..sound()
                },
                "database_pooler",
            ),
            (
                ServerSettings {
                    is_read_only: true,
                    ..sound()
                },
                "primary",
            ),
            (
                ServerSettings {
                    is_standby: true,
                    ..sound()
                },
                "primary",
            ),
        ] {
            let refused = settings.check().expect_err("a refusal").to_string();
            assert!(refused.contains(remedy), "{refused}");
            assert_eq!(settings.warnings().len(), 1, "{:?}", settings.warnings());
        }
    }

    #[test]
    fn disabled_disk_safety_is_a_warning() {
        let weak = ServerSettings {
            fsync: "off".to_owned(),
            full_page_writes: "off".to_owned(),
            ..sound()
        };
        assert!(weak.check().is_ok());
        let warnings = weak.warnings();
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings[0].contains("Set fsync = on"), "{warnings:?}");
        assert!(
            warnings[1].contains("Set full_page_writes = on"),
            "{warnings:?}"
        );
    }
}
