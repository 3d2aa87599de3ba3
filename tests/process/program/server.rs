//! A running server: its log, its signals, its answers.

use super::{TIMEOUT, sign_in};
use crate::support::{
    PASSWORD, captured,
    http::{ACCEPT_PAGE, Answer, Browser, Request, SESSION_COOKIE, send},
};
use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit};
use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// The server's standard error so far.
#[derive(Default)]
struct Log {
    text: Mutex<(String, bool)>,
    grown: Condvar,
}

/// A running server. It is killed when it is dropped.
pub struct Server {
    child: Child,
    log: Arc<Log>,
    reader: Option<JoinHandle<()>>,
    pub address: SocketAddr,
}

impl Server {
    pub(super) fn start(mut program: Command) -> Self {
        let mut child = program
            .stdout(Stdio::null())
            .spawn()
            .expect("the program starts");
        let log = Arc::<Log>::default();
        let stderr = child.stderr.take().expect("a pipe");
        let writing = Arc::clone(&log);
        let reader = thread::spawn(move || {
            let lines = BufReader::new(stderr).lines();
            for line in lines.map_while(Result::ok) {
                captured::keep(&format!("{line}\n"));
                let mut text = writing.text.lock().expect("the log");
                text.0.push_str(&line);
                text.0.push('\n');
                writing.grown.notify_all();
            }
            writing.text.lock().expect("the log").1 = true;
            writing.grown.notify_all();
        });
        let mut server = Self {
            child,
            log,
            reader: Some(reader),
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        const GREETING: &str = "It listens on ";
        let log = server.log_with(GREETING);
        let address = log
            .split_once(GREETING)
            .and_then(|(_, rest)| rest.lines().next());
        server.address = address
            .and_then(|address| address.parse().ok())
            .expect("an address in the greeting");
        server
    }

    /// Waits until the log contains these words, and returns all of it.
    pub fn log_with(&self, words: &str) -> String {
        let deadline = Instant::now() + TIMEOUT;
        let mut text = self.log.text.lock().expect("the log");
        while !text.0.contains(words) {
            assert!(!text.1, "it ended without {words:?}:\n{}", text.0);
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "{words:?} is missing:\n{}", text.0);
            text = self.log.grown.wait_timeout(text, left).expect("the log").0;
        }
        text.0.clone()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a running server");
    }

    /// The memory that the server holds, in KiB.
    pub fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.expect("a running server");
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let digits = line
            .expect("a size")
            .chars()
            .filter(char::is_ascii_digit)
            .collect::<String>();
        digits.parse().expect("a number")
    }

    /// The largest file that the server may write; `None` for no limit.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let limits = getrlimit(Resource::Fsize);
        let limit = Rlimit {
            current: bytes.or(limits.current),
            maximum: limits.maximum,
        };
        prlimit(Some(Pid::from_child(&self.child)), Resource::Fsize, limit)
            .expect("a limit of a program of ours");
    }

    /// Sends the signal to stop.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    pub fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    pub fn quit(&self) {
        self.signal(Signal::QUIT);
    }

    /// Waits for the end. Returns its status and the whole log.
    pub fn ended(mut self) -> (ExitStatus, String) {
        let deadline = Instant::now() + TIMEOUT;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            assert!(Instant::now() < deadline, "it does not stop");
            thread::sleep(Duration::from_millis(5));
        };
        self.reader
            .take()
            .expect("a reader")
            .join()
            .expect("the log is read");
        let log = self.log.text.lock().expect("the log").0.clone();
        (status, log)
    }

    /// Stops it as a service manager does, and requires a clean end.
    pub fn stop(self) -> String {
        self.terminate();
        let (status, log) = self.ended();
        assert!(status.success(), "{status}:\n{log}");
        log
    }

    /// `kill -9`: no destructor runs, nothing is flushed.
    pub fn kill(mut self) {
        self.child.kill().expect("a child to kill");
        self.child.wait().expect("its end");
    }

    pub fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    /// A browser that has just signed in.
    pub async fn signed_in(&self, name: &str) -> Browser {
        let mut browser = self.browser();
        let answer = sign_in(&mut browser, name, PASSWORD).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        assert!(browser.session().is_some(), "{answer:?}");
        browser
    }

    /// Requests the dashboard with only this cookie.
    pub async fn dashboard_with(&self, token: &str) -> Answer {
        let request = Request::get("/dashboard?page=2")
            .header("accept", ACCEPT_PAGE)
            .header("cookie", &format!("{SESSION_COOKIE}={token}"));
        send(self.address, request).await
    }

    #[track_caller]
    pub fn lets_in<'a>(&'a self, token: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.dashboard_with(token).await;
            assert_eq!(answer.status, 200, "{caller}: {}", answer.text());
        }
    }

    /// The visitor is redirected to the sign-in page and back, and sees nothing private on the way.
    #[track_caller]
    pub fn refuses<'a>(&'a self, token: &'a str) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let answer = self.dashboard_with(token).await;
            let where_to = (answer.status, answer.location());
            assert_eq!(where_to, (303, "/login?next=/dashboard?page=2"), "{caller}");
            assert_eq!(answer.text(), "", "{caller}");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
