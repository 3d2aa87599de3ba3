//! The time until an open page is notified of the end of its session, and the cost of open pages.

use crate::{
    CONNECTIONS, Failure, ROUND, in_megabytes,
    load::{Connection, quantile, throughput},
    milliseconds,
    program::{Fixture, Server},
    progress,
    report::{Figure, Goal},
    seed,
    streams::{OpenPage, open_all},
};
use hyper::StatusCode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::{
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{task::spawn_blocking, time::sleep};

/// Pages that are open while a session ends.
const OPEN: [usize; 3] = [1, 1_000, 10_000];
/// Sessions that end, of each kind.
const ENDS: usize = 100;
/// Sessions of each account, one of which ends the others.
const SESSIONS_PER_ACCOUNT: usize = 12;
const ACCOUNTS: usize = 1_000;
/// Streams, and other descriptors of the server and the client.
const DESCRIPTORS: u64 = 10_000 + 1_000;

/// The cause of an end.
#[derive(Clone, Copy)]
enum EndedBy {
    /// The same person in another browser.
    Owner,
    /// `vestibule session end`, another process.
    Command,
}

impl EndedBy {
    /// The longest pause before an end, in milliseconds: the ends must not be synchronous with the
    /// server's polls of the database.
    const fn pause(self) -> u64 {
        match self {
            Self::Owner => 60,
            Self::Command => 250,
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Owner => "its owner elsewhere",
            Self::Command => "`vestibule session end`",
        }
    }
}

pub async fn measure() -> Result<Vec<Figure>, Failure> {
    allow_descriptors()?;
    let mut figures = Vec::new();
    for open in OPEN {
        progress(&format!("ends with {} open", label(open)));
        let scene = Scene::new(open).await?;
        let (pages, memory) = scene.open_pages(open).await?;
        figures.extend(scene.end_sessions(pages).await?);
        if open == OPEN[OPEN.len() - 1] {
            figures.push(memory);
        }
    }
    Ok(figures)
}

fn allow_descriptors() -> Result<(), Failure> {
    let limit = getrlimit(Resource::Nofile);
    if limit.maximum.is_some_and(|most| most < DESCRIPTORS) {
        return Err(
            format!("10,000 open pages need {DESCRIPTORS} open files; raise `ulimit -Hn`").into(),
        );
    }
    // The server inherits it.
    let current = limit.current.map(|current| current.max(DESCRIPTORS));
    let maximum = limit.maximum;
    Ok(setrlimit(Resource::Nofile, Rlimit { current, maximum })?)
}

/// A server with many sessions of many people, and their cookies.
struct Scene {
    server: Server,
    /// The first of each account, without an open page, ends the others of the account.
    cookies: Vec<String>,
    ids: Vec<String>,
    fixture: Fixture,
}

impl Scene {
    async fn new(open: usize) -> Result<Self, Failure> {
        let fixture = Fixture::new(&format!("{open}-pages"))?;
        let sessions = u32::try_from(ACCOUNTS * SESSIONS_PER_ACCOUNT)?;
        let cookies =
            seed::sessions(&fixture, sessions, u32::try_from(ACCOUNTS)?, sessions).await?;
        let ids = seed::session_ids(&fixture).await?;
        let most = |number: usize| number.to_string();
        // Above three quarters of the slots, connections from one address without a session are
        // closed.
        let settings = [
            ("VESTIBULE_HTTP__MAX_STREAMS", most(open + ENDS)),
            ("VESTIBULE_HTTP__MAX_CONNECTIONS", most(2 * (open + ENDS))),
        ];
        let server = Server::vestibule_with(&fixture, &settings).await?;
        Ok(Self {
            server,
            cookies,
            ids,
            fixture,
        })
    }

    /// Opens this many pages, and measures their memory.
    async fn open_pages(&self, open: usize) -> Result<(Vec<OpenPage>, Figure), Failure> {
        // By then the server has filled its page cache.
        let check = self
            .server
            .page_for_each("/", &self.cookies, StatusCode::SEE_OTHER)?;
        throughput(&check, CONNECTIONS, ROUND / 2).await?;
        self.server.wait_until_idle().await?;
        let (before, _) = self.server.memory()?;
        let began = Instant::now();
        let pages = open_all(
            self.server.address,
            ACCOUNTS..ACCOUNTS + open,
            &self.cookies,
        )
        .await?;
        let taken = began.elapsed();
        sleep(ROUND / 4).await;
        let (after, _) = self.server.memory()?;
        let figure = Figure {
            name: format!("Resident memory of an open page, of {}", label(open)),
            value: after.saturating_sub(before) as f64 / 1e3 / open as f64,
            unit: "kB",
            goal: Goal::None,
            remark: format!(
                "{:.0} MB in all, {:.0} MB before; opened in {:.1} s",
                in_megabytes(after),
                in_megabytes(before),
                taken.as_secs_f64()
            ),
        };
        Ok((pages, figure))
    }

    async fn end_sessions(&self, mut pages: Vec<OpenPage>) -> Result<Vec<Figure>, Failure> {
        let open = pages.len();
        let mut spare = ACCOUNTS + open..self.cookies.len();
        let mut figures = Vec::new();
        for by in [EndedBy::Owner, EndedBy::Command] {
            let mut taken = Vec::new();
            for run in 0..ENDS {
                // Spread over all pages, and at a varying interval.
                let page = pages.swap_remove(run * 7_919 % pages.len());
                sleep(Duration::from_millis(run as u64 * 97 % by.pause())).await;
                taken.push(self.end(page, by).await?);
                let next = spare.next().ok_or("there are too few sessions")?;
                let address = self.server.address;
                pages.push(OpenPage::open(address, next, &self.cookies[next]).await?);
            }
            taken.sort_unstable();
            figures.push(figure(open, by, &taken));
        }
        Ok(figures)
    }

    /// Ends the session of a page. Returns the time until the page was notified.
    async fn end(&self, page: OpenPage, by: EndedBy) -> Result<Duration, Failure> {
        let id = &self.ids[page.session];
        let began = match by {
            EndedBy::Owner => self.end_as_owner(page.session, id).await?,
            EndedBy::Command => self.end_by_command(id).await?,
        };
        Ok(page.ended().await?.duration_since(began))
    }

    async fn end_as_owner(&self, session: usize, id: &str) -> Result<Instant, Failure> {
        let elsewhere = &self.cookies[session % ACCOUNTS];
        let body = format!("id={id}");
        let request = self
            .server
            .form("/api/end_session", Some(elsewhere), body)?;
        let mut connection = Connection::open(self.server.address).await?;
        let began = Instant::now();
        connection.expect(request, StatusCode::SEE_OTHER).await?;
        Ok(began)
    }

    async fn end_by_command(&self, id: &str) -> Result<Instant, Failure> {
        let mut command = self.fixture.vestibule(&["session", "end", id])?;
        command.stdout(Stdio::null());
        let began = Instant::now();
        match spawn_blocking(move || command.status()).await??.success() {
            true => Ok(began),
            false => Err("the command did not end the session".into()),
        }
    }
}

fn figure(open: usize, by: EndedBy, taken: &[Duration]) -> Figure {
    let of = |share| milliseconds(quantile(taken, share));
    Figure {
        name: format!(
            "Time until 99 of 100 ends reach the page: by {}, {} open",
            by.label(),
            label(open)
        ),
        value: of(0.99),
        unit: "ms",
        goal: Goal::AtMost(1_000.0),
        remark: format!(
            "median {:.0} ms, the slowest of {} {:.0} ms",
            of(0.5),
            taken.len(),
            of(1.0)
        ),
    }
}

fn label(open: usize) -> String {
    match open {
        1 => "1 page".to_owned(),
        open if open < 1_000 => format!("{open} pages"),
        open => format!("{},{:03} pages", open / 1_000, open % 1_000),
    }
}
