//! Reads the settings that have bounds or depend on others, by section.

use super::{Environment, HttpLimits, TokenConfig, duration, reader::Reader};
use crate::{
    domain::password::{DEFAULT_MIN_CHARS, LOWEST_MIN_CHARS},
    server::{
        core::{
            accounts::access_keys::KeyLimits,
            sessions::Lifetimes,
            sign_in::throttle::Limits,
            tokens::{MAX_LIFETIME, MIN_LIFETIME},
        },
        db::DatabaseUrl,
        hashing::{Capacity, MEMORY_PER_THREAD},
        sealing::{self, SealingKey},
        watchers::WatchLimits,
    },
};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

const DAY: Duration = Duration::from_secs(86_400);

/// Ten years: a key without an end would be forgotten.
const MAX_KEY_LIFETIME: Duration = Duration::from_secs(3_650 * 86_400);

pub fn read_site_addr(reader: &mut Reader, environment: &Environment) -> SocketAddr {
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

/// The path from cargo-leptos is relative to its working directory, the one in the file to the file.
pub fn read_site_root(
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

pub fn read_database(reader: &mut Reader, folder: &Path) -> DatabaseUrl {
    let parse = |text: &str| DatabaseUrl::parse(text, folder);
    let url = reader.read("database_url", "sqlite:data/vestibule.db", parse);
    let has_pooler = reader.read("database_pooler", "false", boolean);
    let direct = reader.optional("database_direct_url", parse);
    reader.require(
        has_pooler || direct.is_none(),
        "database_direct_url is for database_pooler = true, which is not set",
    );
    reader.require(
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

pub fn read_lifetimes(reader: &mut Reader) -> Lifetimes {
    let lifetimes = Lifetimes {
        idle: reader.read("session.idle_timeout", "2h", duration::parse),
        absolute: reader.read("session.absolute_timeout", "24h", duration::parse),
        remember_idle: reader.read("session.remember_idle_timeout", "14d", duration::parse),
        remember_absolute: reader.read("session.remember_absolute_timeout", "90d", duration::parse),
    };
    reader.require(
        lifetimes.idle <= lifetimes.absolute,
        "session.idle_timeout is longer than session.absolute_timeout",
    );
    reader.require(
        lifetimes.remember_idle <= lifetimes.remember_absolute,
        "session.remember_idle_timeout is longer than session.remember_absolute_timeout",
    );
    lifetimes
}

pub fn read_max_sessions(reader: &mut Reader) -> u32 {
    let max_sessions = reader.read("session.max_sessions", "50", number);
    reader.require(max_sessions > 0, "session.max_sessions must be at least 1");
    max_sessions
}

pub fn read_keys(reader: &mut Reader) -> KeyLimits {
    let limits = KeyLimits {
        max_lifetime: reader.read("keys.max_lifetime", "365d", duration::parse),
        max_per_person: reader.read("keys.max_per_person", "20", number),
        sign_in: reader.read("keys.sign_in", "false", boolean),
    };
    reader.require(
        (DAY..=MAX_KEY_LIFETIME).contains(&limits.max_lifetime),
        "keys.max_lifetime must be between 1d and 3650d",
    );
    reader.require(
        (1..=1_000).contains(&limits.max_per_person),
        "keys.max_per_person must be between 1 and 1000",
    );
    limits
}

pub fn read_min_length(reader: &mut Reader) -> usize {
    let min_length = reader.read(
        "password.min_length",
        &DEFAULT_MIN_CHARS.to_string(),
        number,
    );
    reader.require(
        (LOWEST_MIN_CHARS..=128).contains(&min_length),
        &format!(
            "password.min_length must be at least {LOWEST_MIN_CHARS} (ASVS V6.2.1) and at most 128"
        ),
    );
    min_length
}

pub fn read_throttle(reader: &mut Reader) -> Limits {
    let account_failures = reader.read("throttle.account_failures", "10", number);
    let address_failures = reader.read("throttle.address_failures", "100", number);
    reader.require(
        (1..=100).contains(&account_failures),
        "throttle.account_failures must be between 1 and 100 (NIST SP 800-63B-4)",
    );
    reader.require(
        (1..=1_000_000).contains(&address_failures),
        "throttle.address_failures must be between 1 and 1000000",
    );
    let limits = Limits {
        account_failures,
        address_failures,
        window: reader.read("throttle.window", "15m", duration::parse),
        pause: reader.read("throttle.pause", "30s", duration::parse),
    };
    reader.require(
        limits.pause <= limits.window,
        "throttle.pause is longer than throttle.window",
    );
    limits
}

pub fn read_hashing(reader: &mut Reader) -> Capacity {
    let memory_mib = reader.read("hashing.memory_mib", "128", number::<u64>);
    let affordable = memory_mib.saturating_mul(1024 * 1024) / MEMORY_PER_THREAD;
    reader.require(
        affordable >= 1,
        "hashing.memory_mib must be at least 19: one password takes as much",
    );
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let queue = reader.read("hashing.queue", "64", number);
    reader.require(
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

pub fn read_tokens(reader: &mut Reader, folder: &Path) -> TokenConfig {
    let lifetime = reader.read("tokens.lifetime", "5m", duration::parse);
    reader.require(
        (MIN_LIFETIME..=MAX_LIFETIME).contains(&lifetime),
        "tokens.lifetime must be between 1m and 1h: where sessions are not looked up, a token outlives its session",
    );
    // The mistake never repeats the key.
    let sealing_key =
        |text: &str| SealingKey::parse(text).ok_or_else(|| format!("must be {}", sealing::FORM));
    TokenConfig {
        lifetime,
        sealing_key: reader.optional("tokens.sealing_key", sealing_key),
        sealing_key_file: reader.optional("tokens.sealing_key_file", |text| Ok(folder.join(text))),
    }
}

pub fn read_http(reader: &mut Reader) -> HttpLimits {
    let max_body_kib = reader.read("http.max_body_kib", "64", number::<usize>);
    let max_connections = reader.read("http.max_connections", "4096", number);
    let watchers = WatchLimits {
        total: reader.read("http.max_streams", "2048", number),
        per_session: reader.read("http.max_streams_per_session", "16", number),
        per_person: reader.read("http.max_streams_per_person", "64", number),
    };
    reader.require(
        (4..=65_536).contains(&max_body_kib),
        "http.max_body_kib must be between 4 and 65536",
    );
    reader.require(
        (1..=1_000_000).contains(&max_connections),
        "http.max_connections must be between 1 and 1000000",
    );
    reader.require(
        (1..=1_000_000).contains(&watchers.total),
        "http.max_streams must be between 1 and 1000000",
    );
    reader.require(
        (1..=1_000_000).contains(&watchers.per_session),
        "http.max_streams_per_session must be between 1 and 1000000",
    );
    reader.require(
        (1..=1_000_000).contains(&watchers.per_person),
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

pub fn boolean(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "must be true or false".to_owned())
}

pub fn log_filter(text: &str) -> Result<String, String> {
    match tracing_subscriber::EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(_) => Err("is not a filter such as \"info\" or \"vestibule=debug\"".to_owned()),
    }
}
