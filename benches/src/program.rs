//! Programs under measurement: the release build of Vestibule, and the bare servers.

mod server;

pub use server::Server;

use crate::{Failure, load::FullRequest};
use http_body_util::Full;
use hyper::{Request, header};
use std::{
    env, fs,
    io::Write,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// With everything before the token.
pub const SESSION_COOKIE: &str = "__Host-Http-session=";
const PASSWORD: &str = "correct horse battery staple";
/// One account for each connection that signs in: the throttle limits the concurrent sign-ins of an
/// account.
const USERS: usize = crate::CONNECTIONS;
/// The account that reads pages. It does not sign in repeatedly: that would end its oldest
/// sessions.
pub const READER: usize = USERS;

/// The project's folder.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A fixture: a database with accounts, in a folder of its own.
pub struct Fixture {
    folder: PathBuf,
    /// The address of its database.
    url: String,
}

impl Fixture {
    pub fn new(name: &str) -> Result<Self, Failure> {
        Self::new_in(&env::temp_dir(), name)
    }

    /// The same in another folder than that for temporary files.
    pub fn new_in(folder: &Path, name: &str) -> Result<Self, Failure> {
        Self::empty_in(folder, name)?.with_accounts()
    }

    /// The same on PostgreSQL, in the empty database at this address.
    pub fn on_postgres(name: &str, url: String) -> Result<Self, Failure> {
        let mut fixture = Self::empty(name)?;
        fixture.url = url;
        fixture.with_accounts()
    }

    fn with_accounts(self) -> Result<Self, Failure> {
        for user in 0..=READER {
            self.create_user(&name_of(user))?;
        }
        Ok(self)
    }

    /// Without an account.
    pub fn empty(name: &str) -> Result<Self, Failure> {
        Self::empty_in(&env::temp_dir(), name)
    }

    fn empty_in(folder: &Path, name: &str) -> Result<Self, Failure> {
        let name = format!("vestibule-bench-{}-{name}", std::process::id());
        let folder = folder.join(name);
        fs::create_dir_all(&folder)?;
        let url = format!("sqlite:{}", folder.join("vestibule.db").display());
        Ok(Self { folder, url })
    }

    fn create_user(&self, name: &str) -> Result<(), Failure> {
        let mut create = self.vestibule(&["user", "create", name, "--password-stdin"])?;
        create.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut create = create.spawn()?;
        let stdin = create.stdin.take();
        writeln!(stdin.ok_or("no standard input")?, "{PASSWORD}")?;
        match create.wait()?.success() {
            true => Ok(()),
            false => Err("the account was not created".into()),
        }
    }

    /// Promotes the first account to administrator.
    pub fn promote(&self) -> Result<(), Failure> {
        let mut promote = self.vestibule(&["user", "promote", &name_of(READER)])?;
        match promote.status()?.success() {
            true => Ok(()),
            false => Err("the account was not promoted".into()),
        }
    }

    /// The file of the database on SQLite.
    pub fn database(&self) -> PathBuf {
        self.folder.join("vestibule.db")
    }

    pub fn vestibule(&self, arguments: &[&str]) -> Result<Command, Failure> {
        let program = root().join("target/release/vestibule");
        if !program.exists() {
            return Err("there is no release build; run: make build".into());
        }
        let mut command = Command::new(program);
        command
            .arg("--config")
            .arg(root().join("Leptos.toml"))
            .args(arguments)
            .env("VESTIBULE_DATABASE_URL", &self.url)
            .env("LEPTOS_SITE_ROOT", root().join("target/site"))
            .stderr(Stdio::null());
        Ok(command)
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        // Left-over files are in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

pub fn name_of(user: usize) -> String {
    format!("user-{user}")
}

fn get(address: SocketAddr, path: &str, cookie: Option<&str>) -> Result<FullRequest, Failure> {
    let mut request = Request::get(path).header(header::HOST, host(address));
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    Ok(request.body(Full::default())?)
}

/// The Host of a browser: on this machine Vestibule answers for `localhost`.
pub fn host(address: SocketAddr) -> String {
    format!("localhost:{}", address.port())
}

fn free_address() -> Result<SocketAddr, Failure> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
