//! How soon an open page hears that its session has ended, and what open pages cost.

use crate::{
    CONNECTIONS, Failure, ROUND, in_megabytes,
    load::{Connection, quantile, throughput},
    milliseconds,
    program::{Place, Server},
    report::{Figure, Goal},
    say, seed,
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
/// Of each account, one of which ends the others.
const SESSIONS_AN_ACCOUNT: usize = 12;
const ACCOUNTS: usize = 1_000;
/// Streams, and what else the server and the client have open.
const DESCRIPTORS: u64 = 10_000 + 1_000;

/// Who ends a session.
#[derive(Clone, Copy)]
enum By {
    /// The same person in another browser.
    Owner,
    /// `vestibule session end`, another process.
    Command,
}

impl By {
    /// The longest rest before an end, in milliseconds: it must not keep step with the server's looks at the
    /// database.
    const fn rest(self) -> u64 {
        match self {
            Self::Owner => 60,
            Self::Command => 250,
        }
    }

    const fn in_words(self) -> &'static str {
        match self {
            Self::Owner => "its owner elsewhere",
            Self::Command => "`vestibule session end`",
        }
    }
}

/// # Errors
/// Where the system allows too few connections, or the server does not answer as expected.
pub async fn measure() -> Result<Vec<Figure>, Failure> {
    allow_descriptors()?;
    let mut figures = Vec::new();
    for open in OPEN {
        say(&format!("ends with {} open", in_words(open)));
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

/// A server with many sessions of many people, and the cookies of all.
struct Scene {
    server: Server,
    /// Of the first, which are nobody's open pages, ends those of the same account.
    cookies: Vec<String>,
    ids: Vec<String>,
    place: Place,
}

impl Scene {
    async fn new(open: usize) -> Result<Self, Failure> {
        let place = Place::new(&format!("{open}-pages"))?;
        let sessions = u32::try_from(ACCOUNTS * SESSIONS_AN_ACCOUNT)?;
        let cookies = seed::sessions(&place, sessions, u32::try_from(ACCOUNTS)?, sessions).await?;
        let ids = seed::session_ids(&place).await?;
        let most = |number: usize| number.to_string();
        // From three quarters of the places on, connections from one address that brought no session yet are closed.
        let settings = [
            ("VESTIBULE_HTTP__MAX_STREAMS", most(open + ENDS)),
            ("VESTIBULE_HTTP__MAX_CONNECTIONS", most(2 * (open + ENDS))),
        ];
        let server = Server::vestibule_with(&place, &settings).await?;
        Ok(Self {
            server,
            cookies,
            ids,
            place,
        })
    }

    /// Opens so many pages, and says what memory they take.
    async fn open_pages(&self, open: usize) -> Result<(Vec<OpenPage>, Figure), Failure> {
        // What the server keeps of the database, it has then read.
        let check = self
            .server
            .page_for_each("/", &self.cookies, StatusCode::SEE_OTHER)?;
        throughput(&check, CONNECTIONS, ROUND / 2).await?;
        self.server.is_quiet().await?;
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
            name: format!("Resident memory for an open page, of {}", in_words(open)),
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
        for by in [By::Owner, By::Command] {
            let mut taken = Vec::new();
            for run in 0..ENDS {
                // Anywhere among them; and at any time after the one before.
                let page = pages.swap_remove(run * 7_919 % pages.len());
                sleep(Duration::from_millis(run as u64 * 97 % by.rest())).await;
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

    /// Ends the session of a page. Returns how long it took until the page heard of it.
    async fn end(&self, page: OpenPage, by: By) -> Result<Duration, Failure> {
        let id = &self.ids[page.session];
        let began = match by {
            By::Owner => self.end_as_owner(page.session, id).await?,
            By::Command => self.end_by_command(id).await?,
        };
        Ok(page.ended().await?.duration_since(began))
    }

    async fn end_as_owner(&self, session: usize, id: &str) -> Result<Instant, Failure> {
        let elsewhere = &self.cookies[session % ACCOUNTS];
        let body = format!("id={id}");
        let asked = self
            .server
            .form("/api/end_session", Some(elsewhere), body)?;
        let mut connection = Connection::open(self.server.address).await?;
        let began = Instant::now();
        connection.expect(asked, StatusCode::SEE_OTHER).await?;
        Ok(began)
    }

    async fn end_by_command(&self, id: &str) -> Result<Instant, Failure> {
        let mut command = self.place.vestibule(&["session", "end", id])?;
        command.stdout(Stdio::null());
        let began = Instant::now();
        match spawn_blocking(move || command.status()).await??.success() {
            true => Ok(began),
            false => Err("the command did not end the session".into()),
        }
    }
}

fn figure(open: usize, by: By, taken: &[Duration]) -> Figure {
    let of = |share| milliseconds(quantile(taken, share));
    Figure {
        name: format!(
            "99 of 100 ends reach the page: by {}, {} open",
            by.in_words(),
            in_words(open)
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

fn in_words(open: usize) -> String {
    match open {
        1 => "1 page".to_owned(),
        open if open < 1_000 => format!("{open} pages"),
        open => format!("{},{:03} pages", open / 1_000, open % 1_000),
    }
}
