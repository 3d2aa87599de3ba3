//! Where the database is.

use sqlx::postgres::PgConnectOptions;
use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Where the database is.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    Sqlite(PathBuf),
    Postgres(String),
}

/// Without the password, wherever a configuration is printed.
impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl DatabaseUrl {
    /// Reads `sqlite:PATH` (relative to `base`) or `postgres://…`.
    ///
    /// # Errors
    /// A sentence that says what is expected; it never repeats the URL, which may hold a password.
    pub fn parse(text: &str, base: &Path) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() || path.contains('?') || path == ":memory:" {
                Err("names no file after `sqlite:`".to_owned())
            } else {
                Ok(Self::Sqlite(base.join(path)))
            };
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return match PgConnectOptions::from_str(text) {
                Ok(_) => Ok(Self::Postgres(text.to_owned())),
                Err(_) => Err("is not a PostgreSQL address".to_owned()),
            };
        }
        Err("must begin with `sqlite:` or `postgres://`".to_owned())
    }

    /// For people: without the password.
    pub fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("SQLite in {}", path.display()),
            Self::Postgres(url) => match PgConnectOptions::from_str(url) {
                Ok(options) => format!(
                    "PostgreSQL {} on {}",
                    options.get_database().unwrap_or("(default database)"),
                    options.get_host()
                ),
                Err(_) => "PostgreSQL".to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_databases() {
        let base = Path::new("/etc/vestibule");
        let sqlite = |path: &str| Ok(DatabaseUrl::Sqlite(PathBuf::from(path)));
        assert_eq!(
            DatabaseUrl::parse("sqlite:data/v.db", base),
            sqlite("/etc/vestibule/data/v.db")
        );
        assert_eq!(
            DatabaseUrl::parse("sqlite:/var/v.db", base),
            sqlite("/var/v.db")
        );
        assert_eq!(
            DatabaseUrl::parse("sqlite:///var/v.db", base),
            sqlite("/var/v.db")
        );
        for wrong in ["", "sqlite:", "sqlite::memory:", "mysql://x", "data/v.db"] {
            assert!(DatabaseUrl::parse(wrong, base).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_password_of_the_database_is_not_shown() {
        let url =
            DatabaseUrl::parse("postgres://app:s3cret@db.example/auth", Path::new("")).unwrap();
        assert_eq!(url.shown(), "PostgreSQL auth on db.example");
        assert!(!format!("{url:?}").contains("s3cret"));
    }
}
