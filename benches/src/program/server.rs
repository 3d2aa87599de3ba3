//! A server under measurement: its costs, and the requests to it.

use super::{Fixture, PASSWORD, READER, SESSION_COOKIE, USERS, free_address, get, host, name_of};
use crate::{
    Failure,
    load::{Connection, FullRequest, Load},
    seed::USER_AGENT,
};
use axum::body::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode, header, header::HeaderValue};
use std::{
    env, fs,
    net::SocketAddr,
    process::{Child, Command},
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// A server that stops when its value is dropped.
pub struct Server {
    pub address: SocketAddr,
    /// From the start of the program to its first answer.
    pub first_answer: Duration,
    child: Child,
}

impl Server {
    pub async fn vestibule(fixture: &Fixture) -> Result<Self, Failure> {
        Self::vestibule_with(fixture, &[]).await
    }

    /// With settings of the configuration, as environment variables.
    pub async fn vestibule_with(
        fixture: &Fixture,
        settings: &[(&str, String)],
    ) -> Result<Self, Failure> {
        let address = free_address()?;
        let mut command = fixture.vestibule(&["serve"])?;
        command.env("LEPTOS_SITE_ADDR", address.to_string());
        for (name, value) in settings {
            command.env(name, value);
        }
        Self::start(command, address, "/login").await
    }

    /// With another page as its first answer.
    pub async fn serving(fixture: &Fixture, path: &str) -> Result<Self, Failure> {
        let address = free_address()?;
        let mut command = fixture.vestibule(&["serve"])?;
        command.env("LEPTOS_SITE_ADDR", address.to_string());
        Self::start(command, address, path).await
    }

    /// This program itself, as one of the baselines.
    pub async fn bare(role: &str, fixture: &Fixture) -> Result<Self, Failure> {
        let address = free_address()?;
        let mut command = Command::new(env::current_exe()?);
        command
            .args([role, &address.to_string()])
            .arg(fixture.database());
        Self::start(command, address, "/").await
    }

    async fn start(mut command: Command, address: SocketAddr, path: &str) -> Result<Self, Failure> {
        const TIMEOUT: Duration = Duration::from_secs(10);
        let request = get(address, path, None)?;
        let started = Instant::now();
        let mut server = Self {
            address,
            first_answer: Duration::ZERO,
            child: command.spawn()?,
        };
        while started.elapsed() < TIMEOUT {
            if let Ok(mut connection) = Connection::open(address).await {
                let answer = connection.send(request.clone()).await?;
                server.first_answer = started.elapsed();
                return match answer.status() {
                    StatusCode::OK => Ok(server),
                    status => Err(format!("{path} answered {status}").into()),
                };
            }
            sleep(Duration::from_millis(1)).await;
        }
        Err("a server does not answer".into())
    }

    /// Resident memory in bytes: now, and the peak.
    pub fn memory(&self) -> Result<(u64, u64), Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let of = |name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            kib.map(|kib| kib * 1024)
        };
        let both = of("VmRSS:").zip(of("VmHWM:"));
        both.ok_or_else(|| "the system does not report the memory".into())
    }

    /// Processor seconds that the program has used.
    pub fn processor_seconds(&self) -> Result<f64, Failure> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // After the name of the program, which may contain anything but ends with the last ")".
        let fields = stat.rsplit_once(") ").map(|(_, fields)| fields);
        let mut times = fields.into_iter().flat_map(str::split_whitespace).skip(11);
        let mut next = || times.next().and_then(|ticks| ticks.parse::<u32>().ok());
        let ticks = next().zip(next()).map(|(user, system)| user + system);
        let ticks = ticks.ok_or("the system does not report the time used")?;
        let per_second = u32::try_from(rustix::param::clock_ticks_per_second())?;
        Ok(f64::from(ticks) / f64::from(per_second))
    }

    /// Waits until the program is idle: it reads a large file through while it already answers.
    pub async fn wait_until_idle(&self) -> Result<(), Failure> {
        const POLL_INTERVAL: Duration = Duration::from_millis(500);
        const CHECKS: u32 = 600;
        const IDLE_CHECKS: u32 = 4;
        let (mut before, mut idle) = (self.processor_seconds()?, 0);
        for _ in 0..CHECKS {
            sleep(POLL_INTERVAL).await;
            let used = self.processor_seconds()?;
            idle = if used - before < 0.02 { idle + 1 } else { 0 };
            before = used;
            if idle == IDLE_CHECKS {
                return Ok(());
            }
        }
        Err("a server does not become idle".into())
    }

    /// The body of a page, with or without a cookie.
    pub async fn fetch(&self, path: &str, cookie: Option<&str>) -> Result<Bytes, Failure> {
        let mut request = get(self.address, path, cookie)?;
        let encodings = HeaderValue::from_static("br, gzip");
        request
            .headers_mut()
            .insert(header::ACCEPT_ENCODING, encodings);
        self.body_of(request).await
    }

    /// A file without compression.
    pub async fn fetch_plain(&self, path: &str) -> Result<Bytes, Failure> {
        self.body_of(get(self.address, path, None)?).await
    }

    pub async fn body_of(&self, request: FullRequest) -> Result<Bytes, Failure> {
        let path = request.uri().clone();
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.send(request).await?;
        match answer.status() {
            StatusCode::OK => Ok(answer.into_body()),
            status => Err(format!("{path} answered {status}").into()),
        }
    }

    /// One page, once with each of these cookies.
    pub fn page_for_each(
        &self,
        path: &str,
        cookies: &[String],
        status: StatusCode,
    ) -> Result<Load, Failure> {
        let requests = cookies.iter();
        let requests = requests.map(|cookie| get(self.address, path, Some(cookie)));
        Ok(Load {
            address: self.address,
            requests: requests.collect::<Result<_, _>>()?,
            status,
        })
    }

    /// Each of these pages, with this cookie.
    pub fn each_page(&self, paths: &[String], cookie: &str) -> Result<Load, Failure> {
        let requests = paths.iter();
        let requests = requests.map(|path| get(self.address, path, Some(cookie)));
        Ok(Load {
            address: self.address,
            requests: requests.collect::<Result<_, _>>()?,
            status: StatusCode::OK,
        })
    }

    /// A page, with or without a cookie.
    pub fn page(
        &self,
        path: &str,
        cookie: Option<&str>,
        status: StatusCode,
    ) -> Result<Load, Failure> {
        Ok(Load {
            address: self.address,
            requests: [get(self.address, path, cookie)?].into(),
            status,
        })
    }

    /// Sign-ins by the plain form, of one person on each connection.
    pub fn sign_ins(&self) -> Result<Load, Failure> {
        let requests: Result<_, Failure> = (0..USERS).map(|user| self.sign_in(user)).collect();
        Ok(Load {
            address: self.address,
            requests: requests?,
            status: StatusCode::SEE_OTHER,
        })
    }

    fn sign_in(&self, user: usize) -> Result<FullRequest, Failure> {
        let password = PASSWORD.replace(' ', "+");
        let body = format!("username={}&password={password}", name_of(user));
        self.form("/api/login", None, body)
    }

    /// A form as a browser sends it without JavaScript.
    pub fn form(
        &self,
        path: &str,
        cookie: Option<&str>,
        body: String,
    ) -> Result<FullRequest, Failure> {
        let mut request = Request::post(path)
            .header(header::HOST, host(self.address))
            .header("sec-fetch-site", "same-origin")
            .header(header::ACCEPT, "text/html")
            .header(header::USER_AGENT, USER_AGENT)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        Ok(request.body(Full::new(Bytes::from(body)))?)
    }

    /// The session cookie of a new sign-in, as a browser sends it back.
    pub async fn session_cookie(&self) -> Result<String, Failure> {
        let mut connection = Connection::open(self.address).await?;
        let answer = connection.send(self.sign_in(READER)?).await?;
        let cookies = answer.headers().get_all(header::SET_COOKIE).iter();
        let mut cookies = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
        let session = cookies.find(|cookie| cookie.starts_with(SESSION_COOKIE));
        Ok(session.ok_or("the sign-in was refused")?.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have stopped by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
