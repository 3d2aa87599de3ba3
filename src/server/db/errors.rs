//! Why the database cannot be opened, and why it gave no answer.

use super::sqlite;
use crate::error::{AccountRefusal, AppError, Failure};
use sqlx::migrate::MigrateError;
use std::{io, path::PathBuf};

/// Why the database cannot be opened, with the remedy.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("there is no database at {0}. `vestibule serve` or `vestibule user create` makes one.")]
    Missing(PathBuf),
    #[error(
        "{path} belongs to another user (uid {owner}); files that this user would add beside it would lock its owner out. Run the command as its owner: sudo -u '#{owner}' vestibule …"
    )]
    ForeignOwner { path: PathBuf, owner: u32 },
    #[error("{path} cannot be used: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error(
        "{0} is in use, by a server or by another command. Stop it first: sudo systemctl stop vestibule"
    )]
    InUse(PathBuf),
    #[error(
        "`vestibule restore` is putting another file in the place of {0}. Start again when that has ended."
    )]
    BeingRestored(PathBuf),
    #[error(
        "a newer version of Vestibule has removed from the database what this one needs. Run that version, or restore a backup."
    )]
    Newer,
    #[error(
        "the database file is damaged, or no SQLite database: {0}. It is left as it is. Restore a backup with `vestibule restore FILE`, or let `database_url` name another file."
    )]
    Damaged(String),
    #[error(
        "the database file is damaged, or no SQLite database: {found}. It is left as it is. Beside it is {wal}: if a \
         backup was copied over the file, this belongs to the file before, and has to be removed first. Restore a \
         backup with `vestibule restore FILE`, which does that."
    )]
    DamagedBesideWal { found: String, wal: PathBuf },
    #[error("PostgreSQL 15 or newer is needed; this server is version {0}.")]
    OldPostgres(i64),
    #[error(
        "the database has the encoding {0}, in which not every name can be written. Make one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and move the data with pg_dump."
    )]
    Encoding(String),
    #[error(
        "PostgreSQL takes no writes: this is a standby, or default_transaction_read_only is on. Let `database_url` lead to the primary, or switch the setting off."
    )]
    ReadOnly,
    #[error(
        "PostgreSQL has synchronous_commit = {0} although it was set to on: a crash would undo answered sign-outs. Something between it and Vestibule takes settings away. Let `database_url` lead to the server itself, or set `database_pooler`."
    )]
    NotDurable(String),
    #[error(
        "`database_url` leads to a pooler that hands connections on between transactions, which loses settings such as synchronous_commit. Set database_pooler = true and `database_direct_url`, or let the pooler use pool_mode = session."
    )]
    Pooler,
    #[error(
        "`database_direct_url` leads to another database than `database_url`. Both have to name the same one."
    )]
    OtherDatabase,
    #[error("the database does not open: {0}")]
    Connect(sqlx::Error),
    #[error("the database cannot be brought up to date: {0}")]
    Migrate(MigrateError),
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        if sqlite::is_damage(&error) {
            Self::Damaged(error.to_string())
        } else {
            Self::Connect(error)
        }
    }
}

impl From<MigrateError> for OpenError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)
                if sqlite::is_damage(&error) =>
            {
                Self::from(error)
            }
            other => Self::Migrate(other),
        }
    }
}

/// Why the store gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database gave no answer: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// The commit was not confirmed in time, or the connection broke before it was.
    #[error("the database did not confirm in time: whether the change happened is not known")]
    NotKnown,
    /// Unconfirmed commits hold all connections that write.
    #[error("the database confirms no changes at present")]
    NoFreeWriter,
    /// A unique value is taken.
    #[error("the value is taken")]
    NotUnique,
    /// The change would leave no administrator.
    #[error("the last administrator is kept")]
    LastAdministrator,
    /// The actor had lost the role of administrator before the change was carried out.
    #[error("not an administrator any more")]
    NotAdministrator,
    /// A stored value that no version of this program writes.
    #[error("corrupt row {id} in {table}")]
    Corrupt { table: &'static str, id: String },
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error() {
            Some(answer) if answer.is_unique_violation() => Self::NotUnique,
            _ => Self::Unavailable(error),
        }
    }
}

/// PostgreSQL's error codes (appendix A of its manual).
mod codes {
    pub const STALE_PLAN: &str = "0A000";
    /// This server is a standby, or default_transaction_read_only is on.
    pub const READ_ONLY: &str = "25006";
    pub const SERIALIZATION_FAILURE: &str = "40001";
    pub const DEADLOCK: &str = "40P01";
    pub const LOCK_NOT_AVAILABLE: &str = "55P03";
    pub const QUERY_CANCELED: &str = "57014";
}

impl StoreError {
    /// A conflict with another transaction: nothing was changed.
    pub(super) fn is_conflict(&self) -> bool {
        self.has_code(&[codes::SERIALIZATION_FAILURE, codes::DEADLOCK])
    }

    /// A column has changed since the connection prepared the statement: nothing was changed.
    pub(super) fn is_stale_plan(&self) -> bool {
        matches!(self, Self::Unavailable(error) if is_stale_plan(error))
    }

    /// The connection refused a write: nothing was changed.
    pub(super) fn is_read_only(&self) -> bool {
        matches!(self, Self::Unavailable(error) if is_read_only(error))
    }

    /// Whether the next write would probably fail as well.
    pub(super) fn affects_others(&self) -> bool {
        match self {
            Self::NotKnown | Self::NoFreeWriter => true,
            // The server is stopping.
            Self::Unavailable(sqlx::Error::PoolClosed) => false,
            Self::Unavailable(_) => {
                !self.is_conflict()
                    && !self.has_code(&[codes::LOCK_NOT_AVAILABLE, codes::QUERY_CANCELED])
            }
            Self::NotUnique
            | Self::LastAdministrator
            | Self::NotAdministrator
            | Self::Corrupt { .. } => false,
        }
    }

    fn has_code(&self, codes: &[&str]) -> bool {
        matches!(self, Self::Unavailable(error) if has_code(error, codes))
    }
}

fn has_code(error: &sqlx::Error, codes: &[&str]) -> bool {
    let code = error.as_database_error().and_then(|answer| answer.code());
    code.is_some_and(|code| codes.contains(&&*code))
}

/// Whether a column has changed since the connection prepared the statement.
pub fn is_stale_plan(error: &sqlx::Error) -> bool {
    has_code(error, &[codes::STALE_PLAN])
}

/// Whether the server refuses writes on the connection.
pub fn is_read_only(error: &sqlx::Error) -> bool {
    has_code(error, &[codes::READ_ONLY])
}

/// The outcome of a commit that failed on PostgreSQL. Codes of class 23 and 40 mean that it was rolled back, or timed
/// out waiting for the lock of all notices. Any other error may have come after the commit.
pub fn of_postgres_commit(error: sqlx::Error) -> StoreError {
    let code = error.as_database_error().and_then(|answer| answer.code());
    let is_rolled_back = |code: &str| {
        ["23", "40", codes::LOCK_NOT_AVAILABLE]
            .iter()
            .any(|it| code.starts_with(it))
    };
    if code.is_some_and(|code| is_rolled_back(&code)) {
        return error.into();
    }
    tracing::error!(%error, "the answer to a commit is missing");
    StoreError::NotKnown
}

/// The details are logged, the kind goes to the browser.
impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        if matches!(
            error,
            StoreError::Unavailable(_)
                | StoreError::NotKnown
                | StoreError::NoFreeWriter
                | StoreError::NotUnique
                | StoreError::Corrupt { .. }
        ) {
            tracing::error!(%error, "store");
        }
        match error {
            StoreError::Unavailable(_) | StoreError::NotKnown | StoreError::NoFreeWriter => {
                Failure::Unavailable.into()
            }
            StoreError::LastAdministrator => AccountRefusal::LastAdministrator.into(),
            StoreError::NotAdministrator => Failure::NotFound.into(),
            StoreError::NotUnique | StoreError::Corrupt { .. } => Failure::Internal.into(),
        }
    }
}
