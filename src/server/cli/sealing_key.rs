//! The sealing key of a server: from the environment, from a file, or created beside an embedded database.

use crate::server::{
    config::Config,
    sealing::{self, SealingKey, SealingKeyError},
};
use std::path::{Path, PathBuf};

/// The file beside an embedded database.
const ENDING: &str = ".sealing-key";

/// The key for `serve`. `None` means that no access tokens are issued; the log has the reason. A key that cannot be
/// read does not prevent the start, because people can sign in without it. It is not replaced either: it may be needed
/// again.
pub fn to_serve(config: &Config) -> Option<SealingKey> {
    if let Some(key) = &config.tokens.sealing_key {
        return Some(key.clone());
    }
    let path = file(config)?;
    match open(config, &path) {
        Ok(key) => {
            if let Some(warning) = sealing::permission_warning(&path) {
                tracing::warn!("{warning}");
            }
            Some(key)
        }
        Err(error) => {
            tracing::error!(
                "no access tokens are issued, and everything else works: {error}. Put the key there and restart. If it \
                 is lost, replace it by a new one: no session ends"
            );
            None
        }
    }
}

/// A missing key is created only beside an embedded database. At a configured path the operator is to put the key that
/// other servers use too.
fn open(config: &Config, path: &Path) -> Result<SealingKey, SealingKeyError> {
    if config.tokens.sealing_key_file.is_none() && sealing::create_if_missing(path)? {
        tracing::info!(
            path = %path.display(),
            "a sealing key for the signing keys was created. Keep it out of backups of the database"
        );
    }
    sealing::read(path)
}

/// Warnings for `config check`, which changes nothing. A file that the first start creates may be missing.
pub fn warnings(config: &Config) -> Vec<String> {
    let Some(path) = file(config).filter(|_| config.tokens.sealing_key.is_none()) else {
        return Vec::new();
    };
    if config.tokens.sealing_key_file.is_none() && !path.exists() {
        return Vec::new();
    }
    let unusable = sealing::read(&path).err();
    let unusable = unusable.map(|error| format!("the API would issue no access tokens: {error}"));
    let warnings = unusable.into_iter();
    warnings.chain(sealing::permission_warning(&path)).collect()
}

fn file(config: &Config) -> Option<PathBuf> {
    let configured = config.tokens.sealing_key_file.clone();
    configured.or_else(|| config.database_url.beside(ENDING))
}
