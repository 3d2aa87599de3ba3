//! The site embedded in the program by `make dist`, served like a folder (ADR 19).

use std::{
    future::{Ready, ready},
    io::{self, Cursor, ErrorKind, SeekFrom},
    path::{Path, PathBuf},
    pin::Pin,
    task::{Context, Poll},
    time::{Duration, SystemTime},
};
use tokio::io::{AsyncRead, AsyncSeek, ReadBuf};
use tower_http::services::fs::{Backend, File, Metadata};

/// The files of one build. `tools/list-site` generates the value.
#[derive(Debug)]
pub struct EmbeddedSite {
    /// The prefix of the names of script, style and WebAssembly. It ends with one digest of all three, so the content
    /// of a name never changes.
    pub output_name: &'static str,
    /// The modification time of the newest of them, in Unix seconds: their `Last-Modified`.
    pub built_at: u64,
    /// Each path, without a leading slash, and its content.
    pub files: &'static [(&'static str, &'static [u8])],
}

impl EmbeddedSite {
    /// Folders are not supported: their content is not listed.
    fn find(&self, path: &Path) -> io::Result<OpenFile> {
        // The service for folders asks for paths below `.`
        let path = path.strip_prefix(".").unwrap_or(path);
        let found = self.files.iter().find(|(name, _)| Path::new(name) == path);
        let (_, content) = found.ok_or(ErrorKind::NotFound)?;
        Ok(OpenFile {
            content: Cursor::new(content),
            built_at: SystemTime::UNIX_EPOCH + Duration::from_secs(self.built_at),
        })
    }
}

impl Backend for &'static EmbeddedSite {
    type File = OpenFile;
    type Metadata = FileMetadata;
    type OpenFuture = Ready<io::Result<OpenFile>>;
    type MetadataFuture = Ready<io::Result<FileMetadata>>;

    fn open(&self, path: PathBuf) -> Self::OpenFuture {
        ready(self.find(&path))
    }

    fn metadata(&self, path: PathBuf) -> Self::MetadataFuture {
        ready(self.find(&path).map(|file| file.to_metadata()))
    }
}

/// A file that is being read.
#[derive(Debug)]
pub struct OpenFile {
    content: Cursor<&'static [u8]>,
    built_at: SystemTime,
}

impl OpenFile {
    fn to_metadata(&self) -> FileMetadata {
        FileMetadata {
            length: self.content.get_ref().len(),
            built_at: self.built_at,
        }
    }
}

impl AsyncRead for OpenFile {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.content).poll_read(context, buffer)
    }
}

impl AsyncSeek for OpenFile {
    fn start_seek(mut self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        Pin::new(&mut self.content).start_seek(position)
    }

    fn poll_complete(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Pin::new(&mut self.content).poll_complete(context)
    }
}

impl File for OpenFile {
    type Metadata = FileMetadata;
    type MetadataFuture<'a> = Ready<io::Result<FileMetadata>>;

    fn metadata(&self) -> Self::MetadataFuture<'_> {
        ready(Ok(self.to_metadata()))
    }
}

/// The metadata of a file for its headers.
#[derive(Debug)]
pub struct FileMetadata {
    length: usize,
    built_at: SystemTime,
}

impl Metadata for FileMetadata {
    fn is_dir(&self) -> bool {
        false
    }

    fn modified(&self) -> io::Result<SystemTime> {
        Ok(self.built_at)
    }

    fn len(&self) -> u64 {
        self.length as u64
    }
}
