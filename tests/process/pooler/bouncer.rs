//! Debian's PgBouncer, in front of a PostgreSQL server for one test.

use crate::{faults::cluster::Cluster, program::free_port};
use rustix::process::geteuid;
use std::{
    fs::{self, File, OpenOptions},
    io::Write,
    net::TcpStream,
    os::unix::{
        fs::{OpenOptionsExt, chown},
        process::CommandExt,
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Anything that takes longer has failed.
const TIMEOUT: Duration = Duration::from_secs(30);

/// PgBouncer refuses to run as root: then it runs as the user `nobody`.
const NOBODY: u32 = 65_534;

/// The unit in which clients share connections to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Session,
    Transaction,
}

/// It runs until it is dropped.
pub struct Bouncer {
    folder: PathBuf,
    port: u16,
    process: Child,
}

impl Bouncer {
    /// As Debian configures it, except for its addresses and users. In transaction mode there are
    /// fewer connections to the server than concurrent requests, so that clients share them.
    pub fn start(cluster: &Cluster, mode: Mode) -> Self {
        let (mode, size) = match mode {
            Mode::Session => ("session", 60),
            Mode::Transaction => ("transaction", 3),
        };
        let folder = PathBuf::from(format!(
            "/tmp/vestibule-bouncer-{}",
            uuid::Uuid::new_v4().simple()
        ));
        fs::create_dir(&folder).unwrap();
        let port = free_port();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {users}\n\
             pool_mode = {mode}\ndefault_pool_size = {size}\n",
            server = cluster.port(),
            users = folder.join("users").display(),
        );
        let users = format!("\"postgres\" \"{}\"\n", cluster.password());
        for (name, text) in [("settings", settings), ("users", users)] {
            let path = folder.join(name);
            let mut file = OpenOptions::new();
            let mut file = file
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)
                .unwrap();
            file.write_all(text.as_bytes()).unwrap();
            if geteuid().is_root() {
                chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        let log = File::create(folder.join("log")).unwrap();
        let mut command = Command::new(program());
        command
            .arg(folder.join("settings"))
            .current_dir("/")
            .env_clear()
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        if geteuid().is_root() {
            // It drops the groups, which only root may do.
            command.args(["-u", "nobody"]);
            chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        command.process_group(0);
        let process = command.spawn().expect("PgBouncer");
        let mut bouncer = Self {
            folder,
            port,
            process,
        };
        bouncer.wait();
        bouncer
    }

    fn wait(&mut self) {
        let deadline = Instant::now() + TIMEOUT;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.process.try_wait().unwrap();
            let log = || fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(
                ended.is_none() && Instant::now() < deadline,
                "{ended:?}:\n{}",
                log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
        // Left-over files in the temporary folder are harmless.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "it names the programs for the tests"
)]
fn program() -> PathBuf {
    let program = std::env::var("TEST_PGBOUNCER").expect(
        "the tests behind PgBouncer need the program: run \
         `tools/with-postgres tools/with-pgbouncer cargo test --features ssr`, or set TEST_PGBOUNCER to its path",
    );
    program.into()
}
