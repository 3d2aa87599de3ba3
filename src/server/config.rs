//! The settings: `Leptos.toml` and the environment, read once into one typed struct.
//!
//! Every key is documented in `Leptos.toml`. One run reports all mistakes, so that the operator need not correct
//! them one at a time. That is why the keys are read one by one and not derived.
//!
//! A new setting is a field of [`Config`], a line in its `read` (with bounds: a function in `sections`), and a
//! documented line in `Leptos.toml`.

mod api;
pub mod duration;
mod environment;
mod memory;
mod reader;
mod sections;
mod site;
mod trusted_proxies;
mod warnings;

use crate::{
    domain::site::NAME,
    server::{
        core::{accounts::access_keys::KeyLimits, sessions::Lifetimes, sign_in::throttle::Limits},
        db::DatabaseUrl,
        hashing::Capacity,
        password_rules::PasswordRules,
        public_url::PublicUrl,
        sealing::SealingKey,
        watchers::WatchLimits,
    },
};
pub use api::ApiConfig;
pub use environment::Environment;
pub use memory::MEMORY_PER_CONNECTION;
use reader::Reader;
use sections::{
    boolean, log_filter, read_database, read_hashing, read_http, read_keys, read_lifetimes,
    read_max_sessions, read_min_length, read_site_addr, read_site_root, read_throttle, read_tokens,
};
pub use site::{Logo, LogoKind, SiteConfig};
use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};
pub use trusted_proxies::{TrustedProxies, parse_range};

pub const DEFAULT_FILE: &str = "Leptos.toml";
/// The default output folder of the build.
const DEFAULT_SITE_ROOT: &str = "target/site";

/// Everything that an administrator can set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The file that was read; `None` if there is none.
    pub file: Option<PathBuf>,
    pub site: SiteConfig,
    /// `None` means this machine only, on the port of the listener.
    pub public_url: Option<PublicUrl>,
    pub site_addr: SocketAddr,
    pub site_root: PathBuf,
    /// Whether the folder is configured; otherwise a site embedded in the program has precedence.
    pub site_root_is_set: bool,
    pub database_url: DatabaseUrl,
    pub lifetimes: Lifetimes,
    pub max_sessions: u32,
    pub confirm_after: Duration,
    pub keys: KeyLimits,
    pub password_min_chars: usize,
    pub throttle: Limits,
    pub keep_activity: Duration,
    pub hashing: Capacity,
    pub tokens: TokenConfig,
    pub http: HttpLimits,
    pub trusted_proxies: TrustedProxies,
    pub hsts_include_subdomains: bool,
    pub api: ApiConfig,
    pub log: LogConfig,
}

/// Limits of size, time and number for requests and connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpLimits {
    pub header_timeout: Duration,
    pub request_timeout: Duration,
    pub max_body_bytes: usize,
    pub max_connections: usize,
    /// Limits of open pages that watch their sessions.
    pub watchers: WatchLimits,
    pub shutdown_timeout: Duration,
}

/// Bodies of all requests together: enough for a few thousand sign-ins at once, and small enough for a small machine.
const BODY_BUDGET: usize = 32 * 1024 * 1024;

/// One address gets an eighth of the budget: eight are needed to keep the others from sending forms.
const BODY_BUDGET_PER_ADDRESS: usize = BODY_BUDGET / 8;

impl HttpLimits {
    /// Bytes that the bodies of all requests may take at once; several of the largest always fit.
    pub fn body_budget(&self) -> usize {
        BODY_BUDGET.max(self.max_body_bytes.saturating_mul(8))
    }

    pub fn body_budget_per_address(&self) -> usize {
        BODY_BUDGET_PER_ADDRESS.max(self.max_body_bytes)
    }
}

/// Access tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenConfig {
    pub lifetime: Duration,
    /// Seals the signing keys. It has precedence over the file.
    pub sealing_key: Option<SealingKey>,
    /// `None` means beside the database with SQLite, and no tokens with PostgreSQL.
    pub sealing_key_file: Option<PathBuf>,
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

/// All mistakes in the configuration.
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

/// Set by `cargo leptos watch`: then pages may open its reload socket.
pub fn is_watched(environment: &Environment) -> bool {
    environment.get("LEPTOS_WATCH").is_some()
}

/// Reads `file`, or `VESTIBULE_CONFIG`, or `Leptos.toml` in the current folder if it exists.
///
/// # Errors
/// All mistakes.
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

/// Parses the text of a configuration.
///
/// # Errors
/// All mistakes.
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
        site: site::read_site(&mut reader, &folder),
        public_url: reader.optional("public_url", PublicUrl::parse),
        site_addr: read_site_addr(&mut reader, environment),
        site_root_is_set: site_root.is_some(),
        site_root: site_root.unwrap_or_else(|| folder.join(DEFAULT_SITE_ROOT)),
        database_url: read_database(&mut reader, &folder),
        lifetimes: read_lifetimes(&mut reader),
        max_sessions: read_max_sessions(&mut reader),
        confirm_after: reader.read("session.confirm_after", "10m", duration::parse),
        keys: read_keys(&mut reader),
        password_min_chars: read_min_length(&mut reader),
        throttle: read_throttle(&mut reader),
        keep_activity: reader.read("activity.keep", "180d", duration::parse),
        hashing: read_hashing(&mut reader),
        tokens: read_tokens(&mut reader, &folder),
        http: read_http(&mut reader),
        trusted_proxies: TrustedProxies::new(reader.list("http.trusted_proxies", parse_range)),
        hsts_include_subdomains: reader.read("http.hsts_include_subdomains", "false", boolean),
        api: api::read_api(&mut reader),
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
        let names = [self.site.site.name.clone(), NAME.to_owned()];
        PasswordRules {
            min_chars: self.password_min_chars,
            site_names: host.into_iter().chain(names).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
