//! The address of the database.

use super::sqlite::file::with_suffix;
use sqlx::postgres::PgConnectOptions;
use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

/// The address of the database.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    Sqlite(PathBuf),
    Postgres(PostgresUrl),
}

/// The address of a PostgreSQL server, and of a pooler in front of it.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    url: String,
    /// The server itself, if `url` leads to a pooler that shares connections between transactions.
    direct: Option<String>,
}

/// Without the password, because configurations are printed.
impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl DatabaseUrl {
    /// Parses `sqlite:PATH` (relative to `base`) or `postgres://…`.
    ///
    /// # Errors
    /// A sentence that describes the expected form; it never repeats the URL, which may hold a password.
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
            return PostgresUrl::parse(text).map(Self::Postgres);
        }
        Err("must begin with `sqlite:` or `postgres://`".to_owned())
    }

    /// The same, for a pooler that shares connections between transactions; `direct` is the server itself.
    ///
    /// # Errors
    /// A sentence if one of the two is not PostgreSQL.
    pub fn behind_pooler(self, direct: Self) -> Result<Self, String> {
        match (self, direct) {
            (Self::Postgres(pooler), Self::Postgres(direct)) => Ok(Self::Postgres(PostgresUrl {
                url: pooler.url,
                direct: Some(direct.url),
            })),
            _ => Err("is for PostgreSQL: database_url and database_direct_url both begin with `postgres://`".to_owned()),
        }
    }

    /// A file of ours beside that of an embedded database; `None` for PostgreSQL.
    pub fn beside(&self, ending: &str) -> Option<PathBuf> {
        match self {
            Self::Sqlite(path) => Some(with_suffix(path, ending)),
            Self::Postgres(_) => None,
        }
    }

    /// For people: without the password.
    pub fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("SQLite in {}", path.display()),
            Self::Postgres(url) => url.shown(),
        }
    }
}

impl From<&str> for PostgresUrl {
    fn from(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            direct: None,
        }
    }
}

impl PostgresUrl {
    fn parse(text: &str) -> Result<Self, String> {
        if names_several_hosts(text) {
            return Err("names several hosts; it takes one. Name a proxy or a virtual address that leads to the primary"
                .to_owned());
        }
        let url = with_host(text);
        match PgConnectOptions::from_str(&url) {
            Ok(_) => Ok(Self::from(url.as_str())),
            Err(_) => Err("is not a PostgreSQL address".to_owned()),
        }
    }

    /// The target of statements.
    pub fn options(&self) -> Result<PgConnectOptions, sqlx::Error> {
        PgConnectOptions::from_str(&self.url)
    }

    /// The server itself, bypassing a pooler that shares connections between transactions; `None` without one.
    pub fn direct(&self) -> Result<Option<PgConnectOptions>, sqlx::Error> {
        let direct = self.direct.as_deref();
        direct.map(PgConnectOptions::from_str).transpose()
    }

    fn shown(&self) -> String {
        let Ok(options) = self.options() else {
            return "PostgreSQL".to_owned();
        };
        let socket = options.get_socket().map(|path| path.display().to_string());
        format!(
            "PostgreSQL {} on {}",
            options.get_database().unwrap_or("(default database)"),
            socket.as_deref().unwrap_or(options.get_host())
        )
    }
}

/// The parts of `scheme://authority/…?…`; the authority without `user:password@`.
struct Parts<'a> {
    scheme: &'a str,
    user: Option<&'a str>,
    hosts: &'a str,
    path: &'a str,
    query: &'a str,
}

fn parts(url: &str) -> Parts<'_> {
    let (scheme, rest) = url.split_once("://").unwrap_or((url, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(path);
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (Some(user), hosts),
        None => (None, authority),
    };
    Parts {
        scheme,
        user,
        hosts,
        path,
        query,
    }
}

/// libpq tries several hosts in turn, as `host1,host2` or `?host=host1,host2`. sqlx supports one.
fn names_several_hosts(url: &str) -> bool {
    let Parts { hosts, query, .. } = parts(url);
    let named = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut lists = named.filter(|(key, _)| matches!(*key, "host" | "hostaddr" | "port"));
    hosts.contains(',') || lists.any(|(_, list)| list.contains(',') || list.contains("%2C"))
}

/// `postgres://user@/database?host=/socket`, which libpq accepts, has a user and an empty host: no URL by
/// the standard. The user is moved to where both parsers read it.
fn with_host(url: &str) -> String {
    let Parts {
        scheme,
        user: Some(user),
        hosts: "",
        path,
        query,
    } = parts(url)
    else {
        return url.to_owned();
    };
    // In a query a plus sign is a space.
    let user = user.replace('+', "%2B").replace('&', "%26");
    let user = match user.split_once(':') {
        Some((user, password)) => format!("user={user}&password={password}"),
        None => format!("user={user}"),
    };
    let separator = if query.is_empty() { "" } else { "&" };
    format!("{scheme}://{path}?{user}{separator}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn database_urls_are_parsed() {
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
    fn a_shown_database_url_has_no_password() {
        let url =
            DatabaseUrl::parse("postgres://app:s3cret@db.example/auth", Path::new("")).unwrap();
        assert_eq!(url.shown(), "PostgreSQL auth on db.example");
        assert!(!format!("{url:?}").contains("s3cret"));
    }

    fn options(address: &str) -> PgConnectOptions {
        match DatabaseUrl::parse(address, Path::new("")) {
            Ok(DatabaseUrl::Postgres(url)) => url.options().unwrap(),
            other => panic!("{address}: {other:?}"),
        }
    }

    #[test]
    fn socket_addresses_are_parsed_as_by_libpq() {
        for address in [
            "postgres://app@/auth?host=/run/postgresql",
            "postgres://app:a%2Bb+c@/auth?host=/run/postgresql&port=5433",
            "postgresql:///auth?host=/run/postgresql&user=app",
            "postgres://app@%2Frun%2Fpostgresql/auth",
        ] {
            let options = options(address);
            assert_eq!(
                options.get_socket(),
                Some(&PathBuf::from("/run/postgresql"))
            );
            assert_eq!(options.get_username(), "app", "{address}");
            assert_eq!(options.get_database(), Some("auth"), "{address}");
        }
        let url = with_host("postgres://app:a%2Bb+c@/auth?host=/s");
        assert_eq!(url, "postgres:///auth?user=app&password=a%2Bb%2Bc&host=/s");
        let socket = DatabaseUrl::parse("postgres://app@/auth?host=/s", Path::new("")).unwrap();
        assert_eq!(socket.shown(), "PostgreSQL auth on /s");
        assert_eq!(
            options("postgres://app@db.example/auth").get_host(),
            "db.example"
        );
    }

    #[test]
    fn several_hosts_are_refused_with_the_remedy() {
        for address in [
            "postgres://app:s3cret@one,two/auth",
            "postgres://app:s3cret@one:5432,two:5433/auth?target_session_attrs=read-write",
            "postgres://app:s3cret@/auth?host=one,two",
            "postgres:///auth?host=one%2Ctwo&password=s3cret",
        ] {
            let refused = DatabaseUrl::parse(address, Path::new("")).expect_err(address);
            assert!(
                refused.contains("a proxy or a virtual address"),
                "{refused}"
            );
            assert!(!refused.contains("s3cret"), "{refused}");
        }
        assert!(DatabaseUrl::parse("postgres://app:a,b@one/auth", Path::new("")).is_ok());
    }

    #[test]
    fn only_postgresql_accepts_a_pooler() {
        let parse = |text| DatabaseUrl::parse(text, Path::new("")).unwrap();
        let pooled = parse("postgres://a@pooler/auth").behind_pooler(parse("postgres://a@db/auth"));
        assert_eq!(pooled.unwrap().shown(), "PostgreSQL auth on pooler");
        assert!(
            parse("sqlite:v.db")
                .behind_pooler(parse("postgres://a@db/auth"))
                .is_err()
        );
        assert!(
            parse("postgres://a@pooler/auth")
                .behind_pooler(parse("sqlite:v.db"))
                .is_err()
        );
    }
}
