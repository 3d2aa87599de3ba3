//! The real program, in an empty folder, on a port of its own.

// By path: the tests of `make dist-check` load this file by a path as well.
#[path = "program/outcome.rs"]
mod outcome;
#[path = "program/server.rs"]
mod server;

pub use outcome::Outcome;
pub use server::Server;

use crate::support::{
    PASSWORD, captured,
    database::{Engine, TestDatabase},
    http::{Answer, Browser},
};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs,
    io::{self, Write},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

/// Anything that takes longer has failed.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The content of each file of the site, and the digest that tools/build would put into its name.
pub const FILE: &str = "/* a file */";
const DIGEST: &str = "pbaHyaPXz0A6yT1u838MOw";

/// The program beside a list of digests, in the folder of the build: half a gigabyte is linked there, not copied.
static WITH_DIGESTS: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("with_digests");
    fs::create_dir_all(&folder).expect("a folder of the tests");
    let digests = ["js", "wasm", "css"].map(|kind| format!("{kind}: {DIGEST}\n"));
    fs::write(folder.join("hash.txt"), digests.concat()).expect("a list of digests");
    let program = folder.join("vestibule");
    // That of an earlier build.
    let _ = fs::remove_file(&program);
    fs::hard_link(env!("CARGO_BIN_EXE_vestibule"), &program).expect("the program");
    program
});

/// A folder, a database and settings, with no server yet.
pub struct Home {
    pub database: TestDatabase,
    pub folder: PathBuf,
    program: PathBuf,
    settings: Vec<(String, String)>,
}

impl Home {
    pub fn new(database: TestDatabase) -> Self {
        let name = format!("vestibule_home_{}", uuid::Uuid::new_v4().simple());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).expect("a folder of our own");
        let home = Self {
            folder,
            program: env!("CARGO_BIN_EXE_vestibule").into(),
            settings: Vec::new(),
            database,
        };
        let address = home.database.address.clone();
        home.with("LEPTOS_SITE_ADDR", "127.0.0.1:0")
            .with("VESTIBULE_DATABASE_URL", &address)
            // An earlier build may have left a list beside the program.
            .with("LEPTOS_HASH_FILES", "false")
    }

    /// As a release is installed: with a list of digests beside the program, so that the names of
    /// files contain them.
    pub fn with_digests(mut self) -> Self {
        self.program.clone_from(&WITH_DIGESTS);
        self.with("LEPTOS_HASH_FILES", "true")
    }

    /// With another program and no setting but the port, which may be in use: it has to bring
    /// everything else.
    #[allow(dead_code, reason = "for the tests of `make dist-check`")]
    pub async fn bare(program: PathBuf) -> Self {
        let mut home = Self::on_sqlite().await;
        home.program = program;
        home.settings.retain(|(name, _)| name == "LEPTOS_SITE_ADDR");
        home
    }

    pub async fn on_sqlite() -> Self {
        Self::new(TestDatabase::new(Engine::Sqlite).await)
    }

    /// Sets an environment variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The file of an SQLite database.
    pub fn database_file(&self) -> PathBuf {
        self.database.address.trim_start_matches("sqlite:").into()
    }

    fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        self.prepare(&mut command, arguments);
        command
    }

    /// Our settings, and nothing of the environment of the tests.
    fn prepare<'c>(&self, command: &'c mut Command, arguments: &[&str]) -> &'c mut Command {
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Outcome {
        self.run_with_input(arguments, "")
    }

    pub fn run_with_input(&self, arguments: &[&str], input: &str) -> Outcome {
        self.run_until(arguments, input, || false)
    }

    /// The same, but interrupts the command (Ctrl-C) when `is_time` returns true.
    pub fn run_until(
        &self,
        arguments: &[&str],
        input: &str,
        is_time: impl Fn() -> bool + Send + 'static,
    ) -> Outcome {
        let mut command = self.program(arguments);
        let mut child = command
            .stdin(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        // A command that refuses its arguments does not read.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let (ended, still_running) = mpsc::channel::<()>();
        let pid = Pid::from_child(&child);
        let watch = thread::spawn(move || {
            // The other end is dropped when the program has ended by itself.
            let runs_for =
                |time| still_running.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
            let mut deadline = Instant::now() + TIMEOUT;
            let mut is_interrupted = false;
            while Instant::now() < deadline {
                if !is_interrupted && is_time() {
                    kill_process(pid, Signal::INT).expect("a program to interrupt");
                    is_interrupted = true;
                    deadline = Instant::now() + TIMEOUT;
                }
                if !runs_for(Duration::from_millis(5)) {
                    return None;
                }
            }
            let waits_for = what_it_waits_for(pid);
            kill_process(pid, Signal::KILL).expect("a program to end");
            Some(waits_for)
        });
        let output = child.wait_with_output().expect("the program ends");
        drop(ended);
        let stuck = watch.join().expect("the watch ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        let outcome = Outcome {
            arguments: arguments.join(" "),
            status: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        };
        // Killed by this watch, or by somebody else: no test expects either.
        assert_eq!(stuck, None, "it ran for more than {TIMEOUT:?}: {outcome:?}");
        assert!(outcome.status.is_some(), "{}: {outcome:?}", output.status);
        // An access key is the output of the command that makes it.
        if !arguments.starts_with(&["key", "create"]) {
            captured::keep(&outcome.stdout);
        }
        captured::keep(&format!("\n{}\n", outcome.stderr));
        outcome
    }

    /// Starts a command that does not end by itself.
    pub fn start(&self, arguments: &[&str]) -> Child {
        self.program(arguments)
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the program starts")
    }

    /// Starts the server with another standard error, which is not read.
    pub fn serve_onto(&self, stderr: Stdio) -> Child {
        self.program(&["serve"])
            .stdout(Stdio::null())
            .stderr(stderr)
            .spawn()
            .expect("the program starts")
    }

    /// The same, with its standard error for the test.
    pub fn start_quietly(&self, arguments: &[&str]) -> Child {
        self.program(arguments).spawn().expect("the program starts")
    }

    /// Creates an account with [`PASSWORD`].
    pub fn create_user(&self, name: &str) {
        let input = format!("{PASSWORD}\n");
        self.run_with_input(&["user", "create", name, "--password-stdin"], &input)
            .succeeds();
    }

    /// Starts the server and waits until it prints its address.
    pub fn serve(&self) -> Server {
        self.serve_by(&["serve"])
    }

    pub fn serve_by(&self, arguments: &[&str]) -> Server {
        Server::start(self.program(arguments))
    }

    /// The same from a shell, after another command.
    pub fn serve_after(&self, words: &str) -> Server {
        let script = format!("{words} && exec \"$0\" serve");
        let mut shell = Command::new("/bin/sh");
        self.prepare(&mut shell, &["-c", &script])
            .arg(&self.program);
        Server::start(shell)
    }

    /// The same as another user of this machine, which only root can do.
    pub fn serve_as(&self, user: u32) -> Server {
        // The build's folder may be closed to others.
        let copy = self.folder.join("vestibule");
        fs::copy(&self.program, &copy).expect("a copy of the program");
        let mut program = Command::new(copy);
        self.prepare(&mut program, &["serve"]).uid(user);
        Server::start(program)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // Left-over files in the temporary folder are harmless.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Writes a file of the site, dated long ago: a file that was just written may be incomplete, so no
/// browser and no cache keeps it.
pub fn write_at_rest(path: &Path, content: &str) {
    fs::write(path, content).expect("a file");
    let file = fs::File::options().append(true).open(path);
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let dated = file.and_then(|file| file.set_modified(long_ago));
    dated.expect("a date");
}

/// Below 32768, because the kernel uses higher ports for outgoing connections.
pub fn free_port() -> u16 {
    let candidates = std::iter::repeat_with(|| {
        let random = uuid::Uuid::new_v4().as_u128() % 10_000;
        20_000 + u16::try_from(random).unwrap()
    });
    let is_free = |port: &u16| {
        TcpListener::bind(("127.0.0.1", *port)).is_ok() && TcpListener::bind(("::1", *port)).is_ok()
    };
    candidates.take(100).find(is_free).expect("a free port")
}

/// A message for the person who runs the tests, shown even if they pass: the harness does not
/// capture it.
pub fn note(what: &str) {
    writeln!(io::stderr(), "{what}").expect("a standard error");
}

pub async fn sign_in(browser: &mut Browser, name: &str, password: &str) -> Answer {
    let fields = [
        ("username", name),
        ("password", password),
        ("remember", "on"),
        ("next", "/dashboard"),
    ];
    browser.post_form("/api/login", &fields).await
}

/// The threads of a program that does not end, with the kernel function and the system call in which each waits, its
/// open files and all file locks. Empty where the system does not say.
fn what_it_waits_for(pid: Pid) -> String {
    let folder = PathBuf::from(format!("/proc/{}", pid.as_raw_nonzero()));
    let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
    let entries = |name: &str| {
        let entries = fs::read_dir(folder.join(name)).into_iter().flatten();
        entries.flatten().map(|entry| entry.path())
    };
    let threads = entries("task").map(|thread| {
        let parts = ["comm", "wchan", "syscall"].map(|part| read(thread.join(part)));
        parts.map(|part| part.trim().to_owned()).join(" ")
    });
    let files = entries("fd").filter_map(|file| fs::read_link(file).ok());
    let files = files.map(|file| file.display().to_string());
    let locks = read("/proc/locks".into());
    let all: Vec<_> = threads.chain(files).chain([locks]).collect();
    all.join("\n")
}
