//! The application's output during the tests, captured for `tools/canary`, which searches it for
//! secrets. One file for each test binary, overwritten by each run.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    sync::{LazyLock, Mutex, Once, PoisonError},
};

/// tools/canary reads the folder `captured` here. Fuzz targets have no such folder; theirs is not captured.
const FOLDER: Option<&str> = option_env!("CARGO_TARGET_TMPDIR");

static FILE: LazyLock<Mutex<File>> = LazyLock::new(|| {
    let folder = Path::new(FOLDER.expect("a test's folder")).join("captured");
    fs::create_dir_all(&folder).expect("a folder for the output");
    let path = folder.join(concat!(env!("CARGO_CRATE_NAME"), ".log"));
    Mutex::new(File::create(path).expect("a file for the output"))
});

struct Captured;

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        FILE.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Captures the output of another program.
pub fn keep(text: &str) {
    Captured
        .write_all(text.as_bytes())
        .expect("the output is captured");
}

/// Captures the log of the application in this process, at its most verbose level.
pub fn keep_log() {
    static START: Once = Once::new();
    if FOLDER.is_none() {
        return;
    }
    START.call_once(|| {
        tracing_subscriber::fmt()
            .with_env_filter("debug,vestibule=trace")
            .with_ansi(false)
            .with_writer(|| Captured)
            .init();
    });
}
