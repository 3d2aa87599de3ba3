//! The file of a sealing key.

use super::{FORM, SealingKey};
use crate::server::token::random_array;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// A key, with any white space around it. A longer file is something else, and is not read.
const MAX_BYTES: u64 = 1_024;

/// Any access of others, and writing by the group. A group that may read is how secrets are often handed to a service.
const TOO_OPEN: u32 = 0o027;

/// Why there is no sealing key. The file is never changed or replaced: it may be the right one with a typing error.
#[derive(Debug, thiserror::Error)]
pub enum SealingKeyError {
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} holds no sealing key: it has to be {FORM}", path.display())]
    Malformed { path: PathBuf },
    #[error("{} cannot be created: {source}", path.display())]
    NotCreated { path: PathBuf, source: io::Error },
}

/// Reads the key.
///
/// # Errors
/// [`SealingKeyError`].
pub fn read(path: &Path) -> Result<SealingKey, SealingKeyError> {
    let mut text = Zeroizing::new(String::new());
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES).read_to_string(&mut text))
        .map_err(|source| SealingKeyError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
    SealingKey::parse(text.trim()).ok_or_else(|| SealingKeyError::Malformed {
        path: path.to_owned(),
    })
}

/// Creates the file with a new key and the mode 0600, unless there is one. Whether it was created. Servers that start at
/// the same time get the same key: the file appears with its content, and the first one stays.
///
/// # Errors
/// [`SealingKeyError::NotCreated`].
pub fn create_if_missing(path: &Path) -> Result<bool, SealingKeyError> {
    if path.symlink_metadata().is_ok() {
        return Ok(false);
    }
    create(path).map_err(|source| SealingKeyError::NotCreated {
        path: path.to_owned(),
        source,
    })
}

fn create(path: &Path) -> io::Result<bool> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{:016x}.new", u64::from_ne_bytes(random_array())));
    let new = PathBuf::from(name);
    let outcome = write(&new).and_then(|()| match fs::hard_link(&new, path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    });
    // Missing if it could not be written.
    let _ = fs::remove_file(&new);
    let created = outcome?;
    // A new name is durable only after that: otherwise a power failure could lose a key that is in use.
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(created)
}

fn write(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(SealingKey::random().to_text().as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

/// A warning if other users of this machine can read or replace the content, with the remedy.
pub fn permission_warning(path: &Path) -> Option<String> {
    let mode = fs::metadata(path).ok()?.mode() & 0o7777;
    (mode & TOO_OPEN != 0).then(|| {
        format!(
            "{} has the mode {mode:04o}: with a copy of the database, other users of this machine could sign access \
             tokens. Run: chmod 600 {0}",
            path.display()
        )
    })
}
