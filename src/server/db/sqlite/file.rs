//! The file of an embedded database: locks, permissions, and the files beside it.

use crate::server::db::{IfMissing, OpenError};
use std::{
    ffi::OsString,
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// The files that SQLite keeps beside an open database.
pub const JOURNALS: [&str; 2] = ["-wal", "-shm"];

/// The permission bits of the group and of others.
const GROUP_AND_OTHERS: u32 = 0o077;

/// `path` with another ending. SQLite resolves links, and keeps its files beside the target.
pub fn with_suffix(path: &Path, ending: &str) -> PathBuf {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

/// Creates the file readable by its owner only: it holds password hashes and addresses.
///
/// # Errors
/// [`OpenError`], each with its remedy.
pub fn prepare(path: &Path, if_missing: IfMissing) -> Result<(), OpenError> {
    let unusable = |source| OpenError::File {
        path: path.to_owned(),
        source,
    };
    match (fs::metadata(path), if_missing) {
        (Ok(metadata), _) if metadata.uid() != rustix::process::geteuid().as_raw() => {
            Err(OpenError::ForeignOwner {
                path: path.to_owned(),
                owner: metadata.uid(),
            })
        }
        (Ok(_), _) => Ok(()),
        (Err(error), _) if error.kind() != ErrorKind::NotFound => Err(unusable(error)),
        (Err(_), IfMissing::Refuse) => Err(OpenError::Missing(path.to_owned())),
        (Err(_), IfMissing::Create) => create(path).map_err(unusable),
    }
}

fn create(path: &Path) -> io::Result<()> {
    create_folder(path)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options.open(path).map(drop)
}

pub fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700).create(folder(path))
}

/// The folder that a file is in.
pub fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Keeps `vestibule restore` from replacing the database while this is held. It locks a file of its own: closing a
/// second descriptor of the database would release SQLite's locks.
#[derive(Debug)]
pub struct FileLock(#[expect(dead_code, reason = "the lock goes with it")] File);

/// Marks the database at `path` as in use by this process. `None` if that is impossible, as in a read-only folder: the
/// database can still be read there.
///
/// # Errors
/// [`OpenError::BeingRestored`].
pub fn lock_shared(path: &Path) -> Result<Option<FileLock>, OpenError> {
    let Ok(file) = open_lock(path) else {
        return Ok(None);
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(Some(FileLock(file))),
        Err(TryLockError::WouldBlock) => Err(OpenError::BeingRestored(path.to_owned())),
        // A file system without locks.
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

/// The same for exclusive use.
///
/// # Errors
/// [`OpenError::InUse`], and [`OpenError::File`] if that cannot be determined.
pub fn lock_exclusive(path: &Path) -> Result<FileLock, OpenError> {
    let unusable = |source| OpenError::File {
        path: path.to_owned(),
        source,
    };
    let file = open_lock(path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => Ok(FileLock(file)),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options.open(with_suffix(path, ".lock"))
}

/// Replaces a file atomically, even at a power failure.
///
/// # Errors
/// Those of the system; the old content is kept.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = with_suffix(path, ".new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&new)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    sync_folder(path)
}

/// Flushes a folder: a new name is durable only after that.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder(path))?.sync_all()
}

/// The mode of a file of ours, if others can read or write it.
fn mode_for_others(path: &Path) -> Option<u32> {
    let metadata = fs::metadata(path).ok()?;
    let is_ours = metadata.uid() == rustix::process::geteuid().as_raw();
    let mode = metadata.mode() & 0o7777;
    (is_ours && metadata.is_file() && mode & GROUP_AND_OTHERS != 0).then_some(mode)
}

/// The database, and the files beside it with the same content.
fn with_journals(path: &Path) -> impl Iterator<Item = PathBuf> {
    let journals = JOURNALS.map(|ending| with_suffix(path, ending));
    std::iter::once(path.to_owned()).chain(journals)
}

/// Revokes the access of other users to the database, and logs it. The folder's mode is not changed: it may contain
/// files of others.
pub fn restrict_permissions(path: &Path) {
    for file in with_journals(path) {
        let Some(mode) = mode_for_others(&file) else {
            continue;
        };
        // A file that is read-only for its owner stays so: that is intended.
        let own = mode & !GROUP_AND_OTHERS;
        let (shown, mode) = (file.display(), format!("{mode:04o}"));
        match fs::set_permissions(&file, Permissions::from_mode(own)) {
            Ok(()) => {
                tracing::warn!(path = %shown, mode, "other users could read or write this file; it is {own:04o} now");
            }
            Err(error) => {
                tracing::warn!(path = %shown, mode, %error, "other users can read or write this file");
            }
        }
    }
    if let Some(warning) = folder_warning(path) {
        tracing::warn!("{warning}");
    }
}

/// Warnings about the access of other users of this machine, with the remedy.
pub fn permission_warnings(path: &Path) -> Vec<String> {
    let files = with_journals(path).filter_map(|file| {
        let mode = mode_for_others(&file)?;
        Some(format!(
            "{} has the mode {mode:04o}: other users of this machine can read or write it. The server takes \
             that away at its start; or run: chmod go= {0}",
            file.display()
        ))
    });
    files.chain(folder_warning(path)).collect()
}

/// A user who can write to the folder can replace the database. A group with the same number as the user has only that
/// user on most systems.
fn folder_warning(path: &Path) -> Option<String> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = folder(&path);
    let metadata = fs::metadata(folder).ok()?;
    let mode = metadata.mode() & 0o7777;
    let by_group = mode & 0o020 != 0 && metadata.gid() != rustix::process::getegid().as_raw();
    (mode & 0o002 != 0 || by_group).then(|| {
        format!(
            "the folder {} has the mode {mode:04o}: other users of this machine can put another database in the \
             place of this one. Run: chmod go-w {0}",
            folder.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_file_name_is_in_the_current_folder() {
        for (file, expected) in [("v.db", "."), ("data/v.db", "data"), ("/v.db", "/")] {
            assert_eq!(folder(Path::new(file)), Path::new(expected));
        }
    }
}
