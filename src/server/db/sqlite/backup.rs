//! Backup of an embedded database, and its restoration.

use super::file::{
    FileLock, JOURNALS, create_folder, lock_exclusive, prepare, sync_folder, with_suffix,
};
use crate::server::db::{DatabaseUrl, Db, IfMissing, OpenError, Pool};
use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// Writes the whole database into a new file, while others read and write. An existing `target` is kept.
///
/// # Errors
/// [`OpenError`], each with its remedy.
pub async fn backup(db: &Db, target: &Path) -> Result<(), OpenError> {
    let unusable = |source| OpenError::File {
        path: target.to_owned(),
        source,
    };
    // Refused at once, and again at the end.
    if target.symlink_metadata().is_ok() {
        return Err(unusable(io::ErrorKind::AlreadyExists.into()));
    }
    let copy = TemporaryFile::create(with_suffix(target, ".part"))?;
    if let Pool::Sqlite(pool) = &db.writer {
        let Some(name) = copy.0.to_str() else {
            return Err(unusable(io::ErrorKind::InvalidFilename.into()));
        };
        sqlx::query("VACUUM INTO $1")
            .bind(name)
            .execute(pool)
            .await?;
    }
    copy.persist(target).map_err(unusable)
}

/// A file under a temporary name. It is removed unless it is renamed.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    /// SQLite treats an empty file as a new database, and keeps its mode.
    fn create(path: PathBuf) -> Result<Self, OpenError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        match options.open(&path) {
            Ok(_) => Ok(Self(path)),
            Err(source) => Err(OpenError::File { path, source }),
        }
    }

    /// Of two that want one name at the same time the second is refused: creating the file is atomic.
    fn persist(self, name: &Path) -> io::Result<()> {
        File::open(&self.0)?.sync_all()?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        options.open(name)?;
        fs::rename(&self.0, name)?;
        sync_folder(name)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm", ".lock"] {
            // Missing if it was renamed, or never created.
            let _ = fs::remove_file(with_suffix(&self.0, ending));
        }
    }
}

/// A backup that is about to replace a database that is not in use.
pub struct Restoring {
    copy: TemporaryFile,
    path: PathBuf,
    _lock: FileLock,
}

impl Restoring {
    /// Copies `from` beside the database at `path`, which is not changed.
    ///
    /// # Errors
    /// [`OpenError::InUse`] and others, each with its remedy.
    pub fn begin(path: &Path, from: &Path) -> Result<Self, OpenError> {
        let unusable = |path: &Path| {
            let path = path.to_owned();
            move |source| OpenError::File { path, source }
        };
        let source = File::open(from).map_err(unusable(from))?;
        match prepare(path, IfMissing::Refuse) {
            Err(OpenError::Missing(_)) => create_folder(path).map_err(unusable(path))?,
            outcome => outcome?,
        }
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if is_same(&source, &path) {
            return Err(unusable(from)(io::Error::other(
                "it is the database itself",
            )));
        }
        let lock = lock_exclusive(&path)?;
        let copy = with_suffix(&path, ".restored");
        // A leftover of an interrupted attempt: this process holds the lock exclusively.
        drop(TemporaryFile(copy.clone()));
        let copy = TemporaryFile::create(copy)?;
        copy_into(source, &copy.0).map_err(unusable(&copy.0))?;
        Ok(Self {
            copy,
            path,
            _lock: lock,
        })
    }

    /// The copy, to be migrated before it is put in place.
    pub fn copy(&self) -> DatabaseUrl {
        DatabaseUrl::Sqlite(self.copy.0.clone())
    }

    /// Puts the copy in place. It has to be closed. The journals of the old file are removed first: SQLite would replay
    /// them into the new one.
    pub fn finish(self) -> Result<(), OpenError> {
        let replace = || {
            File::open(&self.copy.0)?.sync_all()?;
            for ending in JOURNALS {
                match fs::remove_file(with_suffix(&self.path, ending)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            sync_folder(&self.path)?;
            fs::rename(&self.copy.0, &self.path)?;
            sync_folder(&self.path)
        };
        replace().map_err(|source| OpenError::File {
            path: self.path.clone(),
            source,
        })
    }
}

fn is_same(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

fn copy_into(mut source: File, copy: &Path) -> io::Result<()> {
    let mut copy = OpenOptions::new().write(true).open(copy)?;
    io::copy(&mut source, &mut copy)?;
    copy.sync_all()
}
