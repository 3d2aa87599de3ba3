//! What the application says while it is tested, kept for `tools/canary`: it searches all of it for
//! secrets. One file for each test binary, begun anew by each run.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    sync::{LazyLock, Mutex, Once, PoisonError},
};

/// tools/canary looks in `said` here. Fuzz targets have no such place, and nothing of theirs is kept.
const PLACE: Option<&str> = option_env!("CARGO_TARGET_TMPDIR");

static FILE: LazyLock<Mutex<File>> = LazyLock::new(|| {
    let folder = Path::new(PLACE.expect("a test's place")).join("said");
    fs::create_dir_all(&folder).expect("a folder for what is said");
    let path = folder.join(concat!(env!("CARGO_CRATE_NAME"), ".log"));
    Mutex::new(File::create(path).expect("a file for what is said"))
});

struct Said;

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        FILE.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps what another program has said.
pub fn keep(text: &str) {
    Said.write_all(text.as_bytes())
        .expect("what is said is kept");
}

/// Keeps the log of the application in this process, at its most talkative.
pub fn keep_log() {
    static START: Once = Once::new();
    if PLACE.is_none() {
        return;
    }
    START.call_once(|| {
        tracing_subscriber::fmt()
            .with_env_filter("debug,vestibule=trace")
            .with_ansi(false)
            .with_writer(|| Said)
            .init();
    });
}
