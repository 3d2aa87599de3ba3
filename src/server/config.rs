//! The settings: `Leptos.toml` and the environment, read once into one typed struct.
//!
//! Every key is documented in `Leptos.toml`. All mistakes are found in one reading, so that nobody
//! mends a file line by line; that is why the keys are read one by one and not derived.

mod doubts;
pub mod duration;
mod environment;
mod memory;
mod reader;

use super::{
    db::DatabaseUrl,
    ends::Room,
    forwarded::{TrustedProxies, parse_range},
    hashing::{Capacity, MEMORY_PER_THREAD},
    origin::PublicUrl,
    password_rules::PasswordRules,
    sessions::Lifetimes,
    throttle::Limits,
};
use crate::domain::{
    password::{DEFAULT_MIN_CHARS, LOWEST_MIN_CHARS},
    site,
};
pub use environment::Environment;
use reader::Reader;
use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

pub const DEFAULT_FILE: &str = "Leptos.toml";
/// Where the build leaves the site.
const DEFAULT_SITE_ROOT: &str = "target/site";

/// Everything an administrator can set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The file that was read; `None` where there is none.
    pub file: Option<PathBuf>,
    /// `None` means this machine only, on whatever port is listened to.
    pub public_url: Option<PublicUrl>,
    pub site_addr: SocketAddr,
    pub site_root: PathBuf,
    /// Whether the folder was asked for; else a site inside the program counts more.
    pub site_root_is_set: bool,
    pub database_url: DatabaseUrl,
    pub lifetimes: Lifetimes,
    pub max_sessions: u32,
    pub confirm_after: Duration,
    pub password_min_chars: usize,
    pub throttle: Limits,
    pub keep_activity: Duration,
    pub hashing: Capacity,
    pub http: HttpLimits,
    pub trusted_proxies: TrustedProxies,
    pub hsts_include_subdomains: bool,
    pub log: LogConfig,
}

/// Limits of size, time and number for requests and connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    pub header_timeout: Duration,
    pub request_timeout: Duration,
    pub max_body_bytes: usize,
    pub max_connections: usize,
    /// Open pages that watch their sessions.
    pub watchers: Room,
    pub shutdown_timeout: Duration,
}

/// Bodies of all requests together: a few thousand sign-ins at once, beside which there is room for
/// everything else in a small machine.
const BODY_BUDGET: usize = 32 * 1024 * 1024;

/// One address gets an eighth of what there is: eight are needed to keep the others from sending forms.
const BODY_BUDGET_OF_ONE_ADDRESS: usize = BODY_BUDGET / 8;

impl HttpLimits {
    /// Bytes that the bodies of all requests may take at once; several of the largest fit in any case.
    pub fn body_budget(&self) -> usize {
        BODY_BUDGET.max(self.max_body_bytes.saturating_mul(8))
    }

    pub fn body_budget_of_one_address(&self) -> usize {
        BODY_BUDGET_OF_ONE_ADDRESS.max(self.max_body_bytes)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    pub filter: String,
    pub format: LogFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("must be \"text\" or \"json\"".to_owned()),
        }
    }
}

/// All that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<String>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|mistake| writeln!(f, "  - {mistake}"))
    }
}

impl std::error::Error for Mistakes {}

/// `cargo leptos watch` says so, and then pages may open its reload socket.
pub fn is_watched(environment: &Environment) -> bool {
    environment.get("LEPTOS_WATCH").is_some()
}

/// Reads `file`, or `VESTIBULE_CONFIG`, or `Leptos.toml` in the current folder where it exists.
///
/// # Errors
/// Every mistake that was found.
pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Config, Mistakes> {
    let named = file
        .map(Path::to_owned)
        .or_else(|| environment.get(environment::FILE).map(PathBuf::from));
    let file =
        named.or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|default| default.exists()));
    let text = match &file {
        Some(path) => std::fs::read_to_string(path).map_err(|error| {
            Mistakes(vec![format!("{} cannot be read: {error}", path.display())])
        })?,
        None => String::new(),
    };
    read(&text, file, environment)
}

/// Reads a configuration from its text.
///
/// # Errors
/// Every mistake that was found.
pub fn read(
    text: &str,
    file: Option<PathBuf>,
    environment: &Environment,
) -> Result<Config, Mistakes> {
    let folder = file
        .as_deref()
        .and_then(Path::parent)
        .map(Path::to_owned)
        .unwrap_or_default();
    let mut reader = Reader::new(text, environment)?;
    let site_root = read_site_root(&mut reader, &folder, environment);
    let config = Config {
        file,
        public_url: reader.optional("public_url", PublicUrl::parse),
        site_addr: read_site_addr(&mut reader, environment),
        site_root_is_set: site_root.is_some(),
        site_root: site_root.unwrap_or_else(|| folder.join(DEFAULT_SITE_ROOT)),
        database_url: read_database(&mut reader, &folder),
        lifetimes: read_lifetimes(&mut reader),
        max_sessions: read_max_sessions(&mut reader),
        confirm_after: reader.read("session.confirm_after", "10m", duration::parse),
        password_min_chars: read_min_length(&mut reader),
        throttle: read_throttle(&mut reader),
        keep_activity: reader.read("activity.keep", "180d", duration::parse),
        hashing: read_hashing(&mut reader),
        http: read_http(&mut reader),
        trusted_proxies: TrustedProxies::new(reader.list("http.trusted_proxies", parse_range)),
        hsts_include_subdomains: reader.read("http.hsts_include_subdomains", "false", boolean),
        log: LogConfig {
            filter: reader.read("log.filter", "info", log_filter),
            format: reader.read("log.format", "text", str::parse),
        },
    };
    reader.finish().map(|()| config)
}

impl Config {
    /// The rules for new passwords on this site.
    pub fn password_rules(&self) -> PasswordRules {
        let host = self.public_url.as_ref().map(|url| url.host().to_owned());
        PasswordRules {
            min_chars: self.password_min_chars,
            site_names: host.into_iter().chain([site::NAME.to_owned()]).collect(),
        }
    }
}

fn read_site_addr(reader: &mut Reader, environment: &Environment) -> SocketAddr {
    let parse = |text: &str| {
        text.parse()
            .map_err(|_| "must be an address and a port, such as 127.0.0.1:3000".to_owned())
    };
    let from_file = reader.read("site_addr", "127.0.0.1:3000", parse);
    match environment.get("LEPTOS_SITE_ADDR") {
        Some(text) => reader
            .accept("LEPTOS_SITE_ADDR", parse(text))
            .unwrap_or(from_file),
        None => from_file,
    }
}

/// cargo-leptos gives its path from the folder that it runs in; the file's begins at the file.
fn read_site_root(
    reader: &mut Reader,
    folder: &Path,
    environment: &Environment,
) -> Option<PathBuf> {
    let from_file = reader.optional("site_root", |text| Ok(folder.join(text)));
    environment
        .get("LEPTOS_SITE_ROOT")
        .map(PathBuf::from)
        .or(from_file)
}

fn read_database(reader: &mut Reader, folder: &Path) -> DatabaseUrl {
    let parse = |text: &str| DatabaseUrl::parse(text, folder);
    let url = reader.read("database_url", "sqlite:data/vestibule.db", parse);
    let has_pooler = reader.read("database_pooler", "false", boolean);
    let direct = reader.optional("database_direct_url", parse);
    reader.demand(
        has_pooler || direct.is_none(),
        "database_direct_url is for database_pooler = true, which is not set",
    );
    reader.demand(
        !has_pooler || direct.is_some(),
        "database_pooler needs database_direct_url: notices and migrations go past the pooler",
    );
    match direct.filter(|_| has_pooler) {
        Some(direct) => reader
            .accept("database_pooler", url.clone().behind_pooler(direct))
            .unwrap_or(url),
        None => url,
    }
}

fn read_lifetimes(reader: &mut Reader) -> Lifetimes {
    let lifetimes = Lifetimes {
        idle: reader.read("session.idle_timeout", "2h", duration::parse),
        absolute: reader.read("session.absolute_timeout", "24h", duration::parse),
        remember_idle: reader.read("session.remember_idle_timeout", "14d", duration::parse),
        remember_absolute: reader.read("session.remember_absolute_timeout", "90d", duration::parse),
    };
    reader.demand(
        lifetimes.idle <= lifetimes.absolute,
        "session.idle_timeout is longer than session.absolute_timeout",
    );
    reader.demand(
        lifetimes.remember_idle <= lifetimes.remember_absolute,
        "session.remember_idle_timeout is longer than session.remember_absolute_timeout",
    );
    lifetimes
}

fn read_max_sessions(reader: &mut Reader) -> u32 {
    let max_sessions = reader.read("session.max_sessions", "50", number);
    reader.demand(max_sessions > 0, "session.max_sessions must be at least 1");
    max_sessions
}

fn read_min_length(reader: &mut Reader) -> usize {
    let min_length = reader.read(
        "password.min_length",
        &DEFAULT_MIN_CHARS.to_string(),
        number,
    );
    reader.demand(
        (LOWEST_MIN_CHARS..=128).contains(&min_length),
        &format!(
            "password.min_length must be at least {LOWEST_MIN_CHARS} (ASVS V6.2.1) and at most 128"
        ),
    );
    min_length
}

fn read_throttle(reader: &mut Reader) -> Limits {
    let account_failures = reader.read("throttle.account_failures", "10", number);
    let address_failures = reader.read("throttle.address_failures", "100", number);
    reader.demand(
        (1..=100).contains(&account_failures),
        "throttle.account_failures must be between 1 and 100 (NIST SP 800-63B-4)",
    );
    reader.demand(
        (1..=1_000_000).contains(&address_failures),
        "throttle.address_failures must be between 1 and 1000000",
    );
    let limits = Limits {
        account_failures,
        address_failures,
        window: reader.read("throttle.window", "15m", duration::parse),
        pause: reader.read("throttle.pause", "30s", duration::parse),
    };
    reader.demand(
        limits.pause <= limits.window,
        "throttle.pause is longer than throttle.window",
    );
    limits
}

fn read_hashing(reader: &mut Reader) -> Capacity {
    let memory_mib = reader.read("hashing.memory_mib", "128", number::<u64>);
    let affordable = memory_mib.saturating_mul(1024 * 1024) / MEMORY_PER_THREAD;
    reader.demand(
        affordable >= 1,
        "hashing.memory_mib must be at least 19: one password takes as much",
    );
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let queue = reader.read("hashing.queue", "64", number);
    reader.demand(
        (1..=100_000).contains(&queue),
        "hashing.queue must be between 1 and 100000",
    );
    Capacity {
        threads: processors
            .min(usize::try_from(affordable).unwrap_or(processors))
            .max(1),
        queue,
    }
}

fn read_http(reader: &mut Reader) -> HttpLimits {
    let max_body_kib = reader.read("http.max_body_kib", "64", number::<usize>);
    let max_connections = reader.read("http.max_connections", "4096", number);
    let watchers = Room {
        in_all: reader.read("http.max_streams", "2048", number),
        of_one_session: reader.read("http.max_streams_per_session", "16", number),
        of_one_person: reader.read("http.max_streams_per_person", "64", number),
    };
    reader.demand(
        (4..=65_536).contains(&max_body_kib),
        "http.max_body_kib must be between 4 and 65536",
    );
    reader.demand(
        (1..=1_000_000).contains(&max_connections),
        "http.max_connections must be between 1 and 1000000",
    );
    reader.demand(
        (1..=1_000_000).contains(&watchers.in_all),
        "http.max_streams must be between 1 and 1000000",
    );
    reader.demand(
        (1..=1_000_000).contains(&watchers.of_one_session),
        "http.max_streams_per_session must be between 1 and 1000000",
    );
    reader.demand(
        (1..=1_000_000).contains(&watchers.of_one_person),
        "http.max_streams_per_person must be between 1 and 1000000",
    );
    HttpLimits {
        header_timeout: reader.read("http.header_timeout", "10s", duration::parse),
        request_timeout: reader.read("http.request_timeout", "30s", duration::parse),
        max_body_bytes: max_body_kib.saturating_mul(1024),
        max_connections,
        watchers,
        shutdown_timeout: reader.read("http.shutdown_timeout", "20s", duration::parse),
    }
}

fn number<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse()
        .map_err(|_| "must be a whole number".to_owned())
}

fn boolean(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "must be true or false".to_owned())
}

fn log_filter(text: &str) -> Result<String, String> {
    match tracing_subscriber::EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("is not a filter such as \"info\" or \"vestibule=debug\"".to_owned()),
    }
}

#[cfg(test)]
mod tests;
