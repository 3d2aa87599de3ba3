//! A PostgreSQL server for one test, to be stopped and started; the shared one continues.

use crate::program::free_port;
use rustix::process::{Pid, Signal, geteuid, kill_process};
use sqlx::{Connection, PgConnection};
use std::{
    fs::{self, File},
    os::unix::{
        fs::{OpenOptionsExt, chown},
        process::CommandExt,
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Anything that takes longer has failed.
const TIMEOUT: Duration = Duration::from_secs(60);

/// PostgreSQL refuses to run as root: then it runs as the user `nobody`.
const NOBODY: u32 = 65_534;

/// The way to stop PostgreSQL.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    /// Statements in progress are rolled back.
    Fast,
    /// As if it had crashed: the next start recovers from its log.
    Immediate,
}

/// It runs until it is dropped.
pub struct Cluster {
    folder: PathBuf,
    password: String,
    port: u16,
    settings: &'static [&'static str],
    server: Option<Child>,
}

impl Cluster {
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// With these settings, as `name=value`.
    pub async fn with(settings: &'static [&'static str]) -> Self {
        let random = uuid::Uuid::new_v4().simple().to_string();
        // Other users have to reach it, and the path of a socket is limited to about 100 bytes.
        let folder = PathBuf::from(format!("/tmp/vestibule-cluster-{random}"));
        fs::create_dir(&folder).unwrap();
        let mut cluster = Self {
            folder,
            // Other users of the machine can reach the port.
            password: random,
            port: free_port(),
            settings,
            server: None,
        };
        cluster.initialize();
        cluster.start().await;
        cluster
    }

    fn initialize(&self) {
        let file = self.folder.join("password");
        let mut password = fs::OpenOptions::new();
        let mut password = password
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&file)
            .unwrap();
        std::io::Write::write_all(&mut password, self.password.as_bytes()).unwrap();
        if geteuid().is_root() {
            for path in [&self.folder, &file] {
                chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
            }
        }
        let made = self
            .program("initdb")
            .args("--pgdata=data --username=postgres --auth=scram-sha-256".split(' '))
            .args("--pwfile=password --encoding=UTF8 --locale=C --no-sync".split(' '))
            .output()
            .expect("initdb");
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stderr)
        );
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(programs().join(name));
        command.current_dir(&self.folder).env_clear();
        if geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// Starts the server and waits until it answers.
    pub async fn start(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("log"))
            .unwrap();
        let server = self
            .program("postgres")
            .args(["-D", "data", "-p", &self.port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args([
                "-c",
                &format!("unix_socket_directories={}", self.folder.display()),
            ])
            .args(self.settings.iter().flat_map(|setting| ["-c", setting]))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("postgres");
        self.server = Some(server);
        let deadline = Instant::now() + TIMEOUT;
        while let Err(error) = PgConnection::connect(&self.url()).await {
            let ended = self.server.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "{error}:\n{}", self.log());
            assert!(Instant::now() < deadline, "{error}:\n{}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Stops the server and waits for its end.
    pub fn stop(&mut self, how: Stop) {
        let Some(mut server) = self.server.take() else {
            return;
        };
        let signal = match how {
            Stop::Fast => Signal::INT,
            Stop::Immediate => Signal::QUIT,
        };
        // It may have ended by itself.
        let _ = kill_process(Pid::from_child(&server), signal);
        let deadline = Instant::now() + TIMEOUT;
        while server.try_wait().unwrap().is_none() {
            assert!(
                Instant::now() < deadline,
                "it does not stop:\n{}",
                self.log()
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    pub const fn port(&self) -> u16 {
        self.port
    }

    pub fn password(&self) -> &str {
        &self.password
    }

    /// Its address by a socket, in libpq's syntax.
    pub fn url_of_socket(&self) -> String {
        format!(
            "postgres://postgres:{}@/postgres?host={}&port={}",
            self.password,
            self.folder.display(),
            self.port
        )
    }

    pub fn url(&self) -> String {
        self.url_at(self.port)
    }

    /// Its address by way of another port of this machine.
    pub fn url_at(&self, port: u16) -> String {
        format!(
            "postgres://postgres:{}@127.0.0.1:{port}/postgres",
            self.password
        )
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop(Stop::Immediate);
        // Left-over files in the temporary folder are harmless.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "it names the programs for the tests"
)]
fn programs() -> PathBuf {
    let folder = std::env::var("TEST_POSTGRES_BIN").expect(
        "the tests that stop PostgreSQL need its programs: run \
         `tools/with-postgres cargo test --features ssr`, or set TEST_POSTGRES_BIN to their folder",
    );
    folder.into()
}
